"""Marketing consent: by e-mail, SMS and WhatsApp, at creation and by the mutations of their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.clock import moment, stamp
from cratejoy_sandbox.shopify.customers.fields import default_phone
from cratejoy_sandbox.shopify.customers.record import customer_of, save
from cratejoy_sandbox.shopify.errors import Refused, refuse, top_error, user_error
from cratejoy_sandbox.shopify.registry import Args, Entity, Payload, mutation


@dataclass(frozen=True)
class Channel:
    """One way of marketing: where its input and its record are, and what it needs."""

    field: str
    record: str
    needs: str
    missing: str
    mutation: str
    state: str = "marketingState"
    level: str = "marketingOptInLevel"
    at: str = "consentUpdatedAt"


EMAIL = Channel(
    "emailMarketingConsent",
    "email_consent",
    "email",
    "An email address is required to set the email marketing consent state.",
    "customerEmailMarketingConsentUpdate",
)
SMS = Channel(
    "smsMarketingConsent",
    "sms_consent",
    "phone",
    "A phone number is required to set the SMS consent state.",
    "customerSmsMarketingConsentUpdate",
)
WHATSAPP = Channel(
    "whatsAppMarketingConsent",
    "whatsapp_consent",
    "phone",
    "A phone number is required to set the WhatsApp consent state.",
    "customerWhatsAppMarketingConsentUpdate",
    "state",
    "optInLevel",
    "updatedAt",
)
CHANNELS = (EMAIL, SMS, WHATSAPP)
NEVER_SENT = {"NOT_SUBSCRIBED", "REDACTED", "INVALID"}


def forbid_in_update(sent: Mapping[str, Any]) -> None:
    """CustomerUpdate takes no consent and names the mutation that does."""
    for channel in CHANNELS:
        if sent.get(channel.field) is not None:
            text = f"To update {channel.field}, please use the {channel.mutation} Mutation instead"
            raise refuse([channel.field], text)


def check_state(channel: Channel, consent: Mapping[str, Any]) -> None:
    """States that nobody may set are a top-level error."""
    if consent[channel.state] in NEVER_SENT:
        raise top_error(f"Cannot specify {consent[channel.state]} as a marketing state input", "INVALID")


def set_at_creation(call: Call, customer: Entity, sent: Mapping[str, Any]) -> None:
    """Put the consents of a new customer into its record."""
    for channel in CHANNELS:
        consent = sent.get(channel.field)
        if consent is None:
            continue
        check_state(channel, consent)
        if not customer[channel.needs]:
            raise refuse([channel.field], channel.missing, "INVALID")
        problem = _problem(channel, consent)
        if problem:
            field, message, code = problem
            raise refuse([channel.field, field], message, code)
        customer[channel.record] = _record(call, channel, consent)


def _record(call: Call, channel: Channel, consent: Mapping[str, Any]) -> Entity:
    when = moment(consent[channel.at]) if consent.get(channel.at) else None
    level = consent.get(channel.level) or "SINGLE_OPT_IN"
    return {"state": consent[channel.state], "level": level, "at": stamp(when) if when else call.clock.now()}


def _problem(channel: Channel, consent: Mapping[str, Any]) -> tuple[str, str, str] | None:
    state, level, at = consent[channel.state], consent.get(channel.level), consent.get(channel.at)
    when = moment(at) if at else None
    if when and when > datetime.now(UTC):
        return channel.at, "Consent updated at must not be in the future", "INVALID"
    if state == "SUBSCRIBED" and level is None:
        return channel.level, "Marketing opt in level must exist", "MISSING_ARGUMENT"
    if state == "PENDING" and level != "CONFIRMED_OPT_IN":
        text = "Marketing opt in level must be confirmed opt-in for pending consent state"
        return channel.level, text, "INVALID"
    return None


@mutation("customerEmailMarketingConsentUpdate")
def email_consent_update(call: Call, args: Args) -> Payload:
    """Set consent to e-mail; without an address nothing happens and nothing is said."""
    customer = _updated(call, EMAIL, args["input"], ["input", "customerId"], "INVALID")
    return Payload(customer=customer)


@mutation("customerSmsMarketingConsentUpdate")
def sms_consent_update(call: Call, args: Args) -> Payload:
    """Set consent to SMS."""
    return Payload(customer=_updated(call, SMS, args["input"], None, None))


@mutation("customerWhatsAppMarketingConsentUpdate")
def whatsapp_consent_update(call: Call, args: Args) -> Payload:
    """Set consent to WhatsApp; answered with the phone number."""
    customer = _updated(call, WHATSAPP, args["input"], ["input", "customerId"], "INVALID")
    return Payload(customerPhoneNumber=default_phone(customer, call, {}))


def _updated(call: Call, channel: Channel, sent: Args, where: list[str] | None, code: str | None) -> Entity:
    consent = sent[channel.field]
    check_state(channel, consent)
    customer = customer_of(call, sent["customerId"])
    if customer is None:
        raise refuse(where, "Customer not found", code)
    shown = {"customer": customer} if channel is EMAIL else {}
    problem = _problem(channel, consent)
    if problem:
        field, message, kind = problem
        raise Refused(user_error(["input", channel.field, field], message, kind), **shown)
    if not customer[channel.needs]:
        if channel is EMAIL:
            return customer
        raise refuse(["input", channel.field], channel.missing, "INVALID")
    before = dict(customer)
    customer[channel.record] = _record(call, channel, consent)
    return save(call, customer, before)
