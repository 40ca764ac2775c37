"""Settings are written into `.env` without touching anything else."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cratejoy_migration.probe.env_file import HEADING, changed, differences, quoted, read, replace, shadowed
from dotenv import dotenv_values


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "# Recommended by `migration probe`.\nSIZE=500\n"),
        ("A=1", "A=1\n\n# Recommended by `migration probe`.\nSIZE=500\n"),
        ("A=1\n", "A=1\n\n# Recommended by `migration probe`.\nSIZE=500\n"),
        ("SIZE=100\nB=2\n", "SIZE=500\nB=2\n"),
        ("export SIZE = 100 # rows\nB=2\n", "export SIZE =500\nB=2\n"),
        ("SIZE=100\nSIZE=200\n", "SIZE=100\nSIZE=500\n"),
        ("#SIZE=100\nB=2\n", "#SIZE=100\nB=2\n\n# Recommended by `migration probe`.\nSIZE=500\n"),
        ("SIZE=100\r\nB=2\r\n", "SIZE=500\r\nB=2\r\n"),
        ("KEY='two\nSIZE=9\nlines'\nSIZE=1", "KEY='two\nSIZE=9\nlines'\nSIZE=500"),
        ("SIZE\nB=2\n", "SIZE=500\nB=2\n"),
        (f"A=1\n\n{HEADING}\nOTHER=1\n", f"A=1\n\n{HEADING}\nOTHER=1\nSIZE=500\n"),
        ("this is no line of it\nSIZE=1\n", "this is no line of it\nSIZE=500\n"),
    ],
)  # fmt: skip
def test_one_value_changes_and_every_other_line_stays(before: str, after: str) -> None:
    assert changed(before, {"SIZE": "500"}) == after
    assert changed(after, {"SIZE": "500"}) == after


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    values = {"SIZES": '{"shipments": 50}', "ODD": "it's a \\ # mark", "PLAIN": "2026-07"}
    replace(tmp_path / ".env", changed("SECRET=keep\n", values))

    assert dotenv_values(tmp_path / ".env") == {"SECRET": "keep", **values}


def test_only_lines_that_differ_are_shown() -> None:
    before = "SECRET=planted\nSIZE=1\n"

    assert differences(before, changed(before, {"SIZE": "2", "PACE": "1"})) == [
        "- SIZE=1", "+ SIZE=2", "+ # Recommended by `migration probe`.", "+ PACE=1",
    ]  # fmt: skip


def test_the_file_is_its_owners_only_whatever_it_was(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    path.chmod(0o644)

    replace(path, "A=2\n")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == [".env"]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("A=1\n")
    (tmp_path / ".env").symlink_to("real")

    replace(tmp_path / ".env", "A=2\n")

    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "real").read_text() == "A=2\n"


def test_a_write_that_fails_leaves_the_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace(path, "A=2\n")

    assert path.read_text() == "A=1\n"
    assert [one.name for one in tmp_path.iterdir()] == [".env"]


def test_no_file_is_an_empty_one(tmp_path: Path) -> None:
    assert read(tmp_path / ".env") == ""


def test_variables_that_the_environment_sets_are_named() -> None:
    assert shadowed(["A", "B"], {"A": "1", "C": "2"}) == ["A"]


@pytest.mark.parametrize(("value", "text"), [("500", "500"), ("0.5", "0.5"), ("a b", "'a b'"), ("it's", "'it\\'s'")])
def test_values_are_quoted_where_they_need_it(value: str, text: str) -> None:
    assert quoted(value) == text
