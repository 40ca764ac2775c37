"""Subscriptions and what belongs to one."""

from typing import NamedTuple

from cratejoy_sandbox.cratejoy.tables.kinds import Json, Moment, SubscriptionStatus


class Subscription(NamedTuple):
    """What somebody gets again and again; current state only."""

    id: int
    customer_id: int
    address_id: int | None
    product_id: int
    product_instance_id: int
    product_billing_id: int
    term_id: int
    autorenew: bool
    billing_name: str
    start_date: Moment
    end_date: Moment | None
    skipped_date: Moment | None
    status: SubscriptionStatus
    is_test: bool
    note: str | None = ""
    credit: int | None = None
    source: int | None = 1


class SubscriptionGiftInfo(NamedTuple):
    """Whom a subscription was given to."""

    id: int
    subscription_id: int
    customer_id: int
    gift_message: str | None
    gift_recipient_email: str | None
    gift_recipient_name: str | None


class SubscriptionCoupon(NamedTuple):
    """A coupon that stays with a subscription."""

    id: int
    subscription_id: int
    coupon_id: int
    code_used: str
    enabled: bool
    num_renewals: int


class SubscriptionMetadata(NamedTuple):
    """What the merchant keeps about a subscription."""

    id: int
    subscription_id: int
    data: Json
    created_at: Moment
    updated_at: Moment


class ProductSurveyResult(NamedTuple):
    """Answers given when subscribing."""

    id: int
    subscription_id: int
    answers: Json
