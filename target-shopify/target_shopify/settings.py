"""The target's settings: what they are, and one checked, typed view of them."""

from __future__ import annotations

import difflib
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from singer_sdk import typing as th

from target_shopify.errors import SettingsError

SECRETS = ("access_token", "client_secret", "ledger_url")
SUPPORTED_VERSIONS = ("2026-07", "2026-10")
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]*")
_NAMESPACE = re.compile(r"[a-zA-Z0-9_-]{3,255}")
_ON = frozenset({"true", "1", "yes", "on"})
_SWITCHES = _ON | {"false", "0", "no", "off"}
_REQUEST_TIMEOUT_SECONDS = 60.0
_MAX_RETRIES = 8

CONFIG_SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property("shop", th.StringType, required=True, description="my-shop or my-shop.myshopify.com."),
    th.Property("access_token", th.StringType, secret=True, description="Admin API token of a custom app."),
    th.Property("client_id", th.StringType, description="With client_secret: client-credentials grant."),
    th.Property("client_secret", th.StringType, secret=True, description="Secret of the Dev Dashboard app."),
    th.Property("api_url", th.StringType, description="Instead of https://<shop>.myshopify.com; http:// on loopback."),
    th.Property("api_version", th.StringType, default="2026-07", description="Admin API version, for example 2026-07."),
    th.Property("tag_prefix", th.StringType, default="cj-", description="Tags with this prefix are ours."),
    th.Property("metafield_namespace", th.StringType, default="cratejoy", description="Metafields in it are ours."),
    th.Property(
        "lane",
        th.StringType,
        default="auto",
        allowed_values=["auto", "direct", "bulk"],
        description="How customers travel: single calls, bulk operations, or whichever ends sooner.",
    ),
    th.Property(
        "orders",
        th.StringType,
        default="history",
        allowed_values=["none", "history", "create"],
        description="Orders as a metafield (history), as Shopify orders in the past (create), or not at all.",
    ),
    th.Property(
        "conflict",
        th.StringType,
        default="adopt",
        allowed_values=["adopt", "skip", "fail"],
        description="When a customer that we did not make owns the e-mail.",
    ),
    th.Property(
        "update_policy",
        th.StringType,
        default="merge",
        allowed_values=["merge", "replace"],
        description="merge never removes or overwrites what others put there; replace makes it equal to the document.",
    ),
    th.Property(
        "repair",
        th.StringType,
        allowed_values=["missing", "all"],
        description="Under merge: missing puts back what was removed in the shop, all also undoes changes there.",
    ),
    th.Property("currency", th.StringType, description="ISO code for Cratejoy's cents; the shop's when absent."),
    th.Property("default_country", th.StringType, description="Two letters, for phone numbers without a country."),
    th.Property("dry_run", th.BooleanType, default=False, description="Write nothing; forecast into report_dir."),
    th.Property(
        "max_refusals",
        th.StringType,
        description='Stop after so many refused customers; also a share such as "5%".',
    ),
    th.Property("ledger_url", th.StringType, secret=True, description="postgresql:// URL of the ledger's database."),
    th.Property("report_dir", th.StringType, description="Folder for refused.jsonl, the forecast and the run report."),
    th.Property(
        "concurrency",
        th.IntegerType,
        description="Calls in flight at most; follows the shop's limits when absent.",
    ),
    th.Property("request_timeout", th.NumberType, default=_REQUEST_TIMEOUT_SECONDS, description="Seconds."),
    th.Property(
        "max_retries",
        th.IntegerType,
        default=_MAX_RETRIES,
        description="Per call, for what can heal. Throttling does not count; an hour of nothing else ends the run.",
    ),
    th.Property(
        "validate_records",
        th.BooleanType,
        default=False,
        description="Check every record against its schema first; the mapping reads what it can without it.",
    ),
).to_dict()


@dataclass(frozen=True)
class RefusalLimit:
    """When too many customers were refused.

    Attributes:
        count: So many customers.
        share: So large a part of all, 0 to 1; counts from the hundredth document on.
    """

    count: int | None = None
    share: float | None = None

    def reached(self, refused: int, documents: int) -> bool:
        """Whether the run must stop, with so many refused of so many that were read."""
        if self.count is not None:
            return refused >= self.count > 0 or refused > self.count
        return self.share is not None and documents >= 100 and refused > self.share * documents


