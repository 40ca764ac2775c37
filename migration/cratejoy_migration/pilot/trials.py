"""Assumptions of the reference that only a write can show, each tried on a customer of the pilot's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from target_shopify.client import Payload

from cratejoy_migration.pilot.workbench import E_MAILS, Workbench, said
from cratejoy_migration.probe.findings import Finding, Verdict, compared, seconds, shopify

KEY = "cj-pilot"
"""Value of the id metafield of the pilot's first customer; no Cratejoy id looks like it."""
SIZES = (120_000, 128_000, 131_072, 131_073)
"""Bytes of a json value: what we keep to, 128 KB in both readings, and one more."""
_LOOK_SECONDS = 30.0


def on_customers(bench: Workbench, currency: str) -> list[Finding]:
    """Try everything that concerns customers and metafields; the pilot's first customer is there afterwards."""
    gid, answer = bench.create(0, KEY)
    gid = gid or bench.find_by_key(KEY)  # an answer that was lost makes the next attempt a refusal
    found = [_made(gid, said(answer))]
    if gid is None:
        return found
    found += [_found_at_once(bench, gid), _found_by_email(bench, gid), _silent(bench, gid)]
    found += [_twice(bench), _email_twice(bench), _tags(bench, gid)]
    found += [_largest(bench, gid), _read_back(bench, gid), _digest(bench, gid), _money(bench, gid, currency)]
    found.append(_lag(bench, gid))
    return found


def _made(gid: str | None, words: str) -> Finding:
    return shopify(
        "customerCreate with tags and the id metafield",
        "one customer",
        "made in one call" if gid else f"refused: {words}",
        "made in one call",
        compared(bool(gid), [True]),
        prevents=gid is None,
        follows="" if gid else "customers cannot be made in this shop",
    )


def _found_at_once(bench: Workbench, gid: str) -> Finding:
    return _lookup("look-up by customId after a create", bench, lambda: bench.find_by_key(KEY), gid)


def _found_by_email(bench: Workbench, gid: str) -> Finding:
    upper = f"{KEY.upper()}-1@EXAMPLE.com"
    return _lookup("look-up by e-mail in other case", bench, lambda: bench.find(emailAddress=upper), gid)


def _lookup(topic: str, bench: Workbench, find: Callable[[], str | None], gid: str) -> Finding:
    got, waited = bench.until(find, lambda one: one == gid, _LOOK_SECONDS)
    late = waited >= 2 * _LOOK_SECONDS / 10
    how = "never found" if got != gid else f"found after {seconds(waited)}" if late else "found at once"
    return shopify(
        topic,
        "customerByIdentifier",
        how,
        "found at once",
        compared(how, ["found at once"]),
        follows="" if how == "found at once" else "what is doubtful after a kill must wait before it is looked up",
        figures={"seconds": round(waited, 2), "found": got == gid},
    )


def _silent(bench: Workbench, gid: str) -> Finding:
    state = bench.read(gid).get("state")
    return shopify(
        "mail to a new customer",
        "the state of the customer; mail itself cannot be seen from here",
        "account DISABLED: not invited" if state == "DISABLED" else f"account {str(state)[:20]}",
        "account DISABLED, no mail of any kind",
        compared(state, ["DISABLED"]),
        follows="look into the shop's mail log, and at what other apps sent" if state != "DISABLED" else "",
    )


def _twice(bench: Workbench) -> Finding:
    _, answer = bench.create(1, KEY)
    gid = bench.find(emailAddress=E_MAILS[1])
    return shopify(
        "a second customer with the same id metafield",
        "customerCreate with another e-mail",
        f"refused: {said(answer)}" if gid is None else "made: the shop holds it twice",
        "refused",
        compared(gid is None, [True]),
        follows="" if gid is None else "a repeated create would double customers: tell us before you migrate",
        prevents=gid is not None,
    )


def _email_twice(bench: Workbench) -> Finding:
    gid, answer = bench.create(0, f"{KEY}-2")
    words = said(answer)
    return shopify(
        "a second customer with the same e-mail",
        "customerCreate with another id metafield",
        f"refused: {words}" if gid is None else "made",
        "refused: email: Email has already been taken",
        compared(gid is None and "taken" in words, [True]),
        follows="" if gid is None and "taken" in words else "the target knows the refusal by these words: tell us",
    )


def _tags(bench: Workbench, gid: str) -> Finding:
    first, second = f"{bench.tag.upper()}-CASE", f"{bench.tag}-case"
    for tag in (first, second):
        bench.send("TagsAdd", {"id": gid, "tags": [tag]})
    kept = [tag for tag in bench.read(gid).get("tags") or () if tag.lower() == second]
    spellings = {first: "one, the first spelling", second: "one, the last spelling"}
    how = spellings[kept[0]] if len(kept) == 1 and kept[0] in spellings else f"{len(kept)}"
    return shopify(
        "tags that differ in case only",
        "tagsAdd twice",
        how,
        "one, the first spelling",
        compared(how, ["one, the first spelling"]),
    )


