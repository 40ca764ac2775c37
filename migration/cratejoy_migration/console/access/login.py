"""Signing in and out: the routes that strangers may call."""

from __future__ import annotations

import asyncio
import math
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from cratejoy_migration.console.access import headers, oidc, passwords
from cratejoy_migration.console.access.gate import LOGIN, OPERATOR
from cratejoy_migration.console.access.lockout import Lockout
from cratejoy_migration.console.access.login_page import POLICY, onward, page, wanted
from cratejoy_migration.console.access.sessions import Sessions
from cratejoy_migration.console.access.trail import Notes
from cratejoy_migration.console.settings import Settings

LOGOUT = "/logout"
_MOST_BYTES = 4096
_MOST_WAITING = 20
_WRONG = "That is not the password."
_ENDED = "You are signed out. After a time without use, and when the console is started again, that happens by itself."
_BUSY = "Too many people are signing in at this moment. Try again in a minute."
_NOT_ADMITTED = "This account may not use the console."


class Login:
    """The routes, and what they share.

    Args:
        settings: Who may come in.
        sessions: Who is in.
        lockout: Who has to wait.
        notes: The trail.
        cookie: Name of the cookie that holds a session's secret.
    """

    def __init__(self, settings: Settings, sessions: Sessions, lockout: Lockout, notes: Notes, cookie: str) -> None:
        self._settings = settings
        self._sessions = sessions
        self._lockout = lockout
        self._notes = notes
        self._cookie = cookie
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0

    def routes(self) -> list[Route]:
        """Return the routes."""
        routes = [
            Route(LOGIN, self.show, methods=["GET"]),
            Route(LOGIN, self.sign_in, methods=["POST"]),
            Route(LOGOUT, self.sign_out, methods=["GET", "POST"]),
            Route("/session", _alive, methods=["GET"]),
        ]
        if self._settings.oidc:
            routes.append(Route(oidc.START, _to_provider, methods=["GET"]))
        return routes

    async def show(self, request: Request) -> Response:
        """Show the page; somebody who has just come from the identity provider is signed in."""
        path = wanted(request.query_params.get("next"))
        if self._sessions.find(request.cookies.get(self._cookie)):
            return RedirectResponse(path, 303, headers.NOT_KEPT)
        if self._settings.oidc and (claims := oidc.named(request)) is not None:
            return self._judge(request, claims)
        return self._page(path, _ENDED if request.query_params.get("ended") else "", calm=True)

    async def sign_in(self, request: Request) -> Response:
        """Compare a password, and begin a session when it fits."""
        address = request.client.host if request.client else ""
        form = await _form(request)
        path = wanted(form.get("next"))
        if not self._settings.password_hash:
            return self._page(path, status=403)
        if self._waiting >= _MOST_WAITING:
            return self._page(path, _BUSY, 503)
        self._waiting += 1
        try:
            # One at a time: each comparison takes 64 MB, and a burst must not outrun the count of failures.
            async with self._one_at_a_time:
                if wait := self._lockout.wait(address):
                    return self._locked(path, wait)
                fits = await asyncio.to_thread(passwords.fits, form.get("password", ""), self._settings.password_hash)
                if not fits:
                    self._lockout.failed(address)
                    self._notes.note("somebody", "was refused: wrong password", f"from {address}")
                    wait = self._lockout.wait(address)
                    return self._locked(path, wait) if wait else self._page(path, _WRONG, 401)
                self._lockout.succeeded(address)
        finally:
            self._waiting -= 1
        return self._begin(request, OPERATOR, RedirectResponse(path, 303, headers.NOT_KEPT))

    async def sign_out(self, request: Request) -> Response:
        """End the session in all tabs."""
        session = self._sessions.find(request.cookies.get(self._cookie))
        if session:
            self._sessions.end(session.number)
        response = RedirectResponse(f"{LOGIN}?ended=1", 303, headers.NOT_KEPT)
        response.delete_cookie(self._cookie, path="/")
        return response

    def _judge(self, request: Request, claims: dict[str, object]) -> Response:
        address = request.client.host if request.client else ""
        name = oidc.admitted(claims, self._settings.oidc) if self._settings.oidc else None
        if name is None:
            self._notes.note("somebody", "was refused: account not on the list", f"from {address}")
            response = self._page("/", _NOT_ADMITTED, 403)
        else:
            # A page, not a redirect: to a step that began at the provider the browser adds no strict cookie.
            body = HTMLResponse(onward("/"), headers={**headers.NOT_KEPT, "Content-Security-Policy": POLICY})
            response = self._begin(request, name, body)
        oidc.forget(request, response)
        return response

    def _begin(self, request: Request, name: str, response: Response) -> Response:
        # A browser that signs in anew gets a new secret, and the old session ends.
        if old := self._sessions.find(request.cookies.get(self._cookie)):
            self._sessions.end(old.number)
        secret = self._sessions.begin(name)
        self._notes.note(name, "signed in", f"from {request.client.host}" if request.client else "")
        secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
        response.set_cookie(self._cookie, secret, httponly=True, samesite="strict", secure=secure, path="/")
        return response

    def _locked(self, path: str, wait: float) -> Response:
        response = self._page(path, f"Too many wrong passwords. Try again in {_in_words(wait)}.", 429)
        response.headers["Retry-After"] = str(math.ceil(wait))
        return response

    def _page(self, path: str, message: str = "", status: int = 200, *, calm: bool = False) -> Response:
        html = page(
            path,
            message,
            calm=calm,
            password=self._settings.password_hash is not None,
            account=self._settings.oidc is not None,
        )
        return HTMLResponse(html, status, {**headers.NOT_KEPT, "Content-Security-Policy": POLICY})


async def _alive(request: Request) -> Response:
    """Say that the session lives: the gate lets nobody else come here."""
    del request
    return Response(status_code=204, headers=headers.NOT_KEPT)


async def _to_provider(request: Request) -> Response:
    del request
    return RedirectResponse(oidc.way_out(), 303, headers.NOT_KEPT)


async def _form(request: Request) -> dict[str, str]:
    """Return a small form's fields; one that is too large has none."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _in_words(seconds: float) -> str:
    whole = math.ceil(seconds)
    if whole < 60:
        return f"{whole} second{'' if whole == 1 else 's'}"
    minutes = math.ceil(whole / 60)
    return f"{minutes} minute{'' if minutes == 1 else 's'}"
