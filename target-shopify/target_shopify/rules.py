"""What Shopify will refuse and how we answer it: limits, the codes of our repairs, and the one refusal there is.

Sources are Shopify's Admin schema 2026-07, its limits pages, and recorded answers of live shops.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

TEXT_LENGTH = 255
"""Characters of e-mail, names, tags and every address field (recorded: "is too long (maximum is 255 characters)")."""
NOTE_LENGTH = 5_000
"""Characters of a customer's note (recorded)."""
LIST_LENGTH = 250
"""Items of any array argument: tags, addresses (limits page; recorded MAX_INPUT_SIZE_EXCEEDED)."""
JSON_BYTES = 120_000
"""UTF-8 bytes of a json metafield value as we write it; Shopify takes 128 KB from API 2026-04 on (limits page)."""

CHECKS = {
    "addresses_cut": "More addresses than Shopify takes at once: the last ones were left off.",
    "address_cleaned": "HTML tags, web addresses or emoji were removed from an address.",
    "address_cut": "An address field was cut at 255 characters.",
    "country_assumed": "An address without a country was given the country of the customer record.",
    "country_unknown": "The country of an address is not one Shopify knows; it is kept beside the city.",
    "date_unreadable": "A date could not be read and was left off.",
    "earlier_repair": "Something of another Cratejoy customer with this e-mail was repaired in an earlier run.",
    "email_cleaned": "The e-mail was freed of what does not belong to it.",
    "email_unusable": "The e-mail cannot be used in Shopify; it is kept in the metafield source_email.",
    "history_shortened": "An order or subscription was too large for a metafield: its long texts were cut.",
    "money_unreadable": "An amount could not be read and was left off.",
    "name_cleaned": "HTML tags or web addresses were removed from the name.",
    "name_cut": "A name was cut at 255 characters.",
    "note_cut": "The note was cut at 5,000 characters.",
    "phone_invalid": "No usable phone number; what was there is kept in the note.",
    "province_unknown": "The state of an address is not one Shopify knows for its country; it is kept beside the city.",
    "row_unreadable": "An address, subscription or order was not a record and was left off.",
    "tags_cut": "More Cratejoy ids than a customer can have tags: the last id tags were left off.",
}
"""Every repair a person might want to look at (tag `cj-check`), by code."""

MET = {
    "email_refused": "Shopify may refuse the e-mail; then it is kept in source_email.",
    "email_taken": "Another customer of the shop owns the e-mail: left off.",
    "phone_taken": "Another customer of the shop owns the number: left off.",
}
"""What is left off because of what the shop says, as far as a forecast can know it, by code."""

REFUSALS = {
    "no_id": "The record has no usable Cratejoy id.",
    "no_identity": "The record has no usable e-mail, name or phone number; Shopify needs one of them.",
    "order_no_id": "The order has no usable Cratejoy id.",
}
"""Every reason for which a record cannot be carried at all, by code."""

_EMAIL_AS_SHOPIFY_TAKES_IT = re.compile(
    r"(?!\.)(?!.*\.\.)[^@\s]*[^@\s.]@[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE | re.ASCII
)


def email_may_be_refused(email: str) -> bool:
    """Whether an e-mail that we send is of a kind that Shopify may call invalid.

    It is sent all the same, and given up when Shopify refuses: domains outside ASCII, and dots where mail forbids them.
    No source says which of these Shopify takes; a forecast reckons with a refusal.
    """
    return _EMAIL_AS_SHOPIFY_TAKES_IT.fullmatch(email) is None


class Refused(Exception):
    """A record that Shopify cannot hold in any form.

    Args:
        reason: Code, one of `REFUSALS`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(REFUSALS.get(reason, reason))
        self.reason = reason


def reason_text(repairs: Iterable[str]) -> str | None:
    """Return repairs as the ledger keeps them: codes, comma-separated, sorted, once each; None without any."""
    return ", ".join(sorted(set(repairs))) or None
