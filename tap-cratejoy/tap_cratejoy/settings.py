"""The tap's settings: what they are, and one checked, typed view of them."""

from __future__ import annotations

import difflib
import ipaddress
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import metadata
from typing import Any
from urllib.parse import urlsplit

from singer_sdk import typing as th

from tap_cratejoy import dates
from tap_cratejoy.errors import SettingsError
from tap_cratejoy.windows import parse_pages

PAGE_SIZES = range(1, 1001)
_DAY = 86_400
_CENTURY = 36_500

_PAGES = th.ObjectType(additional_properties=th.StringType)
_IDS = th.ObjectType(additional_properties=th.ArrayType(th.IntegerType))
_SIZES = th.ObjectType(additional_properties=th.IntegerType)
_EMBEDS = th.ObjectType(additional_properties=th.StringType)

CONFIG_SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property("client_id", th.StringType, required=True, secret=True, description="HTTP Basic user."),
    th.Property("client_secret", th.StringType, required=True, secret=True, description="HTTP Basic password."),
    th.Property(
        "api_url",
        th.StringType,
        default="https://api.cratejoy.com/v1",
        description="Base URL; http:// is accepted for loopback hosts only.",
    ),
    th.Property("page_size", th.IntegerType, default=100, description="Rows a page, 1 to 1000."),
    th.Property("page_sizes", _SIZES, description='Rows a page for single streams: {"shipments": 50}.'),
    th.Property(
        "requests_per_second",
        th.NumberType,
        default=2,
        description="Ceiling over all threads in any second, no bursts above it; 0 for none.",
    ),
    th.Property("concurrency", th.IntegerType, default=4, description="Requests in flight at most."),
    th.Property("request_timeout", th.NumberType, default=120, description="Seconds."),
    th.Property(
        "max_retries",
        th.IntegerType,
        default=8,
        description="Per request, for what can heal. 429 does not count; an hour of nothing but 429 ends the run.",
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        description="First bookmark of the incremental streams, taken exactly (no lookback).",
    ),
    th.Property(
        "lookback_days",
        th.NumberType,
        default=30,
        description="How far behind the bookmark an incremental run starts.",
    ),
    th.Property("embed", _EMBEDS, description='Related data to embed, by stream: {"customers": "addresses,_md"}.'),
    th.Property(
        "pages",
        _PAGES,
        description='Backfill: read only these pages of these streams, {"customers": "118-119,205"}; bookmarks stay.',
    ),
    th.Property(
        "ids",
        _IDS,
        description='Backfill: read only these elements, {"customers": [7101000017]}; bookmarks stay.',
    ),
    th.Property("record_limit", th.IntegerType, description="Stop each stream after so many records."),
    th.Property("include_test", th.BooleanType, default=True, description="False drops is_test rows."),
    th.Property(
        "completeness_passes",
        th.IntegerType,
        default=2,
        description="Further scans while a scan is not proven complete.",
    ),
    th.Property(
        "on_incomplete",
        th.StringType,
        default="warn",
        allowed_values=["warn", "fail"],
        description="What follows when a scan still is not proven complete.",
    ),
).to_dict()


