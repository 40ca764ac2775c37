"""What comes next: knowledge in, one move out."""

from datetime import UTC, datetime, timedelta

import pytest
from cratejoy_migration.unattended.planner import GOALS, Audit, Known, Move, Past, next_move

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TWO = ("customers", "orders")


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def walked(known, goal="verified", holds=lambda step, times: True, most=60):
    """Return the steps of a whole walk, when each comes to its end a minute after the other."""
    steps, past, minute = [], dict(known.past), 0
    while (move := next_move(Known(**{**vars(known), "past": past}), goal)) is not None:
        assert len(steps) < most, "the walk does not end"
        minute += 1
        times = past[move.step].times + 1 if move.step in past else 1
        past[move.step] = Past(at(minute), holds(move.step, times), times)
        steps.append(move.step)
        if move.asks and not past[move.step].held:
            return [*steps, "?"]
    return steps


def audited(missing):
    return {stream: Audit(missing, at(0)) for stream in TWO}


def test_customers_are_read_counted_and_backfilled_before_the_next_stream_is_read():
    known = Known(TWO, audits={"customers": Audit(3, at(0)), "orders": Audit(0, at(0))})
    assert walked(known, "collected") == [
        "collect customers",
        "audit customers",
        "backfill customers",
        "collect orders",
        "audit orders",
    ]


def test_a_whole_walk_where_everything_holds():
    assert walked(Known(("customers",))) == [
        "collect customers",
        "audit customers",
        "ready",
        "forecast",
        "migrate",
        "verify",
    ]


@pytest.mark.parametrize(
    ("goal", "last"),
    [
        ("collected", "audit customers"),
        ("audited", "ready"),
        ("forecast", "forecast"),
        ("migrated", "migrate"),
        ("verified", "verify"),
    ],
)
def test_each_goal_ends_at_its_own_step(goal, last):
    assert walked(Known(("customers",)), goal)[-1] == last


def test_the_first_round_does_not_read_again_what_was_read_by_hand():
    known = Known(TWO, scans={"customers": at(-600)}, audits={"customers": Audit(0, at(-500))})
    assert next_move(known, "verified") == Move("collect", "orders")


def test_an_audit_that_is_older_than_the_scan_does_not_count():
    known = Known(("customers",), scans={"customers": at(0)}, audits={"customers": Audit(0, at(-1))})
    assert next_move(known, "collected") == Move("audit", "customers")


def test_a_later_round_reads_anew_what_was_read_before_it_began():
    known = Known(("customers",), scans={"customers": at(-1)}, since=at(0))
    assert next_move(known, "verified") == Move("collect", "customers")
    assert next_move(Known(("customers",), scans={"customers": at(1)}, since=at(0)), "verified") == Move(
        "audit", "customers"
    )


def test_a_collection_of_this_round_counts_even_when_the_clock_of_its_machine_is_slow():
    past = {"collect customers": Past(at(5))}
    known = Known(("customers",), scans={"customers": at(-90)}, since=at(0), past=past)
    assert next_move(known, "verified") == Move("audit", "customers")


def test_accepted_rows_are_not_backfilled():
    past = {"collect customers": Past(at(1)), "audit customers": Past(at(2))}
    audits = {"customers": Audit(3, at(2))}
    assert next_move(Known(("customers",), audits=audits, past=past), "audited") == Move("backfill", "customers")
    for accepted in ({"customers": 3}, {"all": 3}):
        known = Known(("customers",), audits=audits, past=past, accepted=accepted)
        assert next_move(known, "audited") == Move("ready", asks=True)


def test_what_stays_missing_does_not_hold_up_other_streams_and_is_asked_about_once_at_the_end():
    steps = walked(Known(TWO, audits=audited(2)), "audited", holds=lambda step, times: step != "ready")
    assert steps[-2:] == ["ready", "?"]
    assert steps.count("backfill customers") == steps.count("backfill orders") == 1


def test_differences_are_repaired_and_a_repair_that_leaves_a_clean_shop_ends_the_walk():
    known = Known(("customers",), scans={"customers": at(-9)}, audits={"customers": Audit(0, at(-8))})
    assert walked(known, holds=lambda step, times: step != "verify")[-3:] == ["migrate", "verify", "repair"]


def test_differences_that_two_repairs_leave_are_for_a_person():
    known = Known(("customers",), scans={"customers": at(-9)}, audits={"customers": Audit(0, at(-8))})
    steps = walked(known, holds=lambda step, times: step not in {"verify", "repair"})
    assert steps[-5:] == ["migrate", "verify", "repair", "repair", "?"]


def test_after_a_decision_about_differences_the_shop_is_read_back_once_more():
    past = {name: Past(at(0)) for name in ("ready", "forecast", "migrate")}
    past |= {"verify": Past(at(1), held=False), "repair": Past(at(4), held=False, times=2)}
    known = Known(("customers",), scans={"customers": at(-9)}, audits={"customers": Audit(0, at(-8))}, past=past)
    assert next_move(known, "verified") == Move("verify", asks=True)
    known = Known(**{**vars(known), "past": {**past, "verify": Past(at(5), held=True)}})
    assert next_move(known, "verified") is None


@pytest.mark.parametrize("phase", ["audit", "forecast", "migrate", "verify"])
def test_a_round_from_a_later_phase_leaves_the_earlier_ones_alone(phase):
    steps = walked(Known(("customers",), since=at(0), first=phase))
    assert steps[0] == {"audit": "audit customers"}.get(phase, phase)
    assert steps[-1] == "verify"
    assert len(steps) == {"audit": 5, "forecast": 3, "migrate": 2, "verify": 1}[phase]


@pytest.mark.parametrize("goal", GOALS)
def test_no_walk_is_endless_whatever_does_not_hold(goal):
    for bad in ("audit", "backfill", "ready", "forecast", "verify", "repair", ""):
        walked(Known(TWO, audits=audited(5)), goal, holds=lambda step, times, bad=bad: not step.startswith(bad or "-"))
