"""The security headers of every answer."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

COMMON = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # not stricter: the Origin of a form would then be null
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
NO_FRAMES = "frame-ancestors 'none'"
INERT = f"default-src 'none'; sandbox; {NO_FRAMES}"
NOT_KEPT = {"Cache-Control": "no-store"}


def script_hash(text: str) -> str:
    """Return the source by which a policy allows one inline script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def streamlit_policy(host: str, scripts: Iterable[str]) -> str:
    """Return the policy of Streamlit's pages: its own files only, and styles that its components write themselves.

    Args:
        host: By which name the browser called; some browsers do not count its websocket as `'self'`.
        scripts: The inline scripts of the page.
    """
    return "; ".join((
        "default-src 'none'",
        f"script-src 'self' 'wasm-unsafe-eval' {' '.join(map(script_hash, scripts))}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' blob:",
        "worker-src 'self' blob:",
        f"connect-src 'self' ws://{host} wss://{host}",
        "frame-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        NO_FRAMES,
    ))  # fmt: skip


def plain_policy(style: str, script: str = "") -> str:
    """Return the policy of a page of ours: one style sheet and one script, both inside it."""
    parts = [
        "default-src 'none'",
        f"style-src {script_hash(style)}",
        "img-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        NO_FRAMES,
    ]
    return "; ".join([*parts, f"script-src {script_hash(script)}"] if script else parts)
