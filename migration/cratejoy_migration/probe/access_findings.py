"""What the app may do in the shop: version, scopes, protected data, token. Pure."""

from __future__ import annotations

from dataclasses import replace

from target_shopify.settings import SUPPORTED_VERSIONS, Settings
from target_shopify.shop import needed_scopes

from cratejoy_migration.probe.findings import Finding, Verdict, compared, plain, shopify
from cratejoy_migration.probe.shopify import Told

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
    """Return the findings that can prevent a migration."""
    return [_version(told, settings), *_scopes(told, settings), _personal(told), _token(told, settings)]


def granted(scopes: frozenset[str]) -> frozenset[str]:
    """Return scopes with those that they include: a write scope includes the read scope of the same name."""
    return scopes | {f"read_{name.removeprefix('write_')}" for name in scopes if name.startswith("write_")}


def _version(told: Told, settings: Settings) -> Finding:
    served, wanted = told.shop.version, settings.api_version
    served = plain(served) if served else None
    others = [version for version in told.versions or () if version in SUPPORTED_VERSIONS]
    wrong = served is not None and served != wanted
    known = f"; {' and '.join(others)} would do" if others else ""
    return shopify(
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
        follows = "orders older than 60 days would be hidden: ask Shopify for read_all_orders"
    return shopify(
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
    return shopify(
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
    nodes = nodes if isinstance(nodes, list) else None
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
    return shopify(
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
    return shopify(
        "token",
        "the settings; its value is not shown",
        kind,
        "an app's token, or client credentials for 24 h",
        compared(known, [True]),
        follows="" if known else "use an app's Admin API token, or client_id and client_secret",
    )
