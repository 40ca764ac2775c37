"""Meltano's own database: which runs it believes to be running, and the state of each pipeline."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from dotenv import dotenv_values

if TYPE_CHECKING:
    from pathlib import Path

# Meltano writes a heartbeat every second.
_SILENCE = timedelta(seconds=10)
_LOOK_SECONDS = 0.5

_runs = sa.table(
    "runs",
    *map(sa.column, ("id", "job_name", "state", "started_at", "last_heartbeat_at", "ended_at", "payload")),
)
_states = sa.table("state", *map(sa.column, ("state_id", "partial_state", "completed_state", "updated_at")))
COLLECTION = "tap-cratejoy-to-target-postgres"
"""What the state of a collection, and its run, are named after the environment and a colon."""


def open_database(project: Path) -> sa.Engine | None:
    """Return Meltano's database of this project, or None when there is none yet."""
    name = "MELTANO_DATABASE_URI"
    uri = os.environ.get(name) or dotenv_values(project / ".env").get(name)
    if uri:
        return sa.create_engine(uri, hide_parameters=True)
    file = project / ".meltano" / "meltano.db"
    return sa.create_engine(f"sqlite:///{file}") if file.exists() else None


def end_dead_runs(database: sa.Engine) -> list[str]:
    """Mark runs as failed whose Meltano was killed; return the names of their pipelines.

    A run counts as dead when its heartbeat does not move for ten seconds; this waits for that long at most. A
    run that is alive is left alone.
    """
    runs = _running(database)
    return [str(run["job_name"]) for run in runs if _is_dead(database, run) and _mark_failed(database, run)]


def living_runs(database: sa.Engine) -> list[str]:
    """Return the names of pipelines that Meltano is running; a run that is dead does not count."""
    return [str(run["job_name"]) for run in _running(database) if not _is_dead(database, run)]


def bookmarks(database: sa.Engine) -> dict[str, dict[str, Any]]:
    """Return the last saved bookmark of each stream, over all pipelines."""
    with database.connect() as connection:
        if not sa.inspect(connection).has_table("state"):
            return {}
        rows = connection.execute(sa.select(_states)).mappings().all()
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        for text in (row["completed_state"], row["partial_state"]):
            found |= _singer_bookmarks(text)
    return found


def collection_id(project: Path) -> str:
    """Return the name of the collection's state, which is that of its runs, too."""
    name = "MELTANO_ENVIRONMENT"
    return f"{os.environ.get(name) or dotenv_values(project / '.env').get(name) or 'dev'}:{COLLECTION}"


def singer_state(database: sa.Engine, state_id: str) -> dict[str, Any] | None:
    """Return the Singer state that the next run of a pipeline begins with; None when it has none."""
    with database.connect() as connection:
        if not sa.inspect(connection).has_table("state"):
            return None
        row = connection.execute(sa.select(_states).where(_states.c.state_id == state_id)).mappings().first()
    if row is None:
        return None
    found: dict[str, Any] = {}
    for text in (row["completed_state"], row["partial_state"]):
        _lay_over(found, json.loads(text or "{}").get("singer_state") or {})
    return found


def keep_singer_state(database: sa.Engine, state_id: str, state: dict[str, Any]) -> None:
    """Let the next run of a pipeline, which has a state, begin with this one."""
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" ")
    values = {"completed_state": json.dumps({"singer_state": state}), "partial_state": "{}", "updated_at": now}
    with database.begin() as connection:
        connection.execute(sa.update(_states).where(_states.c.state_id == state_id).values(**values))


def _lay_over(below: dict[str, Any], above: dict[str, Any]) -> None:
    """Merge as Meltano does: at depth, what is above wins."""
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            _lay_over(below[key], value)
        else:
            below[key] = value


def forget_state(database: sa.Engine, suffix: str) -> None:
    """Drop the state of pipelines that ran under a suffix of their own, once it is of no more use."""
    with database.begin() as connection:
        if sa.inspect(connection).has_table("state"):
            connection.execute(sa.delete(_states).where(_states.c.state_id.endswith(f":{suffix}", autoescape=True)))


def _singer_bookmarks(text: str | None) -> dict[str, dict[str, Any]]:
    state = json.loads(text or "{}").get("singer_state") or {}
    return {name: mark for name, mark in (state.get("bookmarks") or {}).items() if isinstance(mark, dict)}


def _running(database: sa.Engine) -> list[sa.RowMapping]:
    with database.connect() as connection:
        if not sa.inspect(connection).has_table("runs"):
            return []
        return list(connection.execute(sa.select(_runs).where(_runs.c.state == "RUNNING")).mappings())


def _is_dead(database: sa.Engine, run: sa.RowMapping) -> bool:
    """Watch the heartbeat of a run until it moves or has been silent for long enough."""
    seen_at = time.monotonic()
    if _age(run) > _SILENCE:
        return True
    while time.monotonic() - seen_at < _SILENCE.total_seconds():
        time.sleep(_LOOK_SECONDS)
        now = next((other for other in _running(database) if other["id"] == run["id"]), None)
        if now is None or now["last_heartbeat_at"] != run["last_heartbeat_at"]:
            return False
    return True


def _age(run: sa.RowMapping) -> timedelta:
    beat = run["last_heartbeat_at"] or run["started_at"]
    moment = beat if isinstance(beat, datetime) else datetime.fromisoformat(str(beat))
    return datetime.now(UTC) - (moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _mark_failed(database: sa.Engine, run: sa.RowMapping) -> bool:
    payload = {
        **json.loads(run["payload"] or "{}"),
        "error": "Meltano was killed; ended by `migration unlock`.",
    }
    ended = datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" ")
    statement = (
        sa.update(_runs)
        .where(_runs.c.id == run["id"], _runs.c.state == "RUNNING")
        .where(_runs.c.last_heartbeat_at == run["last_heartbeat_at"])
        .values(state="FAIL", ended_at=ended, payload=json.dumps(payload))
    )
    with database.begin() as connection:
        return bool(connection.execute(statement).rowcount)
