"""Countries and their zones, as addresses name them."""

import functools

from cratejoy_sandbox.shopify.geography.zones import ZONES
from cratejoy_sandbox.shopify.schema import SUPPORTED, load


@functools.cache
def countries() -> dict[str, str]:
    """English names by country code."""
    return load(SUPPORTED[0]).countries


@functools.cache
def _codes() -> dict[str, str]:
    return {name.casefold(): code for code, name in countries().items()}


@functools.cache
def _zones(country: str) -> dict[str, str]:
    named = ZONES.get(country, {})
    return {text.casefold(): code for code, name in named.items() for text in (code, name)}


def country_code(text: str) -> str | None:
    """Code of a country given by code or English name."""
    return text.upper() if text.upper() in countries() else _codes().get(text.casefold())


def has_zones(country: str) -> bool:
    """Whether addresses in a country have a province; elsewhere one that is sent is ignored."""
    return country in ZONES


def zone_code(country: str, text: str) -> str | None:
    """Code of a province given by code or name."""
    return _zones(country).get(text.casefold())


def zone_name(country: str, code: str) -> str:
    """Name of a province."""
    return ZONES[country][code]
