"""One paid order with all that hangs on it: cart, lines, coupon, payments, refund."""

import json
from dataclasses import dataclass, field

from cratejoy_sandbox.cratejoy.tables import (
    Cart,
    CartCoupon,
    CartProduct,
    Order,
    ProductInstance,
    Transaction,
)
from cratejoy_sandbox.generator.clock import DAY, moment
from cratejoy_sandbox.generator.people import words
from cratejoy_sandbox.generator.shipping import Parcel, fulfillment_status, send
from cratejoy_sandbox.generator.world import World

SALES_TAX_PERCENT = {"TX": 8.25, "CA": 8.5, "MN": 7.0, "GA": 7.0}
WELCOME_COUPON = 55_000_090


@dataclass
class Buyer:
    """A customer whose life is being written, with the figures that must agree with the rows."""

    id: int
    address_id: int | None
    state: str | None
    is_test: bool
    email: str | None
    orders: int = 0
    subscriptions: int = 0
    revenue: int = 0
    boxes: int = 0
    statuses: set[str] = field(default_factory=set)


@dataclass
class Line:
    """One article of an order; `cycles` boxes of it when it is a subscription."""

    instance: ProductInstance
    price: int
    quantity: int = 1
    subscription_id: int | None = None
    parcel: Parcel | None = None


@dataclass
class Sale:
    """What is bought, when and how."""

    at: int
    lines: list[Line]
    renewal: bool = False
    gift: dict[str, str | None] | None = None
    coupon: int | None = None
    paid: bool = True


@dataclass(frozen=True)
class Money:
    """Figures of one order in cents."""

    sub_total: int
    discount: int
    shipping: int
    tax: int

    @property
    def total(self) -> int:
        """What the customer pays."""
        return self.sub_total - self.discount + self.shipping + self.tax


def place_order(world: World, buyer: Buyer, sale: Sale) -> int:
    """Emit all rows of one order; returns its id."""
    cart_id, order_id = world.ids.take(sale.at), world.ids.take(sale.at)
    money = _money(buyer, sale)
    _write_cart(world, buyer, money, (cart_id, order_id))
    _write_lines(world, sale, money, order_id)
    if sale.coupon:
        _write_coupon(world, sale, cart_id, order_id)
    refunded = _pay(world, buyer, sale, money.total, order_id)
    parcels = [line.parcel for line in sale.lines if line.parcel] if sale.paid else []
    statuses = [status for parcel in parcels for status in send(world, buyer, sale.at, order_id, parcel)]
    _write_order(world, buyer, sale, money, (cart_id, order_id), (refunded, fulfillment_status(statuses)))
    buyer.orders += 1
    buyer.revenue += money.total - refunded if sale.paid else 0
    return order_id


def _money(buyer: Buyer, sale: Sale) -> Money:
    sub_total = sum(line.price for line in sale.lines)
    discount = sub_total // 10 if sale.coupon else 0
    shipping = max(500 if line.instance.ship_weight else 0 for line in sale.lines)
    percent = SALES_TAX_PERCENT.get(buyer.state or "", 0.0)
    return Money(sub_total, discount, shipping, round((sub_total - discount) * percent / 100))


def _write_cart(world: World, buyer: Buyer, money: Money, ids: tuple[int, int]) -> None:
    cart_id, order_id = ids
    cart = Cart(
        cart_id,
        buyer.id,
        order_id,
        completed=True,
        is_test=buyer.is_test,
        ship_price=money.shipping,
        tax_price=money.tax,
    )
    world.emit("carts", cart)


def _write_lines(world: World, sale: Sale, money: Money, order_id: int) -> None:
    left = (money.discount, money.shipping, money.tax)
    for position, line in enumerate(sale.lines, 1):
        share = line.price / max(1, money.sub_total) if position < len(sale.lines) else 1
        discount, shipping, tax = (part if share == 1 else int(part * share) for part in left)
        left = (left[0] - discount, left[1] - shipping, left[2] - tax)
        row = CartProduct(
            id=world.ids.take(sale.at),
            order_id=order_id,
            subscription_id=line.subscription_id,
            product_instance_id=line.instance.id,
            quantity=line.quantity,
            price=line.price,
            discount=discount,
            shipping=shipping,
            tax=tax,
            ship_weight=line.instance.ship_weight,
        )
        world.emit("cart_products", row)


def _write_coupon(world: World, sale: Sale, cart_id: int, order_id: int) -> None:
    code = world.pick(("welcome10", "WELCOME10", "Welcome10"))
    coupon = CartCoupon(
        world.ids.take(sale.at),
        order_id,
        None if sale.renewal else cart_id,
        WELCOME_COUPON,
        code_used=code,
        code_primary="WELCOME10",
        name="Ten percent off",
        num_renewals=1,
        subscription_coupon_id=sale.coupon,
    )
    world.emit("cart_coupons", coupon)


def _pay(world: World, buyer: Buyer, sale: Sale, total: int, order_id: int) -> int:
    """Emit the payments; returns the cents that went back."""
    at = sale.at + 1
    if not sale.paid or world.happens(0.02):
        _write_payment(world, buyer, order_id, at, ("failed", total))
        at += 60 * world.between(2, 50)
    if not sale.paid:
        return 0
    _write_payment(world, buyer, order_id, at, ("captured", total))
    when = at + world.between(DAY, 25 * DAY)
    if not world.happens(0.025) or when > world.today:
        return 0
    refunded = total if world.happens(0.6) else max(100, total // 3)
    refunded = min(total, refunded)
    _write_payment(world, buyer, order_id, when, ("refunded", refunded))
    return refunded


def _write_payment(world: World, buyer: Buyer, order_id: int, at: int, what: tuple[str, int]) -> None:
    result, total = what
    number = world.ids.take(at)
    reference = f"ch_{number:x}"
    world.emit("transactions", Transaction(number, order_id, moment(at), result, total, buyer.is_test, reference))


def _financial_status(sale: Sale, total: int, refunded: int) -> str:
    if not sale.paid:
        return "unpaid"
    if not refunded:
        return "paid"
    return "refunded" if refunded == total else "partially_refunded"


def _write_order(
    world: World, buyer: Buyer, sale: Sale, money: Money, ids: tuple[int, int], ends: tuple[int, str]
) -> None:
    cart_id, order_id = ids
    refunded, fulfillment = ends
    parcel = next((line.parcel for line in sale.lines if line.parcel), None)
    world.emit(
        "orders",
        Order(
            id=order_id,
            customer_id=buyer.id,
            cart_id=cart_id,
            bill_address_id=buyer.address_id,
            ship_address_id=parcel.address_id if parcel else None,
            placed_at=moment(sale.at),
            status="closed" if fulfillment == "fulfilled" else "open",
            financial_status=_financial_status(sale, money.total, refunded),
            fulfillment_status=fulfillment,
            is_renewal=sale.renewal,
            is_gift=sale.gift is not None,
            is_test=buyer.is_test,
            order_gift_info=json.dumps(sale.gift, ensure_ascii=False) if sale.gift else None,
            gift_message=(sale.gift or {}).get("gift_message") or world.pick(("", None)),
            note=world.pick(words("phrases")["order_notes"]) if world.happens(0.03) else world.pick((None, "")),
            sub_total=money.sub_total,
            total=money.total,
            total_price=money.total,
            total_shipping=money.shipping,
            gross_shipping=money.shipping,
            total_tax=money.tax,
            transaction_fee=round(money.total * 0.0125) + 10 if sale.paid else 0,
            refunded_amount=refunded,
            transaction_fee_status=1 if sale.paid else 3,
        ),
    )
