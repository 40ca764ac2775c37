"""Amounts of money in the shop's currency and in the buyer's, exact, written as Shopify writes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cratejoy_sandbox.shopify.registry import Entity

ZERO = Decimal(0)


@dataclass(frozen=True)
class Money:
    """One amount, for the shop and for the buyer."""

    shop: Decimal = ZERO
    buyer: Decimal = ZERO

    def __add__(self, other: "Money") -> "Money":
        return Money(self.shop + other.shop, self.buyer + other.buyer)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.shop - other.shop, self.buyer - other.buyer)

    def times(self, factor: Decimal | int) -> "Money":
        """So many times, to the cent."""
        return Money(cents(self.shop * factor), cents(self.buyer * factor))

    def at_most(self, other: "Money") -> "Money":
        """The smaller one, in each currency."""
        return Money(min(self.shop, other.shop), min(self.buyer, other.buyer))

    def floor(self) -> "Money":
        """Nothing instead of less than nothing."""
        return Money(max(ZERO, self.shop), max(ZERO, self.buyer))


def read(bag: Mapping[str, Any] | None) -> Money:
    """The amounts of a MoneyBagInput; without the buyer's the shop's stands for both."""
    if not bag:
        return Money()
    shop = Decimal(str(bag["shopMoney"]["amount"]))
    buyer = bag.get("presentmentMoney")
    return Money(shop, Decimal(str(buyer["amount"])) if buyer else shop)


def total(amounts: Iterable[Money]) -> Money:
    """The sum."""
    return sum(amounts, Money())


def cents(amount: Decimal) -> Decimal:
    """To the cent."""
    return amount.quantize(Decimal("0.01"))


def plain(amount: Decimal) -> str:
    """An amount without padding, but with one decimal: 20.0, 2.9 (seen live)."""
    text = f"{amount.normalize():f}"
    return text if "." in text else f"{text}.0"


def padded(amount: Decimal) -> str:
    """An amount as the deprecated fields have it: 31.90 (seen live)."""
    return f"{cents(amount):f}"


def bag(money: Money, currencies: tuple[str, str]) -> Entity:
    """A MoneyBag."""
    shop, buyer = currencies
    return {
        "shopMoney": {"amount": plain(money.shop), "currencyCode": shop},
        "presentmentMoney": {"amount": plain(money.buyer), "currencyCode": buyer},
    }
