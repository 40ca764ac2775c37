"""What Cratejoy's answers say beside what the reference assumed. Pure: the same answers give the same findings."""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from cratejoy_migration.probe.cratejoy import ABOVE, DEEP_SIZE, EMBED, LIMITS, Answers, base, largest, pages
from cratejoy_migration.probe.findings import (
    CRATEJOY,
    Finding,
    Verdict,
    compared,
    grouped,
    plain,
    plain_names,
    seconds,
)
from cratejoy_migration.probe.sightings import RESOURCES, Forms, Seen

_NUMBERS = re.compile(r"[0-9][0-9 ./;=,a-z_-]{0,40}")
_LIMIT_HEADER = re.compile(r"(x-)?rate-?limit[a-z0-9-]*", re.IGNORECASE)
_SLOW_SECONDS = 30.0
_LISTED = 12


def judge(answers: Answers, now: float | None = None) -> list[Finding]:
    """Return all findings, those about pages first.

    Args:
        answers: As `cratejoy.ask` returns them.
        now: Unix time, for the server's clock.
    """
    return [
        _readable(answers),
        _counts(answers),
        _base(answers),
        _default_limit(answers),
        _largest(answers),
        _above(answers),
        _order(answers),
        _stable(answers),
        _last_page(answers),
        _kept(answers),
        *_filters(answers),
        _unknown_filter(answers),
        _offset(answers),
        *_embedding(answers),
        _by_size(answers),
        *_by_depth(answers),
        _limits_told(answers),
        _throttled(answers),
        _encoding(answers),
        _server(answers, time.time() if now is None else now),
        _form(
            answers,
            "date-times",
            lambda forms: forms.dates,
            {"RFC 3339"},
            "the tap reads every form but unreadable ones",
        ),
        _form(answers, "enumerations", lambda forms: forms.enums, {"text"}, "the tap names the integers it knows"),
        _form(answers, "relations", lambda forms: forms.relations, {"object"}, "the tap accepts all forms"),
        _unknown_properties(answers),
        _misfits(answers),
    ]


def _finding(topic: str, asked: str, found: str, assumed: str, verdict: Verdict, **more: Any) -> Finding:
    if verdict is Verdict.UNKNOWN:
        more.setdefault("follows", "")
    return Finding(CRATEJOY, topic, asked, found, assumed, verdict, **more)


def _readable(answers: Answers) -> Finding:
    bad = {stream: one.trouble for stream, one in answers.first.items() if one.trouble}
    return _finding(
        "streams that can be read",
        "the first page of each stream",
        grouped(bad) if bad else f"all {len(answers.first)}",
        f"all {len(RESOURCES)}",
        Verdict.DIFFERS if bad else Verdict.AGREES,
        follows="what cannot be read cannot be collected; deselect it in meltano.yml, or see to the rights"
        if bad
        else "",
        prevents="customers" in bad,
        figures={"troubles": bad},
    )


def _counts(answers: Answers) -> Finding:
    counts = {stream: one.count for stream, one in answers.first.items()}
    known = {stream: count for stream, count in counts.items() if count is not None}
    text = ", ".join(f"{stream} {count:,}" for stream, count in known.items())
    silent = [stream for stream in counts if stream not in known and answers.first[stream].page]
    return _finding(
        "count",
        "the envelope of each first page",
        text + (f"; none for {', '.join(silent)}" if silent else "") or "no stream told one",
        "rows of the whole query, in every stream",
        Verdict.UNKNOWN if not known else Verdict.DIFFERS if silent else Verdict.AGREES,
        follows="a stream without a count cannot be proven complete" if silent else "",
        figures=counts,
    )


def _base(answers: Answers) -> Finding:
    bases = {stream: base(one, answers.second[stream]) for stream, one in answers.first.items()}
    known = {stream: number for stream, number in bases.items() if number is not None}
    odd = {stream for stream, number in known.items() if number and stream != "shipments"}
    names = {stream: "not to be told" if number is None else number for stream, number in bases.items()}
    lies = [
        stream
        for stream, number in known.items()
        if answers.first[stream].next_number and answers.first[stream].next_number != number + 1
    ]
    found = grouped(names) + (f"; but next names another page in {', '.join(lies)}" if lies else "")
    verdict = Verdict.UNKNOWN if not known else Verdict.DIFFERS if odd or lies else Verdict.AGREES
    return _finding(
        "number of the first page",
        "no page number, then page=1, in each stream",
        found,
        "0; for shipments 0 or 1",
        verdict,
        follows="nothing: the tap learns it from the first page" if odd or lies else "",
        figures=bases,
    )


