"""How a customer is read."""

from typing import Any
from urllib.parse import quote

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.customers.record import KIND, customer_of
from cratejoy_sandbox.shopify.customers.rules import shown_phone
from cratejoy_sandbox.shopify.gids import gid
from cratejoy_sandbox.shopify.paging import connection
from cratejoy_sandbox.shopify.registry import Args, Entity, field, node


@node(KIND)
def customer_node(call: Call, identifier: str) -> Entity | None:
    """A customer by global id."""
    return customer_of(call, identifier)


@field(KIND, "id")
def customer_id(customer: Entity, _: Call, __: Args) -> str:
    """Global id."""
    return gid(KIND, customer["id"])


@field(KIND, "legacyResourceId")
def legacy_id(customer: Entity, _: Call, __: Args) -> str:
    """The number alone."""
    return str(customer["id"])


@field(KIND, "displayName")
def display_name(customer: Entity, _: Call, __: Args) -> str:
    """Name, else e-mail address, else phone number."""
    name = " ".join(part for part in (customer["firstName"], customer["lastName"]) if part)
    return name or customer["email"] or (shown_phone(customer["phone"]) if customer["phone"] else "")


@field(KIND, "defaultEmailAddress")
def default_email(customer: Entity, _: Call, __: Args) -> Entity | None:
    """E-mail address with its consent; null without an address."""
    if not customer["email"]:
        return None
    state, level, when = _consent(customer["email_consent"])
    return {
        "emailAddress": customer["email"],
        "marketingState": state,
        "marketingOptInLevel": level,
        "marketingUpdatedAt": when,
        "validFormat": True,
        "openTrackingLevel": "UNKNOWN",
        "sourceLocation": None,
        "marketingUnsubscribeUrl": f"https://example.com/unsubscribe/{customer['id']}",
        "openTrackingUrl": f"https://example.com/open/{customer['id']}",
    }


@field(KIND, "emailMarketingConsent")
def email_consent(customer: Entity, _: Call, __: Args) -> Entity | None:
    """Consent to e-mail; null without an address."""
    if not customer["email"]:
        return None
    state, level, when = _consent(customer["email_consent"])
    return {"marketingState": state, "marketingOptInLevel": level, "consentUpdatedAt": when, "sourceLocation": None}


@field(KIND, "defaultPhoneNumber")
def default_phone(customer: Entity, _: Call, __: Args) -> Entity | None:
    """Phone number with its consents; null without a number."""
    if not customer["phone"]:
        return None
    state, level, when = _consent(customer["sms_consent"])
    return {
        "phoneNumber": customer["phone"],
        "marketingState": state,
        "marketingOptInLevel": level,
        "marketingUpdatedAt": when,
        "marketingCollectedFrom": "OTHER" if customer["sms_consent"] else None,
        "sourceLocation": None,
        "whatsAppMarketingConsent": _messages(customer["whatsapp_consent"]),
        "smsMarketingConsent": _messages(customer["sms_consent"]),
    }


@field(KIND, "smsMarketingConsent")
def sms_consent(customer: Entity, _: Call, __: Args) -> Entity | None:
    """Consent to SMS; null without a number."""
    if not customer["phone"]:
        return None
    state, level, when = _consent(customer["sms_consent"])
    return {
        "marketingState": state,
        "marketingOptInLevel": level,
        "consentUpdatedAt": when,
        "consentCollectedFrom": "OTHER" if customer["sms_consent"] else None,
        "sourceLocation": None,
    }


def _consent(consent: Entity | None) -> tuple[str, str, str | None]:
    """State, level and time; never asked reads as single opt-in without a time."""
    if not consent:
        return "NOT_SUBSCRIBED", "SINGLE_OPT_IN", None
    return consent["state"], consent["level"], consent["at"]


def _messages(consent: Entity | None) -> Entity:
    state, level, when = _consent(consent)
    collected = "OTHER" if consent else None
    return {"state": state, "optInLevel": level, "updatedAt": when, "collectedFrom": collected, "sourceLocation": None}


@field(KIND, "addresses")
def address_list(customer: Entity, _: Call, args: Args) -> list[Entity]:
    """Addresses, the default one first."""
    return _ordered(customer)[: args.get("first") or 250]


@field(KIND, "addressesV2")
def address_pages(customer: Entity, _: Call, args: Args) -> Entity:
    """Addresses by page."""
    return connection(_ordered(customer), args)


@field(KIND, "defaultAddress")
def default_address(customer: Entity, _: Call, __: Args) -> Entity | None:
    """The default address, or null."""
    return next((a for a in customer["addresses"] if a["id"] == customer["default_address"]), None)


def _ordered(customer: Entity) -> list[Entity]:
    return list(customer["addresses"])


@field(KIND, "numberOfOrders")
def number_of_orders(customer: Entity, _: Call, __: Args) -> str:
    """Orders, as text."""
    return str(customer["orders_count"])


@field(KIND, "amountSpent")
def amount_spent(customer: Entity, call: Call, _: Args) -> Entity:
    """Money of all orders, in the shop's currency."""
    return {"amount": customer["amount_spent"], "currencyCode": call.settings.currency}


@field(KIND, "canDelete")
def can_delete(customer: Entity, _: Call, __: Args) -> bool:
    """False as soon as there is an order."""
    return not customer["orders_count"]


@field(KIND, "validEmailAddress")
def valid_email(customer: Entity, _: Call, __: Args) -> bool:
    """Whether there is an e-mail address; bad ones are not stored."""
    return bool(customer["email"])


@field(KIND, "unsubscribeUrl")
def unsubscribe_url(customer: Entity, _: Call, __: Args) -> str:
    """Where mail can be stopped."""
    return f"https://example.com/unsubscribe/{quote(str(customer['id']))}"


@field(KIND, "mergeable")
def mergeable(customer: Entity, _: Call, __: Args) -> Entity:
    """Whether this customer may be merged."""
    blocked = customer["erasure"]
    reason = "Customer is being erased" if blocked else None
    return {"isMergeable": not blocked, "reason": reason, "errorFields": [], "mergeInProgress": None}


@field(KIND, "statistics")
def statistics(_: Entity, __: Call, ___: Args) -> Entity:
    """Predictions, which a new shop has none of."""
    return {"predictedSpendTier": None, "rfmGroup": None}


@field(KIND, "subscriptionContracts", "paymentMethods", "events")
def nothing_yet(_: Entity, __: Call, args: Args) -> Entity:
    """What an imported customer has none of."""
    return connection([], args)


@field(KIND, "companyContactProfiles", "identityProviderSubjects")
def none_of_those(_: Entity, __: Call, ___: Args) -> list[Any]:
    """Companies and identity providers, which the simulator does not have."""
    return []


@field(KIND, "productSubscriberStatus")
def subscriber_status(_: Entity, __: Call, ___: Args) -> str:
    """Never subscribed, as contracts are not modelled."""
    return "NEVER_SUBSCRIBED"


@field(KIND, "lifetimeDuration")
def lifetime(_: Entity, __: Call, ___: Args) -> str:
    """How long they have been a customer, in words."""
    return "less than a minute"
