"""The life of a subscription: start, renewals, skips, failed payments, cancellation, expiry, gifts."""

from dataclasses import dataclass

from cratejoy_sandbox.cratejoy.tables import Subscription, SubscriptionCoupon, SubscriptionGiftInfo, Term
from cratejoy_sandbox.generator.catalogue import BATCH_DAY, PLANS, TERMS, Plan, price_of
from cratejoy_sandbox.generator.clock import DAY, moment, months_later
from cratejoy_sandbox.generator.orders import WELCOME_COUPON, Buyer, Line, Sale, place_order
from cratejoy_sandbox.generator.people import Person, a_country, a_person, an_address, words
from cratejoy_sandbox.generator.shipping import Parcel
from cratejoy_sandbox.generator.surveys import write_survey
from cratejoy_sandbox.generator.world import World

# Chance to leave at each renewal, by boxes in the term.
LEAVING = {1: 0.13, 3: 0.33, 6: 0.42, 12: 0.5}


@dataclass
class Course:
    """A subscription in the making; dates in seconds since 1970."""

    id: int
    plan: Plan
    term: Term
    address_id: int
    started: int
    paid_until: int = 0
    status: str = "active"
    autorenew: bool = True
    skipped: int | None = None
    boxes: int = 0
    gift: dict[str, str | None] | None = None

    @property
    def batched(self) -> bool:
        """Whether the product is billed on a fixed day and shipped in batches."""
        return self.plan.billing.rebill_day is not None

    def after(self, charged: int) -> int:
        """When the period that was charged then ends."""
        return months_later(charged, self.term.num_cycles, BATCH_DAY if self.batched else None)


def subscribe(world: World, buyer: Buyer, at: int) -> int | None:
    """Write a subscription with all its renewals; returns when the customer left, None when still there."""
    course = _a_course(world, buyer, at, world.pick((1, 1, 1, 1, 1, 1, 1, 3, 3, 6, 12)))
    coupon = world.ids.take(at) if world.happens(0.15) else None
    left = _live(world, buyer, course, coupon)
    if coupon:
        row = SubscriptionCoupon(coupon, course.id, WELCOME_COUPON, "welcome10", enabled=True, num_renewals=1)
        world.emit("subscription_coupons", row)
    _write(world, buyer, course)
    return left


def give(world: World, buyer: Buyer, at: int, giver: Person) -> None:
    """Write one order with gift subscriptions, each to a recipient with an address of their own."""
    courses = [_a_gift(world, buyer, at, giver) for _ in range(world.pick((1, 1, 1, 1, 1, 2, 3)))]
    lines = [_line(course, None) for course in courses]
    place_order(world, buyer, Sale(at, lines, gift=courses[0].gift))
    for course in courses:
        course.paid_until = course.after(at)
        course.status = "expired" if course.paid_until <= world.today else "active"
        _write(world, buyer, course)
        info = SubscriptionGiftInfo(world.ids.take(at), course.id, buyer.id, **(course.gift or {}))
        world.emit("subscription_gift_infos", info)


def _a_course(world: World, buyer: Buyer, at: int, cycles: int) -> Course:
    on_sale = [plan for plan in PLANS if not plan.product.deleted or at < world.start + 600 * DAY]
    term = next(term for term in TERMS if term.num_cycles == cycles)
    return Course(world.ids.take(at), world.pick(on_sale), term, buyer.address_id or 0, at)


def _a_gift(world: World, buyer: Buyer, at: int, giver: Person) -> Course:
    country = giver.country if world.happens(0.8) else a_country(world)
    recipient = a_person(world, country, world.between(1, world.customers))
    address = an_address(world, buyer.id, recipient, at)
    world.emit("addresses", address)
    course = _a_course(world, buyer, at, world.pick((3, 3, 6, 12)))
    course.address_id, course.autorenew = address.id, False
    course.gift = {
        "gift_message": world.pick(words("phrases")["gift_messages"]),
        "gift_recipient_email": recipient.email,
        "gift_recipient_name": recipient.name,
    }
    return course


