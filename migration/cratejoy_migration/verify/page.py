"""The certificate for people: one HTML file that needs nothing else, made of the same facts as the JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib import resources
from typing import Any

from cratejoy_migration.verify import charts
from cratejoy_migration.verify.differences import KINDS
from cratejoy_migration.verify.judging import CLASSES, DIFFERENT, LOADED, MERGED, PENDING, REFUSED

Told = Mapping[str, Any]
_MEANINGS = {
    "loaded": "in the shop, and every field is as it should be",
    "merged": "part of another customer with the same e-mail, and as it should be",
    "refused": "not in the shop, with the reason on record",
    "pending": "still has to go",
    "different": "in the shop, but not as it should be",
    "left out": "not carried, by the settings",
    "orphan": "belongs to no staged customer",
}
_FIELDS = {
    "first_name": "first name",
    "last_name": "last name",
    "email": "e-mail",
    "default_address": "default address",
    "order_total": "total of an order",
    "order_date": "date of an order",
    "order_customer": "customer of an order",
}
_STREAMS = ("customers", "subscriptions", "orders")
_HOW = (
    "Every staged customer was made into the document that belongs to it anew. All customers of the shop were exported "
    "({count:,}), and each was compared with its documents: e-mail, names, phone, note, every address and which is the "
    "default, every tag of ours, every metafield parsed, every row of both histories. The lines of each stream add up "
    "to its staged rows."
)
_MOST_SHOWN = 12


def html(told: Told) -> str:
    """Return the page.

    Args:
        told: What `Certificate.as_json` returns.
    """
    folder = resources.files(__package__)
    frame = folder.joinpath("page.html").read_text(encoding="utf-8")
    return frame.format(
        style=folder.joinpath("page.css").read_text(encoding="utf-8"),
        title=_e(f"Migration certificate, {told['shop']}"),
        shop=_e(told["shop"]),
        when=_e(_day(told["ended_at"])),
        number=_e(told["verification"]),
        verdict=_verdict(told),
        sections="\n".join(filter(None, (section(told) for section in _SECTIONS))),
    )


def _verdict(told: Told) -> str:
    state, mark, word = ("clean", "✓", "Clean") if told["clean"] else ("unclean", "!", "Not clean")
    reasons = "".join(f"<li>{_e(reason)}</li>" for reason in told["unexplained"])
    return (
        f'<div class="verdict {state}"><span class="mark" aria-hidden="true">{mark}</span><div><strong>{word}</strong>'
        f"<p>{_e(told['verdict'])}</p>{f'<ul>{reasons}</ul>' if reasons else ''}</div></div>"
    )


def figures(told: Told) -> str:
    """Return the customers in figures that add up; what still has to go is named when there is any."""
    customers = told["counts"]["customers"]
    shown = [
        ("customers staged", customers["staged"]),
        ("in the shop as they should be", customers[LOADED] + customers[MERGED]),
        ("refused, with a reason", customers[REFUSED]),
        ("different", customers[DIFFERENT]),
        *([("still to go", customers[PENDING])] if customers[PENDING] else []),
    ]
    cells = "".join(f"<div><b>{count:,}</b><span>{_e(name)}</span></div>" for name, count in shown)
    return f'<section class="figures">{cells}</section>'


def _rows(told: Told) -> str:
    parts, used = [], set()
    for stream in _STREAMS:
        counts = told["counts"].get(stream)
        if counts is None:
            continue
        sizes = [(verdict, counts[verdict.replace(" ", "_")]) for verdict in CLASSES]
        used |= {verdict for verdict, size in sizes if size}
        read_back = f", {counts['read_back']:,} of them read back one by one" if "read_back" in counts else ""
        parts.append(
            f'<div class="row"><span class="label">{_e(stream)}</span>{charts.stacked(sizes, counts["staged"])}'
            f'<span class="count">{counts["staged"]:,}</span></div>'
            f'<p class="small">{_e(_listed(sizes))}{_e(read_back) if stream != "customers" else ""}</p>'
        )
    keys = "".join(
        f'<li><i class="key k-{_e(one.replace(" ", "-"))}"></i><b>{_e(one)}</b> {_e(_MEANINGS[one])}</li>'
        for one in CLASSES
        if one in used
    )
    return _section("What became of every staged row", f'{"".join(parts)}<ul class="keys">{keys}</ul>')


def _refused(told: Told) -> str:
    rows = [row for row in told["rows"] if row["stream"] == "customers" and row["verdict"] == REFUSED]
    if not rows:
        return ""
    largest = max(row["count"] for row in rows)
    bars = "".join(_bar(row["reason"], row["count"], largest, "refused") for row in rows[:_MOST_SHOWN])
    note = "<p>These customers are not in the shop. The reasons are those that were recorded when they were sent.</p>"
    return _section("Refused customers, by reason", note + bars + _more(len(rows)))


def _differences(told: Told) -> str:
    found = told["differences"]
    if not found:
        return ""
    largest = max(one["customers"] for one in found)
    bars = "".join(
        _bar(f"{_field(one['field'])}: {KINDS.get(one['kind'], one['kind'])}", one["customers"], largest, DIFFERENT)
        for one in found[:_MOST_SHOWN]
    )
    note = "<p>Shopify customers with each difference. Values are not shown; the links lead to them.</p>"
    return _section("What differs", note + bars + _more(len(found)) + _samples(told, [DIFFERENT]))


def _explained(told: Told) -> str:
    found = told["explained"]
    if not found:
        return ""
    largest = max(one["customers"] for one in found)
    bars = "".join(_bar(one["what"], one["customers"], largest, LOADED) for one in found[:_MOST_SHOWN])
    note = "<p>Otherwise than in Cratejoy, and no difference: settings or Shopify's recorded refusals say why.</p>"
    return _section("Otherwise for a reason on record", note + bars + _more(len(found)))


def _accepted(told: Told) -> str:
    if not told["accepted"]:
        return ""
    rows = [
        (one["kind"], one["subject"], f"{one['amount']:,}", one["reason"], _day(one["decided_at"]))
        for one in told["accepted"]
    ]
    return _section("Accepted by a person", _table(("what", "of", "rows", "because", "on"), rows))


def _foreign(told: Told) -> str:
    foreign = told["foreign"]
    if not foreign["count"]:
        return ""
    rows = [
        (
            _Link(_admin(told["shop"], str(one["shopify_id"])), str(one["shopify_id"])),
            ", ".join(map(str, one["cratejoy_ids"])),
        )
        for one in foreign["customers"][:_MOST_SHOWN]
    ]
    note = f"<p>In the shop with marks of this migration, and staged by nobody: {foreign['count']:,}.</p>"
    return _section("Foreign customers", note + _table(("Shopify customer", "Cratejoy ids it names"), rows))


def _looks(told: Told) -> str:
    shown = [verdict for verdict in told["samples"] if verdict != DIFFERENT]
    found = _samples(told, shown)
    return _section("Samples to look at", f"<p>Drawn by chance, the same ones each time.</p>{found}") if found else ""


def _timeline(told: Told) -> str:
    runs = [run for run in reversed(told["runs"]) if run["started_at"]]
    if not runs:
        return ""
    starts = [datetime.fromisoformat(run["started_at"]) for run in runs]
    first = min(starts)
    ends = [(begun - first).total_seconds() + run["seconds"] for begun, run in zip(starts, runs, strict=True)]
    rows = "".join(
        f'<div class="row wide"><span class="label">{_e(run["command"])} <em>{_e(run["state"])}</em></span>'
        f"{charts.span(begun, run['seconds'], first, max(ends), run['state'])}"
        f'<span class="count">{_e(_day(run["started_at"]))}, {_e(_long(run["seconds"]))}</span></div>'
        for begun, run in zip(starts, runs, strict=True)
    )
    return _section("How it came about", rows)


def _how(told: Told) -> str:
    counts = told["counts"]
    parts = [f"<p>{_HOW.format(count=counts['shop_customers'])}</p>"]
    if counts["no_longer_staged"]:
        parts.append(
            f"<p>{counts['no_longer_staged']:,} customers that were carried earlier are not at Cratejoy any more; they "
            "stay in the shop.</p>"
        )
    parts.append(_pairs({"run": told["run_id"], "began": told["began_at"], "ended": told["ended_at"]}))
    parts += [f"<h3>{name.capitalize()}</h3>{_pairs(told[name])}" for name in ("settings", "versions")]
    parts.append(f"<h3>Hashes (SHA-256)</h3>{_pairs(told['hashes'])}")
    return _section("How this was checked", "".join(parts))


_SECTIONS = (figures, _rows, _refused, _differences, _explained, _accepted, _foreign, _looks, _timeline, _how)


@dataclass(frozen=True)
class _Link:
    """A cell that leads somewhere."""

    address: str
    text: str


_Cell = str | _Link


def _samples(told: Told, verdicts: Sequence[str]) -> str:
    rows = [_sample(told["shop"], one) for verdict in verdicts for one in told["samples"].get(verdict, ())]
    return _table(("Cratejoy id", "verdict", "in the shop", "what is to be said"), rows) if rows else ""


def _sample(shop: str, one: Told) -> tuple[_Cell, ...]:
    said = [
        f"{_field(each['field'])}{' ' + each['key'] if each['key'] else ''}: {KINDS.get(each['kind'], each['kind'])}"
        for each in one["differences"]
    ]
    number = str(one["shopify_id"] or "").rpartition("/")[2]
    link: _Cell = _Link(_admin(shop, number), number) if number.isdecimal() else ""
    return str(one["cratejoy_id"]), one["verdict"], link, "; ".join(said or [one["reason"] or "", *one["explained"]])


def _admin(shop: str, number: str) -> str:
    return f"https://admin.shopify.com/store/{shop.removesuffix('.myshopify.com')}/customers/{number}"


def _field(name: str) -> str:
    return _FIELDS.get(name, name)


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{_e(title)}</h2>{inside}</section>"


def _bar(label: str, count: int, largest: int, name: str) -> str:
    return (
        f'<div class="row wide"><span class="label">{_e(label)}</span>{charts.single(count, largest, name)}'
        f'<span class="count">{count:,}</span></div>'
    )


def _more(count: int) -> str:
    return f'<p class="small">and {count - _MOST_SHOWN:,} more, in certificate.json</p>' if count > _MOST_SHOWN else ""


def _table(headings: Iterable[str], rows: Iterable[Sequence[_Cell]]) -> str:
    names = list(headings)
    head = "".join(f"<th>{_e(name)}</th>" for name in names)
    body = "".join(f"<tr>{''.join(_cells(names, row))}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cells(names: Sequence[str], row: Sequence[_Cell]) -> Iterator[str]:
    for name, cell in zip(names, row, strict=True):
        inside = (
            f'<a href="{_e(cell.address)}" rel="noreferrer">{_e(cell.text)}</a>'
            if isinstance(cell, _Link)
            else _e(cell)
        )
        yield f'<td data-name="{_e(name)}">{inside}</td>'


def _pairs(values: Mapping[str, Any]) -> str:
    rows = "".join(f"<dt>{_e(name)}</dt><dd>{_e(value)}</dd>" for name, value in values.items())
    return f"<dl>{rows}</dl>"


def _listed(sizes: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{size:,} {verdict}" for verdict, size in sizes if size) or "none"


def _day(moment: str) -> str:
    return f"{moment[:10]} {moment[11:16]} UTC"


def _long(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _e(value: Any) -> str:
    return escape(str(value), quote=True)
