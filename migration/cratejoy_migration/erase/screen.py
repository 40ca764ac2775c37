"""What an erasure shows: tables and files with counts, what is left to do elsewhere; never an address or a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from cratejoy_migration.erase.erase import Traces

_AGAIN = "Nothing was removed. Erase the person at Cratejoy first, or the next collection brings the rows back; then: "
_THERE = (
    "Nothing is deleted there by this command: open the customer in the admin, More actions, Erase personal data "
    "(customerRequestDataErasure)."
)
_OURS = (
    "Names without the address beside them (a gift's recipient, a note) cannot be found. The database's write-ahead "
    "log and backups keep old rows until they expire."
)


def show(out: Console, traces: Traces, left: Traces | None) -> None:
    """Show what there is or was of a person.

    Args:
        out: Where.
        traces: What there was.
        left: What a second look found; None when nothing was removed.
    """
    if not traces:
        out.print("Nothing on our side is about this person.")
    else:
        out.print("Removed:" if left is not None else "To be removed:", style="bold")
        out.print(_table(traces))
    _about_shopify(out, traces)
    if left is None:
        if traces:
            _say(out, f"{_AGAIN}the same command with --confirm.")
        return
    _say(out, _kept_out(traces))
    _say(out, _OURS)
    rows, files = len(left.tables), len(left.letters)
    _say(out, f"Looked again: {rows} tables and {files} files with something of this person.")


def _table(traces: Traces) -> Table:
    screen = Table(box=None, pad_edge=False, header_style="bold")
    screen.add_column("where", overflow="fold")
    screen.add_column("removed", justify="right", no_wrap=True)
    screen.add_column("blanked in rows of others", justify="right", no_wrap=True)
    for one in traces.tables:
        screen.add_row(one.table, *(f"{number:,}" if number else "" for number in (one.deleted, one.redacted)))
    for letter in traces.letters:
        screen.add_row(f"{letter.path.parent.name}/{letter.path.name}", letter.told, "")
    return screen


def _about_shopify(out: Console, traces: Traces) -> None:
    gids = sorted(traces.person.gids)
    if gids:
        _say(out, f"In Shopify this person is {', '.join(gids)}: note the id, it goes here. {_THERE}")


def _kept_out(traces: Traces) -> str:
    ids = ", ".join(map(str, sorted(traces.person.ids)))
    if not ids:
        return "No Cratejoy id of this person is known here: nothing keeps a new collection from bringing it."
    return f"Kept out from now on, by Cratejoy id alone: {ids}. No rollback reaches this person in Shopify any more."


def _say(out: Console, line: str) -> None:
    out.print(line, highlight=False, soft_wrap=True)
