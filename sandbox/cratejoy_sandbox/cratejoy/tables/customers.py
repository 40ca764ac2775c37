"""Customers with their addresses and metadata."""

from typing import NamedTuple

from cratejoy_sandbox.cratejoy.tables.kinds import Json, Moment


class Customer(NamedTuple):
    """Somebody with an account; the figures are over all of their orders and subscriptions."""

    id: int
    country: str | None
    email: str | None
    first_name: str | None
    last_name: str | None
    location: str | None
    name: str | None
    note: str | None
    num_orders: int
    num_subscriptions: int
    subscription_status: str | None
    total_revenue: int
    status: str | None = None
    store_settings: str | None = None


class Address(NamedTuple):
    """One postal address of a customer; `to` is who receives, which for gifts is somebody else."""

    id: int
    customer_id: int
    to: str | None
    street: str | None
    unit: str | None
    city: str | None
    state: str | None
    zip_code: str | None
    country: str | None
    company: str | None
    phone_number: str | None
    status: int
    status_message: str | None
    icon: str | None


class CustomerMetadata(NamedTuple):
    """What the merchant keeps about a customer."""

    id: int
    customer_id: int
    data: Json
    created_at: Moment
    updated_at: Moment
