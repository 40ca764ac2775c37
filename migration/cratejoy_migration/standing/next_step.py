"""What to do next, in one sentence: a table of situations, the first that holds counts. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cratejoy_migration.standing.facts import Facts
from cratejoy_migration.standing.live import sentence


@dataclass(frozen=True)
class Situation:
    """One situation.

    Attributes:
        name: For tests and machines.
        holds: Whether it is this one, when none before it was.
        says: What to do.
    """

    name: str
    holds: Callable[[Facts], bool]
    says: Callable[[Facts], str]


def next_step(facts: Facts) -> tuple[str, str]:
    """Return the situation's name, and the sentence."""
    found = next(one for one in SITUATIONS if one.holds(facts))
    return found.name, found.says(facts)


def _is_running(facts: Facts) -> bool:
    return bool(facts.running or facts.holder)


def _running_sentence(facts: Facts) -> str:
    return f"nothing now: {sentence(facts.running[-1]) if facts.running else facts.holder}"


def _rollback_is_half_done(facts: Facts) -> bool:
    return facts.rollback is not None and not facts.rollback.ended


def _was_rolled_back(facts: Facts) -> bool:
    """Whether the shop was emptied of the migration, and nothing was written since."""
    rollback = facts.rollback
    return rollback is not None and rollback.ended and not (facts.written_at and facts.written_at > rollback.at)


def _is_unaudited(facts: Facts) -> bool:
    """Whether rows came in that nobody compared with Cratejoy since, and nobody went on without that."""
    if facts.audit is None:
        return facts.migrated_at is None
    came = facts.uncompared_at
    return came is not None and not (facts.migrated_at and facts.migrated_at > came)


def _rows_are_missing(facts: Facts) -> bool:
    return facts.audit is not None and facts.audit.beyond > 0


def _forecast_is_due(facts: Facts) -> bool:
    """Whether nobody has looked ahead since the documents changed, before anybody was ever migrated."""
    forecast = facts.last.get("forecast")
    if facts.ledger and (facts.migrated_at or "send" not in facts.last):
        return False
    return forecast is None or forecast.state != "done" or bool(facts.stored_at and facts.stored_at > forecast.ended_at)


def _forecast_does_not_hold(facts: Facts) -> bool:
    forecast = facts.last.get("forecast")
    newer = forecast is not None and not (facts.migrated_at and facts.migrated_at > forecast.ended_at)
    return (
        newer
        and forecast is not None
        and forecast.figures.get("holds") is False
        and _refused_ahead(facts) > (facts.refused_accepted or 0)
    )


def _refused_ahead(facts: Facts) -> int:
    return int((facts.last["forecast"].figures.get("counts") or {}).get("refused", 0))


def _was_interrupted(facts: Facts) -> bool:
    migrate = facts.last.get("migrate")
    return migrate is not None and migrate.state in ("killed", "interrupted", "failed") and facts.to_go != 0


def _is_unverified(facts: Facts) -> bool:
    verified = facts.verification
    return verified is None or (facts.written_at is not None and facts.written_at > verified.verified_at)


def _differs(facts: Facts) -> bool:
    return facts.verification is not None and not facts.verification.clean


def _customers(facts: Facts) -> int:
    return facts.rows["customers"].count if "customers" in facts.rows else 0


def _refused(facts: Facts) -> int:
    return facts.ledger.get("refused", 0)


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def _missing_sentence(facts: Facts) -> str:
    audit = facts.audit
    assert audit is not None  # noqa: S101  # the situation says so
    if audit.unknown:
        return f"it is not known whether all of {', '.join(audit.unknown)} is staged: meltano run audit"
    return f"{_many(audit.missing, 'row is', 'rows are')} missing: migration backfill"


def _interrupted_sentence(facts: Facts) -> str:
    ways = {"killed": "was killed", "interrupted": "was interrupted", "failed": "failed"}
    return (
        f"the last migration {ways[facts.last['migrate'].state]} before its end: meltano run migrate (it goes on where "
        "it stood)"
    )


