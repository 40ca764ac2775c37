"""What Shopify accepts in a customer's own fields; each refusal in its words (recorded live answers)."""

import re
from typing import Any

from cratejoy_sandbox.shopify.lists import words

Problem = tuple[list[str], str, str]
"""Field, message and code of a user error, without the prefix of the mutation."""

LONGEST = {"firstName": ("First name", 255), "lastName": ("Last name", 255), "note": ("Note", 5000)}
EMAIL = re.compile(r"[^@\s<>()\[\]\\,;:\"]+@[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2}|-\d{3})?")
LANGUAGES = set(
    words("""
    af ak am ar as az be bg bm bn bo br bs ca ce ckb cs cy da de dz ee el en eo es et eu fa ff fi fil fo fr fy
    ga gd gl gu gv ha he hi hr hu hy ia id ig ii is it ja jv ka ki kk kl km kn ko ks ku kw ky lb lg ln lo lt lu
    lv mg mi mk ml mn mr ms mt my nb nd ne nl nn no om or os pa pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk
    sl sn so sq sr su sv sw ta te tg th ti tk to tr tt ug uk ur uz vi wo xh yi yo zh zu
    """)
)
NANP = re.compile(r"\+1[2-9]\d\d[2-9]\d{6}")
E164 = re.compile(r"\+[2-9]\d{6,14}")


def clean_email(text: str | None) -> str | None:
    """An e-mail address without any white space; blank is none."""
    return re.sub(r"\s+", "", text or "") or None


def clean_phone(text: str | None) -> str | None:
    """A number as E.164 where it has one, else as it was sent without the blanks around it; blank is none."""
    stripped = (text or "").strip()
    if not stripped:
        return None
    number = re.sub(r"[\s().-]", "", stripped)
    return number if re.fullmatch(r"\+\d+", number) else stripped


def clean_name(text: str | None) -> str | None:
    """A name without blanks around it; blank is none."""
    return (text or "").strip() or None


def email_problems(email: str) -> list[Problem]:
    """What is wrong with an e-mail address that is not blank."""
    found: list[Problem] = []
    if len(email) > 255:
        found.append((["email"], "Email is too long (maximum is 255 characters)", "TOO_LONG"))
    local = email.partition("@")[0]
    if not EMAIL.fullmatch(email) or ".." in email or len(email) > 255 or local.startswith(".") or local.endswith("."):
        found.append((["email"], "Email is invalid", "INVALID"))
    return found


def phone_problems(phone: str) -> list[Problem]:
    """What is wrong with a phone number; assigned ranges are known for +1 only."""
    found: list[Problem] = []
    if len(phone) > 255:
        found.append((["phone"], "Phone is too long (maximum is 255 characters)", "TOO_LONG"))
    if not (NANP.fullmatch(phone) or E164.fullmatch(phone)):
        found.append((["phone"], "Phone is invalid", "INVALID"))
    return found


def length_problems(values: dict[str, Any]) -> list[Problem]:
    """Names and notes that are too long."""
    return [
        ([field], f"{name} is too long (maximum is {most} characters)", "TOO_LONG")
        for field, (name, most) in LONGEST.items()
        if len(values.get(field) or "") > most
    ]


def locale_problems(locale: str) -> list[Problem]:
    """A locale that is none."""
    if LOCALE.fullmatch(locale) and locale.split("-", maxsplit=1)[0] in LANGUAGES:
        return []
    return [(["locale"], "Locale is invalid", "INVALID")]


def clean_tags(texts: list[str]) -> list[str]:
    """Tags split at commas, trimmed, without repetition in other capitals, sorted."""
    first: dict[str, str] = {}
    for text in texts:
        for tag in text.split(","):
            if tag.strip():
                first.setdefault(tag.strip().casefold(), tag.strip())
    return sorted(first.values(), key=lambda tag: (tag.casefold(), tag))


def tag_problems(tags: list[str]) -> list[Problem]:
    """Tags that are too long or too many."""
    if any(len(tag) > 255 for tag in tags):
        return [(["tags"], "Tags is too long (maximum is 255 characters)", "TOO_LONG")]
    if len(tags) > 250:
        return [(["tags"], "Tags cannot be more than 250", "INVALID")]
    return []


def shown_phone(phone: str) -> str:
    """A number as a display name shows it, such as +1 613-555-0142."""
    if NANP.fullmatch(phone):
        return f"+1 {phone[2:5]}-{phone[5:8]}-{phone[8:]}"
    return phone
