"""Open connections by their client's address, so that a fault can close one without an answer."""

import asyncio
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

Client = tuple[str, int]


class Connections:
    """The transports that are open now."""

    def __init__(self) -> None:
        self.open: dict[Client, asyncio.Transport] = {}

    def abort(self, scope: Scope) -> None:
        """Close the connection of this request at once."""
        transport = self.open.get(scope["client"])
        if transport:
            transport.abort()

    def protocol(self) -> type[asyncio.Protocol]:
        """Uvicorn's HTTP protocol, which notes its connection here."""
        known = self.open

        class Noted(H11Protocol):
            def connection_made(self, transport: Any) -> None:
                known[transport.get_extra_info("peername")[:2]] = transport
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                known.pop(self.transport.get_extra_info("peername")[:2], None)
                super().connection_lost(exc)

        return Noted
