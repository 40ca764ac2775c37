"""The HTTP face of the simulator: paths, credentials, errors; `/_sandbox/` is for the tests' hands."""

import base64
import binascii
import hmac
import logging
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from cratejoy_sandbox.cratejoy.api import Answer, Api
from cratejoy_sandbox.cratejoy.connections import Connections
from cratejoy_sandbox.cratejoy.control import control_routes
from cratejoy_sandbox.cratejoy.errors import ApiError
from cratejoy_sandbox.cratejoy.faults.answers import JSON_TYPE, answer, interrupt
from cratejoy_sandbox.cratejoy.faults.grammar import Faults, Visit
from cratejoy_sandbox.cratejoy.pages import DEFAULT_LIMIT
from cratejoy_sandbox.cratejoy.resources import ELEMENTS_ONLY, RESOURCES
from cratejoy_sandbox.cratejoy.stats import Stats
from cratejoy_sandbox.cratejoy.store import Store

LOGGER = logging.getLogger("cratejoy_sandbox")


@dataclass
class Simulator:
    """A store with its credentials, faults and figures."""

    store: Store
    client_id: str
    client_secret: str
    faults: Faults = field(default_factory=Faults)
    stats: Stats = field(default_factory=Stats)
    connections: Connections = field(default_factory=Connections)


class Front:
    """Takes both slash forms and notes every request for the API."""

    def __init__(self, app: ASGIApp, stats: Stats) -> None:
        self.app = app
        self.stats = stats

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["path"].startswith("/_sandbox"):
            await self.app(scope, receive, send)
            return
        entry = self.stats.arrive(scope["path"], scope["query_string"].decode("latin-1"))

        async def noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
            await send(message)

        try:
            await self.app({**scope, "path": scope["path"].rstrip("/") or "/"}, receive, noted)
        finally:
            self.stats.leave(entry)


def create_app(simulator: Simulator) -> ASGIApp:
    """Put the whole server together."""
    endpoint = Endpoint(simulator)
    routes = [
        Route("/v1.1/shipments", endpoint.simple_shipments, methods=["GET"]),
        Route("/v1/{name}", endpoint.collection, methods=["GET"]),
        Route("/v1/{name}/{id:int}", endpoint.element, methods=["GET"]),
        Route("/v1/{name}/{id:int}/{relation}", endpoint.under, methods=["GET"]),
        Mount("/_sandbox", routes=control_routes(simulator)),
    ]
    handlers: dict[Any, Any] = {HTTPException: _http_error, ApiError: _api_error, Exception: _internal_error}
    return Front(Starlette(routes=routes, exception_handlers=handlers), simulator.stats)


class Endpoint:
    """One method a kind of path."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.api = Api(simulator.store)

    async def collection(self, request: Request) -> Response:
        """Answer `/v1/{plural}/`."""
        return await self._collection(request, request.path_params["name"])

    async def simple_shipments(self, request: Request) -> Response:
        """Answer `/v1.1/shipments`."""
        return await self._collection(request, "v1.1/shipments")

    async def element(self, request: Request) -> Response:
        """Answer `/v1/{plural}/{id}/`."""
        name = request.path_params["name"]
        resource = ELEMENTS_ONLY.get(name) or RESOURCES.get(name)
        _found(resource is not None and resource.has_elements)
        number, parameters = request.path_params["id"], request.query_params.multi_items()
        visit = Visit(name)
        return await self._answer(request, visit, lambda hits: self.api.element(name, number, parameters, hits))

    async def under(self, request: Request) -> Response:
        """Answer `/v1/{plural}/{id}/{relation}/`."""
        name, relation = request.path_params["name"], request.path_params["relation"]
        _found(name in RESOURCES)
        path, parameters = (name, request.path_params["id"], relation), request.query_params.multi_items()
        visit = self._visit(f"{name}/{relation}", request, 0)
        return await self._answer(request, visit, lambda hits: self.api.under(path, parameters, hits))

    async def _collection(self, request: Request, name: str) -> Response:
        _found(name in RESOURCES)
        resource, parameters = RESOURCES[name], request.query_params.multi_items()
        visit = self._visit(name, request, resource.page_base)
        return await self._answer(request, visit, lambda hits: self.api.page(resource, parameters, hits))

    def _visit(self, name: str, request: Request, base: int) -> Visit:
        switched = self.simulator.faults.option("page_base", name, "base")
        first = base if switched is None else switched
        page, limit = (request.query_params.get(key, "") for key in ("page", "limit"))
        return Visit(
            name,
            int(page) if page.isdecimal() else first,
            int(limit) if limit.isdecimal() else DEFAULT_LIMIT,
        )

    async def _answer(self, request: Request, visit: Visit, build: Any) -> Response:
        simulator = self.simulator
        simulator.stats.count(visit.resource, requests=1)
        hits = simulator.faults.hits(visit)
        self._authorize(request, hits)
        stopped = await interrupt(hits, visit, request.scope["client"], simulator.connections)
        if stopped:
            return stopped
        built: Answer = await run_in_threadpool(build, hits)
        late = simulator.faults.hits(Visit(visit.resource, visit.page, visit.limit, frozenset(built.ids)))
        stopped = await interrupt(late, visit, request.scope["client"], simulator.connections)
        if stopped:
            return stopped
        simulator.stats.count(visit.resource, rows=len(built.ids))
        return await run_in_threadpool(answer, built.body, {**hits, **late})

    def _authorize(self, request: Request, hits: dict[str, dict[str, Any]]) -> None:
        statuses = hits.get("auth", {"missing": 401, "wrong": 403})
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            raise ApiError(statuses["missing"], "Credentials are missing")
        expected = f"{self.simulator.client_id}:{self.simulator.client_secret}"
        if not hmac.compare_digest(_decoded(token), expected.encode()):
            raise ApiError(statuses["wrong"], "These credentials have no access to this resource")


def _decoded(token: str) -> bytes:
    try:
        return base64.b64decode(token, validate=True)
    except binascii.Error:
        return b""


def _found(known: object) -> None:
    if not known:
        raise ApiError(404, "No such resource")


def _errors(status: int, errors: list[str], headers: Any = None) -> Response:
    return Response(orjson.dumps({"errors": errors}), status, headers, JSON_TYPE)


def _api_error(_: Request, error: ApiError) -> Response:
    return _errors(error.status, error.errors)


def _http_error(_: Request, error: HTTPException) -> Response:
    return _errors(error.status_code, [error.detail], error.headers)


def _internal_error(request: Request, error: Exception) -> Response:
    LOGGER.critical("The sandbox itself failed on %s", request.url.path, exc_info=error)
    return _errors(500, ["The sandbox itself failed; its stderr says why"])