@dataclass(frozen=True)
class Settings:
    """Checked settings; seconds, ISO codes."""

    shop: str
    api_url: str
    api_version: str
    access_token: str | None = field(repr=False)
    client_id: str | None = field(repr=False)
    client_secret: str | None = field(repr=False)
    ledger_url: str | None = field(repr=False)
    tag_prefix: str
    namespace: str
    lane: str
    orders: str
    conflict: str
    update_policy: str
    repair: str | None
    currency: str | None
    default_country: str | None
    dry_run: bool
    max_refusals: RefusalLimit | None
    report_dir: Path | None
    concurrency: int | None
    request_timeout: float
    max_retries: int

    @property
    def endpoint(self) -> str:
        """URL of the GraphQL endpoint."""
        return f"{self.api_url}/admin/api/{self.api_version}/graphql.json"

    @property
    def user_agent(self) -> str:
        """How the target names itself to Shopify."""
        return f"target-shopify/{metadata.version('target-shopify')}"

    @property
    def replaces(self) -> bool:
        """Whether documents win over what others changed in Shopify."""
        return self.update_policy == "replace"


def from_config(config: Mapping[str, Any]) -> Settings:
    """Check a configuration beyond its types.

    Args:
        config: The target's configuration, defaults filled in.

    Returns:
        The typed settings.

    Raises:
        SettingsError: A value cannot be used; the message names the setting.
    """
    shop = _shop(config["shop"])
    return Settings(
        shop=shop,
        api_url=_checked_url(config.get("api_url") or f"https://{shop}.myshopify.com"),
        api_version=_version(config["api_version"]),
        tag_prefix=_prefix(config["tag_prefix"]),
        namespace=_namespace(config["metafield_namespace"]),
        lane=config["lane"],
        orders=config["orders"],
        conflict=config["conflict"],
        update_policy=config["update_policy"],
        repair=config.get("repair") or None,
        currency=_letters(config, "currency", 3),
        default_country=_letters(config, "default_country", 2),
        dry_run=config["dry_run"],
        max_refusals=_limit(config.get("max_refusals")),
        report_dir=Path(config["report_dir"]) if config.get("report_dir") else None,
        ledger_url=_database(config.get("ledger_url")),
        concurrency=_at_least(config, "concurrency", 1),
        request_timeout=float(_at_least(config, "request_timeout", 1) or _REQUEST_TIMEOUT_SECONDS),
        max_retries=int(_at_least(config, "max_retries", 0) or 0),
        **_credentials(config),
    )


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"TARGET_SHOPIFY_{name.upper()}"