def _default_limit(answers: Answers) -> Finding:
    rows = {stream: len(one.ids) for stream, one in answers.first.items() if one.has_next and one.ids}
    return _finding(
        "rows a page without limit",
        "the first page of each stream",
        grouped(rows) if rows else "no stream is longer than a page",
        "10",
        Verdict.UNKNOWN if not rows else compared(frozenset(rows.values()), [frozenset({10})]),
        figures=rows,
    )


def _largest(answers: Answers) -> Finding:
    most, count = largest(answers.limits), answers.first["customers"].count
    served = {size: one.trouble or len(one.ids) for size, one in answers.limits.items()}
    cut = [
        size for size, one in answers.limits.items() if one.page and one.count and len(one.ids) < min(size, one.count)
    ]
    refused = [size for size, one in answers.limits.items() if size in LIMITS and one.trouble]
    short = not cut and not refused and (most or 0) < max(LIMITS)
    found = f"{most:,}" if most else "less than 100" if cut or refused else "not to be told"
    if cut:
        found += f"; limit={cut[0]} serves {len(answers.limits[cut[0]].ids)}"
    if refused:
        found += f"; limit={refused[0]}: {answers.limits[refused[0]].trouble}"
    if short and count is not None:
        found += f": there are only {count:,} customers"
    return _finding(
        "largest limit",
        "customers with limit=" + ", ".join(map(str, answers.limits)),
        found,
        "1,000",
        Verdict.UNKNOWN if short else Verdict.AGREES if (most or 0) >= max(LIMITS) else Verdict.DIFFERS,
        follows="page_size at most this" if cut or refused else "",
        figures={"largest": most, "served": served},
    )


def _above(answers: Answers) -> Finding:
    """Say what is done with a limit above the largest: the first size that did not come whole tells it."""
    how: str | None = None
    for size, one in sorted(answers.limits.items()):
        if one.refused:
            how = f"limit={size} is refused with {one.status}"
        elif one.page and one.count and len(one.ids) < min(size, one.count):
            how = f"limit={size} is cut to {len(one.ids)} rows"
        if how:
            break
    if how is None and (over := answers.limits.get(ABOVE)) and over.page and len(over.ids) == ABOVE:
        how = f"limit={ABOVE} is served in full"
    return _finding(
        "a limit above the largest",
        f"customers with limit={ABOVE}, or the first size that did not come whole",
        how or "not to be told from so few rows",
        "not known: cut, or 400",
        Verdict.NEW if how else Verdict.UNKNOWN,
    )


def _order(answers: Answers) -> Finding:
    orders: dict[str, str] = {}
    for stream, one in answers.first.items():
        second = answers.second[stream]
        ids = one.ids + (second.ids if base(one, second) == 0 else ())
        if len(ids) > 1:
            orders[stream] = _direction(ids)
    return _finding(
        "order of rows",
        "the ids of the first pages of each stream",
        grouped(orders) if orders else "not to be told from so few rows",
        "ascending id",
        Verdict.UNKNOWN if not orders else compared(frozenset(orders.values()), [frozenset({"ascending id"})]),
        follows="nothing: the tap drops doubles and proves each scan complete"
        if set(orders.values()) - {"ascending id"}
        else "",
        figures=orders,
    )


def _direction(ids: tuple[int, ...]) -> str:
    if list(ids) == sorted(ids):
        return "ascending id"
    return "descending id" if list(ids) == sorted(ids, reverse=True) else "no order of ids"


def _stable(answers: Answers) -> Finding:
    """The first page was asked for in several sizes: a smaller one must be the head of a larger one."""
    heads = [one.ids for one in (answers.first["customers"], *answers.limits.values()) if one.page and one.ids]
    same = all(ids[: len(heads[0])] == heads[0][: len(ids)] for ids in heads[1:]) if len(heads) > 1 else None
    return _finding(
        "the same order when asked again",
        "the first rows of customers, in pages of several sizes",
        {True: "the same", False: "another one each time", None: "not to be told"}[same],
        "the same",
        compared(same, [True]),
        follows="" if same is not False else "scans will need several passes (completeness_passes)",
    )


def _last_page(answers: Answers) -> Finding:
    truths = {}
    for stream, one in answers.last.items():
        if one.page and one.count is not None:
            truths[stream] = "names a page after the last" if one.has_next else "is null"
    return _finding(
        "next on the last page",
        "the page that the count says is the last, of customers and orders",
        grouped(truths) if truths else "not to be told",
        "null, perhaps a page too many",
        Verdict.UNKNOWN if not truths else compared(frozenset(truths.values()), [frozenset({"is null"})]),
        follows="one request more a stream; the tap ends at the empty page"
        if set(truths.values()) - {"is null"}
        else "",
    )


