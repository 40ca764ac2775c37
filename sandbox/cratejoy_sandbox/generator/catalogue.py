"""What the store sells: products, their instances, billing cycles, terms, prices, stock and batches."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cratejoy_sandbox.cratejoy.tables import (
    Hook,
    Inventory,
    Product,
    ProductBilling,
    ProductInstance,
    ShipmentBatch,
    Term,
    TermPrice,
)
from cratejoy_sandbox.generator.clock import before, midnight, moment, months_between, months_later
from cratejoy_sandbox.generator.world import HISTORY_MONTHS, World

if TYPE_CHECKING:
    from collections.abc import Sequence

BATCH_DAY = 15
FIRST_BATCH_ID = 55_000_100
MONTHS_AHEAD = 14

BILLINGS = (
    ProductBilling(55_000_001, "Monthly", BATCH_DAY, 1, None, 10),
    ProductBilling(55_000_002, "Monthly", None, 1, None, None),
)
TERMS = (
    Term(55_000_030, "Month to Month", "Billed every month", enabled=True, num_cycles=1),
    Term(55_000_031, "3 Months Prepaid", "Three boxes, paid at once", enabled=True, num_cycles=3),
    Term(55_000_032, "6 Months Prepaid", "Six boxes, paid at once", enabled=True, num_cycles=6),
    Term(55_000_033, "12 Months Prepaid", "A year of boxes, paid at once", enabled=True, num_cycles=12),
)
# Percent of the monthly price, by boxes in the term.
TERM_PERCENT = {1: 100, 3: 95, 6: 92, 12: 88}


def _product(number: int, name: str, sku: str, kind: int, billing: int | None, weight: float) -> Product:
    retired = name.endswith("(retired)")
    return Product(
        id=number,
        name=name,
        description=f"<p>{name}</p>",
        sku=sku,
        slug=sku.lower(),
        product_type=kind,
        product_billing_id=billing,
        flat_ship_price=0 if kind == 2 else 500,
        ship_weight=weight,
        ship_option="flat",
        single_purchasable=kind != 0,
        has_subscribers=kind == 0,
        giftable=kind == 0,
        deleted=retired,
        listed=not retired,
        visible=not retired,
        display_order=number - 55_000_009,
    )


PRODUCTS = (
    _product(55_000_010, "Tea Box", "TEA", 0, 55_000_001, 1.5),
    _product(55_000_011, "Reader's Crate", "READ", 0, 55_000_002, 2.25),
    _product(55_000_012, "Blue Kettle Teapot", "POT", 1, None, 3.0),
    _product(55_000_013, "Sampler Tin", "TIN", 1, None, 0.4),
    _product(55_000_014, "Gift Card", "CARD", 2, None, 0.0),
    _product(55_000_015, "Mini Box (retired)", "MINI", 0, 55_000_002, 0.8),
)
INSTANCES = (
    ProductInstance(55_000_020, 55_000_010, "Tea Box - Green", "TEA-GREEN", 3999, 1.5),
    ProductInstance(55_000_021, 55_000_010, "Tea Box - Black", "TEA-BLACK", 3999, 1.5),
    ProductInstance(55_000_022, 55_000_011, "Reader's Crate - Fiction", "READ-FIC", 2999, 2.25),
    ProductInstance(55_000_023, 55_000_012, "Blue Kettle Teapot", "POT-BLUE", 4500, 3.0),
    ProductInstance(55_000_024, 55_000_013, "Sampler Tin", "TIN-1", 1250, 0.4),
    ProductInstance(55_000_025, 55_000_014, "Gift Card 50", "CARD-50", 5000, 0.0),
    ProductInstance(55_000_026, 55_000_015, "Mini Box", "MINI-1", 1999, 0.8, deleted=True),
)


@dataclass(frozen=True)
class Plan:
    """A subscription product in one variant."""

    product: Product
    instance: ProductInstance
    billing: ProductBilling


def _plans() -> tuple[Plan, ...]:
    products = {product.id: product for product in PRODUCTS}
    billings = {billing.id: billing for billing in BILLINGS}
    sold = [(products[instance.product_id], instance) for instance in INSTANCES]
    return tuple(
        Plan(product, instance, billings[product.product_billing_id])
        for product, instance in sold
        if product.product_billing_id
    )


PLANS = _plans()
SHOP = tuple(instance for instance in INSTANCES if instance.product_id in {55_000_012, 55_000_013, 55_000_014})


def price_of(instance: ProductInstance, cycles: int) -> int:
    """Cents for all boxes of one term."""
    return instance.price * cycles * TERM_PERCENT[cycles] // 100


def batch_of(world: World, seconds: int) -> int:
    """Id of the batch whose span holds this moment."""
    return FIRST_BATCH_ID + 1 + months_between(world.start, seconds, BATCH_DAY)


def write_catalogue(world: World) -> None:
    """Emit everything that does not depend on customers."""
    fixed: dict[str, Sequence[tuple[Any, ...]]] = {
        "product_billings": BILLINGS,
        "terms": TERMS,
        "products": PRODUCTS,
        "product_instances": INSTANCES,
    }
    for table, rows in fixed.items():
        for row in rows:
            world.emit(table, row)
    _write_term_prices(world)
    _write_inventory(world)
    _write_batches(world)
    _write_hook(world)


def _write_term_prices(world: World) -> None:
    pairs = [(plan.instance, term) for plan in PLANS for term in TERMS]
    for number, (instance, term) in enumerate(pairs, 55_000_040):
        world.emit("term_prices", TermPrice(number, instance.id, term.id, price_of(instance, term.num_cycles)))


def _write_inventory(world: World) -> None:
    for number, instance in enumerate(INSTANCES, 55_000_060):
        stock = Inventory(
            number,
            instance.product_id,
            instance.id,
            world.between(0, 400),
            confidence=10,
            track_inventory=True,
            out_of_stock_purchases=instance.price < 2000,
        )
        world.emit("inventory", stock)


def _write_batches(world: World) -> None:
    first = months_later(world.start, -1 - before(world.start, BATCH_DAY), BATCH_DAY)
    for number in range(HISTORY_MONTHS + MONTHS_AHEAD):
        start, end = months_later(first, number), months_later(first, number + 1)
        batch = ShipmentBatch(FIRST_BATCH_ID + number, BILLINGS[0].id, moment(start), moment(end))
        world.emit("shipment_batches", batch)


def _write_hook(world: World) -> None:
    target = "https://hooks.example.com/cratejoy"
    created = moment(midnight(world.start))
    hook = Hook(55_000_080, "orders to warehouse", target, "order_new", "POST", None, enabled=True, created_at=created)
    world.emit("hooks", hook)
