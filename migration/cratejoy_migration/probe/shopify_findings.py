"""What the shop told beside what the reference assumed. Pure: the same answers give the same findings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from statistics import median
from typing import Any

from target_shopify.settings import SUPPORTED_VERSIONS, Settings
from target_shopify.shop import needed_scopes

from cratejoy_migration.probe.findings import SHOPIFY, Finding, Verdict, compared, plain, seconds
from cratejoy_migration.probe.shopify import Told

MOST_DEFINITIONS = 256
RATES = (100, 200, 1000, 2000)
"""Points a second of the plans (limits page); the bucket holds 20 seconds' worth."""
_CODE = re.compile(r"[A-Z]{2,3}")
_TOKENS = {
    "shpat_": "Admin API token of an app, does not end",
    "shpca_": "token of an older custom app, does not end",
    "shppa_": "password of a private app",
    "shpua_": "token of one user, ends with the session",
}
_PERSONAL = ("firstName", "lastName", "defaultEmailAddress", "defaultPhoneNumber", "defaultAddress")
_VERIFY = {"create": frozenset({"read_orders", "read_all_orders"})}
_UNDO = {"create": frozenset({"read_orders", "write_orders"})}


def judge(told: Told, settings: Settings) -> list[Finding]:
    """Return all findings, those that can prevent a migration first."""
    return [
        _version(told, settings),
        *_scopes(told, settings),
        _personal(told),
        _token(told, settings),
        _plan(told),
        _limits(told),
        _speed(told),
        _accounts(told),
        _place(told),
        _customers(told),
        _ours(told, settings),
        _tagged(told, settings),
        *(_room(told, owner) for owner in told.definitions),
        _bulk(told),
        Finding(
            SHOPIFY,
            "other apps that mail customers",
            "nothing: no app can see another one",
            "not to be seen",
            "not to be seen",
            Verdict.UNKNOWN,
            follows="pause apps that mail new customers (mail, loyalty, Flow) before the migration",
        ),
    ]


def granted(scopes: frozenset[str]) -> frozenset[str]:
    """Return scopes with those that they include: a write scope includes the read scope of the same name."""
    return scopes | {f"read_{name.removeprefix('write_')}" for name in scopes if name.startswith("write_")}


def _finding(topic: str, asked: str, found: str, assumed: str, verdict: Verdict, **more: Any) -> Finding:
    return Finding(SHOPIFY, topic, asked, found, assumed, verdict, **more)


def _version(told: Told, settings: Settings) -> Finding:
    served, wanted = told.shop.version, settings.api_version
    served = plain(served) if served else None
    others = [version for version in told.versions or () if version in SUPPORTED_VERSIONS]
    wrong = served is not None and served != wanted
    known = f"; {' and '.join(others)} would do" if others else ""
    return _finding(
        "API version",
        f"asked for {wanted}",
        served or "the answer does not say",
        wanted,
        compared(served, [wanted]),
        follows=f"set api_version to one that is served{known}" if wrong else "",
        prevents=wrong,
        figures={"asked": wanted, "served": served, "known_and_served": others},
    )


def _scopes(told: Told, settings: Settings) -> list[Finding]:
    purposes = {
        "migrate": needed_scopes(replace(settings, dry_run=False)),
        "verify": _VERIFY.get(settings.orders, frozenset()) | {"read_customers"},
        "rollback": _UNDO.get(settings.orders, frozenset()) | {"write_customers"},
    }
    found = [_scope(told, purpose, needed, settings) for purpose, needed in purposes.items()]
    return [*found, _spare(told, frozenset().union(*purposes.values()))]


def _scope(told: Told, purpose: str, needed: frozenset[str], settings: Settings) -> Finding:
    missing = sorted(needed - granted(told.scopes)) if told.scopes is not None else None
    follows = "grant them in the app's settings and install the app again" if missing else ""
    if missing == ["read_all_orders"]:
        follows = "orders older than 60 days cannot be read back: ask Shopify for read_all_orders"
    return _finding(
        f"scopes to {purpose}",
        f"the app's scopes, with orders: {settings.orders}",
        "the app may not see its scopes" if missing is None else f"missing: {', '.join(missing)}" if missing else "all",
        ", ".join(sorted(needed)),
        Verdict.UNKNOWN if missing is None else Verdict.DIFFERS if missing else Verdict.AGREES,
        follows=follows,
        prevents=bool(missing) and purpose == "migrate",
        figures={"missing": missing},
    )


