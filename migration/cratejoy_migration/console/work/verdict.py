"""What the end of a step means: pure, by the same signs as the unattended run's."""

from __future__ import annotations

from collections.abc import Sequence

from cratejoy_migration.console.work.plan import goes_on
from cratejoy_migration.unattended.child import PASSED_ON, Ended
from cratejoy_migration.unattended.failures import is_verdict, said, told
from cratejoy_migration.unattended.steps import DECISION

CHECKS = frozenset({"audit", "backfill", "forecast", "verify", "repair", "quick-test", "retry", "rollback"})
"""Commands whose exit status 1, with nothing said of an error, means: what was checked does not hold."""


def judge(name: str, ended: Ended, *, stopped: bool) -> tuple[str, str | None]:
    """Return a step's state and its sentence.

    Args:
        name: Of the step.
        ended: Exit status and last lines.
        stopped: Somebody asked the run to stop.
    """
    sentence = told(ended.lines) or last_line(ended.lines)
    if ended.status == 0:
        return "done", None
    if stopped or ended.status - 128 in PASSED_ON:
        return "stopped", f"What was in flight is recorded. {goes_on(name)}"
    if ended.status > 128:
        return "failed", f"It was ended from outside (signal {ended.status - 128}). {goes_on(name)}"
    if ended.status == DECISION:
        return "waiting", sentence
    crashed = any("Traceback" in line for line in ended.lines)
    if name in CHECKS and ended.status == 1 and not crashed and all(map(is_verdict, said(ended.lines))):
        return "unheld", sentence
    return "failed", sentence or f"It ended with exit status {ended.status} without saying why; its log has the lines."


def last_line(lines: Sequence[str]) -> str | None:
    """Return the line with which a program ended."""
    return next((line.strip() for line in reversed(lines) if line.strip()), None)
