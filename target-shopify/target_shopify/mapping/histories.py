"""Histories as json metafield values: whole where they fit, else in counted parts of at most 120,000 bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any, Literal

import orjson

from target_shopify.mapping.texts import cut
from target_shopify.rules import JSON_BYTES

Kind = Literal["subscriptions", "orders"]

KEYS: dict[Kind, str] = {"subscriptions": "subscription_history", "orders": "order_history"}
"""The metafield key of each history; further parts are `<key>_002`, `<key>_003`, ..."""

_VERSION = 1
_MOST_PARTS = 99_999
_SHORT_NAME = 80
_SHORT_TEXT = 50
_SHORT_LIST = 100


def split(kind: Kind, items: Sequence[Mapping[str, Any]], customer_id: int, currency: str) -> list[str]:
    """Return the values of a history's metafields, one or more.

    Args:
        kind: Which history.
        items: Its items, newest first.
        customer_id: The Cratejoy id it is filed under.
        currency: ISO code of its amounts.

    Returns:
        JSON texts of at most 120,000 UTF-8 bytes with their frame, filled greedily.
    """
    return fitted(kind, items, customer_id, currency)[0]


def fitted(kind: Kind, items: Sequence[Mapping[str, Any]], customer_id: int, currency: str) -> tuple[list[str], bool]:
    """Return what `split` returns, and whether an item had to be shortened because it was too large for a part."""
    whole = _frame(kind, customer_id, currency, 1, 1) + orjson.dumps(items if type(items) is list else list(items))
    if len(whole) < JSON_BYTES:
        return [(whole + b"}").decode()], False
    room = JSON_BYTES - len(_frame(kind, customer_id, currency, _MOST_PARTS, _MOST_PARTS)) - len(b"[]}")
    told = [orjson.dumps(item) for item in items]
    shortened = any(len(text) > room for text in told)
    if shortened:
        told = [text if len(text) <= room else _shorter(item, room) for text, item in zip(told, items, strict=True)]
    parts = list(_packed(told, room))
    texts = [
        (_frame(kind, customer_id, currency, number, len(parts)) + b"[" + part + b"]}").decode()
        for number, part in enumerate(parts, 1)
    ]
    return texts, shortened


def part_key(key: str, number: int) -> str:
    """Return the metafield key of a part, counted from 1."""
    return key if number == 1 else f"{key}_{number:03d}"


def join(kind: Kind, metafields: Mapping[str, str]) -> list[dict[str, Any]] | None:
    """Return the items of a history from all its parts; None when there is none that can be read.

    Args:
        kind: Which history.
        metafields: Metafield values by key.
    """
    items: list[dict[str, Any]] | None = None
    for number in count(1):
        text = metafields.get(part_key(KEYS[kind], number))
        if text is None:
            return items
        found = _items(kind, text)
        if found is not None:
            items = (items or []) + found
    return items  # pragma: no cover


def _frame(kind: Kind, customer_id: int, currency: str, part: int, of: int) -> bytes:
    return (
        f'{{"version":{_VERSION},"customer_id":{customer_id},"currency":"{currency}","part":{part},"of":{of},"{kind}":'
    ).encode()


def _packed(items: Sequence[bytes], room: int) -> Iterator[bytes]:
    part: list[bytes] = []
    size = -1
    for item in items:
        if part and size + 1 + len(item) > room:
            yield b",".join(part)
            part, size = [], -1
        part.append(item)
        size += 1 + len(item)
    yield b",".join(part)


def _shorter(item: Mapping[str, Any], room: int) -> bytes:
    text = b""
    for shorten in (_without_note, _with_short_names, _with_few_items, _with_short_texts):
        item = shorten(item)
        text = orjson.dumps(item)
        if len(text) <= room:
            break
    return text


def _without_note(item: Mapping[str, Any]) -> dict[str, Any]:
    return {**item, "note": None} if "note" in item else dict(item)


def _with_short_names(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the item with its nested names short: those of products and order items."""
    return {
        key: _shortened(value, _SHORT_NAME) if isinstance(value, (list, dict)) else value for key, value in item.items()
    }


def _with_few_items(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value[:_SHORT_LIST] if isinstance(value, list) else value for key, value in item.items()}


def _with_short_texts(item: Mapping[str, Any]) -> dict[str, Any]:
    shortened: dict[str, Any] = _shortened(item, _SHORT_TEXT)
    return shortened


def _shortened(value: Any, limit: int) -> Any:
    if isinstance(value, str):
        return cut(value, limit)
    if isinstance(value, Mapping):
        return {key: _shortened(inner, limit) for key, inner in value.items()}
    return [_shortened(inner, limit) for inner in value] if isinstance(value, list) else value


def _items(kind: Kind, text: str) -> list[dict[str, Any]] | None:
    try:
        items = orjson.loads(text)[kind]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else None
