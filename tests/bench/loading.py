"""Tap and loader together, into an embedded database that is built for this and thrown away."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.programs import CannotMeasure, Child, Pages, Programs, Took, run, serving
from tests.bench.report import Row

_SCHEMA = "bench"
NOTES = """\
- The loader runs with its own defaults. The embedded database is up before the clock starts; its processor time and
  memory are not counted. The second load replaces every row by itself.
"""


def measure(programs: Programs, records: int) -> list[Row]:
    """Load all customers into an empty table, then once more into the full one."""
    rows = []
    with _database(programs) as place, serving(records) as pages:
        for name in ("into an empty table", "once more, all rows replaced"):
            tap, loader = _pipe(programs, pages, place)
            _check(programs, place, records)
            rows.append(
                Row(
                    f"tap and loader, {name}",
                    f"{records / loader.seconds:,.0f} records/s",
                    f"{records:,} records in {loader.seconds:.1f} s; "
                    f"processor time {tap.cpu:.1f} + {loader.cpu:.1f} s; "
                    f"peak memory {tap.peak_mb:.0f} + {loader.peak_mb:.0f} MB",
                )
            )
    return rows


@contextmanager
def _database(programs: Programs) -> Iterator[dict[str, str]]:
    """Keep an embedded database of our own running; yields the variables that lead to it."""
    project = programs.folder / "project"
    project.mkdir()
    place = {"MELTANO_PROJECT_ROOT": str(project)}
    try:
        run([*programs.program("migration"), "start"], variables=place)
        yield place
    finally:
        run([*programs.program("migration"), "stop", "--force"], variables=place)
        shutil.rmtree(project)


def _pipe(programs: Programs, pages: Pages, place: dict[str, str]) -> tuple[Took, Took]:
    config = programs.folder / "loader_config.json"
    config.write_text(json.dumps({"default_target_schema": _SCHEMA}))
    command = [*programs.program("staging-target-postgres"), "--config", str(config)]
    with (
        Child(programs.tap(pages), stdout=subprocess.PIPE) as tap,
        Child(command, stdin=tap.process.stdout, variables=place) as loader,
    ):
        tap.process.stdout.close()
        return tap.end(), loader.end()


def _check(programs: Programs, place: dict[str, str], records: int) -> None:
    """Count what is in the table.

    Raises:
        CannotMeasure: It is not every record.
    """
    query = f"select count(*) from {_SCHEMA}.customers"
    found = programs.folder / "found"
    with found.open("wb") as file:
        run([*programs.program("migration"), "psql", "-Atc", query], variables=place, stdout=file)
    if int(found.read_text()) != records:
        raise CannotMeasure(f"{found.read_text().strip()} of {records} records are in the table")
