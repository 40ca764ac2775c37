"""The fix list: what a shop assistant can put right before, safe in any spreadsheet."""

from __future__ import annotations

import csv
import io
import stat
from pathlib import Path

import pytest
from target_shopify.fix_list import HEADINGS, FixList, codes_of, safe
from target_shopify.rules import CHECKS, REFUSALS
from target_shopify.work import Outcome, Ticket

from .harness import LocalShop, Runner, customer
from .hostile import hostile


def listed(path: Path) -> list[dict[str, str]]:
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def outcome(number: int, status: str, reason: str | None, **document: object) -> Outcome:
    return Outcome(Ticket(str(number), number, "h", {"id": number, **document}, 0), status, reason=reason)


def made(folder: Path, *outcomes: Outcome) -> list[dict[str, str]]:
    fixes = FixList(folder / "fix-list.csv", folder)
    fixes.settled(outcomes)
    assert fixes.finish() == len(listed(folder / "fix-list.csv"))
    return listed(folder / "fix-list.csv")


def test_refusals_come_first_then_repairs_by_reason(tmp_path: Path) -> None:
    rows = made(
        tmp_path,
        outcome(1, "created", "phone_invalid"),
        outcome(2, "created", "email_cleaned, phone_invalid"),
        outcome(3, "refused", "no_identity"),
        outcome(4, "created", None),
    )
    assert [(row["outcome"], row["Cratejoy id"]) for row in rows] == [
        ("refused", "3"), ("repaired", "2"), ("repaired", "1"), ("repaired", "2")]  # fmt: skip


def test_a_line_tells_who_what_value_and_what_to_do(tmp_path: Path) -> None:
    place = {"phone_number": "call me", "street": "12 Example Street"}
    [row] = made(
        tmp_path,
        outcome(7, "created", "phone_invalid", first_name="Ada", last_name="Marsh", email="a@example.com",
                addresses=[place]),
    )  # fmt: skip
    assert list(row.values()) == [
        "repaired", "7", "Ada Marsh", "a@example.com", "a phone number that cannot exist", "call me",
        "It is kept in the customer's note.", "Correct the number.",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["=1+1", "+1", "-2", "@x", "\t=1", "  =1", "\n=1", "\uff1d1+1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert safe(text).startswith("'")


def test_plain_cells_stay_and_control_characters_go() -> None:
    assert [safe(text) for text in ("Ada", "1+1", "a\nb\x00")] == ["Ada", "1+1", "a b "]


def test_shopifys_own_words_are_one_thing_to_look_at(tmp_path: Path) -> None:
    reason = "order 12 refused (lineItems: INVALID, x), order 13 refused (the shop takes no more orders), name_cut"
    assert codes_of(reason, refused=False) == ["name_cut", "order_refused"]
    assert codes_of("refused by Shopify (email: Email is invalid; phone: no, never)", refused=True) == ["refused"]


@pytest.mark.parametrize("code", [*CHECKS, *REFUSALS, "email_taken", "phone_taken", "email_refused"])
def test_every_code_of_the_rules_has_plain_words(code: str, tmp_path: Path) -> None:
    [row] = made(tmp_path, outcome(1, "created", code))
    assert code not in row["what is wrong"]
    assert row["what we do"]
    assert row["what you can do in Cratejoy"]


def test_a_forecast_of_hostile_documents_leaves_a_list_that_its_owner_alone_reads(
    shop: LocalShop, target: Runner, tmp_path: Path
) -> None:
    shop.add_customer(email="countess@example.com")
    documents = [*hostile(3, 120), customer(500, email="countess@example.com")]
    assert target.run(documents, dry_run=True, conflict="skip", report_dir=str(tmp_path)).status == 0

    path = tmp_path / "fix-list.csv"
    rows = listed(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(rows[0]) == list(HEADINGS)
    assert [row["what is wrong"] for row in rows if row["Cratejoy id"] == "7101000500"] == [
        "the e-mail belongs to another customer of the shop"]  # fmt: skip
    assert [row["outcome"] for row in rows].index("repaired") == sum(row["outcome"] == "refused" for row in rows)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert {one.name for one in tmp_path.iterdir()} == {"forecast.csv", "forecast.json", "fix-list.csv", "run.json"}
