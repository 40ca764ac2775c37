"""The fix list: what a shop assistant can look at before the migration, one line a thing, as a spreadsheet opens it."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from target_shopify.report import owner_only
from target_shopify.rules import CHECKS, REFUSALS

if TYPE_CHECKING:
    from target_shopify.work import Outcome

HEADINGS = (
    "outcome", "Cratejoy id", "name", "e-mail", "what is wrong", "value now", "what we do",
    "what you can do in Cratejoy",
)  # fmt: skip
MARK = b"\xef\xbb\xbf"
"""So that Excel takes the file for UTF-8."""
_VALUE_LENGTH = 300
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What begins a formula, the wide forms of East Asian keyboards among them."""
_ADDRESS = ("to", "company", "street", "unit", "city", "state", "zip_code", "country")
_ROWS_A_WRITE = 1000


@dataclass(frozen=True)
class Advice:
    """What is said of one code.

    Attributes:
        what: Is wrong.
        fields: Keys of the document that hold the value; those of addresses begin with `addresses.`.
        we: What the migration does about it.
        you: What can be done at Cratejoy before.
    """

    what: str
    fields: tuple[str, ...]
    we: str
    you: str


_NAME = ("first_name", "last_name", "name")
_PLACE = tuple(f"addresses.{name}" for name in _ADDRESS)
_NOTHING = "Nothing needs to be done."
_ADVICE = {
    "no_id": Advice("no Cratejoy id", ("id",), "The record stays behind.", "Ask Cratejoy's support: it is damaged."),
    "no_identity": Advice(
        "no usable e-mail, name or phone", ("email", *_NAME), "The customer stays behind.",
        "Give the customer an e-mail or a name.",
    ),
    "order_no_id": Advice("an order without an id", (), "The order stays behind.", "Ask Cratejoy's support."),
    "email_taken": Advice(
        "the e-mail belongs to another customer of the shop", ("email",), "See the outcome.",
        "Correct the e-mail if it is not theirs; else let the migration add to that customer (conflict: adopt).",
    ),
    "phone_taken": Advice(
        "the phone number belongs to another customer", ("addresses.phone_number",), "It is left off.",
        "Remove the number from the customer whose it is not.",
    ),
    "refused": Advice(
        "Shopify would refuse it", ("email", *_NAME), "The customer stays behind.", "Correct what the reason names."
    ),
    "order_refused": Advice("an order that Shopify would refuse", (), "The order stays behind.", "Look at the order."),
    "order_without_id": Advice("an order without an id", (), "The order stays behind.", "Ask Cratejoy's support."),
    "address_cleaned": Advice(
        "HTML, a web address or emoji in an address", _PLACE, "They are removed.", "Correct the address."
    ),
    "address_cut": Advice("an address line is too long", _PLACE, "It is cut at 255 characters.", "Shorten the line."),
    "addresses_cut": Advice(
        "more than 250 addresses", (), "The last ones are left off.", "Remove addresses nobody uses."
    ),
    "country_assumed": Advice(
        "an address without a country", _PLACE, "The customer's own country is used.", "Fill in the country."
    ),
    "country_unknown": Advice(
        "an unknown country", ("addresses.country",), "It is kept beside the city.", "Choose the country from the list."
    ),
    "province_unknown": Advice(
        "an unknown state or province", ("addresses.state", "addresses.country"), "It is kept beside the city.",
        "Correct state or country.",
    ),
    "date_unreadable": Advice("a date that cannot be read", (), "It is left off.", _NOTHING),
    "earlier_repair": Advice("an earlier run repaired another customer of this e-mail", (), "-", _NOTHING),
    "email_cleaned": Advice(
        "characters that belong to no e-mail", ("email",), "They are removed.", "Correct the e-mail."
    ),
    "email_refused": Advice(
        "an e-mail that Shopify may refuse", ("email",), "It is left off where Shopify refuses; kept as source_email.",
        "Correct the e-mail.",
    ),
    "email_unusable": Advice(
        "an e-mail that cannot exist", ("email",), "The customer comes without it; it is kept as source_email.",
        "Correct the e-mail: without it the customer cannot log in.",
    ),
    "history_shortened": Advice("an order or subscription with very long texts", (), "They are cut.", _NOTHING),
    "money_unreadable": Advice("an amount that cannot be read", (), "It is left off.", "Look at the orders."),
    "name_cleaned": Advice("HTML or a web address in the name", _NAME, "They are removed.", "Correct the name."),
    "name_cut": Advice("a very long name", _NAME, "It is cut at 255 characters.", "Shorten the name."),
    "note_cut": Advice("a very long note", ("note",), "It is cut at 5,000 characters.", "Shorten the note."),
    "phone_invalid": Advice(
        "a phone number that cannot exist", ("addresses.phone_number",), "It is kept in the customer's note.",
        "Correct the number.",
    ),
    "row_unreadable": Advice(
        "a damaged address, subscription or order", (), "It is left off.", "Look at the customer."
    ),
    "tags_cut": Advice(
        "more customers of one e-mail than Shopify can tag", ("email",), "The last tags are left off.", _NOTHING
    ),
}  # fmt: skip
_OTHER = Advice(
    "Shopify would refuse a part of it", ("email", *_NAME, *_PLACE), "That part is left off.", "Correct it."
)
_PLAIN_CODES = frozenset({*CHECKS, *REFUSALS, *_ADVICE})


