"""What must hold after every round, whatever happened in it: pure, from snapshots to sentences about violations."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from tests.chaos.snapshot import OWNED_STREAMS, Snapshot

NAMESPACE = "cratejoy"
HISTORIES = {"subscriptions": "subscription_history", "orders": "order_history"}
ALLOWED_REFUSALS = {"no_identity", "no_id"}
_SHOWN = 5
_FIELDS = ("firstName", "lastName", "email", "phone", "note")


def phase_1(found: Snapshot, before: Mapping[str, set[int]] | None = None) -> Iterator[str]:
    """Yield violations of phase 1.

    Args:
        found: After a collection that ended well.
        before: Ids that were there all the time, while rows came in; None when the store stood still.
    """
    for stream, there in found.store.items():
        staged = found.staged[stream]
        yield from _doubled(f"staged {stream}", staged)
        wanted = there if before is None else before[stream]
        yield from _listed(f"{stream} are not staged", wanted - set(staged))
        yield from _listed(f"staged {stream} are not at Cratejoy", set(staged) - there)
        if not found.bookmarks.get(stream, {}).get("complete"):
            yield f"{stream}: the bookmark is not complete though the run ended well"


def proofs(found: Snapshot, before: Mapping[str, set[int]]) -> Iterator[str]:
    """Yield bookmarks that claim a proof that the staging tables do not bear out."""
    for stream, bookmark in found.bookmarks.items():
        if bookmark.get("proven") and stream in before:
            missing = before[stream] - set(found.staged.get(stream, ()))
            yield from _listed(f"{stream} are proven complete but these are not staged", missing)


def phase_2(found: Snapshot, *, orders: str, conflict: str) -> Iterator[str]:
    """Yield violations of both phases together, after a migration that ended well."""
    staged = {str(number) for number in found.staged["customers"]}
    yield from _listed("staged customers have no row in the ledger", staged - found.ledger.keys())
    yield from _listed("rows of the ledger are of nobody staged", found.ledger.keys() - staged)
    allowed = ALLOWED_REFUSALS | ({"email_taken"} if conflict == "skip" else set())
    refused = {key for key, row in found.ledger.items() if row["status"] == "refused"}
    yield from _listed(
        "customers were refused for other than allowed reasons",
        (f"{key} ({found.ledger[key]['reason']})" for key in refused if found.ledger[key]["reason"] not in allowed),
    )
    yield from _listed("ledger rows are unknown", (k for k, row in found.ledger.items() if row["status"] == "unknown"))
    yield from _identities(found, staged - refused)
    yield from _ledger_equals_shop(found, refused)
    for kind in OWNED_STREAMS:
        if kind == "subscriptions" or orders == "history":
            yield from _exactly_once(f"{kind} in histories", _carried(found, kind), _wanted(found, kind, refused))
    if orders == "create":
        yield from _orders(found, refused)
    if found.mails:
        yield f"{found.mails} mails would have gone to customers"


def _identities(found: Snapshot, carried: Collection[str]) -> Iterator[str]:
    tags = Counter(tag.removeprefix("cj-id-") for one in found.customers for tag in id_tags(one))
    yield from _listed("customers have no cj-id tag in the shop", set(carried) - tags.keys())
    yield from _listed("cj-id tags are of nobody carried", tags.keys() - set(carried))
    yield from _listed("cj-id tags are on several customers", (key for key, count in tags.items() if count > 1))
    ours = [one for one in found.customers if id_tags(one)]
    yield from _doubled("customer_id metafields", [metafields(one).get("customer_id") for one in ours])
    yield from _listed(
        "customer_id metafields are not of the lowest member",
        (one["id"] for one in ours if metafields(one).get("customer_id") != str(min(map(_number, id_tags(one))))),
    )
    yield from _listed(
        "customers lack cj-migrated or have not one cj-status",
        (one["id"] for one in ours if not _well_tagged(one["tags"])),
    )
    yield from _doubled("e-mails in the shop", [one["email"].lower() for one in found.customers if one["email"]])


def _well_tagged(tags: list[str]) -> bool:
    return "cj-migrated" in tags and sum(tag.startswith("cj-status-") for tag in tags) == 1


def _ledger_equals_shop(found: Snapshot, refused: Collection[str]) -> Iterator[str]:
    homes = {tag.removeprefix("cj-id-"): one["id"] for one in found.customers for tag in id_tags(one)}
    wrong = [
        key for key, row in found.ledger.items()
        if key not in refused and row["shopify_id"] != homes.get(key)
    ]  # fmt: skip
    yield from _listed("ledger rows name another customer than the one with the tag", wrong)
    leads = Counter(row["shopify_id"] for key, row in found.ledger.items() if row["origin"] in ("created", "adopted"))
    yield from _listed("customers of the shop have several leading rows", (k for k, n in leads.items() if n > 1))
    ours = {one["id"] for one in found.customers if id_tags(one)}
    yield from _listed("customers of the shop have no leading row", ours - leads.keys())


def _wanted(found: Snapshot, kind: str, refused: Collection[str]) -> list[int]:
    carried = {number for number in found.staged["customers"] if str(number) not in refused}
    return [number for number, owner in found.owners[kind].items() if owner in carried]


def _carried(found: Snapshot, kind: str) -> list[int]:
    return [
        row["id"]
        for one in found.customers
        for key, value in metafields(one).items()
        if key.startswith(HISTORIES[kind])
        for row in json.loads(value)[kind]
    ]


def _orders(found: Snapshot, refused: Collection[str]) -> Iterator[str]:
    made = []
    homes = {int(key): row["shopify_id"] for key, row in found.ledger.items()}
    for order in found.orders:
        number = int(metafields(order).get("order_id", 0))
        made.append(number)
        if order["name"] != f"CJ-{number}" or order["customer"] != homes.get(found.owners["orders"].get(number) or 0):
            yield f"order {order['id']} ({number}) has another name or customer than it should"
    yield from _exactly_once("orders in the shop", made, _wanted(found, "orders", refused))


def merchants_own(
    before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]], *, replaces: bool
) -> Iterator[str]:
    """Yield what changed in the customers that were there before, but for what adopting adds."""
    now = {one["id"]: one for one in after}
    for was in before:
        one = now.get(was["id"])
        if one is None:
            yield f"the merchant's customer {was['id']} is gone"
        elif not id_tags(one):
            if one != was:
                yield f"the merchant's customer {was['id']}, whom nobody adopts, changed: {_difference(was, one)}"
        else:
            yield from _adopted(was, one, replaces=replaces)


def _adopted(was: Mapping[str, Any], one: Mapping[str, Any], *, replaces: bool) -> Iterator[str]:
    who = f"the adopted customer {was['id']}"
    lost = [tag for tag in was["tags"] if tag not in one["tags"]]
    added = [tag for tag in one["tags"] if tag not in was["tags"] and not tag.startswith("cj-")]
    if lost or added:
        yield f"{who}: foreign tags lost {lost}, added {added}"
    if foreign_metafields(was) != foreign_metafields(one):
        yield f"{who}: foreign metafields changed"
    if replaces:
        return
    changed = [name for name in _FIELDS if was[name] and one[name] != was[name]]
    if "note" in changed and one["note"].startswith(was["note"]):
        changed.remove("note")  # what Cratejoy knows is added below
    if changed:
        yield f"{who}: {changed} changed under merge"
    kept = [address for address in one["addresses"] if address in was["addresses"]]
    if len(kept) != len(was["addresses"]) or (
        was["default_address"] and one["default_address"] != was["default_address"]
    ):
        yield f"{who}: addresses changed under merge"


def restored(
    before: Iterable[Mapping[str, Any]], customers: Iterable[Mapping[str, Any]], orders: Collection[Any]
) -> Iterator[str]:
    """Yield in what a shop differs from what it was before anything was migrated."""
    was, now = ({one["id"]: one for one in some} for some in (before, customers))
    yield from _listed("customers are gone", was.keys() - now.keys())
    yield from _listed("customers are left", now.keys() - was.keys())
    for gid in was.keys() & now.keys():
        changed = _difference(_lasting(was[gid]), _lasting(now[gid]))
        if changed:
            yield f"the merchant's customer {gid} is not what it was: {changed}"
    if orders:
        yield f"{len(orders)} orders are left"


def _lasting(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a customer without what no undoing brings back: the moment of the last change, numbers of addresses."""
    addresses = {address["id"]: {k: v for k, v in address.items() if k != "id"} for address in one["addresses"]}
    default = addresses.get(one["default_address"])
    rest = {name: value for name, value in one.items() if name != "updatedAt"}
    return {**rest, "addresses": list(addresses.values()), "default_address": default}


