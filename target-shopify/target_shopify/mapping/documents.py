"""A customer document as a whole: its key in the ledger and its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

from target_shopify.mapping.emails import group_key
from target_shopify.mapping.values import identifier

__all__ = ["document_hash", "document_key", "group_key"]

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
_BOOKKEEPING = "_sdc_"


def document_key(document: Mapping[str, Any]) -> str:
    """Return the key of a document in the ledger: the Cratejoy id as text, `sha256:...` when there is none."""
    number = identifier(document.get("id"))
    return f"sha256:{document_hash(document)}" if number is None else str(number)


def document_hash(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document, equal for equal documents whatever the order of their keys.

    What pipelines add of their own (`_sdc_...`) does not count.
    """
    if any(isinstance(key, str) and key.startswith(_BOOKKEEPING) for key in document):
        document = {key: value for key, value in document.items() if not str(key).startswith(_BOOKKEEPING)}
    try:
        text = orjson.dumps(document, default=_plain, option=_OPTIONS)
    except (orjson.JSONEncodeError, RecursionError):
        text = json.dumps(document, default=str, sort_keys=True, skipkeys=True).encode()
    return hashlib.sha256(text).hexdigest()


def _plain(value: Any) -> Any:
    """Return a decimal as the number JSON would have, so that it hashes as the same number read by another library."""
    if isinstance(value, Decimal) and value.is_finite():
        return int(value) if value == int(value) and abs(value) < 2**63 else float(value)
    return dict(value) if isinstance(value, Mapping) else str(value)