def _largest(bench: Workbench, gid: str) -> Finding:
    taken = [size for size in SIZES if not bench.write(gid, "pilot_json", "json", _json_of(size)).errors]
    most = max(taken, default=0)
    told = bench.metafield(gid, "pilot_json").get("sizeInBytes")
    right = told == most if most else None
    found = f"{most:,} bytes" if most else "none of them"
    found += "" if right is None else ", sizeInBytes counts them" if right else ", sizeInBytes counts otherwise"
    return shopify(
        "largest json value",
        "metafieldsSet with " + ", ".join(f"{size:,}" for size in SIZES) + " bytes",
        found,
        "at least 120,000 bytes, 128 KB at most, sizeInBytes counts them",
        compared(SIZES[0] <= most <= SIZES[-2] and right is True, [True]),
        follows="histories longer than this are refused: tell us" if most < SIZES[0] else "",
        prevents=most < SIZES[0],
        figures={"accepted": taken, "size_in_bytes": told},
    )


def _json_of(size: int) -> str:
    """Return a JSON text of so many UTF-8 bytes, some of them in signs of two."""
    return '{"t":"é' + "x" * (size - len('{"t":"é"}'.encode())) + '"}'


def _read_back(bench: Workbench, gid: str) -> Finding:
    text = '{"b": 1,  "a": 1.0, "t": "\\u00e9\\/", "n": null}'
    bench.write(gid, "pilot_json", "json", text)
    value = str(bench.metafield(gid, "pilot_json").get("value"))
    try:
        equal = json.loads(value) == json.loads(text)
    except ValueError:
        equal = False
    how = ("as sent" if value == text else "written anew, equal when parsed") if equal else "changed"
    return shopify(
        "json read back",
        "a value with spaces, escapes and 1.0",
        how,
        "written anew, equal when parsed",
        compared(how, ["written anew, equal when parsed", "as sent"]),
        follows="" if equal else "verify would find differences that are none: tell us",
    )


def _digest(bench: Workbench, gid: str) -> Finding:
    digest = bench.metafield(gid, "pilot_json").get("compareDigest")
    fresh = bench.write(gid, "pilot_json", "json", "[1]", compareDigest=digest)
    stale = bench.write(gid, "pilot_json", "json", "[2]", compareDigest=digest)
    absent = bench.write(gid, "pilot_json", "json", "[3]", compareDigest=None)
    told = "; ".join(_code(one) for one in (fresh, stale, absent))
    return shopify(
        "compareDigest",
        "metafieldsSet with the right digest, with an old one, and with none for a value that is there",
        told,
        "written; STALE_OBJECT; STALE_OBJECT",
        compared(told, ["written; STALE_OBJECT; STALE_OBJECT"]),
    )


def _code(answer: Payload) -> str:
    return (answer.errors[0].code or said(answer)) if answer.errors else "written"


def _money(bench: Workbench, gid: str, currency: str) -> Finding:
    sent = json.dumps({"amount": "39.90", "currency_code": currency})
    answer = bench.write(gid, "pilot_money", "money", sent)
    amount = _amount(str(bench.metafield(gid, "pilot_money").get("value")))
    equal = amount is not None and _decimal(amount) == Decimal("39.90")
    found = f'"{amount}"' if equal else f"refused: {said(answer)}" if answer.errors else "changed"
    return shopify(
        "money read back",
        'a metafield of "39.90"',
        found,
        '"39.9" or "39.90": equal as a number',
        compared(equal, [True]),
    )


def _amount(value: str) -> str | None:
    try:
        return str(json.loads(value)["amount"])
    except (ValueError, KeyError, TypeError):
        return None


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _lag(bench: Workbench, gid: str) -> Finding:
    def search() -> list[str]:
        nodes = bench.send("PilotTagged", {"query": f"tag:'{bench.tag}'"}).value.get("nodes") or ()
        return [node.get("id") for node in nodes]

    got, waited = bench.until(search, lambda found: gid in found, bench.lag_seconds)
    there = gid in got
    return shopify(
        "search by tag",
        "customers(query:) until the new customer is in it, after all the above",
        f"found after {seconds(waited)}" if there else f"not found within {seconds(bench.lag_seconds)}",
        "behind by some seconds; never used to decide what to write",
        Verdict.NEW if there else Verdict.UNKNOWN,
        figures={"seconds": round(waited, 2), "found": there},
    )
