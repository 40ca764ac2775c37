"""Metafields of things: where they are kept, and how they are written all or none."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cratejoy_sandbox.shopify.call import APP_ID, Call
from cratejoy_sandbox.shopify.errors import Refused, user_error
from cratejoy_sandbox.shopify.gids import gid, number_of, parts
from cratejoy_sandbox.shopify.metafields.definitions import definition_of, limits_broken
from cratejoy_sandbox.shopify.metafields.kinds import TYPES
from cratejoy_sandbox.shopify.metafields.values import Bad, stored
from cratejoy_sandbox.shopify.registry import NODES, Entity, tables

tables(
    """
    CREATE TABLE IF NOT EXISTS metafields (
        id INTEGER PRIMARY KEY, owner_type TEXT, owner INTEGER, namespace TEXT, key TEXT, type TEXT, value TEXT,
        digest TEXT, created_at TEXT, updated_at TEXT);
    CREATE UNIQUE INDEX IF NOT EXISTS metafield_of_owner ON metafields (owner, owner_type, namespace, key);
    CREATE INDEX IF NOT EXISTS metafield_by_key ON metafields (owner_type, namespace, key, id);
    CREATE TABLE IF NOT EXISTS unique_values (
        owner_type TEXT, namespace TEXT, key TEXT, value TEXT, owner INTEGER,
        PRIMARY KEY (owner_type, namespace, key, value)) WITHOUT ROWID;
    """
)
COLUMNS = ("id", "owner_type", "owner", "namespace", "key", "type", "value", "digest", "created_at", "updated_at")
KINDS = {
    "CUSTOMER": "Customer",
    "ORDER": "Order",
    "DRAFTORDER": "DraftOrder",
    "PRODUCT": "Product",
    "PRODUCTVARIANT": "ProductVariant",
    "SHOP": "Shop",
    "COLLECTION": "Collection",
    "COMPANY": "Company",
    "LOCATION": "Location",
}
OWNER_TYPES = {kind: name for name, kind in KINDS.items()}
RESERVED = {"shopify_standard", "protected", "shopify-l10n-fields"}
FORBIDDEN = "Access to this namespace and key on Metafields for this resource type is not allowed."
STALE = "The resource has been updated since it was loaded. Try again with an updated `compareDigest` value."
TAKEN = "Value must be unique amongst all Metafields with this namespace and key."
"""Words inferred: no answer to a repeated unique value was recorded; the code is from the schema."""


def own_namespace(text: str | None) -> str:
    """A namespace as it is stored: left out, or beginning with `$app`, it is the app's own."""
    if text is None or text == "$app":
        return f"app--{APP_ID}"
    return f"app--{APP_ID}--{text.removeprefix('$app:')}" if text.startswith("$app:") else text


def foreign(namespace: str) -> bool:
    """Whether a namespace belongs to another app."""
    return namespace.startswith("app--") and not re.match(rf"app--{APP_ID}(--|$)", namespace)


def find(call: Call, owner_type: str, owner: int, namespace: str, key: str) -> Entity | None:
    """One metafield of an owner."""
    where = (owner, owner_type, namespace, key)
    sql = (
        f"SELECT {', '.join(COLUMNS)} FROM metafields WHERE owner = ? AND owner_type = ? AND namespace = ? AND key = ?"  # noqa: S608
    )
    row = call.store.execute(sql, where).fetchone()
    return dict(zip(COLUMNS, row, strict=True)) if row else None


def inline_metafields(call: Call, owner: str, entries: Sequence[Mapping[str, Any]]) -> None:
    """Metafields in the input of their owner; the owner is written already, in the same savepoint."""
    if entries:
        write(call, [{"ownerId": owner, **entry} for entry in entries], inline=True)


