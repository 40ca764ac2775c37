"""Boxes: shipments, what is in them, labels and batches."""

from typing import NamedTuple

from cratejoy_sandbox.cratejoy.tables.kinds import Moment, ShipmentStatus


class Shipment(NamedTuple):
    """One box; all boxes of a prepaid term share `created_at`."""

    id: int
    customer_id: int
    subscription_id: int | None
    address_id: int | None
    batch_id: int | None
    created_at: Moment
    adjusted_ordered_at: Moment
    shipped_at: Moment | None
    target_at: Moment
    status: ShipmentStatus
    tracking_number: str | None
    is_ecom: bool
    is_gift: bool
    is_test: bool
    billing_type: str
    customer_cycle: int
    subscription_cycle: int | None
    has_addon: bool = False


class Fulfillment(NamedTuple):
    """One article in a box."""

    id: int
    shipment_id: int
    order_id: int
    subscription_id: int | None
    product_instance_id: int
    cycle_number: int | None
    total_cycles: int | None
    status: str
    fulfillment_date: Moment
    adjusted_fulfillment_date: Moment
    shipping: int
    tax: int
    is_test: bool
    test: bool


class ShipmentLabel(NamedTuple):
    """A bought postage label."""

    id: int
    shipment_id: int
    carrier: str
    cost: int
    created_at: Moment
    ezp_created_at: Moment
    ezp_updated_at: Moment
    tracking: str
    overlay_cdn: str
    overlay_s3: str
    link: str
    is_test: bool
    is_void: bool = False
    api: int = 2
    filetype: str = "image/png"
    financial_status: int = 1
    height: float = 4.0
    length: float = 9.0
    width: float = 6.0
    predefined_package: int = 0
    prepaid: bool = True


class ShipmentBatch(NamedTuple):
    """Orders between two days that ship together."""

    id: int
    product_billing_id: int
    start: Moment
    end: Moment
