"""STATE is written once everything before it is in the ledger, and never earlier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from target_shopify.errors import LedgerFailed, LimitReached
from target_shopify.ledger import NoLedger, Row
from target_shopify.report import Report
from target_shopify.settings import RefusalLimit
from target_shopify.settlement import Settlement
from target_shopify.work import Outcome, Ticket


class Book(NoLedger):
    """Keeps rows in a list, or fails."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.demoted: list[str] = []
        self.away = False

    def record(self, rows: Sequence[Row]) -> None:
        if self.away:
            raise LedgerFailed("The database is away.")
        self.rows += rows

    def demote(self, keys: Sequence[str]) -> None:
        self.demoted += keys


class Bench:
    """A settlement with all it talks to."""

    def __init__(self, limit: RefusalLimit | None = None) -> None:
        self.book = Book()
        self.told: list[dict[str, Any]] = []
        self.settlement = Settlement(self.book, Report(None), limit, self.told.append)

    def ticket(self, number: int) -> Ticket:
        return Ticket(str(number), number, f"h{number}", {"id": number}, self.settlement.admit())

    def settle(self, *tickets: Ticket, status: str = "created") -> None:
        self.settlement.settle([Outcome(ticket, status, status, "gid://shopify/Customer/1") for ticket in tickets])
        self.settlement.flush(force=True)


def test_a_state_waits_for_the_documents_before_it() -> None:
    bench = Bench()
    first, second = bench.ticket(1), bench.ticket(2)
    bench.settlement.checkpoint({"read": 2})
    bench.settle(first)
    assert bench.told == []

    bench.settle(second)
    assert bench.told == [{"read": 2}]


def test_a_state_with_nothing_before_it_is_told_at_once() -> None:
    bench = Bench()
    bench.settlement.checkpoint({"read": 0})

    assert bench.told == [{"read": 0}]


def test_documents_after_a_state_do_not_hold_it_up() -> None:
    bench = Bench()
    first = bench.ticket(1)
    bench.settlement.checkpoint({"read": 1})
    bench.ticket(2)
    bench.settle(first)

    assert bench.told == [{"read": 1}]


def test_later_documents_that_end_earlier_do_not_let_a_state_go() -> None:
    bench = Bench()
    first = bench.ticket(1)
    bench.settlement.checkpoint({"read": 1})
    second = bench.ticket(2)
    bench.settlement.checkpoint({"read": 2})
    bench.settle(second)
    assert bench.told == []

    bench.settle(first)
    assert bench.told == [{"read": 2}]


def test_outcomes_are_in_the_ledger_before_their_state() -> None:
    bench = Bench()
    seen: list[int] = []
    bench.settlement._emit = lambda _: seen.append(len(bench.book.rows))
    tickets = [bench.ticket(number) for number in range(5)]
    bench.settlement.checkpoint({"read": 5})
    bench.settle(*tickets)

    assert seen == [5]


def test_an_outcome_that_waits_to_be_written_does_not_count() -> None:
    bench = Bench()
    ticket = bench.ticket(1)
    bench.settlement.checkpoint({"read": 1})
    bench.settlement.settle([Outcome(ticket, "created")])
    bench.settlement.flush()

    assert (bench.told, bench.settlement.settled) == ([], 0)


def test_a_ledger_that_fails_keeps_the_state_back() -> None:
    bench = Bench()
    ticket = bench.ticket(1)
    bench.settlement.checkpoint({"read": 1})
    bench.book.away = True
    with pytest.raises(LedgerFailed):
        bench.settle(ticket)
    bench.book.away = False
    bench.settlement.flush(force=True)

    assert bench.told == []


def test_a_document_that_a_later_one_took_the_place_of_is_settled_without_a_row() -> None:
    bench = Bench()
    earlier, later = bench.ticket(1), bench.ticket(1)
    bench.settlement.checkpoint({"read": 2})
    bench.settle(earlier, status="")
    bench.settle(later)

    assert [row.status for row in bench.book.rows] == ["created"]
    assert bench.told == [{"read": 2}]
    assert bench.settlement.counts == {"created": 1}


def test_documents_that_lead_no_longer_are_demoted() -> None:
    bench = Bench()
    bench.settlement.settle([Outcome(bench.ticket(1), "created", demoted=("2",))])
    bench.settlement.flush(force=True)

    assert bench.book.demoted == ["2"]


def test_the_run_stops_at_the_limit_of_refusals_after_telling_what_is_settled() -> None:
    bench = Bench(RefusalLimit(count=2))
    first, second = bench.ticket(1), bench.ticket(2)
    bench.settlement.checkpoint({"read": 2})
    bench.settle(first, status="refused")
    with pytest.raises(LimitReached, match="2 of 2"):
        bench.settle(second, status="refused")

    assert bench.told == [{"read": 2}]
    assert [row.status for row in bench.book.rows] == ["refused", "refused"]


@given(st.lists(st.sampled_from("rcsf"), max_size=60), st.randoms(use_true_random=False))
def test_whatever_the_order_no_state_is_ahead_of_the_ledger(steps: list[str], draw: Any) -> None:
    """r: read a document, c: checkpoint, s: settle one of those open, f: write."""
    bench = Bench()
    open_: list[Ticket] = []
    read = 0
    covered: list[dict[str, Any]] = []

    def look(state: dict[str, Any]) -> None:
        written = {row.document_key for row in bench.book.rows}
        assert {str(number) for number in range(state["read"])} <= written
        covered.append(state)

    bench.settlement._emit = look
    for step in [*steps, "c"]:
        if step == "r":
            open_.append(bench.ticket(read))
            read += 1
        elif step == "c":
            bench.settlement.checkpoint({"read": read})
        elif step == "s" and open_:
            bench.settlement.settle([Outcome(open_.pop(draw.randrange(len(open_))), "created")])
        elif step == "f":
            bench.settlement.flush(force=True)
    bench.settlement.settle([Outcome(ticket, "created") for ticket in open_])
    bench.settlement.flush(force=True)

    assert covered[-1] == {"read": read}
    assert [state["read"] for state in covered] == sorted(state["read"] for state in covered)
