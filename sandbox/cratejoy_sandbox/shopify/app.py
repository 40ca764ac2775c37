"""The HTTP face: the GraphQL endpoint, the token grant, and `/_sandbox/` for the tests' hands."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from cratejoy_sandbox.cratejoy.errors import ApiError
from cratejoy_sandbox.shopify.control import control_routes
from cratejoy_sandbox.shopify.endpoint import GraphQLEndpoint
from cratejoy_sandbox.shopify.grant import TokenEndpoint
from cratejoy_sandbox.shopify.simulator import Simulator

LOGGER = logging.getLogger("cratejoy_sandbox")
ROUTES: list[BaseRoute] = []
"""Further routes that modules add at import, such as the storage of staged uploads; `request.app.state.simulator`."""


class Front:
    """Notes every request that is not for the tests' hands."""

    def __init__(self, app: ASGIApp, simulator: Simulator) -> None:
        self.app = app
        self.simulator = simulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["path"].startswith("/_sandbox"):
            await self.app(scope, receive, send)
            return
        stats = self.simulator.stats
        entry = scope["entry"] = stats.arrive(scope["method"], scope["path"])

        async def noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            stats.leave(entry)


def create_app(simulator: Simulator) -> ASGIApp:
    """Put the whole server together."""
    graphql, grant = GraphQLEndpoint(simulator), TokenEndpoint(simulator)
    routes = [
        Route("/admin/api/{version}/graphql.json", graphql, methods=["POST"]),
        Route("/admin/api/graphql.json", graphql, methods=["POST"]),
        Route("/admin/oauth/access_token", grant, methods=["POST"]),
        Mount("/_sandbox", routes=control_routes(simulator)),
        *ROUTES,
    ]
    handlers: dict[Any, Any] = {
        HTTPException: _http_error,
        ApiError: _api_error,
        ClientDisconnect: _nobody_there,
        Exception: _internal_error,
    }

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        tasks = simulator.start_workers()
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
    app.state.simulator = simulator
    return Front(app, simulator)


def _errors(status: int, errors: Any, headers: Any = None) -> Response:
    return Response(orjson.dumps({"errors": errors}), status, headers, "application/json")


def _api_error(_: Request, error: ApiError) -> Response:
    return _errors(error.status, error.errors)


def _http_error(_: Request, error: HTTPException) -> Response:
    return _errors(error.status_code, error.detail, error.headers)


def _nobody_there(_: Request, __: Exception) -> Response:
    """Answer nobody: who asked has gone in the middle of the request, of which nothing was executed."""
    return _errors(400, "The request broke off")


def _internal_error(request: Request, error: Exception) -> Response:
    LOGGER.critical("The sandbox itself failed on %s", request.url.path, exc_info=error)
    return _errors(500, "The sandbox itself failed; its stderr says why")
