"""What Cratejoy's filters and its `with` do. Pure."""

from __future__ import annotations

from collections.abc import Callable

from cratejoy_migration.probe.cratejoy import EMBED, Answers
from cratejoy_migration.probe.findings import Finding, Verdict, compared, cratejoy
from cratejoy_migration.probe.sightings import Seen


def judge(answers: Answers) -> list[Finding]:
    """Return the findings about filters and embedding."""
    return [
        *_filters(answers),
        _unknown_filter(answers),
        _offset(answers),
        _embeds(answers.others["with"]),
        _adds(answers),
        _empty(answers.others["with nothing"]),
    ]


def _filters(answers: Answers) -> list[Finding]:
    total, pivot = answers.first["customers"].count, answers.pivot
    rules: dict[str, Callable[[Seen], bool]] = {
        "id": lambda one: one.ids == (pivot,),
        "id__gt": lambda one: bool(one.ids) and pivot is not None and min(one.ids) > pivot,
    }
    found = [
        _filtered(f"{name} as a filter", f"customers with {name} of the first page", answers.others[name], rule, total)
        for name, rule in rules.items()
    ]
    for stream, one in answers.future.items():
        total = answers.first[stream].count
        asked = f"{stream} from the year 2100 on"
        found.append(_filtered(f"created_at__ge of {stream}", asked, one, lambda one: not one.ids, total))
    return found


def _filtered(topic: str, asked: str, one: Seen, holds: Callable[[Seen], bool], total: int | None) -> Finding:
    if one.refused:
        how, verdict = f"refused with {one.status}", Verdict.DIFFERS
    elif not one.page or not total:
        how, verdict = one.trouble or "not to be told", Verdict.UNKNOWN
    elif holds(one) and (one.count != total or total == 1):
        how, verdict = "filters", Verdict.AGREES
    elif one.count == total:
        how, verdict = "ignored: all rows come", Verdict.DIFFERS
    else:
        how, verdict = "something else comes", Verdict.DIFFERS
    harmless = (
        "the tap goes on without it, and reads more" if "created_at" in topic else "nothing: the tap does not need it"
    )
    follows = harmless if verdict is Verdict.DIFFERS else ""
    return cratejoy(topic, asked, how, "filters", verdict, follows=follows)


def _unknown_filter(answers: Answers) -> Finding:
    one, total = answers.others["unknown"], answers.first["customers"].count
    how = None
    if one.refused:
        how = f"refused with {one.status}" + (
            ", errors as a list of texts" if one.told else ", without a list of errors"
        )
    elif one.page:
        how = "ignored" if one.count == total else "no row comes" if not one.ids else "something else comes"
    return cratejoy(
        "a filter that does not exist",
        "customers with no_such_property=1",
        how or one.trouble,
        "refused with 400, errors as a list of texts",
        compared(how, ["refused with 400, errors as a list of texts"]),
        follows="a misspelt filter is not noticed; the tap checks filtered rows itself" if how and one.page else "",
    )


def _offset(answers: Answers) -> Finding:
    one, head = answers.others["offset"], answers.first["customers"].ids
    how = None
    if one.refused:
        how = f"refused with {one.status}"
    elif one.page and len(head) >= 4:
        how = {head[2:4]: "works", head[:2]: "ignored"}.get(one.ids)
    return cratejoy(
        "offset",
        "customers with offset=2",
        how or one.trouble or "not to be told",
        "not known; gone from the documents",
        Verdict.NEW if how else Verdict.UNKNOWN,
    )


def _embeds(one: Seen) -> Finding:
    kind = one.embedded.get("addresses")
    how = f"refused with {one.status}" if one.refused else None
    if one.page and one.ids:
        how = {"array": "embedded", "object": "embedded", "URL": "a URL instead"}.get(kind or "", "not embedded")
    fine = how == "embedded"
    return cratejoy(
        "with=addresses,_md",
        f"customers with with={EMBED}",
        how or one.trouble or "not to be told",
        "addresses embedded",
        compared(how, ["embedded"]),
        follows=""
        if fine or not how
        else "addresses come only from the stream customer_addresses: select it; it takes one request a customer",
        figures={"embedded": fine},
    )


def _adds(answers: Answers) -> Finding:
    one, plain_kind = answers.others["with more"], answers.first["orders"].embedded.get("customer")
    how = f"refused with {one.status}" if one.refused else None
    if one.page and one.ids and plain_kind in ("object", "array"):
        how = "adds to the default set" if one.embedded.get("customer") == plain_kind else "replaces the default set"
    return cratejoy(
        "what with does",
        "orders with with=transactions: is the customer still embedded",
        how or one.trouble or "not to be told",
        "replaces the default set",
        compared(how, ["replaces the default set"]),
        follows="nothing: the tap names what it wants" if how and "adds" in how else "",
    )


def _empty(one: Seen) -> Finding:
    how = f"refused with {one.status}" if one.refused else None
    if one.page and one.ids:
        kinds = {"URL": "URLs instead", "object": "still embedded", "array": "still embedded"}
        how = kinds.get(one.embedded.get("customer") or "", "left out")
    return cratejoy(
        "an empty with",
        "orders with with=",
        how or one.trouble or "not to be told",
        "URLs instead",
        compared(how, ["URLs instead", "left out"]),
    )
