"""By which name a browser calls the console, and from which page: against DNS rebinding and foreign pages. Pure."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from urllib.parse import urlsplit


def host_name(host: str | None) -> str | None:
    """Return the name in a Host header, in lower case and without the port; None when it is none."""
    if not host or any(letter in host for letter in "/@?#\\ "):
        return None
    try:
        parsed = urlsplit(f"//{host}")
        _ = parsed.port  # raises for what is no port
    except ValueError:
        return None
    return (parsed.hostname or "").rstrip(".") or None


def host_allowed(host: str | None, allowed: AbstractSet[str]) -> bool:
    """Return whether a Host header names the console."""
    return host_name(host) in allowed


def same_origin(origin: str | None, host: str | None) -> bool:
    """Return whether an Origin header is that of the console's own pages; a browser sends one whenever it matters."""
    if origin is None:
        return True
    return host is not None and urlsplit(origin).netloc.lower() == host.lower()