def _spare(told: Told, needed: frozenset[str]) -> Finding:
    spare = sorted(told.scopes - granted(needed)) if told.scopes is not None else None
    return _finding(
        "scopes nobody needs",
        "the app's scopes",
        "not to be told" if spare is None else f"{len(spare)}" if spare else "none",
        "none",
        Verdict.UNKNOWN if spare is None else Verdict.DIFFERS if spare else Verdict.AGREES,
        follows="take them from the app: a token that leaks can do less then" if spare else "",
        figures={"spare": [plain(one) for one in spare or ()]},
    )


def _personal(told: Told) -> Finding:
    look = told.customer
    value = look.value if look else None
    nodes = value.get("nodes") if isinstance(value, dict) else None
    codes = {code for _, code in look.refused} if look else set()
    hidden = sorted({name for path, _ in look.refused for name in _PERSONAL if f".{name}" in path}) if look else []
    if nodes is None:
        level, how = 0, f"customers cannot be read ({', '.join(sorted(codes)) or 'no answer'})"
    elif hidden:
        level, how = 1, f"hidden: {', '.join(hidden)}"
    elif not nodes:
        level, how = None, "there is no customer to look at"
    else:
        level, how = 2, "names, e-mail, phone and address can be read"
    barred = level in (0, 1)
    return _finding(
        "protected customer data",
        "one customer, its values not kept",
        how,
        "names, e-mail, phone and address can be read",
        compared(level, [2]),
        follows="ask for protected customer data, levels 1 and 2, in the app's settings (some plans have no level 2)"
        if barred
        else "",
        prevents=barred,
        figures={"level": level},
    )


def _token(told: Told, settings: Settings) -> Finding:
    if settings.access_token:
        kind = next(
            (words for start, words in _TOKENS.items() if settings.access_token.startswith(start)), "unknown kind"
        )
        known = settings.access_token.startswith(("shpat_", "shpca_"))
    else:
        life = told.token_seconds
        kind = "client credentials, fetched" + (f", good for {life / 3600:.0f} h, renewed before" if life else "")
        known = True
    return _finding(
        "token",
        "the settings; its value is not shown",
        kind,
        "an app's token, or client credentials for 24 h",
        compared(known, [True]),
        follows="" if known else "use an app's Admin API token, or client_id and client_secret",
    )


def _plan(told: Told) -> Finding:
    plan = _object(told.shop.value, "plan")
    name = plain(plan.get("publicDisplayName"), "not told")
    kind = "development store" if plan.get("partnerDevelopment") else "a live shop"
    return _finding(
        "plan",
        "shop.plan",
        f"{name}, {kind}",
        "any; try on a development store first",
        Verdict.NEW if plan else Verdict.UNKNOWN,
        follows="" if not plan or plan.get("partnerDevelopment") else "migration pilot belongs on a development store",
        figures={
            "plan": name,
            "development": bool(plan.get("partnerDevelopment")),
            "plus": bool(plan.get("shopifyPlus")),
        },
    )


def _limits(told: Told) -> Finding:
    maximum, restore = told.maximum, told.restore
    text = "no answer told" if restore is None else f"{restore:,.0f} points/s, bucket {maximum:,.0f}"
    usual = None if restore is None or maximum is None else restore in RATES and maximum == 20 * restore
    return _finding(
        "cost limits",
        "the cost block of the answers",
        text,
        "100, 200, 1,000 or 2,000 points/s, bucket 20 s of it",
        compared(usual, [True]),
        follows="" if restore is None else f"about {restore / 10:,.0f} customers a second at most, one call each",
        figures={"restore_rate": restore, "maximum_available": maximum},
    )


def _speed(told: Told) -> Finding:
    middle = median(told.seconds) if told.seconds else None
    return _finding(
        "answers",
        f"{told.calls} calls, one at a time",
        f"{seconds(middle)} in the middle, {seconds(max(told.seconds))} at most" if middle is not None else "none",
        "about 0.5 s",
        Verdict.UNKNOWN if middle is None else Verdict.AGREES if middle < 2 else Verdict.DIFFERS,
        figures={"median_seconds": None if middle is None else round(middle, 3)},
    )


