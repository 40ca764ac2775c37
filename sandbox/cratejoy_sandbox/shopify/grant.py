"""`POST /admin/oauth/access_token`: the client credentials grant."""

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cratejoy_sandbox.cratejoy.faults.grammar import Visit
from cratejoy_sandbox.shopify.faults.exchange import before
from cratejoy_sandbox.shopify.tokens import LIFETIME

if TYPE_CHECKING:
    from cratejoy_sandbox.shopify.simulator import Simulator


class TokenEndpoint:
    """Gives a token that lives a day, for the right id and secret."""

    def __init__(self, simulator: "Simulator") -> None:
        self.simulator = simulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a fault meets it as the operation `access_token`."""
        request = Request(scope, receive)
        asked = await _parameters(request)
        hits = self.simulator.faults.hits(Visit("access_token", operations=["access_token"]))
        stopped = await before(hits, scope["client"], self.simulator.connections)
        lifetime = self.simulator.faults.option("token_lifetime", "access_token", "seconds")
        response = stopped or self._granted(asked, LIFETIME if lifetime is None else lifetime)
        await response(scope, receive, send)

    def _granted(self, asked: dict[str, str], lifetime: float) -> Response:
        settings = self.simulator.settings
        if asked.get("grant_type") != "client_credentials":
            return _refused("unsupported_grant_type", "The grant type is not supported.")
        if (asked.get("client_id"), asked.get("client_secret")) != (settings.client_id, settings.client_secret):
            return _refused("application_cannot_be_found", "The application cannot be found.")
        told = {
            "access_token": self.simulator.tokens.grant(lifetime),
            "scope": ",".join(sorted(settings.scopes)),
            "expires_in": LIFETIME,
        }
        return Response(orjson.dumps(told), media_type="application/json")


async def _parameters(request: Request) -> dict[str, str]:
    """What was asked, as a form or as JSON; anything else is empty."""
    body = await request.body()
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            told = orjson.loads(body)
        except orjson.JSONDecodeError:
            return {}
        return told if isinstance(told, dict) else {}
    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _refused(error: str, description: str) -> Response:
    body = {"error": error, "error_description": description}
    return Response(orjson.dumps(body), 400, media_type="application/json")
