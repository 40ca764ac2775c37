"""`POST /admin/api/{version}/graphql.json`: token, version, faults, cost, and the answer."""

import secrets
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cratejoy_sandbox.cratejoy.faults.grammar import Hits, Visit
from cratejoy_sandbox.shopify.api import Answer, Api, Request, Unready, shown
from cratejoy_sandbox.shopify.errors import top_error
from cratejoy_sandbox.shopify.faults.exchange import after, before, refusal
from cratejoy_sandbox.shopify.schema import SUPPORTED, served

if TYPE_CHECKING:
    from cratejoy_sandbox.shopify.simulator import Simulator

TOKEN = "x-shopify-access-token"  # noqa: S105 - the name of a header
VERSION = "X-Shopify-API-Version"


class GraphQLEndpoint:
    """The one path of the Admin API, as an ASGI application."""

    def __init__(self, simulator: "Simulator") -> None:
        self.simulator = simulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = HttpRequest(scope, receive)
        version = served(request.path_params.get("version", SUPPORTED[0]))
        response = await self._answer(request, version)
        response.headers.setdefault(VERSION, version)
        response.headers["X-Request-ID"] = secrets.token_hex(16)
        await response(scope, receive, send)

    async def _answer(self, http: HttpRequest, version: str) -> Response:
        simulator = self.simulator
        body = await http.body()
        if not simulator.tokens.good(http.headers.get(TOKEN, "")):
            return refusal(401)
        if http.headers.get("host", "").endswith(".myshopify.com") and not self._ours(http.headers["host"]):
            return refusal(404)
        api = simulator.api(version)
        ready = _prepared(api, body)
        roots = ready.roots if isinstance(ready, Request) else []
        http.scope["entry"].update(operation=_name(ready), roots=roots)
        hits = simulator.faults.hits(Visit("graphql", operations=roots))
        stopped = await before(hits, http.scope["client"], simulator.connections)
        if stopped:
            return stopped
        response = after(self._executed(api, ready, hits), hits, simulator.connections)
        if "wrong_version" in hits:
            response.headers[VERSION] = hits["wrong_version"]["version"]
        return response

    def _executed(self, api: Api, ready: Request | Answer, hits: Hits) -> Answer:
        if not isinstance(ready, Request):
            return ready
        if "throttled" in hits:
            return api.throttled(ready)
        if "internal_error" in hits:
            text = "Internal error. Looks like something went wrong on our end."
            return {"errors": [shown(top_error(text, "INTERNAL_SERVER_ERROR"))]}
        refused = api.reserve(ready)
        if refused:
            return refused
        scopes = self.simulator.settings.scopes - {hits.get("missing_scope", {}).get("scope")}
        answer = api.run(ready, scopes)
        if "duplicated" in hits:
            second = api.run(ready, scopes)
            answer = second if hits["duplicated"]["answer"] == "second" else answer
        return api.charge(ready, answer)

    def _ours(self, host: str) -> bool:
        return host.lower() == self.simulator.settings.domain


def _prepared(api: Api, body: bytes) -> Request | Answer:
    """The request, or the answer that says what is wrong with it."""
    try:
        asked: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {"errors": {"query": "Required parameter missing or invalid"}}
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
        return {"errors": {"query": "Required parameter missing or invalid"}}
    variables = asked.get("variables")
    try:
        return api.prepare(
            asked["query"], variables if isinstance(variables, dict) else None, asked.get("operationName")
        )
    except Unready as unready:
        return {"errors": [shown(error) for error in unready.errors]}


def _name(ready: Request | Answer) -> str | None:
    if not isinstance(ready, Request) or not ready.operation.name:
        return None
    return ready.operation.name.value
