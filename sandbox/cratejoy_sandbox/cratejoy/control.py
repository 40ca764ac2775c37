"""`/_sandbox/`: switches, figures and rows for tests; no credentials, and the server is on loopback only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from cratejoy_sandbox.cratejoy.errors import ApiError
from cratejoy_sandbox.cratejoy.faults.churn import delete_rows, insert_rows, update_row
from cratejoy_sandbox.cratejoy.faults.grammar import FaultError
from cratejoy_sandbox.cratejoy.resources import ELEMENTS_ONLY, RESOURCES
from cratejoy_sandbox.cratejoy.tables import TABLES, columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.requests import Request

    from cratejoy_sandbox.cratejoy.app import Simulator


def control_routes(simulator: Simulator) -> list[Route]:
    """All paths below `/_sandbox/`."""
    control = Control(simulator)
    return [
        Route("/health", control.health, methods=["GET"]),
        Route("/faults", control.faults, methods=["GET", "PUT", "DELETE"]),
        Route("/stats", control.stats, methods=["GET", "DELETE"]),
        Route("/ids/{name:path}", control.ids, methods=["GET"]),
        Route("/rows/{name:path}/{id:int}", control.row, methods=["GET"]),
        Route("/rows/{name:path}", control.change, methods=["POST"]),
    ]


class Control:
    """The endpoints."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    async def health(self, _: Request) -> Response:
        """Say that the server is up, and how many rows it has."""
        store = self.simulator.store
        counts = await run_in_threadpool(lambda: {table: store.count(table) for table in TABLES})
        return _json({"ok": True, "rows": counts})

    async def faults(self, request: Request) -> Response:
        """Show, merge or reset the faults."""
        faults = self.simulator.faults
        if request.method == "DELETE":
            faults.reset()
        if request.method == "PUT":
            try:
                faults.merge(await _object(request))
            except FaultError as error:
                raise ApiError(400, str(error)) from None
        return _json(faults.values())

    async def stats(self, request: Request) -> Response:
        """Show or forget the figures."""
        if request.method == "DELETE":
            self.simulator.stats.reset()
            self.simulator.faults.met.clear()
        return _json({**self.simulator.stats.report(), "faults": dict(self.simulator.faults.met)})

    async def ids(self, request: Request) -> Response:
        """Stream every id of a resource, one a line, ascending."""
        table = _table(request)

        def lines() -> Iterator[bytes]:
            for number in self.simulator.store.all_ids(table):
                yield b"%d\n" % number

        return StreamingResponse(lines(), media_type="application/jsonl")

    async def row(self, request: Request) -> Response:
        """Show a row as it is stored."""
        table, number = _table(request), request.path_params["id"]
        names = list(columns(table))
        rows = await run_in_threadpool(self.simulator.store.rows, table, names, [number])
        if not rows:
            raise ApiError(404, f"No row {number} in {table}")
        return _json(dict(zip(names, rows[0], strict=True)))

    async def change(self, request: Request) -> Response:
        """Insert, delete and update rows by hand."""
        table, wishes = _table(request), await _object(request)
        unknown = sorted(set(wishes) - set(CHANGES))
        if unknown:
            raise ApiError(400, f"There is no change '{unknown[0]}'; there are insert, delete and update.")
        return _json(await run_in_threadpool(self._change, table, wishes))

    def _change(self, table: str, wishes: dict[str, Any]) -> dict[str, Any]:
        return {name: CHANGES[name](self.simulator, table, wish) for name, wish in wishes.items()}


def _insert(simulator: Simulator, table: str, wish: Any) -> list[int]:
    if type(wish) is not int or wish < 1:
        raise ApiError(400, "insert takes a number of rows.")
    return insert_rows(simulator.store, table, wish)


def _delete(simulator: Simulator, table: str, wish: Any) -> int:
    if not isinstance(wish, list) or not all(type(number) is int for number in wish):
        raise ApiError(400, "delete takes a list of ids.")
    return delete_rows(simulator.store, table, wish)


def _update(simulator: Simulator, table: str, wish: Any) -> int:
    if not isinstance(wish, dict) or not all(isinstance(values, dict) and values for values in wish.values()):
        raise ApiError(400, "update takes an object of ids to objects of columns.")
    unknown = sorted({name for values in wish.values() for name in values} - (set(columns(table)) - {"id"}))
    if unknown:
        raise ApiError(400, f"{table} has no column '{unknown[0]}' that can change.")
    if not all(number.isdecimal() for number in wish):
        raise ApiError(400, "update takes ids as digits.")
    return sum(update_row(simulator.store, table, int(number), values) for number, values in wish.items())


CHANGES: dict[str, Callable[[Simulator, str, Any], Any]] = {
    "insert": _insert,
    "delete": _delete,
    "update": _update,
}


def _table(request: Request) -> str:
    """Table of a resource; every table may also be named itself."""
    name = str(request.path_params["name"]).strip("/")
    resource = RESOURCES.get(name) or ELEMENTS_ONLY.get(name)
    if resource:
        return resource.shape.table
    if name in TABLES:
        return name
    raise ApiError(404, f"There is no resource '{name}'.")


async def _object(request: Request) -> dict[str, Any]:
    try:
        value = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise ApiError(400, "The body is not JSON.") from None
    if not isinstance(value, dict):
        raise ApiError(400, "The body is not a JSON object.")
    return value


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
