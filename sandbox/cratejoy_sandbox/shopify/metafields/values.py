"""Metafield values: each type's check and the form that is stored (recorded live answers)."""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from cratejoy_sandbox.shopify.metafields.kinds import ABBREVIATIONS, CURRENCIES, MEASUREMENTS, UNITS

JSON_MOST = 131_072
"""Bytes of a json value for apps that began after April 2026 (128 KB; whether 131,072 or 128,000 is not published)."""
TEXT_MOST = 65_536
SHORT_MOST = 2_048
MOST_ITEMS = 128
SCHEMES = ("http", "https", "mailto", "sms", "tel")
DATE_TIME = "Value must be in \u201cYYYY-MM-DDTHH:MM:SS\u201d format. For example: 2022-06-01T15:30:00"
MONEY = (
    "Value must be a stringified JSON object with amount (numeric) and currency_code "
    "(string matching the shop's currency) fields."
)
NO_SCHEME = (
    "Value cannot have an empty scheme (protocol), must include one of the following URL schemes: "
    '["http", "https", "mailto", "sms", "tel"].\''
)


class Bad(Exception):
    """A value that is refused: Shopify's words, and the element of a list it is about."""

    def __init__(self, message: str, element: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.element = element


def stored(kind: str, text: str) -> str:
    """The form in which a value is kept; raises Bad."""
    if not text.strip():
        raise Bad("Value can't be blank.")
    most = JSON_MOST if kind in {"json", "json_string"} else SHORT_MOST if kind in {"id", "url"} else TEXT_MOST
    if len(text.encode()) > most:
        raise Bad(f"Value is too long (maximum is {most} bytes).")  # words inferred
    if kind.startswith("list."):
        return _list(kind.removeprefix("list."), text)
    return _one(kind, text)


def as_json(kind: str, text: str) -> Any:
    """`jsonValue`: the parsed value; decimals stay text, and so does false, as seen live."""
    if kind.startswith("list.") or kind in {"json", "json_string", "money", "rating", "link", "rich_text_field"}:
        return _list_json(kind, json.loads(text))
    if kind in MEASUREMENTS:
        return json.loads(text)
    if kind in {"number_integer", "integer"}:
        return int(text)
    return True if kind == "boolean" and text == "true" else text


def _list_json(kind: str, value: Any) -> Any:
    """Units of measurements in lists are read in small letters, some of them abbreviated."""
    if kind.removeprefix("list.") not in MEASUREMENTS or not isinstance(value, list):
        return value
    return [{**item, "unit": ABBREVIATIONS.get(item["unit"], item["unit"].lower())} for item in value]


def _list(kind: str, text: str) -> str:
    items = _json(text)
    if not isinstance(items, list):
        raise Bad("Value must be an array.")
    if len(items) > MOST_ITEMS:
        raise Bad(f"Value has more than {MOST_ITEMS} elements.")
    kept = []
    for place, item in enumerate(items):
        try:
            kept.append(_one(kind, item if isinstance(item, str) else json.dumps(item)))
        except Bad as bad:
            raise Bad(bad.message, place) from None
    structured = kind in MEASUREMENTS or kind in {"rating", "number_integer", "boolean", "link", "money"}
    return f"[{','.join(kept)}]" if structured else json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def _one(kind: str, text: str) -> str:
    if kind in MEASUREMENTS:
        return _measurement(kind, text)
    check = CHECKS.get(kind)
    return check(text) if check else text


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Bad(f"Value is invalid JSON: {_json_words(text, error)}.") from None


def _json_words(text: str, error: Any) -> str:
    """What the parser expected, as far as its words are known; else our own."""
    position = getattr(error, "pos", 0)
    rest = text[position:].split("\n", maxsplit=1)[0][:20]
    line, column = text.count("\n", 0, position) + 1, position - (text.rfind("\n", 0, position) + 1) + 1
    where = f"at line {line} column {column}"
    if not rest:
        return f"unexpected end of input {where}"
    expected = "expected object key, got" if "property name" in str(error) else "unexpected token"
    return f"{expected} '{rest}' {where}"


def _whole(text: str) -> str:
    if not re.fullmatch(r"-?\d+(\.0*)?", text.strip()):
        raise Bad("Value must be an integer.")
    return str(int(Decimal(text.strip())))


def _decimal(text: str) -> str:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise Bad("Value must be a decimal.") from None
    if abs(number) > 9_999_999_999_999:
        raise Bad("Value can't exceed 9999999999999.")
    whole, point, digits = text.strip().partition(".")
    return f"{whole}{point}{digits[:9]}"


def _boolean(text: str) -> str:
    word = text.strip().lower()
    if word in {"true", "t", "1"}:
        return "true"
    if word in {"false", "f", "0"}:
        return "false"
    raise Bad("Value must be true or false.")


def _single_line(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise Bad("Value must be a single line text string.")
    return text


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Bad("Value must be in YYYY-MM-DD format.") from None


def _date_time(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Bad(DATE_TIME) from None
    written = moment.replace(microsecond=0).isoformat()
    return written if moment.tzinfo else f"{written}+00:00"


def _color(text: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise Bad("Value must be a hex color code.")
    return text


def _url(text: str) -> str:
    scheme = re.match(r"([a-zA-Z][\w+.-]*):", text)
    if not scheme:
        raise Bad(NO_SCHEME)
    if scheme[1].lower() not in SCHEMES:
        raise Bad(f"Value must be one of the following URL schemes: {', '.join(SCHEMES)}.")
    return text


def _any_json(text: str) -> str:
    _json(text)
    return text


def _object(text: str, keys: set[str], message: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        raise Bad(message) from None
    if not isinstance(value, dict) or not keys <= set(value):
        raise Bad(message)
    return value


def _money(text: str) -> str:
    value = _object(text, {"amount", "currency_code"}, MONEY)
    if not value["currency_code"]:
        raise Bad("Value must have a currency code.")
    try:
        amount = Decimal(str(value["amount"]))
    except InvalidOperation:
        raise Bad("Value must have a numeric amount.") from None
    if value["currency_code"] not in CURRENCIES:
        raise Bad(f"Value contains an invalid currency, {value['currency_code']}.")
    if abs(amount) > 10**18:
        raise Bad("Value must be within +/-1000000000000000000.")
    return json.dumps({"amount": str(value["amount"]), "currency_code": value["currency_code"]}, separators=(",", ":"))


def _rating(text: str) -> str:
    value = _object(text, {"value", "scale_min", "scale_max"}, "Value must be a rating.")
    low, high, number = (Decimal(str(value[key])) for key in ("scale_min", "scale_max", "value"))
    if number > high:
        raise Bad(f"Value has a maximum of {value['scale_max']}.")
    if number < low:
        raise Bad(f"Value has a minimum of {value['scale_min']}.")
    return json.dumps({key: value[key] for key in ("scale_min", "scale_max", "value")}, separators=(",", ":"))


def _link(text: str) -> str:
    value = _object(text, {"url"}, "Value must be a valid link.")
    if not str(value["url"]).startswith(("http://", "https://", "mailto:", "tel:", "sms:", "/", "#")):
        raise Bad("Value must be a valid link.")
    return text


def _measurement(kind: str, text: str) -> str:
    value = _object(text, {"value", "unit"}, "Value must be a measurement.")
    signed = kind in {"temperature", "antenna_gain", "sound_level"}
    if type(value["value"]) not in {int, float} or (value["value"] < 0 and not signed):
        raise Bad("Value must be a non-negative number.")
    known = UNITS.get(kind)
    unit = str(value["unit"]).lower()
    if known and unit not in known:
        raise Bad("Value must be a supported unit.")
    name = known[unit] if known else unit.upper()
    return json.dumps({"value": float(value["value"]), "unit": name}, separators=(",", ":"))


CHECKS: dict[str, Callable[[str], str]] = {
    "boolean": _boolean,
    "color": _color,
    "date": _date,
    "date_time": _date_time,
    "id": _single_line,
    "integer": _whole,
    "json": _any_json,
    "json_string": _any_json,
    "link": _link,
    "money": _money,
    "number_decimal": _decimal,
    "number_integer": _whole,
    "rating": _rating,
    "rich_text_field": _any_json,
    "single_line_text_field": _single_line,
    "url": _url,
}
