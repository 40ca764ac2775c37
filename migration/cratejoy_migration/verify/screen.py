"""A verification on the screen: every staged row in one line, what differs, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.table import Table

from cratejoy_migration.verify.certificate import Certificate
from cratejoy_migration.verify.differences import CHANGED, DOUBLED, KINDS
from cratejoy_migration.verify.facts import Facts
from cratejoy_migration.verify.judging import DIFFERENT, ORPHAN, PENDING

_MOST = 8
_MOST_KINDS = 20


def table(facts: Facts) -> Table:
    """Return the lines of all streams."""
    screen = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("staged", "verdict", "rows"):
        right = heading == "rows"
        screen.add_column(heading, justify="right" if right else "left", no_wrap=heading != "verdict")
    for stream, count in facts.staged.items():
        for line in (line for line in facts.lines if line.stream == stream):
            told = f"{line.verdict}: {line.reason}" if line.reason else line.verdict
            bad = line.verdict in (DIFFERENT, PENDING, ORPHAN)
            screen.add_row(stream, told, f"{line.count:,}", style="bold red" if bad else None)
        screen.add_row(stream, "all", f"{count:,}", style="bold", end_section=True)
    return screen


def differences(facts: Facts) -> Table | None:
    """Return what differs, by field; None when nothing does."""
    if not facts.differences:
        return None
    screen = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("different", "how", "customers"):
        screen.add_column(heading, justify="right" if heading == "customers" else "left")
    for field, kind, _, customers in facts.differences[:_MOST_KINDS]:
        screen.add_row(field.replace("_", " "), KINDS.get(kind, kind), f"{customers:,}")
    return screen


def examples(facts: Facts) -> Iterator[str]:
    """Yield the first different customers, a line each."""
    for one in facts.samples.get(DIFFERENT, ())[:_MOST]:
        told = ", ".join(map(_difference, one["differences"]))
        number = str(one["shopify_id"] or "").rpartition("/")[2]
        yield f"  {one['cratejoy_id']} (Shopify {number or 'unknown'}): {told}"


def _difference(each: Mapping[str, str]) -> str:
    kind = KINDS.get(each["kind"], each["kind"])
    return " ".join(filter(None, (each["field"].replace("_", " "), each["key"], kind)))


def next_step(certificate: Certificate) -> str:
    """Return the sentence that ends a verification."""
    if certificate.clean:
        return "Clean: every staged row is in the shop as it should be, or there is a reason on record why not."
    facts = certificate.facts
    told = f"Not clean: {'; '.join(certificate.unexplained)}."
    if facts.total("customers", PENDING):
        return f"{told} Next: meltano run migrate, then verify again."
    kinds = {kind for _, kind, _, _ in facts.differences}
    metafields = {kind for field, kind, _, _ in facts.differences if field == "metafield"}
    if (kinds - {CHANGED, DOUBLED}) | metafields:
        return f"{told} Next: migration repair"
    if CHANGED in kinds:
        return (
            f"{told} Somebody changed them in the shop. Next: migration repair --overwrite undoes that; or accept it: "
            'migration accept different --count N --reason "..."'
        )
    if facts.foreign_count or DOUBLED in kinds:
        return (
            f"{told} Next: in Shopify, merge or delete who is there twice or by mistake; the certificate has the links."
        )
    return f"{told} Next: look at the certificate; what may stay so is for migration accept."