def misread_variables(environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable that a number or a switch cannot be read from.

    The SDK would take a misspelt `true` for false, and write where a dry run was wanted.
    """
    found = []
    for name, spec in CONFIG_SCHEMA["properties"].items():
        text, types = (environment.get(variable(name)) or "").strip(), set(spec.get("type", []))
        if not text or "string" in types:
            continue
        if "boolean" in types and text.lower() not in _SWITCHES:
            found.append(f"{variable(name)} takes true or false")
        if "integer" in types and not re.fullmatch(r"-?\d+", text):
            found.append(f"{variable(name)} takes a number")
    return found


def is_number_or_switch(spec: Mapping[str, Any]) -> bool:
    """Whether a setting takes no text, list or object."""
    return not {"string", "object", "array"} & set(spec.get("type", []))


def number_or_switch(text: str, spec: Mapping[str, Any]) -> Any:
    """Return what a text says for such a setting.

    Raises:
        ValueError: It says neither a number nor a switch.
    """
    word = text.strip().lower()
    if "boolean" in spec.get("type", []) and word in _SWITCHES:
        return word in _ON
    return json.loads(word)


def unknown_setting(name: str) -> str:
    """Return the sentence for a setting that does not exist, with the nearest one that does."""
    names = list(CONFIG_SCHEMA["properties"])
    near = difflib.get_close_matches(name, [*names, *map(variable, names)], n=1)
    return f"there is no setting {name}" + (f"; did you mean {near[0]}?" if near else "")


def without_secrets(text: str) -> str:
    """Return a schema error in this target's words; the value of a secret is left out."""
    value, _, place = text.rpartition(" in config")
    for name in (*SECRETS, "client_id"):
        if name in text and f"'{name}' is a required property" not in text:
            return f"{name} takes text"
    return f"{place.strip('[]').replace('][', '.')}: {value}" if place.strip("[]") else value or text


def _check(holds: bool, otherwise: str) -> None:  # noqa: FBT001  # reads as a sentence
    if not holds:
        raise SettingsError(f"{otherwise}.")


def _shop(text: str) -> str:
    name = text.strip().lower().removeprefix("https://").strip("/").removesuffix(".myshopify.com")
    _check(bool(_SHOP.fullmatch(name)), "shop takes my-shop or my-shop.myshopify.com, not another address")
    return name


def _credentials(config: Mapping[str, Any]) -> dict[str, str | None]:
    found = {name: (config.get(name) or "").strip() or None for name in ("access_token", "client_id", "client_secret")}
    pair = found["client_id"] and found["client_secret"]
    _check(
        bool(found["access_token"] or pair),
        "there are no credentials: set TARGET_SHOPIFY_ACCESS_TOKEN, or TARGET_SHOPIFY_CLIENT_ID and "
        "TARGET_SHOPIFY_CLIENT_SECRET",
    )
    for name, value in found.items():
        _check(value is None or (value.isascii() and value.isprintable()), f"{name} holds characters that no key has")
    return found


def _version(text: str) -> str:
    _check(bool(re.fullmatch(r"20\d\d-(01|04|07|10)", text)), "api_version takes a quarter such as 2026-07")
    _check(text >= SUPPORTED_VERSIONS[0], f"api_version must be {SUPPORTED_VERSIONS[0]} or later")
    return text


def _prefix(text: str) -> str:
    _check(0 < len(text) <= 100 and "," not in text and text == text.strip(), "tag_prefix takes 1 to 100 characters")
    return text


def _namespace(text: str) -> str:
    holds = bool(_NAMESPACE.fullmatch(text))
    _check(holds, "metafield_namespace takes 3 to 255 letters, digits, hyphens and underscores")
    return text


def _letters(config: Mapping[str, Any], name: str, length: int) -> str | None:
    text = (config.get(name) or "").strip().upper()
    _check(not text or (len(text) == length and text.isascii() and text.isalpha()), f"{name} takes {length} letters")
    return text or None


def _limit(value: str | int | None) -> RefusalLimit | None:
    text = str(value).strip() if value is not None else ""
    if not text:
        return None
    if re.fullmatch(r"\d+", text):
        return RefusalLimit(count=int(text))
    share = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text)
    _check(bool(share) and float(share[1]) <= 100 if share else False, 'max_refusals takes a number, or "5%"')
    return RefusalLimit(share=float(share[1]) / 100) if share else None


def _at_least(config: Mapping[str, Any], name: str, least: int) -> Any:
    value = config.get(name)
    _check(value is None or least <= value < 1_000_000, f"{name} takes {least} or more")
    return value


def _database(url: str | None) -> str | None:
    text = (url or "").strip()
    if not text:
        return None
    scheme, _, rest = text.partition("://")
    _check(
        scheme.partition("+")[0] in ("postgres", "postgresql") and bool(rest), "ledger_url takes a postgresql:// URL"
    )
    return f"postgresql://{rest}"


def _checked_url(url: str) -> str:
    url = url.strip()
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # a port that is none raises
    except ValueError:
        raise SettingsError("api_url is not a URL that can be read.") from None
    _check(bool(parts.scheme in ("http", "https") and parts.hostname), "api_url must start with https://")
    _check(not parts.username and not parts.password, "api_url must not hold credentials")
    _check(not parts.query and not parts.fragment, "api_url must not hold parameters")
    _check(
        parts.scheme == "https" or _is_loopback(parts.hostname or ""),
        "api_url uses http://, which sends the token in clear: use https:// (http:// is for loopback hosts only)",
    )
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