@dataclass(frozen=True)
class Settings:
    """Checked settings; units as in the contract: seconds, days, rows, requests."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    api_url: str
    page_size: int
    page_sizes: Mapping[str, int]
    requests_per_second: float
    concurrency: int
    request_timeout: float
    max_retries: int
    start_date: datetime | None
    lookback_days: float
    embed: Mapping[str, str]
    pages: Mapping[str, list[int]]
    ids: Mapping[str, list[int]]
    record_limit: int | None
    include_test: bool
    completeness_passes: int
    fail_on_incomplete: bool

    @property
    def user_agent(self) -> str:
        """How the tap names itself to the server."""
        return f"tap-cratejoy/{metadata.version('tap-cratejoy')}"

    @property
    def backfills(self) -> bool:
        """Whether this run reads chosen pages or elements only."""
        return bool(self.pages or self.ids)

    def size_of(self, stream: str) -> int:
        """Return the rows a page to ask for."""
        return self.page_sizes.get(stream, self.page_size)


def from_config(config: Mapping[str, Any], streams: frozenset[str]) -> Settings:
    """Check a configuration beyond its types.

    Args:
        config: The tap's configuration, defaults filled in.
        streams: The names of all streams.

    Returns:
        The typed settings.

    Raises:
        SettingsError: A value cannot be used; the message names the setting.
    """
    sizes = _by_stream(config, "page_sizes", streams)
    for size in (config["page_size"], *sizes.values()):
        _check(size in PAGE_SIZES, f"page_size and page_sizes take 1 to 1000, not {size}")
    for name, least in (
        ("requests_per_second", 0),
        ("concurrency", 1),
        ("max_retries", 0),
        ("lookback_days", 0),
        ("completeness_passes", 0),
    ):
        _check(least <= config[name] < math.inf, f"{name} takes {least} or more, not {config[name]}")
    _check(0 < config["request_timeout"] <= _DAY, f"request_timeout takes seconds above 0 and up to {_DAY}")
    _check(config["lookback_days"] <= _CENTURY, f"lookback_days takes up to {_CENTURY}")
    limit = config.get("record_limit")
    _check(limit is None or limit >= 1, "record_limit takes 1 or more")
    return Settings(
        client_id=_filled(config, "client_id"),
        client_secret=_filled(config, "client_secret"),
        api_url=_checked_url(config["api_url"]),
        page_size=int(config["page_size"]),
        page_sizes={name: int(size) for name, size in sizes.items()},
        requests_per_second=float(config["requests_per_second"]),
        concurrency=int(config["concurrency"]),
        request_timeout=float(config["request_timeout"]),
        max_retries=int(config["max_retries"]),
        start_date=_date(config.get("start_date")),
        lookback_days=float(config["lookback_days"]),
        embed=_by_stream(config, "embed", streams),
        pages={name: _pages(text) for name, text in _by_stream(config, "pages", streams).items()},
        ids=_by_stream(config, "ids", streams),
        record_limit=limit,
        include_test=config["include_test"],
        completeness_passes=config["completeness_passes"],
        fail_on_incomplete=config["on_incomplete"] == "fail",
    )


def unknown_setting(name: str, known: list[str]) -> str:
    """Return the sentence for a setting that does not exist, with the nearest one that does."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"there is no setting {name}{hint}"


def without_secrets(text: str) -> str:
    """Return a schema error in this tap's words; the value of a secret is left out."""
    value, _, place = text.rpartition(" in config")
    for name in ("client_id", "client_secret"):
        if name in text:
            return f"{name} takes text"
    return f"{place.strip('[]').replace('][', '.')}: {value}" if place else text


def _check(holds: bool, otherwise: str) -> None:  # noqa: FBT001  # reads as a sentence
    if not holds:
        raise SettingsError(f"{otherwise}.")


def _filled(config: Mapping[str, Any], name: str) -> str:
    value: str = config[name].strip()
    _check(bool(value), f"{name} is empty: set TAP_CRATEJOY_{name.upper()}")
    return value


def _by_stream(config: Mapping[str, Any], name: str, streams: frozenset[str]) -> dict[str, Any]:
    value: dict[str, Any] = config.get(name) or {}
    for stream in value:
        _check(stream in streams, f"{name} names a stream that does not exist: {stream}")
    return value


def _pages(text: str) -> list[int]:
    try:
        return parse_pages(text)
    except ValueError:
        raise SettingsError(f'pages takes numbers and ranges such as "118-119,205", not "{text}".') from None


def _date(text: str | None) -> datetime | None:
    if not text:
        return None
    moment = dates.parse(text)
    if moment is None:
        raise SettingsError("start_date takes a date such as 2026-03-14 or 2026-03-14T16:16:06Z.")
    return moment


def _checked_url(url: str) -> str:
    url = url.strip()
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # a port that is none raises
    except ValueError:
        raise SettingsError("api_url is not a URL that can be read.") from None
    _check(bool(parts.scheme in ("http", "https") and parts.hostname), "api_url must start with https://")
    _check(
        not parts.username and not parts.password,
        "api_url must not hold credentials: use client_id and client_secret",
    )
    _check(not parts.query and not parts.fragment, "api_url must not hold parameters")
    _check(
        parts.scheme == "https" or _is_loopback(parts.hostname or ""),
        "api_url uses http://, which sends the credentials in clear: use https:// (http:// is for loopback hosts only)",
    )
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