def same_picture(calm: Iterable[Mapping[str, Any]], found: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield in what the shop differs from one that was filled in peace."""
    one, other = _picture(calm), _picture(found)
    for key in one.keys() | other.keys():
        if one.get(key) != other.get(key):
            yield f"customer {key} differs from a calm run: {_difference(one.get(key) or {}, other.get(key) or {})}"


def _picture(customers: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return all that the shop holds, but for numbers, moments and our bookkeeping; by id metafield, else e-mail."""
    found = {}
    for one in customers:
        kept = {f"{f['namespace']}.{f['key']}": f["value"] for f in one["metafields"] if f["key"] != "sync_state"}
        addresses = [{name: value for name, value in address.items() if name != "id"} for address in one["addresses"]]
        fields = {name: one[name] for name in _FIELDS}
        key = str(kept.get(f"{NAMESPACE}.customer_id") or one["email"] or one["phone"])
        found[key] = {**fields, "tags": sorted(one["tags"]), "addresses": addresses, **kept}
    return found


def id_tags(one: Mapping[str, Any]) -> list[str]:
    """Return the tags that tell which Cratejoy customers a customer is."""
    return [tag for tag in one["tags"] if tag.startswith("cj-id-")]


def metafields(one: Mapping[str, Any]) -> dict[str, str]:
    """Return the metafields of our namespace."""
    return {field["key"]: field["value"] for field in one["metafields"] if field["namespace"] == NAMESPACE}


def foreign_metafields(one: Mapping[str, Any]) -> list[Any]:
    """Return the metafields of others."""
    return [field for field in one["metafields"] if field["namespace"] != NAMESPACE]


def _number(tag: str) -> int:
    return int(tag.removeprefix("cj-id-"))


def _difference(was: Mapping[str, Any], one: Mapping[str, Any]) -> str:
    """Return the names of what differs, never the values: a report may be shown to others."""
    return ", ".join(sorted(name for name in was.keys() | one.keys() if was.get(name) != one.get(name)))


def _exactly_once(what: str, found: list[int], wanted: list[int]) -> Iterator[str]:
    yield from _doubled(what, found)
    yield from _listed(f"{what}: missing", set(wanted) - set(found))
    yield from _listed(f"{what}: not expected", set(found) - set(wanted))


def _doubled(what: str, values: Iterable[Any]) -> Iterator[str]:
    yield from _listed(f"{what}: more than once", (key for key, count in Counter(values).items() if count > 1))


def _listed(what: str, values: Iterable[Any]) -> Iterator[str]:
    found = sorted(map(str, values))
    if found:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        yield f"{what}: {', '.join(found[:_SHOWN])}{more}"
