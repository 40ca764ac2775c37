"""Carrying some of the staged customers through the normal pipeline, and what that took."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from target_shopify.client import ShopifyClient
from target_shopify.settings import Settings

from cratejoy_migration import plugins
from cratejoy_migration.documents.build import Told, build
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.history import SENDS_FEW
from cratejoy_migration.pilot import record

_PIPELINE = ("run", "migration:unlock", "tap-postgres", "target-shopify")
"""Unlocking first: a pilot that was killed may have left Meltano's own mark."""


@dataclass(frozen=True)
class Place:
    """Where a pilot works.

    Attributes:
        project: The project's folder.
        url: The staging database.
        connection: To it, held by the pilot.
        client: Asks the shop.
        settings: Of the target.
        development: It is a development store, which takes five orders a minute and no more.
    """

    project: Path
    url: str
    connection: record.Connection
    client: ShopifyClient
    settings: Settings
    development: bool = False


@dataclass(frozen=True)
class Operation:
    """One bulk operation that is complete: its lines, and its times by Shopify's clock."""

    lines: int
    began: datetime
    ended: datetime


def load(place: Place, lane: str, customers: int) -> dict[str, Any]:
    """Carry so many customers that still have to go, in one lane.

    Returns:
        What was measured: customers, seconds, points, calls, lines a second; null where it could not be measured.

    Raises:
        OperatorError: There is nothing to carry, or the pipeline failed; the same command goes on.
    """
    told = Told(step=lambda *_: None, warning=lambda text: click.echo(f"Warning: {text}", err=True))
    waiting = build(place.url, told).to_go
    if not waiting:
        raise OperatorError("No staged customer is left to carry: meltano run collect, or roll back first.")
    began = datetime.now(UTC)
    before, known = _run_id(place), set(operations(place.client))
    variables = {
        "TAP_POSTGRES_MAX_RECORD_COUNT": str(customers),
        "TARGET_SHOPIFY_LANE": lane,
        SENDS_FEW: "1",
    }
    status = plugins.run_meltano(place.project, *_PIPELINE, variables=variables)
    if status:
        raise OperatorError(
            f"The load of the pilot failed (exit status {status}, reasons above); the same command goes on with it."
        )
    figures = _figures(place)
    if figures.get("run_id") == before:
        raise OperatorError("The load of the pilot left no report: set report_dir back to the project's reports.")
    return _measured(place, figures, known, (datetime.now(UTC) - began).total_seconds())


def operations(client: ShopifyClient) -> dict[str, Operation]:
    """Return the latest bulk mutations that are complete, by id."""
    look = client.look("PilotBulkOperations", {"query": "operation_type:mutation"})
    nodes = look.value.get("nodes") if isinstance(look.value, dict) else None
    found = {}
    for node in nodes or ():
        if node.get("status") == "COMPLETED" and node.get("completedAt"):
            times = (datetime.fromisoformat(node[name]) for name in ("createdAt", "completedAt"))
            found[str(node["id"])] = Operation(int(node.get("objectCount") or 0), *times)
    return found


def lines_a_second(operations: Sequence[Operation]) -> float | None:
    """Return the speed of operations that ran beside each other, from the first beginning to the last end.

    Shopify counts whole seconds, so one is the least that is believed.
    """
    lines = sum(one.lines for one in operations)
    if not lines:
        return None
    whole = max(one.ended for one in operations) - min(one.began for one in operations)
    return round(lines / max(whole.total_seconds(), 1.0), 2)


def _measured(place: Place, figures: dict[str, Any], known: set[str], whole: float) -> dict[str, Any]:
    customers, seconds = record.span(place.connection, str(figures.get("run_id"))) or (0, 0.0)
    done = figures.get("documents") or 0
    bulk = [one for name, one in operations(place.client).items() if name not in known]
    orders = place.settings.orders == "create"
    timed = customers and seconds and not (orders and place.development)
    return {
        "with_orders": orders,
        "customers": customers,
        "outcomes": figures.get("outcomes") or {},
        "seconds": round(seconds, 2),
        "seconds_with_start": round(whole, 1),
        "customers_per_second": round(customers / seconds, 2) if timed else None,
        "points_per_customer": round((figures.get("points", 0) - _prepared(figures)) / done, 2) if done else None,
        "throttled": figures.get("throttled", 0),
        "retries": figures.get("retries", 0),
        "lines": sum(one.lines for one in bulk),
        "lines_per_second": lines_a_second(bulk),
    }


def _prepared(figures: Mapping[str, Any]) -> float:
    """Return the points of what is done once, not once a customer: metafield definitions, ten points each."""
    calls = figures.get("calls")
    return 10.0 * calls.get("DefinitionCreate", 0) if isinstance(calls, dict) else 0.0


def _figures(place: Place) -> dict[str, Any]:
    folder = place.settings.report_dir or place.project / plugins.REPORTS
    try:
        found = json.loads((folder / "run.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _run_id(place: Place) -> str | None:
    return _figures(place).get("run_id")