def write(call: Call, entries: Sequence[Mapping[str, Any]], *, inline: bool = False) -> list[Entity]:
    """Write all entries, or refuse all with every problem."""
    problems: list[dict[str, Any]] = []
    ready = []
    for place, entry in enumerate(entries):
        found = Draft(call, entry, inline=inline)
        problems += [_at(place, problem) for problem in found.problems]
        ready.append(found)
    if problems:
        raise Refused(*problems, **({} if inline else {"metafields": []}))
    return [_write_checked(draft, place, inline=inline) for place, draft in enumerate(ready)]


def _at(place: int, problem: tuple[list[str], str, str | None, int | None]) -> dict[str, Any]:
    field, message, code, element = problem
    return {**user_error(["metafields", str(place), *field], message, code), "elementIndex": element}


def _write_checked(draft: "Draft", place: int, *, inline: bool) -> Entity:
    """Write one entry; a digest is looked at last, against what earlier entries of the call left."""
    problem = draft.stale() or draft.repeated()
    if problem:
        raise Refused(_at(place, problem), **({} if inline else {"metafields": []}))
    return draft.save()


class Draft:
    """One metafield that is to be written."""

    def __init__(self, call: Call, entry: Mapping[str, Any], *, inline: bool) -> None:
        self.call = call
        self.entry = entry
        self.namespace = own_namespace(entry.get("namespace"))
        self.key = entry.get("key") or ""
        kind, number = parts(entry["ownerId"]) or ("", "")
        self.owner_type = OWNER_TYPES.get(kind, kind.upper())
        self.owner = int(number) if number.isdecimal() else 0
        self.problems: list[tuple[list[str], str, str | None, int | None]] = []
        self.definition = definition_of(call, self.owner_type, self.namespace, self.key)
        self.before = find(call, self.owner_type, self.owner, self.namespace, self.key)
        self._by_id(entry, inline=inline)
        self.kind = (self.definition or {}).get("type") or entry.get("type") or (self.before or {}).get("type") or ""
        self.value = entry.get("value") or ""
        self._check(kind, inline=inline)

    def _by_id(self, entry: Mapping[str, Any], *, inline: bool) -> None:
        """Inline input may name an existing metafield by id."""
        number = number_of(entry["id"], "Metafield") if inline and entry.get("id") else None
        if number:
            row = self.call.store.execute("SELECT namespace, key FROM metafields WHERE id = ?", (number,)).fetchone()
            self.namespace, self.key = row or (self.namespace, self.key)
            self.before = find(self.call, self.owner_type, self.owner, self.namespace, self.key)

    def _check(self, kind: str, *, inline: bool) -> None:
        if not inline and (kind not in NODES or NODES[kind](self.call, self.entry["ownerId"]) is None):
            self._wrong(["ownerId"], "Owner does not exist.", "INVALID_VALUE")
        if foreign(self.namespace):
            self._wrong([], FORBIDDEN, "APP_NOT_AUTHORIZED")
        self._check_names()
        if not self.kind:
            self._wrong(["type"], "Type can't be blank", "BLANK")
        elif self.kind not in TYPES:
            self._wrong(["type"], f"Type must be one of the following: {', '.join(TYPES)}.", "INCLUSION")
        elif not self.problems:
            self._check_value()

    def _check_names(self) -> None:
        if self.namespace in RESERVED:
            self._wrong(["namespace"], f"Namespace {self.namespace} is a reserved namespace", None)
        for name, text, least, most in (("namespace", self.namespace, 3, 255), ("key", self.key, 2, 64)):
            if len(text) < least:
                message = f"{name.capitalize()} is too short (minimum is {least} characters)"
                self._wrong([name], message, "TOO_SHORT")
            if len(text) > most:
                self._wrong([name], f"{name.capitalize()} is too long (maximum is {most} characters)", "TOO_LONG")

    def _check_value(self) -> None:
        try:
            self.value = stored(self.kind, self.value)
            limits_broken(self.definition, self.kind, self.value)
            self._check_reference()
        except Bad as bad:
            self.problems.append((["value"], bad.message, "INVALID_VALUE", bad.element))

    def _check_reference(self) -> None:
        """A reference must name something that is there; kinds the simulator does not have are believed."""
        if not self.kind.endswith("_reference"):
            return
        for identifier in re.findall(r"gid://[^\"\],\s]+", self.value):
            kind = (parts(identifier) or ("", ""))[0]
            if kind in NODES and NODES[kind](self.call, identifier) is None:
                raise Bad(f"Value references non-existent resource {identifier}.")

    def _wrong(self, field: list[str], message: str, code: str | None) -> None:
        self.problems.append((field, message, code, None))

    def stale(self) -> tuple[list[str], str, str | None, int | None] | None:
        """What is wrong about the digest that the entry gives, if it gives one."""
        if "compareDigest" not in self.entry:
            return None
        now = find(self.call, self.owner_type, self.owner, self.namespace, self.key)
        given = self.entry["compareDigest"]
        if given == (now or {}).get("digest") or (now and now["value"] == self.value):
            return None
        if now is None:
            return [], "Invalid `compareDigest` value.", "INVALID_COMPARE_DIGEST", None
        return [], STALE, "STALE_OBJECT", None

    def repeated(self) -> tuple[list[str], str, str | None, int | None] | None:
        """What is wrong about a value that another owner has, where values are unique."""
        if not (self.definition or {}).get("unique"):
            return None
        sql = "SELECT owner FROM unique_values WHERE owner_type = ? AND namespace = ? AND key = ? AND value = ?"
        row = self.call.store.execute(sql, (self.owner_type, self.namespace, self.key, self.value)).fetchone()
        if row is None or row[0] == self.owner:
            return None
        return ["value"], TAKEN, "TAKEN", None

    def save(self) -> Entity:
        """Write, and return the metafield."""
        store, now = self.call.store, self.call.clock.now()
        before = find(self.call, self.owner_type, self.owner, self.namespace, self.key)
        digest = hashlib.sha256(f"{self.kind}\n{self.value}".encode()).hexdigest()
        number = before["id"] if before else store.new_id()
        created = before["created_at"] if before else now
        where = (self.owner_type, self.owner, self.namespace, self.key)
        row = (number, *where, self.kind, self.value, digest, created, now)
        store.execute(f"INSERT OR REPLACE INTO metafields VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
        if (self.definition or {}).get("unique"):
            forget_unique(self.call, before)
            unique = (self.owner_type, self.namespace, self.key, self.value, self.owner)
            store.execute("INSERT OR REPLACE INTO unique_values VALUES (?, ?, ?, ?, ?)", unique)
        return dict(zip(COLUMNS, row, strict=True))


def forget_unique(call: Call, metafield: Entity | None) -> None:
    """Free the unique value of a metafield that goes."""
    if metafield:
        where = tuple(metafield[key] for key in ("owner_type", "namespace", "key", "value", "owner"))
        sql = "DELETE FROM unique_values WHERE owner_type = ? AND namespace = ? AND key = ? AND value = ? AND owner = ?"
        call.store.execute(sql, where)


def delete(call: Call, metafield: Entity) -> None:
    """Remove one metafield."""
    forget_unique(call, metafield)
    call.store.execute("DELETE FROM metafields WHERE id = ?", (metafield["id"],))


def remove_of_owner(call: Call, kind: str, owner: int) -> None:
    """Remove the metafields of a thing that goes."""
    for metafield in of_owner(call, OWNER_TYPES[kind], owner):
        delete(call, metafield)


def of_owner(call: Call, owner_type: str, owner: int) -> list[Entity]:
    """All metafields of an owner in the order of their making."""
    sql = f"SELECT {', '.join(COLUMNS)} FROM metafields WHERE owner = ? AND owner_type = ? ORDER BY id"  # noqa: S608
    rows = call.store.execute(sql, (owner, owner_type))
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def owner_gid(metafield: Entity) -> str:
    """Global id of a metafield's owner."""
    kind: str = metafield["owner_type"]
    return gid(KINDS.get(kind, kind), metafield["owner"])
