"""Kinds of values that SQLite and the filters have to know: date-times, JSON, enumerations.

An enumeration carries the integers that Cratejoy's filters use (Cratejoy docs, the object pages).
"""

from typing import Annotated

STORE_ID = 4800001

Moment = Annotated[str, "moment"]
Json = Annotated[str, "json"]
SubscriptionStatus = Annotated[
    str,
    {
        "unpaid": 1,
        "active": 2,
        "cancelled": 3,
        "suspended": 4,
        "expired": 5,
        "past_due": 6,
        "pending_renewal": 7,
        "renewing": 8,
    },
]
OrderStatus = Annotated[str, {"open": 1, "closed": 2}]
FulfillmentStatus = Annotated[str, {"unfulfilled": 1, "partial": 2, "fulfilled": 3}]
Result = Annotated[str, {"authorized": 1, "captured": 2, "failed": 3, "refunded": 4, "failed_refund": 5}]
ShipmentStatus = Annotated[str, {"unshipped": 1, "shipped": 2, "cancelled": 3}]