def _line(course: Course, stops_at: int | None) -> Line:
    parcel = Parcel(
        (course.plan.instance.id,),
        course.address_id,
        course.term.num_cycles,
        course.id,
        batched=course.batched,
        is_gift=course.gift is not None,
        boxes_before=course.boxes,
        stops_at=stops_at,
    )
    course.boxes += course.term.num_cycles
    price = price_of(course.plan.instance, course.term.num_cycles)
    return Line(course.plan.instance, price, 1, course.id, parcel)


def _live(world: World, buyer: Buyer, course: Course, coupon: int | None) -> int | None:
    charged, renewal = course.started, False
    while True:
        course.paid_until = course.after(charged)
        leaving = _leaving_at(world, course, charged)
        stops_at = leaving if leaving and world.happens(0.3) else None
        place_order(world, buyer, Sale(charged, [_line(course, stops_at)], renewal=renewal, coupon=coupon))
        if leaving:
            return _leave(world, course, leaving)
        coupon, renewal = None, True
        charged = _next_charge(world, course)
        if charged > world.today:
            return None
        if world.happens(0.02):
            return _fail(world, buyer, course, charged)


def _leaving_at(world: World, course: Course, charged: int) -> int | None:
    """When in the period just paid the customer decides to leave, None when they stay."""
    if not world.happens(LEAVING[course.term.num_cycles]):
        return None
    leaving = charged + int(world.chance() * (course.paid_until - charged))
    return leaving if leaving <= world.today else None


def _leave(world: World, course: Course, leaving: int) -> int | None:
    course.autorenew = False
    if world.happens(0.25):  # switched autorenew off: it simply runs out
        course.status = "expired" if course.paid_until <= world.today else "active"
        return course.paid_until
    course.status = "cancelled"
    return leaving


def _next_charge(world: World, course: Course) -> int:
    """Moment of the next payment: the end of the period, or months later when renewals are skipped."""
    if world.happens(0.05):
        skipped = course.paid_until
        months = world.pick((1, 1, 1, 2, 3))
        course.paid_until = months_later(skipped, months, BATCH_DAY if course.batched else None)
        course.skipped = skipped if course.paid_until > world.today else None
    return course.paid_until + world.between(5 * 3600, 7 * 3600)


def _fail(world: World, buyer: Buyer, course: Course, charged: int) -> int | None:
    """A renewal nobody paid for: past due, and given up after a month."""
    place_order(world, buyer, Sale(charged, [_line(course, None)], renewal=True, paid=False))
    late = world.today - charged
    if late < 30 * DAY or world.happens(0.2):
        course.status = "past_due"
        return None
    course.status, course.autorenew = "cancelled", False
    return charged + 30 * DAY


def _write(world: World, buyer: Buyer, course: Course) -> None:
    buyer.subscriptions += 1
    buyer.statuses.add(course.status)
    has_note = world.happens(0.03)
    row = Subscription(
        id=course.id,
        customer_id=buyer.id,
        address_id=course.address_id,
        product_id=course.plan.product.id,
        product_instance_id=course.plan.instance.id,
        product_billing_id=course.plan.billing.id,
        term_id=course.term.id,
        autorenew=course.autorenew,
        billing_name=course.plan.billing.name if course.term.num_cycles == 1 else course.term.name,
        start_date=moment(course.started),
        end_date=moment(course.paid_until),
        skipped_date=moment(course.skipped) if course.skipped else None,
        status=course.status,
        is_test=buyer.is_test,
        note=world.pick(words("phrases")["subscription_notes"]) if has_note else world.pick(("", "", None)),
        credit=world.between(1, 30) * 100 if world.happens(0.02) else None,
        source=world.pick((1, 1, 1, 2)),
    )
    world.emit("subscriptions", row)
    if world.happens(0.15):
        write_survey(world, course.id, course.started)
