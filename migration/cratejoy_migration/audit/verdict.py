"""Whether an audit holds: what is missing beyond what a person accepted, and the sentence that says what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cratejoy_migration.audit.lines import Line, beyond
from cratejoy_migration.audit.source import UNCOUNTED
from cratejoy_migration.audit.store import Connection
from cratejoy_migration.decisions import Decision, accepted

ACCEPT = 'migration accept missing --stream {stream} --count {count} --reason "..."'
_ONWARD = "Next: migration forecast, then meltano run migrate"


def amounts(connection: Connection) -> dict[str, int]:
    """Return how many missing rows are accepted, by stream or `all`."""
    return {subject: decision.amount for subject, decision in accepted(connection, "missing").items()}


def next_step(lines: Sequence[Line], accepted_amounts: Mapping[str, int], *, deep: bool) -> str:
    """Return the sentence that ends an audit."""
    over = beyond(lines, accepted_amounts)
    if not any(line.rows for line in lines):
        return "Nothing is collected yet. Next: meltano run collect"
    if over:
        unknown = [line.stream for line in lines if line.missing is None]
        if set(over) <= set(unknown):
            helps = not deep and all(line.trouble.startswith(UNCOUNTED) for line in lines if line.missing is None)
            way = "migration audit --deep" if helps else "the same command again, once that is mended"
            return f"Not known of {', '.join(unknown)}: see above. Next: {way}"
        total = sum(amount for stream, amount in over.items() if stream not in unknown)
        return f"{rows(total)} {'is' if total == 1 else 'are'} missing. Next: migration backfill"
    missing = sum(line.missing or 0 for line in lines)
    if missing:
        return f"{rows(missing)} missing, as accepted (migration accept --list). {_ONWARD}"
    if any(line.new for line in lines):
        return f"Nothing is missing of what was there at the last collection. {_ONWARD}"
    return f"Nothing is missing{'' if deep else ' by the counts'}. {_ONWARD}"


def left_over(lines: Sequence[Line], accepted_amounts: Mapping[str, int]) -> str | None:
    """Return the sentence that ends a backfill which could not close every hole; None when nothing is left."""
    over = beyond(lines, accepted_amounts)
    if not over:
        return None
    parts = []
    for line in (line for line in lines if line.stream in over):
        hidden = " that Cratejoy counts and its pages do not show" if line.unnamed else ""
        parts.append(f"{line.stream}: {'an unknown number' if line.missing is None else f'{line.missing:,}'}{hidden}")
    stream = next(iter(over))
    return f"rows stay missing ({'; '.join(parts)}): run it again later, or " + ACCEPT.format(
        stream=stream, count=next(line.missing or 0 for line in lines if line.stream == stream)
    )


def rows(count: int) -> str:
    """Return `1 row`, `2 rows`."""
    return f"{count:,} row{'' if count == 1 else 's'}"


def told(decision: Decision) -> tuple[str, str, str, str, str]:
    """Return a decision for the screen."""
    when = f"{decision.decided_at:%Y-%m-%d %H:%M}"
    return decision.kind, decision.subject, f"{decision.amount:,}", when, decision.reason
