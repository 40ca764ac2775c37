"""The guided path: five steps, of which the one whose turn it is follows from where the migration stands. Pure.

`standing.next_step` is asked, so that the console and `migration status` never differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cratejoy_migration.console.work import tiers
from cratejoy_migration.console.work.plan import Plan
from cratejoy_migration.standing.facts import Facts
from cratejoy_migration.standing.next_step import next_step
from cratejoy_migration.standing.screen import PHASES

STEPS = {
    "collect": ("Collect", "Everything from Cratejoy into the staging database; customers first, then the rest."),
    "audit": ("Audit", "What Cratejoy holds against what is staged. Missing rows are read again."),
    "forecast": ("Forecast", "What Shopify would do with each customer, without writing anything."),
    "migrate": ("Migrate", "Customers with their histories into the shop. Nobody is mailed."),
    "verify": ("Verify", "The shop read back and compared, field by field; the certificate."),
}
"""Name, title and purpose of each step, in order."""
_BADLY = ("failed", "interrupted", "killed")
"""States of a run of which a date alone would read as if it had been done."""


@dataclass(frozen=True)
class Turn:
    """What a situation means on the path.

    Attributes:
        step: Whose turn it is; empty when no step is.
        says: For the operator.
        button: Of the one primary action; empty when there is none here.
        plan: What the button starts.
        page: Where else to look: address and words of the link.
        writes: Whether the plan writes into the shop.
    """

    step: str
    says: str
    button: str = ""
    plan: Plan | None = None
    page: tuple[str, str] | None = None
    writes: bool = False


@dataclass(frozen=True)
class Stage:
    """One step of the path as it stands.

    Attributes:
        name: As in `STEPS`.
        title: For people.
        purpose: One sentence.
        state: done, now, later.
        figures: What it came to.
        when: When, in a few words; of a run that did not come to its end, how it ended, too.
    """

    name: str
    title: str
    purpose: str
    state: str
    figures: str
    when: str


TURNS = {
    "rolling back": Turn("", "A rollback is half done. Finish it first.", page=("undo", "Finish the rollback")),
    "nothing staged": Turn("collect", "Nothing is staged yet.", "Collect", tiers.collect()),
    "only tested": Turn("collect", "Only a quick test was made so far.", "Collect", tiers.collect()),
    "incomplete": Turn(
        "collect", "The collection is not complete; it goes on where it stood.", "Go on collecting", tiers.collect()
    ),
    "decision": Turn("", "The unattended run waits for a decision.", page=("audit", "Look at the audit")),
    "rolled back": Turn(
        "migrate", "The migration was rolled back: the shop is as it was before.", "Migrate again", tiers.migrate(),
        ("undo", "Or erase what is left on this side"), writes=True,
    ),
    "not audited": Turn("audit", "Rows came in that nobody has compared with Cratejoy yet.", "Audit", tiers.AUDIT),
    "missing": Turn(
        "audit", "Rows are missing. Backfill reads exactly those.", "Backfill", tiers.BACKFILL,
        ("audit", "Where the holes are, or accept that rows are missing"),
    ),
    "not foretold": Turn("forecast", "Everything is staged. Look ahead before anything is written.", "Forecast",
                         tiers.FORECAST),
    "forecast does not hold": Turn(
        "forecast", "More customers would be refused than was accepted. Work through the fix list, or accept them.",
        "Forecast again", tiers.FORECAST, ("forecast", "Look at the fix list"),
    ),
    "interrupted": Turn(
        "migrate", "The last migration did not come to its end. It goes on where it stood; nothing is sent twice.",
        "Go on migrating", tiers.migrate(), writes=True,
    ),
    "to go": Turn(
        "migrate", "The forecast holds. Customers can go.", "Migrate", tiers.migrate(),
        ("forecast", "Look at the forecast"), writes=True,
    ),
    "not verified": Turn("verify", "Everybody has gone. Read the shop back to be sure.", "Verify", tiers.VERIFY),
    "differences": Turn(
        "verify", "Some customers are not in the shop as they should be. Repair sends exactly those again.", "Repair",
        tiers.REPAIR, ("certificate", "What differs"), writes=True,
    ),
    "refused": Turn(
        "verify", "Some customers were refused. Correct them in Cratejoy and collect again, or accept it.",
        "Collect again", tiers.collect(), ("forecast", "Who was refused, and why"),
    ),
    "verified": Turn(
        "", "Verified: every staged row is in the shop as it should be, or there is a reason on record.",
        page=("certificate", "Open the certificate"),
    ),
}  # fmt: skip
"""Every situation but a run that is going on."""


def turn(facts: Facts) -> Turn | None:
    """Return what to do now; None while a run is going on."""
    return TURNS.get(next_step(facts)[0])


def stages(facts: Facts) -> list[Stage]:
    """Return the five steps: those before the one whose turn it is are done, those after it come later."""
    situation = next_step(replace(facts, running=(), holder=None))[0]
    running = next((run.command for run in reversed(facts.running) if run.command in STEPS), "")
    found = TURNS.get(situation)
    current = running or (found.step if found else "")
    names = list(STEPS)
    at = names.index(current) if current else len(names) if situation == "verified" else -1
    stages = []
    for place, (name, (title, purpose)) in enumerate(STEPS.items()):
        ended, figures, when = PHASES[name](facts)
        state = "done" if place < at else "now" if place == at else "later"
        told = f"{when.astimezone():%d %b %H:%M}" if when else ""
        told = f"{ended}, {told}" if told and ended in _BADLY else told
        stages.append(Stage(name, title, purpose, state, figures if state != "later" else "", told))
    return stages
