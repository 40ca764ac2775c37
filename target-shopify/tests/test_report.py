"""Files for people: this run's and no other's, and a disk without room is one sentence."""

from __future__ import annotations

import errno
import json
import resource
import subprocess
from pathlib import Path
from typing import Any

import pytest
from target_shopify.errors import DiskFull, SettingsError, room_in
from target_shopify.report import Report
from target_shopify.work import Outcome, Ticket

from .harness import BIN, LocalShop, Runner, customer, singer

NOBODY = {"id": None, "email": "nobody@example.com"}


def refused(folder: Path) -> list[Any]:
    return [json.loads(line)["document"] for line in (folder / "refused.jsonl").read_text().splitlines()]


def test_refused_documents_are_those_of_the_last_run(shop: LocalShop, target: Runner, tmp_path: Path) -> None:
    for _ in range(2):
        assert target.run([NOBODY, customer(1)], report_dir=str(tmp_path)).status == 0
        assert refused(tmp_path) == [NOBODY]

    assert target.run([customer(1)], report_dir=str(tmp_path)).status == 0
    assert not (tmp_path / "refused.jsonl").exists()


def test_a_dry_run_leaves_the_refused_documents_of_a_real_one(shop: LocalShop, target: Runner, tmp_path: Path) -> None:
    target.run([NOBODY], report_dir=str(tmp_path))

    assert target.run([customer(1)], report_dir=str(tmp_path), dry_run=True).status == 0
    assert refused(tmp_path) == [NOBODY]


def test_refusals_of_one_run_add_up(tmp_path: Path) -> None:
    report = Report(tmp_path)
    for number in (1, 2):
        report.refused([Outcome(Ticket(str(number), number, "", {"id": number}, 0), "refused", reason="no_identity")])

    assert refused(tmp_path) == [{"id": 1}, {"id": 2}]


def test_a_folder_that_takes_no_file_is_noticed_before_anything_is_sent(shop: LocalShop, target: Runner) -> None:
    with pytest.raises(SettingsError, match="report_dir cannot be used"):
        Report(Path("/proc/self"))

    told = target.run([customer(1)], report_dir="/proc/self")

    assert told.status == 1
    assert "report_dir cannot be used" in told.stderr
    assert shop.calls() == {}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EDQUOT])
def test_no_room_is_told_by_the_folders_kind(number: int) -> None:
    with pytest.raises(DiskFull, match="no disk space left for report_dir"), room_in("report_dir"):
        raise OSError(number, "")


def test_other_troubles_of_files_stay_what_they_are() -> None:
    with pytest.raises(PermissionError), room_in("report_dir"):
        raise PermissionError(errno.EACCES, "")


@pytest.mark.parametrize(
    ("lane", "documents", "said"),
    [
        ("direct", [customer(1), *({**NOBODY, "note": "x" * 500_000, "number": n} for n in range(3))], "report_dir"),
        ("bulk", [customer(n, note="x" * 4000) for n in range(1500)], "the working folder"),
        ("auto", [customer(n, note="x" * 4000) for n in range(300)], "the working folder"),
    ],
    ids=["refused documents", "part files", "spool"],
)
def test_a_full_disk_ends_the_run_in_one_sentence(
    lane: str, documents: list[dict[str, Any]], said: str, shop: LocalShop, target: Runner, tmp_path: Path
) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(target.settings(lane=lane, report_dir=str(tmp_path / "report"))))
    done = subprocess.run(
        [BIN / "target-shopify", "--config", config], input=singer(documents), capture_output=True, text=True,
        check=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (900_000, 900_000)),
    )  # fmt: skip

    told = [line for line in done.stderr.splitlines() if line.startswith("target-shopify: ")]
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert len(told) == 1
    assert f"no disk space left for {said}" in told[0]
    assert len(shop.customers()) == (lane == "direct")
    assert not list((tmp_path / "report").glob(".work-*"))
