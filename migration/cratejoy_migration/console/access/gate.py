"""The gate before Streamlit: without a session nothing passes, neither pages nor files nor the websocket."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from urllib.parse import quote, unquote

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cratejoy_migration.console.access import headers
from cratejoy_migration.console.access.activity import by_a_person
from cratejoy_migration.console.access.hosts import host_allowed, same_origin
from cratejoy_migration.console.access.sessions import Session, Sessions
from cratejoy_migration.console.access.shell import Shell

LOGIN = "/login"
WHO = "console_name"
NUMBER = "console_session"
"""What pages find in `st.user`."""
_NAME_HEADER = "X-Console-Name"
TRUSTED_HEADERS = {_NAME_HEADER: WHO, "X-Console-Session": NUMBER}
"""For Streamlit's `server.trustedUserHeaders`: only the gate writes these headers, browsers cannot."""
OPERATOR = "operator"
_OURS = frozenset(name.lower().encode() for name in TRUSTED_HEADERS)
_PAGE = re.compile(r"/[\w-]*")
_SLASH_BEHIND = re.compile(r"(/[\w-]+)/")
_NOT_PAGES = frozenset({"/oauth2callback", "/session"})
_SESSION_ENDED = 4401


def who() -> str:
    """Return the name of the person for whom the running script works."""
    return unquote(str(st.user.get(WHO) or OPERATOR))


def name_of(request: HTTPConnection) -> str:
    """Return the name of the person who sent a request that passed the gate."""
    return unquote(request.headers[_NAME_HEADER])


class Gate:
    """ASGI middleware; the outermost, so that no other code sees a request that does not belong here.

    Args:
        app: What is behind the gate.
        sessions: Who is signed in.
        cookie: Name of the cookie that holds a session's secret.
        allowed_hosts: Names by which the console may be called.
        shell: The page that every page's address answers with.
        open_paths: What needs no session.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        sessions: Sessions,
        cookie: str,
        allowed_hosts: AbstractSet[str],
        shell: Shell,
        open_paths: AbstractSet[str] = frozenset({LOGIN}),
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._cookie = cookie
        self._allowed_hosts = allowed_hosts
        self._shell = shell
        self._open = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] == "http":
            await self._http(scope, receive, _secured(scope["path"], send))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = HTTPConnection(scope)
        host = request.headers.get("host")
        session = self._sessions.find(request.cookies.get(self._cookie))
        reads = scope["method"] in {"GET", "HEAD"}
        answer: Response | None = None
        if not host_allowed(host, self._allowed_hosts):
            answer = PlainTextResponse(
                "The console is not called by this name; CONSOLE_HOST_NAMES says which others it has.\n", 400
            )
        elif not reads and not same_origin(request.headers.get("origin"), host):
            answer = PlainTextResponse("This was not sent by a page of the console.\n", 403)
        elif reads and (page := _SLASH_BEHIND.fullmatch(scope["path"])):
            answer = RedirectResponse(page[1], 303, headers.NOT_KEPT)
        elif scope["path"] in self._open:
            pass
        elif session is None:
            answer = self._stranger(scope["path"], scope["query_string"].decode("latin-1"), reads=reads)
        elif reads and _is_page(scope["path"]):
            self._sessions.seen(session)
            answer = self._page(host or "")
        await (answer or self._app)(_labelled(scope, session), receive, send)

    def _stranger(self, path: str, query: str, *, reads: bool) -> Response:
        if reads and _is_page(path):
            way = f"{LOGIN}?next={quote(path + ('?' + query if query else ''))}" if path != "/" else LOGIN
            return RedirectResponse(way, 303, headers.NOT_KEPT)
        return PlainTextResponse("Sign in first.\n", 401, headers.NOT_KEPT)

    def _page(self, host: str) -> Response:
        policy = headers.streamlit_policy(host, self._shell.scripts)
        return HTMLResponse(self._shell.html, headers={**headers.NOT_KEPT, "Content-Security-Policy": policy})

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        host, origin = connection.headers.get("host"), connection.headers.get("origin")
        session = self._sessions.find(connection.cookies.get(self._cookie))
        if not (session and host_allowed(host, self._allowed_hosts) and same_origin(origin, host)):
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        wire = _Wire(self._sessions, session, receive, send)
        with wire.listening():
            await self._app(_labelled(scope, session), wire.receive, wire.send)


class _Wire:
    """A websocket of a session: notes what a person does, and closes when the session ends."""

    def __init__(self, sessions: Sessions, session: Session, receive: Receive, send: Send) -> None:
        self._sessions = sessions
        self._session = session
        self._receive = receive
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._closed = False
        self._opened = False
        self._greeted = False
        self._next: asyncio.Future[Message] | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear of the session's end, from whichever thread, for as long as the block lasts."""

        def listener() -> None:
            self._loop.call_soon_threadsafe(self._ended.set)

        self._session.listeners.add(listener)
        try:
            yield
        finally:
            self._session.listeners.discard(listener)

    async def receive(self) -> Message:
        """Return the browser's next message, or the end of the connection when the session has ended."""
        if not self._opened:
            self._opened = True  # an application that is to accept a connection takes no other message first
            return await self._receive()
        if self._next is None:
            self._next = asyncio.ensure_future(self._receive())
        end: asyncio.Future[bool] = asyncio.ensure_future(self._ended.wait())
        try:
            while not self._next.done() and self._sessions.sweep(self._session):
                left = self._sessions.left(self._session)
                await asyncio.wait((self._next, end), timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            end.cancel()
        if not self._sessions.sweep(self._session):
            return await self._close()
        message, self._next = self._next.result(), None
        self._note(message)
        return message

    async def send(self, message: Message) -> None:
        """Pass a message on to the browser, unless the connection is closed already."""
        if not self._closed:
            await self._send(message)

    async def _close(self) -> Message:
        if self._next is not None:
            self._next.cancel()
        if not self._closed:
            self._closed = True
            with suppress(Exception):  # the browser may be gone
                await self._send({"type": "websocket.close", "code": _SESSION_ENDED})
        return {"type": "websocket.disconnect", "code": _SESSION_ENDED}

    def _note(self, message: Message) -> None:
        data = message.get("bytes")
        if message["type"] != "websocket.receive" or not data:
            return
        # The first message of a connection is the browser's own, also when it connects again after a break.
        greeted, self._greeted = self._greeted, True
        if greeted and by_a_person(data):
            self._sessions.seen(self._session)


def _is_page(path: str) -> bool:
    """Return whether a path is that of a page: one word, which names no file and no interface."""
    return _PAGE.fullmatch(path) is not None and path not in _NOT_PAGES


def _labelled(scope: Scope, session: Session | None) -> Scope:
    """Return a request with the session's name and number in its headers, and nobody else's."""
    given = [(name, value) for name, value in scope["headers"] if name.lower() not in _OURS]
    if session is not None:
        values = {WHO: quote(session.name), NUMBER: session.number}
        given += [(name.lower().encode(), values[key].encode()) for name, key in TRUSTED_HEADERS.items()]
    return {**scope, "headers": given}


def _secured(path: str, send: Send) -> Send:
    """Return a `send` that adds the security headers to an answer."""
    # Streamlit's own program is governed by the page's policy; all else is data, and never runs.
    policy = headers.NO_FRAMES if path.startswith("/static/") else headers.INERT

    async def secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            found = MutableHeaders(scope=message)
            for name, value in headers.COMMON.items():
                found.setdefault(name, value)
            found.setdefault("Content-Security-Policy", policy)
        await send(message)

    return secured
