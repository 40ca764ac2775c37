"""The three ways to migrate, as plans: quick test, enhanced, and each step of the guided path. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from cratejoy_migration.console.work.plan import Plan, Step, single

ROWS_A_PAGE = (100, 250, 500, 750, 1000)
"""Presets of the page size of a collection; 500 to 1,000 need the fewest requests."""
CUSTOMERS_A_BATCH = (25, 50)
"""Presets of how many customers one run carries."""
_SEND = ("tap-postgres", "target-shopify")


def quick_test(customers: int, *, send: bool) -> Plan:
    """Return the plan of a quick test.

    Args:
        customers: How many at most.
        send: Write them into the shop.
    """
    words = ("migration", "quick-test", "--customers", str(customers), *(["--send"] if send else []))
    return single("quick-test", "Quick test, written" if send else "Quick test", *words)


@dataclass(frozen=True)
class Collection:
    """A collection with choices.

    Attributes:
        streams: Which ones; empty means those of the settings.
        page_size: Rows a page; None as in the settings.
        pages: Page ranges of the one chosen stream, such as 118-119,205; empty means all.
        record_limit: So many records of each stream at most; None means all.
        then_audit: Compare the counts afterwards.
    """

    streams: tuple[str, ...] = ()
    page_size: int | None = None
    pages: str = ""
    record_limit: int | None = None
    then_audit: bool = True


def collect(choices: Collection | None = None) -> Plan:
    """Return the plan of a collection."""
    chosen = choices or Collection(then_audit=False)
    variables = {}
    if chosen.streams:
        variables["TAP_CRATEJOY__SELECT_FILTER"] = json.dumps(list(chosen.streams))
    if chosen.page_size:
        variables["TAP_CRATEJOY_PAGE_SIZE"] = str(chosen.page_size)
        variables["TAP_CRATEJOY_PAGE_SIZES"] = "{}"
    if chosen.pages:
        variables["TAP_CRATEJOY_PAGES"] = json.dumps({chosen.streams[0]: chosen.pages})
    if chosen.record_limit:
        variables["TAP_CRATEJOY_RECORD_LIMIT"] = str(chosen.record_limit)
    steps = [Step("collect", "Collect", ("meltano", "run", "collect"), variables)]
    if choices and chosen.then_audit and not (chosen.pages or chosen.record_limit):
        only = [word for stream in chosen.streams for word in ("--stream", stream)]
        steps.append(Step("audit", "Audit", ("migration", "audit", *only)))
    return Plan("collect", "Collect", tuple(steps))


@dataclass(frozen=True)
class Migration:
    """A migration with choices.

    Attributes:
        customers: So many of those who have to go; None means all.
        lane: direct, bulk or auto; empty as in the settings.
        orders: none, history or create; empty as in the settings.
        dry_run: Write nothing.
    """

    customers: int | None = None
    lane: str = ""
    orders: str = ""
    dry_run: bool = True


def migrate(choices: Migration | None = None) -> Plan:
    """Return the plan of a migration: by the job of meltano.yml, with what was chosen as settings of this run."""
    if choices is None:
        return single("migrate", "Migrate", "meltano", "run", "migrate")
    variables = {"TARGET_SHOPIFY_DRY_RUN": "true" if choices.dry_run else "false"}
    if choices.lane:
        variables["TARGET_SHOPIFY_LANE"] = choices.lane
    if choices.orders:
        variables["TARGET_SHOPIFY_ORDERS"] = choices.orders
    if choices.customers:
        variables["TAP_POSTGRES_MAX_RECORD_COUNT"] = str(choices.customers)
    if choices.dry_run:
        variables["TARGET_SHOPIFY_REPORT_DIR"] = "reports/rehearsal"  # the forecast of all of them stays
    suffix = ("--state-id-suffix=rehearsal",) if choices.dry_run else ()
    words = ("meltano", "run", *suffix, "migration:unlock", "migration:ready", "migration:documents", *_SEND)
    title = "Migration, dry" if choices.dry_run else "Migrate"
    return Plan("forecast" if choices.dry_run else "migrate", title, (Step("migrate", title, words, variables),))


def rollback(shop: str) -> Plan:
    """Return the plan of a rollback that was confirmed by the shop's name."""
    return single("rollback", "Rollback", "migration", "rollback", "--confirm", shop)


ROLLBACK_PLAN = single("rollback-plan", "Plan of a rollback", "migration", "rollback", "--plan")
AUDIT = single("audit", "Audit", "migration", "audit")
BACKFILL = single("backfill", "Backfill", "migration", "backfill")
FORECAST = single("forecast", "Forecast", "migration", "forecast")
VERIFY = single("verify", "Verification", "migration", "verify")
REPAIR = single("repair", "Repair", "migration", "repair")
