"""What Cratejoy's answers are like: times, headers, forms of values, names of properties. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

from cratejoy_migration.probe.cratejoy import DEEP_SIZE, Answers, pages
from cratejoy_migration.probe.findings import Finding, Verdict, cratejoy, plain, plain_names, seconds
from cratejoy_migration.probe.sightings import Forms, Seen

_NUMBERS = re.compile(r"[0-9][0-9 ./;=,a-z_-]{0,40}")
_LIMIT_HEADER = re.compile(r"(x-)?rate-?limit[a-z0-9-]*", re.IGNORECASE)
_SLOW_SECONDS = 30.0
_LISTED = 12
_CLOCK_SECONDS = 5
_URLS_TOO = {"transactions"}
"""Streams whose relation the reference has seen as a URL."""
_DATES = "the tap reads every form but unreadable ones"
_ENUMS = "the tap names the integers it knows"
_RELATIONS = "the tap accepts all forms"


def judge(answers: Answers) -> list[Finding]:
    """Return the findings about times, headers and forms."""
    return [
        _by_size(answers),
        *_by_depth(answers),
        _limits_told(answers),
        _throttled(answers),
        _encoding(answers),
        _server(answers),
        _form(answers, "date-times", lambda forms: forms.dates, {"RFC 3339"}, _DATES),
        _form(answers, "enumerations", lambda forms: forms.enums, {"text"}, _ENUMS),
        _form(answers, "relations", lambda forms: forms.relations, {"object"}, _RELATIONS),
        _unknown_properties(answers),
        _misfits(answers),
    ]


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
    return cratejoy(
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
    return cratejoy(
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
    return cratejoy(
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
    return cratejoy(
        "compression",
        "every answer",
        ", ".join(sorted(kinds)) or "not to be told",
        "not known",
        Verdict.NEW if kinds else Verdict.UNKNOWN,
        figures={"encodings": sorted(kinds)},
    )


def _server(answers: Answers) -> Finding:
    heads = [one for one in answers.every() if one.status]
    names = sorted({plain(one.headers["Server"]) for one in heads if one.headers.get("Server")})
    skews = [one.skew for one in heads if one.skew is not None]
    parts = [", ".join(names) or "no name"]
    if skews:
        skew = median(skews)
        way = "ahead" if skew > 0 else "behind"
        parts.append("clocks agree" if abs(skew) <= _CLOCK_SECONDS else f"its clock is {abs(skew):.0f} s {way}")
    return cratejoy(
        "server",
        "Server and Date of the answers",
        "; ".join(parts),
        "not known",
        Verdict.NEW if heads else Verdict.UNKNOWN,
        figures={"server": names, "clock_skew_seconds": round(median(skews)) if skews else None},
    )


def _form(answers: Answers, topic: str, of: Callable[[Forms], frozenset[str]], assumed: set[str], why: str) -> Finding:
    found = {stream: of(one.forms) for stream, one in answers.first.items() if of(one.forms)}
    told = frozenset().union(*found.values())
    odd = [stream for stream, forms in found.items() if forms - assumed - ({"URL"} if stream in _URLS_TOO else set())]
    text = ", ".join(sorted(told)) + (f" (in {', '.join(odd)})" if odd and len(odd) < len(found) else "")
    return cratejoy(
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
    return cratejoy(
        topic,
        f"{rows:,} rows of all streams against our schemas",
        shown or ("none" if rows else "not to be told"),
        "none",
        Verdict.UNKNOWN if not rows else Verdict.DIFFERS if found else Verdict.AGREES,
        follows=why if found else "",
        figures=found,
    )
