"""Protected customer data: fields that an app without approval reads as null, with an error beside.

The two texts are Shopify's as apps report them; which fields belong to which level is from the page on
protected customer data.
"""

from typing import Any

from graphql import GraphQLSchema

from cratejoy_sandbox.shopify.errors import top_error
from cratejoy_sandbox.shopify.lists import words

PAGE = "https://shopify.dev/docs/apps/launch/protected-customer-data"
LEVEL_2 = {
    "Customer": words(
        """
        firstName lastName displayName email phone defaultEmailAddress defaultPhoneNumber addresses addressesV2
        defaultAddress
        """
    ),
    "Order": words("email phone billingAddress shippingAddress displayAddress"),
    "MailingAddress": words("firstName lastName name address1 address2 city zip phone company formatted"),
}
LEVEL_1_ROOTS = ("customer", "customers", "customerByIdentifier", "customerSegmentMembers", "order", "orders")


def guard(schema: GraphQLSchema, level: int) -> None:
    """Put refusals in place of the resolvers of what a level does not include."""
    if level < 2:
        for kind, names in LEVEL_2.items():
            owner: Any = schema.type_map[kind]
            for name in names:
                if name in owner.fields:
                    owner.fields[name].resolve = _refuser(f"use the {name} field")
    if level < 1:
        roots: Any = schema.type_map["QueryRoot"]
        for name in LEVEL_1_ROOTS:
            kind = "Order" if name.startswith("order") else "Customer"
            roots.fields[name].resolve = _refuser(f"access the {kind} object")


def _refuser(what: str) -> Any:
    def refuse(*_: Any, **__: Any) -> None:
        raise top_error(f"This app is not approved to {what}. See {PAGE} for more details.", "ACCESS_DENIED")

    return refuse
