"""Sending the documents through the target with `dry_run`, by Meltano, as the migration itself would go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cratejoy_migration import meltano_runs
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.plugins import run_meltano

SUFFIX = "forecast"
"""Of Meltano's state id: a forecast holds up no migration, and leaves no bookmark."""
_BLOCKS = ("migration:unlock", "tap-postgres", "target-shopify")


def foretell(project: Path, folder: Path) -> dict[str, Any]:
    """Run dry; return the figures of `forecast.json`.

    Args:
        project: Its folder.
        folder: `report_dir` of the target.

    Raises:
        OperatorError: The run ended early.
    """
    told = folder / "forecast.json"
    told.unlink(missing_ok=True)
    status = run_meltano(
        project, "run", f"--state-id-suffix={SUFFIX}", *_BLOCKS, variables={"TARGET_SHOPIFY_DRY_RUN": "true"}
    )
    if status:
        raise OperatorError(
            f"The dry run ended early (exit status {status}); its own message above says why. Nothing was written to "
            "Shopify, and the same command begins anew."
        )
    database = meltano_runs.open_database(project)
    if database:
        meltano_runs.forget_state(database, SUFFIX)
    try:
        found = json.loads(told.read_text("utf-8"))
    except (OSError, ValueError):
        raise OperatorError(
            f"The dry run left no {told}: check the setting report_dir (TARGET_SHOPIFY_REPORT_DIR)."
        ) from None
    return dict(found)
