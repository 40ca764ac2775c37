"""Countries and their states as Shopify spells them, from any common spelling.

`zones.json` has the states of every country where Shopify asks for one; elsewhere Shopify ignores states.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files

import orjson

_CODES = """
AC AD AE AF AG AI AL AM AN AO AR AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FO FR
GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO
JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MK ML MM MN MO MQ MR MS
MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PS PT PY QA RE RO RS RU
RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TF TG TH TJ TK TL TM TN TO TR TT TV
TW TZ UA UG UM US UY UZ VA VC VE VG VN VU WF WS XK YE YT ZA ZM ZW
"""
CODES = frozenset(_CODES.split())
"""CountryCode of Shopify's Admin schema 2026-07, less ZZ, which addresses refuse (recorded: "Country is invalid")."""

US_TERRITORIES = frozenset(["AS", "FM", "GU", "MH", "MP", "PR", "PW", "VI"])
"""Countries of ISO 3166 that are states of the US in Shopify's schema and zones."""

_SPELLINGS = {
    "america": "US", "estadosunidos": "US", "etatsunis": "US", "theunitedstates": "US", "unitedstatesofamerica": "US",
    "us": "US", "usa": "US", "greatbritain": "GB", "uk": "GB", "england": "GB", "scotland": "GB",
    "wales": "GB", "northernireland": "GB", "britain": "GB", "unitedkingdomofgreatbritain": "GB", "holland": "NL",
    "thenetherlands": "NL", "deutschland": "DE", "espana": "ES", "italia": "IT", "brasil": "BR", "osterreich": "AT",
    "schweiz": "CH", "suisse": "CH", "svizzera": "CH", "belgie": "BE", "belgique": "BE", "danmark": "DK",
    "norge": "NO", "sverige": "SE", "suomi": "FI", "polska": "PL", "eire": "IE", "republicofireland": "IE",
    "southkorea": "KR", "korea": "KR", "republicofkorea": "KR", "northkorea": "KP", "russia": "RU", "taiwan": "TW",
    "vietnam": "VN", "czechrepublic": "CZ", "ceskarepublika": "CZ", "cesko": "CZ", "turkey": "TR", "kosovo": "XK",
    "xkx": "XK", "ivorycoast": "CI", "capeverde": "CV", "laos": "LA", "macau": "MO", "moldova": "MD", "burma": "MM",
    "palestine": "PS", "swaziland": "SZ", "syria": "SY", "tanzania": "TZ", "vaticancity": "VA", "venezuela": "VE",
    "bolivia": "BO", "brunei": "BN", "iran": "IR", "macedonia": "MK", "thebahamas": "BS", "thegambia": "GM",
    "thephilippines": "PH", "uae": "AE", "emirates": "AE", "dubai": "AE", "hongkongsar": "HK", "mainlandchina": "CN",
    "prc": "CN", "nippon": "JP", "el": "GR", "aotearoa": "NZ", "hellas": "GR", "magyarorszag": "HU", "romania": "RO",
    "drc": "CD", "usvirginislands": "VI", "virginislands": "VI", "virginislandsus": "VI",
    "britishvirginislands": "VG", "stlucia": "LC", "stkittsandnevis": "KN", "stvincentandthegrenadines": "VC",
    "ascensionisland": "AC", "tristandacunha": "TA", "netherlandsantilles": "AN", "micronesia": "FM",
}  # fmt: skip
_STATES = {
    "MX": {"mexicocity": "DF", "distritofederal": "DF"},
    "IT": {"rome": "RM", "milan": "MI", "florence": "FI", "naples": "NA", "turin": "TO", "venice": "VE", "genoa": "GE"},
    "US": {"washingtondc": "DC", "ore": "OR", "penna": "PA", "cal": "CA", "tex": "TX", "wisc": "WI"},
}
"""Spellings of states that the zones do not list."""

_ABBREVIATING = frozenset({"US", "CA", "AU"})
_SHORTEST_PREFIX = 4
_STATE_WORDS = re.compile(
    r"^(?:the|state of|province of|county|co\.?|region of)\s+|\s+(?:state|province|county|region|\d+\w?)$"
)


@lru_cache(maxsize=8192)
def country(text: str) -> tuple[str | None, str | None]:
    """Return the country code of a code, an ISO-3 code or a name, and the state that a US territory is there.

    Args:
        text: As typed, such as `US`, `USA`, `United States`, `Puerto Rico`.
    """
    code = _code(text.strip())
    if code in US_TERRITORIES:
        return "US", code
    return (code if code in CODES else None), None


def region(text: str) -> str | None:
    """Return the country of a phone number dialled there: as `country`, but US territories by their own code."""
    code, territory = country(text)
    return territory or code


@lru_cache(maxsize=32_768)
def province(code: str, state: str) -> str | None:
    """Return Shopify's code for a state of a country, None when it knows none of that name there."""
    known = _states(code)
    if not known:
        return None
    lower = state.strip().lower()
    for spelling in (lower, _STATE_WORDS.sub("", lower), lower.partition(",")[0]):
        if found := known.get(_plain(spelling)):
            return found
    return _by_prefix(known, _plain(lower)) if code in _ABBREVIATING else None


def has_provinces(code: str | None) -> bool:
    """Tell whether Shopify keeps states for a country."""
    return code in _zones()


def _code(text: str) -> str | None:
    upper = text.upper()
    if upper in CODES or upper in US_TERRITORIES:
        return upper
    plain = _plain(text)
    return _SPELLINGS.get(plain) or _names().get(plain)


@cache
def _names() -> dict[str, str]:
    import pycountry  # noqa: PLC0415

    names = {}
    for entry in pycountry.countries:
        for attribute in ("alpha_3", "name", "official_name", "common_name"):
            if text := getattr(entry, attribute, None):
                names[_plain(text)] = entry.alpha_2
                names.setdefault(_plain(text.partition(",")[0]), entry.alpha_2)
    return names


@cache
def _zones() -> dict[str, dict[str, list[str]]]:
    text = files("target_shopify.mapping").joinpath("zones.json").read_bytes()
    zones: dict[str, dict[str, list[str]]] = orjson.loads(text)
    del zones["_source"]
    return zones


@cache
def _states(country_code: str) -> dict[str, str]:
    """All spellings of a country's states; codes win over names, names over other countries' way to write codes."""
    zones = _zones().get(country_code, {})
    spellings: dict[str, str] = {}
    for code, names in zones.items():
        for name in (*names, f"{country_code}-{code}", code.removeprefix(f"{country_code}-")):
            spellings.setdefault(_plain(name), code)
    return _STATES.get(country_code, {}) | spellings | {_plain(code): code for code in zones}


def _by_prefix(known: dict[str, str], plain: str) -> str | None:
    """Return the one state whose name begins so, as in `Mass.` and `Calif.`."""
    if len(plain) < _SHORTEST_PREFIX:
        return None
    found = {code for name, code in known.items() if name.startswith(plain)}
    return found.pop() if len(found) == 1 else None


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if letter.isalnum())
