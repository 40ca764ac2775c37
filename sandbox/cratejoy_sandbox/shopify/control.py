"""`/_sandbox/`: switches, figures and the shop's data for tests; no token, and the server is on loopback only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cratejoy_sandbox.cratejoy.errors import ApiError
from cratejoy_sandbox.cratejoy.faults.grammar import FaultError

if TYPE_CHECKING:
    from starlette.requests import Request

    from cratejoy_sandbox.shopify.simulator import Simulator

CONTROLS: list[BaseRoute] = []
"""Further routes below `/_sandbox/` that modules add at import; `request.app.state.simulator` is the simulator."""


def control_routes(simulator: Simulator) -> list[BaseRoute]:
    """All paths below `/_sandbox/`."""
    control = Control(simulator)
    return [
        Route("/health", control.health, methods=["GET"]),
        Route("/faults", control.faults, methods=["GET", "PUT", "DELETE"]),
        Route("/stats", control.stats, methods=["GET", "DELETE"]),
        Route("/reset", control.reset, methods=["POST"]),
        *CONTROLS,
    ]


class Control:
    """The endpoints that every module shares."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    async def health(self, _: Request) -> Response:
        """Say that the server is up, and how many things of each kind it has."""
        rows = self.simulator.store.execute("SELECT kind, COUNT(*) FROM entities GROUP BY kind ORDER BY kind")
        return as_json({"ok": True, "entities": dict(rows.fetchall()), "shop": self.simulator.settings.domain})

    async def faults(self, request: Request) -> Response:
        """Show, merge or reset the faults."""
        faults = self.simulator.faults
        if request.method == "DELETE":
            faults.reset()
        if request.method == "PUT":
            try:
                faults.merge(await object_in(request))
            except FaultError as error:
                raise ApiError(400, str(error)) from None
        return as_json(faults.values())

    async def stats(self, request: Request) -> Response:
        """Show or forget the figures."""
        if request.method == "DELETE":
            self.simulator.stats.reset()
            self.simulator.faults.met.clear()
        return as_json({**self.simulator.stats.report(), "faults": dict(self.simulator.faults.met)})

    async def reset(self, _: Request) -> Response:
        """Empty the shop, fill the bucket, forget figures and faults."""
        self.simulator.reset()
        self.simulator.faults.reset()
        return as_json({"ok": True})


async def object_in(request: Request) -> dict[str, Any]:
    """The JSON object that a request carries; 400 for anything else."""
    try:
        value = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise ApiError(400, "The body is not JSON.") from None
    if not isinstance(value, dict):
        raise ApiError(400, "The body is not a JSON object.")
    return value


def as_json(value: Any) -> Response:
    """An answer of the control API."""
    return Response(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), media_type="application/json")