def _kept(answers: Answers) -> Finding:
    one = answers.others["id__gt"]
    other = answers.limits.get(DEEP_SIZE, one)
    sent = {"limit", "id__gt"} if one.has_next else {"limit"}
    asked = one if one.has_next else other
    lost = sorted(sent - asked.next_names) if asked.has_next else None
    form = "; as a whole URL" if asked.next_absolute else ""
    return _finding(
        "parameters in next",
        "customers with limit" + (" and a filter" if one.has_next else ""),
        "not to be told" if lost is None else (f"loses {', '.join(lost)}" if lost else "keeps them") + form,
        "keeps them, relative",
        Verdict.UNKNOWN if lost is None else Verdict.DIFFERS if lost or form else Verdict.AGREES,
        follows="nothing: the tap takes only the page from it" if lost or form else "",
    )


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
    return _finding(topic, asked, how, "filters", verdict, follows=follows)


def _unknown_filter(answers: Answers) -> Finding:
    one, total = answers.others["unknown"], answers.first["customers"].count
    how = None
    if one.refused:
        how = f"refused with {one.status}" + (
            ", errors as a list of texts" if one.told else ", without a list of errors"
        )
    elif one.page:
        how = "ignored" if one.count == total else "no row comes" if not one.ids else "something else comes"
    return _finding(
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
    return _finding(
        "offset",
        "customers with offset=2",
        how or one.trouble or "not to be told",
        "not known; gone from the documents",
        Verdict.NEW if how else Verdict.UNKNOWN,
    )


def _embedding(answers: Answers) -> list[Finding]:
    return [_embeds(answers.others["with"]), _adds(answers), _empty(answers.others["with nothing"])]


def _embeds(one: Seen) -> Finding:
    kind = one.embedded.get("addresses")
    how = f"refused with {one.status}" if one.refused else None
    if one.page and one.ids:
        how = {"array": "embedded", "object": "embedded", "URL": "a URL instead"}.get(kind or "", "not embedded")
    fine = how == "embedded"
    return _finding(
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
    return _finding(
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
    return _finding(
        "an empty with",
        "orders with with=",
        how or one.trouble or "not to be told",
        "URLs instead",
        compared(how, ["URLs instead", "left out"]),
    )


def _by_size(answers: Answers) -> Finding:
    times = {size: one.seconds for size, one in answers.limits.items() if one.page and one.ids}
    text = ", ".join(f"{size} rows {seconds(value)}" for size, value in times.items())
    return _time("answers by page size", "the first page of customers", times, text)


def _by_depth(answers: Answers) -> list[Finding]:
    found = []
    for stream, start in (("customers", answers.limits.get(DEEP_SIZE)), ("orders", answers.heavy.get("orders"))):
        places = {"first": start, "middle": answers.middle.get(stream), "last": answers.last.get(stream)}
        times = {place: one.seconds for place, one in places.items() if one and one.page}
        rows = len(start.ids) if start else 0
        text = ", ".join(f"{place} {seconds(value)}" for place, value in times.items())
        number = pages(start.count, rows) if start and start.count and rows else 0
        asked = f"{stream} in pages of {rows}, {number:,} pages"
        found.append(_time(f"answers by depth, {stream}", asked, times, text))
    return found


def _time(topic: str, asked: str, times: Mapping[Any, float], text: str) -> Finding:
    slow = max(times.values(), default=0) > _SLOW_SECONDS
    return _finding(
        topic,
        asked,
        text or "not to be told",
        "slower when larger or deeper, below 30 s",
        Verdict.UNKNOWN if not times else Verdict.DIFFERS if slow else Verdict.AGREES,
        follows="smaller pages, and a longer request_timeout" if slow else "",
        figures={str(name): round(value, 3) for name, value in times.items()},
    )


def _limits_told(answers: Answers) -> Finding:
    told: dict[str, str] = {}
    for one in answers.every():
        for name, value in one.headers.items():
            if _LIMIT_HEADER.fullmatch(name):
                told[name.lower()] = value if _NUMBERS.fullmatch(value) else "a text"
    text = ", ".join(f"{name} {value}" for name, value in sorted(told.items())[:_LISTED])
    return _finding(
        "rate-limit headers",
        "every answer",
        text or "none",
        "none",
        Verdict.DIFFERS if told else Verdict.AGREES,
        follows="the server tells its limit: set requests_per_second below it" if told else "",
        figures=told,
    )


def _throttled(answers: Answers) -> Finding:
    times = answers.throttled
    forms = {
        "without Retry-After"
        if one is None
        else "Retry-After in seconds"
        if one.strip().isdecimal()
        else "Retry-After as a date"
        for one in times
    }
    return _finding(
        "429, too many requests",
        f"{answers.requests} requests, one at a time",
        f"{len(times)} times, {', '.join(sorted(forms))}" if times else "never",
        "never at this pace; Retry-After in seconds",
        Verdict.DIFFERS if times else Verdict.AGREES,
        follows="lower requests_per_second" if times else "",
        figures={"times": len(times), "forms": sorted(forms)},
    )


def _encoding(answers: Answers) -> Finding:
    kinds = {plain(one.headers.get("Content-Encoding") or "none") for one in answers.every() if one.page}
    return _finding(
        "compression",
        "every answer",
        ", ".join(sorted(kinds)) or "not to be told",
        "not known",
        Verdict.NEW if kinds else Verdict.UNKNOWN,
        figures={"encodings": sorted(kinds)},
    )


def _server(answers: Answers, now: float) -> Finding:
    heads = [one.headers for one in answers.every() if one.status]
    names = sorted({plain(head["Server"]) for head in heads if head.get("Server")})
    skew = _skew(heads[-1].get("Date"), now) if heads else None
    parts = [", ".join(names) or "no name"]
    if skew is not None:
        parts.append(
            "clocks agree" if abs(skew) <= 5 else f"its clock is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
        )
    return _finding(
        "server",
        "Server and Date of the answers",
        "; ".join(parts),
        "not known",
        Verdict.NEW if heads else Verdict.UNKNOWN,
        figures={"server": names, "clock_skew_seconds": None if skew is None else round(skew)},
    )


def _skew(date: str | None, now: float) -> float | None:
    """Return by how many seconds a Date header is ahead of us; None when it cannot be read."""
    try:
        return email.utils.parsedate_to_datetime(date).timestamp() - now if date else None
    except (ValueError, TypeError, OverflowError):
        return None


def _form(answers: Answers, topic: str, of: Callable[[Forms], frozenset[str]], assumed: set[str], why: str) -> Finding:
    found = {stream: of(one.forms) for stream, one in answers.first.items() if of(one.forms)}
    told = frozenset().union(*found.values())
    odd = [stream for stream, forms in found.items() if forms - assumed]
    text = ", ".join(sorted(told)) + (f" (in {', '.join(odd)})" if odd and len(odd) < len(found) else "")
    return _finding(
        f"form of {topic}",
        "the first page of each stream",
        text if told else "not to be told",
        ", ".join(sorted(assumed)),
        Verdict.UNKNOWN if not told else Verdict.DIFFERS if odd else Verdict.AGREES,
        follows=f"nothing: {why}" if odd else "",
        figures={stream: sorted(forms) for stream, forms in found.items()},
    )


def _unknown_properties(answers: Answers) -> Finding:
    return _names(
        answers,
        "properties that no document names",
        lambda forms: forms.unknown,
        "nothing is lost: they are kept in the column _extra",
    )


def _misfits(answers: Answers) -> Finding:
    return _names(
        answers,
        "properties of another type than documented",
        lambda forms: forms.misfit,
        "nothing is lost: they are kept in the column _extra, but documents do not use all of them",
    )


def _names(answers: Answers, topic: str, of: Callable[[Forms], frozenset[str]], why: str) -> Finding:
    samples: dict[str, list[Seen]] = {stream: [one] for stream, one in answers.first.items()}
    samples["customers"] += [*answers.limits.values(), answers.others["with"]]
    for stream, one in answers.heavy.items():
        samples[stream].append(one)
    found = {
        stream: plain_names(frozenset().union(*(of(one.forms) for one in some))) for stream, some in samples.items()
    }
    found = {stream: names for stream, names in found.items() if names}
    shown = "; ".join(f"{stream}: {', '.join(names[:_LISTED])}" for stream, names in found.items())
    rows = sum(len(one.ids) for some in samples.values() for one in some)
    return _finding(
        topic,
        f"{rows:,} rows of all streams against our schemas",
        shown or ("none" if rows else "not to be told"),
        "none",
        Verdict.UNKNOWN if not rows else Verdict.DIFFERS if found else Verdict.AGREES,
        follows=why if found else "",
        figures=found,
    )