def codes_of(reason: str, *, refused: bool) -> list[str]:
    """Return the codes in an outcome's reason; texts of Shopify's own become `refused` and `order_refused`.

    Args:
        reason: As the ledger keeps it.
        refused: The whole customer was refused, so that the reason is one.
    """
    if refused:
        return [reason if reason in _PLAIN_CODES else "refused"]
    bare, orders = re.subn(r"order \d+ refused \([^()]*(?:\([^()]*\)[^()]*)*\)", "", reason)
    found = [code.strip() for code in bare.split(",")]
    return [*(code for code in found if code), *(["order_refused"] if orders else [])]


class FixList:
    """`fix-list.csv`: sorted on disk, refusals first, then by reason.

    Args:
        path: Of the list.
        folder: For the file in which it is sorted.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self._path = path
        self._database = sqlite3.connect(folder / "fix-list.sqlite", isolation_level=None)
        self._database.executescript(
            "pragma journal_mode = off; pragma synchronous = off;"
            "create table lines (rank integer, code text, place integer, line text, primary key (rank, code, place))"
            " without rowid"
        )
        self._waiting: list[tuple[int, str, int, str]] = []
        self._count = 0

    def settled(self, outcomes: Sequence[Outcome]) -> None:
        """Take in what is worth a look among outcomes."""
        for outcome in outcomes:
            refused = outcome.status == "refused"
            for code in codes_of(outcome.reason or "", refused=refused) if outcome.reason else ():
                self._count += 1
                line = _csv([_row(outcome, code, refused=refused)])
                self._waiting.append((0 if refused else 1, code, self._count, line))
        if len(self._waiting) >= _ROWS_A_WRITE:
            self._write()

    def finish(self) -> int:
        """Write the list; return its lines.

        Raises:
            OSError: There is no room.
        """
        self._write()
        with owner_only(self._path) as file:
            file.write(MARK + _csv([HEADINGS]).encode())
            for (line,) in self._database.execute("select line from lines order by rank, code, place"):
                file.write(line.encode())
        self._database.close()
        return self._count

    def _write(self) -> None:
        self._database.execute("begin")
        self._database.executemany("insert into lines values (?, ?, ?, ?)", self._waiting)
        self._database.execute("commit")
        self._waiting = []


def _row(outcome: Outcome, code: str, *, refused: bool) -> tuple[str, ...]:
    document = outcome.ticket.document
    advice = _ADVICE.get(code, _OTHER)
    named = advice.what if code in _ADVICE else f"{advice.what} ({code})"
    if code == "refused":
        named = f"{advice.what}: {outcome.reason}"
    we = "The customer stays behind." if refused else advice.we
    name = " ".join(_text(document.get(key)) for key in ("first_name", "last_name")).strip() or _text(
        document.get("name")
    )
    number = outcome.ticket.cratejoy_id
    cells = (
        "refused" if refused else "repaired",
        "" if number is None else str(number),
        name,
        _text(document.get("email")),
        named,
        "; ".join(_values(document, advice.fields)),
        we,
        advice.you,
    )
    return tuple(safe(cell) for cell in cells)


def safe(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; control characters become spaces."""
    plain = "".join(" " if ord(one) < 32 or ord(one) == 127 else one for one in text)
    return f"'{plain}" if plain.lstrip().startswith(_FORMULA) or text.startswith(_FORMULA) else plain


def _values(document: Mapping[str, Any], fields: Sequence[str]) -> Iterator[str]:
    """Yield the values of a document as they are, shortened."""
    inside = [name.removeprefix("addresses.") for name in fields if name.startswith("addresses.")]
    whole = " ".join(filter(None, (_text(document.get(name)) for name in fields if "." not in name)))
    if whole:
        yield _short(whole)
    places = document.get("addresses")
    for place in places[:3] if isinstance(places, list) and inside else ():
        text = (
            ", ".join(filter(None, (_text(place.get(name)) for name in inside))) if isinstance(place, Mapping) else ""
        )
        if text:
            yield _short(text)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _short(text: str) -> str:
    return text if len(text) <= _VALUE_LENGTH else f"{text[:_VALUE_LENGTH]}..."


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
