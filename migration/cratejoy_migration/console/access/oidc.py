"""Signing in with an identity provider: Streamlit's own login speaks with it, the console judges whom it names."""

from __future__ import annotations

import json
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from streamlit.auth_util import encode_provider_token, get_cookie_with_chunks
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import TOKENS_COOKIE_NAME, USER_COOKIE_NAME

from cratejoy_migration.console.settings import CALLBACK, Oidc

START = "/login/account"
OPEN_PATHS = frozenset({START, "/auth/login", CALLBACK})
"""What is open to people who are on their way through the provider."""
_PROVIDER = "default"
_FRESH_DAYS = 5 / (24 * 60)
"""Streamlit's cookie is taken for an answer of the provider for five minutes; it is exchanged for a session at once."""


def streamlit_secrets(oidc: Oidc) -> dict[str, Any]:
    """Return what Streamlit's login must know; its cookies are signed with a key that lives as long as the console."""
    return {
        "auth": {
            "redirect_uri": oidc.redirect_uri,
            "cookie_secret": secrets.token_hex(32),
            "client_id": oidc.client_id,
            "client_secret": oidc.client_secret,
            "server_metadata_url": oidc.metadata_url,
        }
    }


def way_out() -> str:
    """Return the address that begins the login at the provider."""
    return f"/auth/login?provider={encode_provider_token(_PROVIDER)}"


def named(request: Request) -> dict[str, Any] | None:
    """Return whom the provider has just named; None when it named nobody, or too long ago."""

    def cookie(name: str) -> bytes | None:
        value = request.cookies.get(name)
        return decode_signed_value(get_cookie_secret(), name, value, _FRESH_DAYS) if value else None

    text = get_cookie_with_chunks(cookie, USER_COOKIE_NAME)
    if not text:
        return None
    claims = json.loads(text)
    return claims if isinstance(claims, dict) and claims.get("is_logged_in") else None


def admitted(claims: dict[str, Any], oidc: Oidc) -> str | None:
    """Return the name under which somebody may come in, or None. Pure."""
    email = str(claims.get("email") or "").casefold()
    return email if email in oidc.emails and claims.get("email_verified") is not False else None


def forget(request: Request, response: Response) -> None:
    """Take Streamlit's cookies from the browser: from now on the session counts, and only it."""
    for name in request.cookies:
        if name.startswith((USER_COOKIE_NAME, TOKENS_COOKIE_NAME)):
            response.delete_cookie(name)
