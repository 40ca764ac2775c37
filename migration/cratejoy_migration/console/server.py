"""Streamlit behind the gate, as one server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.middleware import Middleware
from streamlit.starlette import App
from streamlit.web import bootstrap

from cratejoy_migration.console import downloads, failures, place
from cratejoy_migration.console.access import gate, oidc, signed_in
from cratejoy_migration.console.access.lockout import Lockout
from cratejoy_migration.console.access.login import LOGOUT, Login
from cratejoy_migration.console.access.sessions import Session, Sessions
from cratejoy_migration.console.access.shell import shell
from cratejoy_migration.console.access.trail import Notes
from cratejoy_migration.console.settings import Settings

_HERE = Path(__file__).parent
_GRACE_SECONDS = 2
OPTIONS: dict[str, Any] = {
    "global.developmentMode": False,
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "minimal",
    "logger.level": "warning",
    "logger.enableRich": False,
    "runner.magicEnabled": False,
    # A full collection after each refresh of a page was most of what the console used; Python's own are enough.
    "runner.postScriptGC": False,
    "server.headless": True,
    "server.showEmailPrompt": False,
    "server.fileWatcherType": "none",
    "server.runOnSave": False,
    "server.enableAgentApi": False,
    "server.enableStaticServing": False,
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.xsrfCookieSameSite": "strict",
    "server.maxUploadSize": 1,
    "server.trustedUserHeaders": gate.TRUSTED_HEADERS,
    "theme.base": str(_HERE / "theme.toml"),
}
"""What Streamlit is told; nobody's own Streamlit settings change it."""


def server(given: Settings) -> uvicorn.Server:
    """Return the server; it listens where it is told to when it runs."""
    bootstrap.load_config_options(OPTIONS)
    failures.keep_discreet()
    return uvicorn.Server(
        uvicorn.Config(
            application(given),
            ws="websockets-sansio",  # as Streamlit's own server has it
            log_config=None,
            access_log=False,
            server_header=False,
            # Whoever connects is who is locked out: nobody chooses an address by a header.
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )


def application(given: Settings) -> App:
    """Return the application: sign-in, gate, Streamlit."""
    # A browser does not tell cookies by port: two consoles on one machine must not share a name.
    cookie = f"console-{given.port}"
    notes = Notes(place.connection)

    def ended(session: Session, why: str) -> None:
        notes.note(session.name, why)

    sessions = Sessions(given.idle_minutes * 60, ended)
    signed_in.serve(sessions)

    @asynccontextmanager
    async def lifespan(_app: App) -> AsyncIterator[None]:
        yield
        notes.close()

    return App(
        _HERE / "app.py",
        secrets=oidc.streamlit_secrets(given.oidc) if given.oidc else None,
        lifespan=lifespan,
        routes=[*Login(given, sessions, Lockout(), notes, cookie).routes(), *downloads.routes(notes)],
        middleware=[
            Middleware(
                gate.Gate,
                sessions=sessions,
                cookie=cookie,
                allowed_hosts=given.allowed_hosts,
                shell=shell(),
                open_paths={gate.LOGIN, LOGOUT} | (oidc.OPEN_PATHS if given.oidc else set()),
            )
        ],
        on_script_error=failures.show,
    )
