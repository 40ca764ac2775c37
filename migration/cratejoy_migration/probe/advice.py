"""Settings that the findings support; what they do not speak about is left alone. Pure."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap_cratejoy.settings import Settings as TapSettings
from target_shopify.settings import SUPPORTED_VERSIONS
from target_shopify.settings import Settings as TargetSettings

from cratejoy_migration.probe.cratejoy import HEAVY, Answers, largest
from cratejoy_migration.probe.findings import Finding, plain, seconds

FAST_SECONDS = 5.0
"""A page that takes longer is too large: a broken answer costs as much again."""
MOST_ROWS = 500
"""Rows a page at most: more saves few requests and makes every retry dear."""
MOST_CONCURRENCY = 8
_SAMPLE = 50
_SHARE = 0.9


@dataclass(frozen=True)
class Advice:
    """One setting.

    Attributes:
        variable: Its environment variable.
        value: As it stands in `.env`.
        why: The finding behind it.
    """

    variable: str
    value: str
    why: str


def for_cratejoy(answers: Answers, settings: TapSettings) -> list[Advice]:
    """Return the tap's settings that should be others than they are."""
    return [*_page_sizes(answers, settings), *_pace(answers, settings)]


def for_country(answers: Answers, settings: TargetSettings) -> list[Advice]:
    """Return `default_country`, where nearly all customers that were seen live in one country and none is set."""
    seen: Counter[str] = Counter()
    for one in (answers.first["customers"], *answers.limits.values()):
        seen = max(seen, one.forms.countries, key=Counter.total)
    [(country, count)] = seen.most_common(1) or [("", 0)]
    if settings.default_country or seen.total() < _SAMPLE or count < _SHARE * seen.total():
        return []
    why = f"{count * 100 // seen.total()} % of {seen.total():,} customers seen live there"
    return [Advice("TARGET_SHOPIFY_DEFAULT_COUNTRY", country, why)]


def for_shopify(findings: list[Finding], settings: TargetSettings) -> list[Advice]:
    """Return the target's settings that should be others than they are."""
    versions: Mapping[str, Any] = next((one.figures for one in findings if one.topic == "API version"), {})
    served = [version for version in versions.get("known_and_served") or () if version in SUPPORTED_VERSIONS]
    if versions.get("served") in (None, settings.api_version) or not served or settings.api_version in served:
        return []
    return [Advice("TARGET_SHOPIFY_API_VERSION", served[0], f"{plain(settings.api_version)} is not served")]


def _page_sizes(answers: Answers, settings: TapSettings) -> Iterator[Advice]:
    quick = {size: one for size, one in answers.limits.items() if size <= MOST_ROWS and one.seconds <= FAST_SECONDS}
    size = largest(quick) or _cut(answers)
    if size is None:
        return
    if size != settings.page_size:
        yield Advice("TAP_CRATEJOY_PAGE_SIZE", str(size), _why_size(answers, size))
    sizes = {stream: rows for stream in HEAVY if (rows := _smaller(answers, stream, size)) is not None}
    if sizes and sizes != dict(settings.page_sizes):
        slow = ", ".join(f"{stream} took {seconds(answers.heavy[stream].seconds)}" for stream in sizes)
        yield Advice("TAP_CRATEJOY_PAGE_SIZES", json.dumps(sizes), slow)


def _cut(answers: Answers) -> int | None:
    """Return the rows that pages are cut to, when not even the smallest size came whole."""
    rows = {len(one.ids) for one in answers.limits.values() if one.page and one.has_next and one.ids}
    return min(rows, default=None)


def _why_size(answers: Answers, size: int) -> str:
    one = answers.limits.get(size)
    return f"the largest that came whole, in {seconds(one.seconds)}" if one else "pages are cut to so many rows"


def _smaller(answers: Answers, stream: str, size: int) -> int | None:
    """Return the rows a page that a slow stream should have, None when its large page was quick or is not known."""
    one = answers.heavy.get(stream)
    if one is None or (one.page and one.seconds <= FAST_SECONDS):
        return None
    if one.page:
        return max(1, int(size * FAST_SECONDS / one.seconds))
    return max(1, size // 4) if one.status >= 500 or one.trouble == "no whole answer" else None


def _pace(answers: Answers, settings: TapSettings) -> Iterator[Advice]:
    rate = settings.requests_per_second
    if answers.throttled:
        slower = max(0.25, (rate or 2.0) / 2)
        yield Advice("TAP_CRATEJOY_REQUESTS_PER_SECOND", f"{slower:g}", f"{len(answers.throttled)} times 429")
    elif rate == 0:
        yield Advice(
            "TAP_CRATEJOY_REQUESTS_PER_SECOND", "2", "no limit is published; without a ceiling it is easy to meet"
        )
    slow = max((one.seconds for one in (*answers.middle.values(), *answers.last.values()) if one.page), default=0.0)
    needed = min(MOST_CONCURRENCY, math.ceil((rate or 2.0) * slow))
    if needed > settings.concurrency:
        yield Advice(
            "TAP_CRATEJOY_CONCURRENCY", str(needed), f"pages take up to {seconds(slow)}: so many must be under way"
        )
