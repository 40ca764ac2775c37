"""The boxes of an order: shipments, what is in them, their batches and labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cratejoy_sandbox.cratejoy.tables import Fulfillment, Shipment, ShipmentLabel
from cratejoy_sandbox.generator.catalogue import batch_of
from cratejoy_sandbox.generator.clock import DAY, midnight, moment, months_later

if TYPE_CHECKING:
    from cratejoy_sandbox.generator.orders import Buyer
    from cratejoy_sandbox.generator.world import World


@dataclass
class Parcel:
    """Boxes that one order line causes: as many as the term has, all created with the order."""

    instance_ids: tuple[int, ...]
    address_id: int | None
    cycles: int = 1
    subscription_id: int | None = None
    batched: bool = False
    is_gift: bool = False
    boxes_before: int = 0
    stops_at: int | None = None


@dataclass(frozen=True)
class Box:
    """One shipment to be: which of the parcel's boxes, and its dates in seconds since 1970."""

    cycle: int
    due: int
    shipped: int | None
    status: str


def fulfillment_status(statuses: list[str]) -> str:
    """Status of an order from those of its shipments."""
    live = [status for status in statuses if status != "cancelled"]
    shipped = live.count("shipped")
    if live and shipped == len(live):
        return "fulfilled"
    return "partial" if shipped else "unfulfilled"


def send(world: World, buyer: Buyer, at: int, order_id: int, parcel: Parcel) -> list[str]:
    """Emit the shipments of a parcel; returns their statuses."""
    boxes = [_box(world, at, parcel, cycle) for cycle in range(parcel.cycles)]
    for box in boxes:
        buyer.boxes += 1
        _write(world, buyer, at, order_id, (parcel, box))
    return [box.status for box in boxes]


def _box(world: World, at: int, parcel: Parcel, cycle: int) -> Box:
    due = months_later(at + (8 if parcel.batched else 3) * DAY, cycle)
    if parcel.stops_at is not None and due > parcel.stops_at:
        return Box(cycle, due, None, "cancelled")
    shipped = due + world.between(8 * 3600, 3 * DAY)
    if shipped > world.today:
        return Box(cycle, due, None, "unshipped")
    return Box(cycle, due, shipped, "shipped")


def _write(world: World, buyer: Buyer, at: int, order_id: int, what: tuple[Parcel, Box]) -> None:
    parcel, box = what
    number = world.ids.take(at)
    tracking = f"9400100{number:015}" if box.shipped else None
    cycle = parcel.boxes_before + box.cycle + 1 if parcel.subscription_id else None
    shipment = Shipment(
        id=number,
        customer_id=buyer.id,
        subscription_id=parcel.subscription_id,
        address_id=parcel.address_id,
        batch_id=batch_of(world, midnight(at)) + box.cycle if parcel.batched else None,
        created_at=moment(at + 1),
        adjusted_ordered_at=moment(box.due),
        shipped_at=moment(box.shipped) if box.shipped else None,
        target_at=moment(box.due),
        status=box.status,
        tracking_number=tracking,
        is_ecom=parcel.subscription_id is None,
        is_gift=parcel.is_gift,
        is_test=buyer.is_test,
        billing_type="ecom" if cycle is None else "standard" if parcel.batched else "adhoc",
        customer_cycle=buyer.boxes,
        subscription_cycle=cycle,
    )
    world.emit("shipments", shipment)
    for instance_id in parcel.instance_ids:
        _write_fulfillment(world, buyer, at, (order_id, number, instance_id), what)
    if box.shipped and tracking and world.happens(0.06):
        _write_label(world, number, box.shipped, tracking, buyer)


def _write_fulfillment(
    world: World, buyer: Buyer, at: int, ids: tuple[int, int, int], what: tuple[Parcel, Box]
) -> None:
    order_id, shipment_id, instance_id = ids
    parcel, box = what
    due, subscribed = moment(box.due), parcel.subscription_id is not None
    row = Fulfillment(
        id=world.ids.take(at),
        shipment_id=shipment_id,
        order_id=order_id,
        subscription_id=parcel.subscription_id,
        product_instance_id=instance_id,
        cycle_number=box.cycle if subscribed else None,
        total_cycles=parcel.cycles if subscribed else None,
        status={"shipped": "closed", "unshipped": "open"}.get(box.status, "cancelled"),
        fulfillment_date=due,
        adjusted_fulfillment_date=due,
        shipping=0,
        tax=0,
        is_test=buyer.is_test,
        test=buyer.is_test,
    )
    world.emit("fulfillments", row)


def _write_label(world: World, shipment_id: int, shipped: int, tracking: str, buyer: Buyer) -> None:
    number, made = world.ids.take(shipped), moment(shipped - 1800)
    label = ShipmentLabel(
        id=number,
        shipment_id=shipment_id,
        carrier=world.pick(("USPS", "UPS", "DHL")),
        cost=world.between(310, 1290),
        created_at=made,
        ezp_created_at=made,
        ezp_updated_at=made,
        tracking=tracking,
        overlay_cdn=f"https://cdn.example.com/label-{number}.png",
        overlay_s3=f"https://files.example.com/overlay-{number}.png",
        link=f"https://files.example.com/label-{number}.png",
        is_test=buyer.is_test,
    )
    world.emit("shipment_labels", label)
