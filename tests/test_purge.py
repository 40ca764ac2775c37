"""After a migration with failures of every kind, a purge leaves nothing of anybody behind."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import requests
from pipeline import SECRET_TOKEN, Project, Store, start_shop

MARK = "Quetzalcoatlus"
PLANTED = {"first_name": MARK, "last_name": MARK, "name": f"{MARK} {MARK}", "note": f"calls herself {MARK}"}


def test_a_purge_leaves_no_row_and_no_file_with_a_planted_marker(project: Project, store: Store) -> None:
    people = [row for row in store.rows("customers").values() if row["email"]]
    one, other = people[0], people[1]
    email = f"{MARK}@example.com"
    change(store, {one["id"]: {**PLANTED, "email": email}, other["id"]: {**PLANTED, "email": f"x{email}"}})
    try:
        with start_shop("--time-scale", "100", "--bulk-rate", "50") as shop:
            into = {
                "TARGET_SHOPIFY_SHOP": "demo", "TARGET_SHOPIFY_API_URL": shop.url,
                "TARGET_SHOPIFY_ACCESS_TOKEN": SECRET_TOKEN, "TARGET_SHOPIFY_CONFLICT": "skip",
                "TARGET_SHOPIFY_ORDERS": "history",
            }  # fmt: skip
            requests.post(
                f"{shop.url}/_sandbox/customers", json=[{"email": email, "firstName": "Theirs"}], timeout=10
            ).raise_for_status()  # owns the address: a dead letter
            assert project.run("meltano", "run", "collect", **into)[0] == 0
            kill_in_the_middle(project, {**into, "TARGET_SHOPIFY_LANE": "bulk"})
            status, said = project.run("meltano", "run", "migrate", **into)
            assert status == 0, said
            assert marked(project.folder / "reports"), "no dead letter to purge"
            assert marked(project.folder / ".staging")

            status, said = project.run("migration", "purge", "--confirm", "demo", **into)
            assert status == 0, said
            assert MARK not in said
            assert said.endswith("Nothing is left.\n")
            assert marked(project.folder) == []
            assert not (project.folder / ".staging").exists()
            status, said = project.run("migration", "status", **into)
            assert status == 0, said
    finally:
        change(store, {row["id"]: {name: row[name] for name in (*PLANTED, "email")} for row in (one, other)})


def kill_in_the_middle(project: Project, into: dict[str, str]) -> None:
    """Kill -9 Meltano and all below it once the target has a working folder."""
    run = project.start("meltano", "run", "migrate", **into)
    deadline = time.monotonic() + 60
    while not list((project.folder / "reports").glob(".work-*")) and run.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(run.pid, 9)
    run.communicate()


def marked(folder: Path) -> list[str]:
    """Return every file below a folder with the marker in it, in any case."""
    files = [Path(place) / name for place, names, found in os.walk(folder) if not skip(names) for name in found]
    return [str(file) for file in files if MARK.lower().encode() in content(file).lower()]


def content(file: Path) -> bytes:
    """Return what is in a file; nothing when it went meanwhile, as those of the database do when that goes idle."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""


def skip(names: list[str]) -> None:
    names[:] = [name for name in names if name != ".venv"]


def change(store: Store, rows: dict[int, dict[str, object]]) -> None:
    body = json.dumps({"update": {str(number): columns for number, columns in rows.items()}})
    answer = requests.post(f"{store.url}/_sandbox/rows/customers", data=body, timeout=10)
    assert answer.status_code == 200, answer.text
