"""What a run of the console does, as data: commands of this project, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    """One command.

    Attributes:
        name: What it is in the history of runs: collect, audit, forecast, migrate, ...
        title: For people.
        words: The program and its arguments: `migration` or `meltano` first.
        variables: Settings of this step, as environment variables; never secrets.
    """

    name: str
    title: str
    words: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What one run does.

    Attributes:
        kind: quick-test, collect, audit, backfill, forecast, migrate, verify, repair, retry, rollback-plan, rollback.
        title: For people.
        steps: In order; the next one begins when the one before ended well.
    """

    kind: str
    title: str
    steps: tuple[Step, ...]


def single(kind: str, title: str, *words: str, **variables: str) -> Plan:
    """Return the plan of one command."""
    return Plan(kind, title, (Step(kind, title, words, variables),))


def goes_on(kind: str) -> str:
    """Return how a run of this kind, or such a step, is gone on with: a rollback is typed anew, not resumed."""
    return f"{'The page Undo and erase' if kind == 'rollback' else 'Resume'} goes on where it stood."