def _accounts(told: Told) -> Finding:
    kind = _object(told.shop.value, "customerAccountsV2").get("customerAccountsVersion")
    legacy = kind == "CLASSIC"
    known = kind in ("CLASSIC", "NEW_CUSTOMER_ACCOUNTS")
    return _finding(
        "customer accounts",
        "shop.customerAccountsV2",
        ("with passwords (legacy)" if legacy else "with mailed codes") if known else "not told",
        "with mailed codes",
        Verdict.UNKNOWN if not known else Verdict.DIFFERS if legacy else Verdict.AGREES,
        follows="imported customers have no password: switch to the present accounts, or plan invitations"
        if legacy
        else "",
        figures={"version": kind if known else None},
    )


def _place(told: Told) -> Finding:
    value = told.shop.value
    currency, country = _code(value.get("currencyCode")), _code(_object(value, "shopAddress").get("countryCodeV2"))
    return _finding(
        "currency and country",
        "the shop",
        f"{currency or 'not told'}, {country or 'not told'}",
        "the currency of Cratejoy's cents, which no field tells",
        Verdict.NEW if currency else Verdict.UNKNOWN,
        follows="set currency if Cratejoy's prices are in another one",
        figures={"currency": currency, "country": country},
    )


def _customers(told: Told) -> Finding:
    value = told.count.value if told.count else None
    count = value.get("count") if isinstance(value, dict) else None
    if not isinstance(count, int):
        return _finding("customers in the shop", "their count", "not told", "any", Verdict.UNKNOWN)
    vague = isinstance(value, dict) and value.get("precision") != "EXACT"
    return _finding(
        "customers in the shop",
        "their count",
        f"{'at least ' if vague else ''}{count:,}",
        "any",
        Verdict.NEW,
        follows="those with an e-mail of ours are adopted, skipped or stop the run (setting conflict)" if count else "",
        figures={"count": count, "exact": not vague},
    )


def _ours(told: Told, settings: Settings) -> Finding:
    nodes = [
        node for some in told.definitions.values() for node in some or () if node.get("namespace") == settings.namespace
    ]
    values = sum(one for node in nodes if isinstance(one := node.get("metafieldsCount"), int))
    readable = any(some is not None for some in told.definitions.values())
    found = f"{len(nodes)} definitions with {values:,} values" if nodes else "none"
    return _finding(
        "our metafields",
        f"definitions in the namespace {plain(settings.namespace)}",
        found if readable else "not to be read",
        "none in a new shop",
        Verdict.UNKNOWN if not readable else Verdict.DIFFERS if nodes else Verdict.AGREES,
        follows="an earlier run was here: with its ledger the migration goes on, without it customers are adopted"
        if values
        else "",
        figures={plain(node.get("key")): node.get("metafieldsCount") for node in nodes},
    )


def _tagged(told: Told, settings: Settings) -> Finding:
    value = told.tagged.value if told.tagged else None
    count = value.get("totalCount") if isinstance(value, dict) else None
    known = isinstance(count, int)
    return _finding(
        "migrated customers",
        f"customers tagged {plain(settings.tag_prefix)}migrated",
        f"{count:,}" if known else "not told",
        "0 in a new shop",
        Verdict.UNKNOWN if not known else Verdict.DIFFERS if count else Verdict.AGREES,
        figures={"count": count if known else None},
    )


def _room(told: Told, owner: str) -> Finding:
    nodes = told.definitions[owner]
    used = (
        len([node for node in nodes if not str(node.get("namespace")).startswith("app--")])
        if nodes is not None
        else None
    )
    full = used is not None and used > MOST_DEFINITIONS - 16
    return _finding(
        f"room for {owner.lower()} definitions",
        "all definitions, app-reserved ones left out",
        "not to be read" if used is None else f"{max(0, MOST_DEFINITIONS - used)} of {MOST_DEFINITIONS} free",
        f"{MOST_DEFINITIONS} of {MOST_DEFINITIONS} in a new shop, 16 needed at most",
        Verdict.UNKNOWN if used is None else Verdict.DIFFERS if full else Verdict.AGREES,
        follows="delete definitions that nobody uses (Settings, Custom data)" if full else "",
        figures={"used": used},
    )


def _bulk(told: Told) -> Finding:
    return _finding(
        "bulk operations running",
        "this app's operations",
        "not told" if told.bulk is None else f"{told.bulk}",
        "0; five at a time are allowed",
        Verdict.UNKNOWN if told.bulk is None else Verdict.DIFFERS if told.bulk else Verdict.AGREES,
        follows="another run of this app is at work: let it end first" if told.bulk else "",
    )


def _object(value: Any, name: str) -> Mapping[str, Any]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _code(value: Any) -> str | None:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None
