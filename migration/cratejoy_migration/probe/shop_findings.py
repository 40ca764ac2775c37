"""What kind of shop it is, and what is in it already. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from statistics import median
from typing import Any

from target_shopify.settings import Settings

from cratejoy_migration.probe.findings import SHOPIFY, Finding, Verdict, compared, plain, seconds, shopify
from cratejoy_migration.probe.shopify import Told

MOST_DEFINITIONS = 256
RATES = (100, 200, 1000, 2000)
"""Points a second of the plans (limits page); the bucket holds 20 seconds' worth."""
_CODE = re.compile(r"[A-Z]{2,3}")


def judge(told: Told, settings: Settings) -> list[Finding]:
    """Return the findings about the shop."""
    return [
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


def _plan(told: Told) -> Finding:
    plan = _object(told.shop.value, "plan")
    name = plain(plan.get("publicDisplayName"), "not told")
    kind = "development store" if plan.get("partnerDevelopment") else "a live shop"
    return shopify(
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
    return shopify(
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
    return shopify(
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
    return shopify(
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
    return shopify(
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
        return shopify("customers in the shop", "their count", "not told", "any", Verdict.UNKNOWN)
    vague = isinstance(value, dict) and value.get("precision") != "EXACT"
    return shopify(
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
    return shopify(
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
    return shopify(
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
    return shopify(
        f"room for {owner.lower()} definitions",
        "all definitions, app-reserved ones left out",
        "not to be read" if used is None else f"{max(0, MOST_DEFINITIONS - used)} of {MOST_DEFINITIONS} free",
        f"{MOST_DEFINITIONS} of {MOST_DEFINITIONS} in a new shop, 16 needed at most",
        Verdict.UNKNOWN if used is None else Verdict.DIFFERS if full else Verdict.AGREES,
        follows="delete definitions that nobody uses (Settings, Custom data)" if full else "",
        figures={"used": used},
    )


def _bulk(told: Told) -> Finding:
    return shopify(
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