def _refused_sentence(facts: Facts) -> str:
    refused = _refused(facts)
    return (
        f"{_many(refused, 'customer was', 'customers were')} refused (migration report says why): correct them and "
        f'collect again, or migration accept refused --count {refused} --reason "..."'
    )


def _refused_ahead_sentence(facts: Facts) -> str:
    return (
        f"{_many(_refused_ahead(facts), 'customer', 'customers')} would be refused: work through "
        "reports/fix-list.csv, or migration accept refused"
    )


def _to_go_sentence(facts: Facts) -> str:
    if facts.to_go is None:
        return "bring the shop up to date: meltano run migrate"
    return f"{_many(facts.to_go, 'customer is', 'customers are')} to go: meltano run migrate"


def _fixed(text: str) -> Callable[[Facts], str]:
    return lambda _: text


_ROLLING_BACK = "a rollback is half done; finish it: migration rollback --confirm <shop>"
_ONLY_TESTED = "only a quick test was made so far; read everything: meltano run collect"
_NOTHING_STAGED = "nothing is staged yet (or all was purged): meltano run collect"
_INCOMPLETE = "the collection of {} is not complete: meltano run collect (it goes on where it stood)"
_DECISION = "a person has to decide: {}. Then: migration run --until verified"
_ROLLED_BACK = (
    "the shop was rolled back: meltano run migrate begins again, migration purge --confirm <shop> removes what is "
    "staged"
)
_NOT_AUDITED = "compare what is staged with Cratejoy: meltano run audit"
_NOT_FORETOLD = "see what the migration would do, without a write: migration forecast"
_NOT_VERIFIED = "read the shop back and compare: meltano run verify"
_DIFFERENCES = (
    "the last verification was not clean (reports/certificate.html shows why): migration repair sends again what it "
    "can; for the rest, migration accept different, then meltano run verify"
)
_VERIFIED = (
    "nothing: all is in the shop and verified. Until the switch: meltano run collect audit migrate verify; after it: "
    "migration purge --confirm <shop>"
)

SITUATIONS = (
    Situation("running", _is_running, _running_sentence),
    Situation("rolling back", _rollback_is_half_done, _fixed(_ROLLING_BACK)),
    Situation("nothing staged", lambda facts: not _customers(facts), _fixed(_NOTHING_STAGED)),
    Situation("only tested", lambda facts: facts.only_tested, _fixed(_ONLY_TESTED)),
    Situation(
        "incomplete",
        lambda facts: bool(facts.incomplete),
        lambda facts: _INCOMPLETE.format(", ".join(facts.incomplete)),
    ),
    Situation(
        "decision",
        lambda facts: facts.waiting is not None,
        lambda facts: _DECISION.format((facts.waiting or "").rstrip(".")),
    ),
    Situation("rolled back", _was_rolled_back, _fixed(_ROLLED_BACK)),
    Situation("not audited", _is_unaudited, _fixed(_NOT_AUDITED)),
    Situation("missing", _rows_are_missing, _missing_sentence),
    Situation("not foretold", _forecast_is_due, _fixed(_NOT_FORETOLD)),
    Situation("forecast does not hold", _forecast_does_not_hold, _refused_ahead_sentence),
    Situation("interrupted", _was_interrupted, _interrupted_sentence),
    Situation("to go", lambda facts: facts.to_go is None or facts.to_go > 0, _to_go_sentence),
    Situation("not verified", _is_unverified, _fixed(_NOT_VERIFIED)),
    Situation("differences", _differs, _fixed(_DIFFERENCES)),
    Situation("refused", lambda facts: _refused(facts) > (facts.refused_accepted or 0), _refused_sentence),
    Situation("verified", lambda _: True, _fixed(_VERIFIED)),
)
"""From what matters most to what is done; the last one always holds."""
