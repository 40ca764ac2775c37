"""Orders of the past whose lines, tax, shipping and discount come to Cratejoy's total."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping_samples import OPTIONS, address, order, order_line
from target_shopify.mapping.options import MappingOptions
from target_shopify.mapping.orders import order_input, order_skus
from target_shopify.rules import Refused

CUSTOMER = "gid://shopify/Customer/7"


def made(options=OPTIONS, variants=None, **changes):
    """The input of a varied order."""
    return order_input(order(**changes), CUSTOMER, options, variants or {})


def amount(bag):
    """The shop money of a money bag."""
    return bag["shopMoney"]["amount"]


def total(wanted):
    """What Shopify makes of it: lines less discount, plus shipping and tax."""
    lines = sum(one["quantity"] * Decimal(amount(one["priceSet"])) for one in wanted["lineItems"])
    more = sum(Decimal(amount(one["priceSet"])) for key in ("shippingLines", "taxLines") for one in wanted.get(key, ()))
    discount = wanted.get("discountCode", {}).get("itemFixedDiscountCode")
    off = Decimal(amount(discount["amountSet"])) if discount else Decimal(0)
    assert off <= lines
    return lines + more - off


def test_a_paid_order_has_all_the_contract_says():
    assert made() == {
        "sourceIdentifier": "7101000120",
        "name": "CJ-7101000120",
        "processedAt": "2026-10-15T06:01:44Z",
        "currency": "USD",
        "customer": {"toAssociate": {"id": CUSTOMER}},
        "financialStatus": "PAID",
        "test": False,
        "tags": ["cj-order", "cj-renewal"],
        "lineItems": [
            {
                "title": "Tea Box",
                "quantity": 1,
                "priceSet": {"shopMoney": {"amount": "39.99", "currencyCode": "USD"}},
                "requiresShipping": True,
                "sku": "TEA-GREEN",
            }
        ],
        "shippingLines": [{"title": "Shipping", "priceSet": {"shopMoney": {"amount": "5.00", "currencyCode": "USD"}}}],
        "transactions": [
            {
                "kind": "SALE",
                "status": "SUCCESS",
                "gateway": "Cratejoy",
                "amountSet": {"shopMoney": {"amount": "44.99", "currencyCode": "USD"}},
                "test": False,
                "processedAt": "2026-10-15T06:01:44Z",
            }
        ],
        "metafields": [{"namespace": "cratejoy", "key": "order_id", "type": "id", "value": "7101000120"}],
    }


def test_a_line_links_to_the_variant_of_its_sku():
    wanted = made(variants={"TEA-GREEN": "gid://shopify/ProductVariant/3"})
    assert wanted["lineItems"][0]["variantId"] == "gid://shopify/ProductVariant/3"
    assert order_skus([order(), order(products=None), {"products": [order_line(instance={"sku": "TEA-RED"}), 7]}]) == {
        "TEA-GREEN",
        "TEA-RED",
    }


@pytest.mark.parametrize(
    ("quantity", "price", "line"),
    [
        (3, 11997, ("Tea Box", 3, "39.99")),
        (3, 10000, ("Tea Box (3 pieces)", 1, "100.00")),
        (0, 3999, ("Tea Box", 1, "39.99")),
        ("2", "3998", ("Tea Box", 2, "19.99")),
        (2, 0, ("Tea Box", 2, "0.00")),
    ],
)
def test_a_piece_costs_its_share_of_the_line_in_whole_cents(quantity, price, line):
    (item,) = made(products=[order_line(quantity=quantity, price=price)], total=None)["lineItems"]
    assert (item["title"], item["quantity"], amount(item["priceSet"])) == line


def test_an_order_without_lines_gets_one_with_its_total():
    wanted = made(products=[], total=4499)
    assert [(one["title"], amount(one["priceSet"])) for one in wanted["lineItems"]] == [
        ("Cratejoy order 7101000120", "44.99")
    ]
    assert "shippingLines" not in wanted
    assert total(wanted) == Decimal("44.99")


def test_what_the_sums_are_over_the_total_is_a_discount_under_the_code_that_was_used():
    wanted = made(total=4099, coupons=[{"code_used": "welcome10", "code_primary": "WELCOME10"}])
    discount = wanted["discountCode"]["itemFixedDiscountCode"]
    assert (discount["code"], amount(discount["amountSet"])) == ("welcome10", "4.00")
    assert made(total=4099)["discountCode"]["itemFixedDiscountCode"]["code"] == "CRATEJOY"


def test_a_discount_takes_no_more_than_the_items_cost_and_shipping_gives_the_rest():
    wanted = made(total=200)
    assert amount(wanted["discountCode"]["itemFixedDiscountCode"]["amountSet"]) == "39.99"
    assert amount(wanted["shippingLines"][0]["priceSet"]) == "2.00"
    assert total(wanted) == Decimal("2.00")


def test_what_the_sums_lack_is_a_line_of_its_own():
    wanted = made(total=5000)
    assert [(one["title"], amount(one["priceSet"])) for one in wanted["lineItems"]][1:] == [("Other charges", "5.01")]


def test_a_tax_has_the_rate_that_shopify_asks_for():
    wanted = made(total_tax=360, total=4859)
    assert wanted["taxLines"] == [
        {
            "title": "Tax",
            "rate": "0.080018",
            "priceSet": {"shopMoney": {"amount": "3.60", "currencyCode": "USD"}},
        }
    ]


def test_a_tax_on_nothing_is_a_line():
    wanted = made(products=[order_line(price=0)], total_shipping=0, total_tax=100, total=100)
    assert "taxLines" not in wanted
    assert total(wanted) == Decimal("1.00")


@pytest.mark.parametrize(
    ("changes", "status", "payments"),
    [
        ({}, "PAID", [("SALE", "44.99")]),
        ({"refunded_amount": 1000}, "PARTIALLY_REFUNDED", [("SALE", "44.99"), ("REFUND", "10.00")]),
        ({"refunded_amount": 4499}, "REFUNDED", [("SALE", "44.99"), ("REFUND", "44.99")]),
        ({"refunded_amount": 9999}, "REFUNDED", [("SALE", "44.99"), ("REFUND", "44.99")]),
        ({"financial_status": "refunded"}, "REFUNDED", [("SALE", "44.99"), ("REFUND", "44.99")]),
        ({"financial_status": "Partially Refunded"}, "PARTIALLY_REFUNDED", [("SALE", "44.99")]),
        ({"financial_status": "unpaid"}, "PENDING", []),
        ({"financial_status": "failed"}, "VOIDED", []),
        ({"financial_status": "authorized"}, "AUTHORIZED", [("AUTHORIZATION", "44.99")]),
        ({"financial_status": "who knows"}, None, []),
        ({"financial_status": None}, None, []),
        ({"total": 0}, "PAID", []),
    ],
)
def test_payments_read_as_they_were(changes, status, payments):
    wanted = made(**changes)
    assert wanted.get("financialStatus") == status
    assert [(one["kind"], amount(one["amountSet"])) for one in wanted.get("transactions", ())] == payments


@pytest.mark.parametrize(
    ("given", "status"), [("fulfilled", "FULFILLED"), (2, "PARTIAL"), ("unfulfilled", None), ("lost", None)]
)
def test_fulfilment_is_told_where_there_was_any(given, status):
    assert made(fulfillment_status=given).get("fulfillmentStatus") == status


@pytest.mark.parametrize(
    ("status", "closed"), [("closed", "2026-10-15T06:01:44Z"), (2, "2026-10-15T06:01:44Z"), ("open", None)]
)
def test_a_closed_order_is_closed_in_the_shop_too(status, closed):
    wanted = made(status=status, placed_at="2026-10-15T06:01:44Z")
    assert wanted.get("closedAt") == closed


def test_tags_tell_renewals_gifts_and_tests():
    wanted = made(is_renewal=False, is_gift=True, is_test=True)
    assert (wanted["tags"], wanted["test"]) == (["cj-order", "cj-gift", "cj-test"], True)
    assert made(MappingOptions(tag_prefix="old-"))["tags"] == ["old-order", "old-renewal"]


def test_the_shipping_address_and_notes_go_along():
    wanted = made(ship_address=address(), note="Ring twice", gift_message="Enjoy!")
    assert wanted["shippingAddress"]["provinceCode"] == "OR"
    assert wanted["note"] == "Ring twice\n\nGift message: Enjoy!"


def test_an_order_without_id_is_refused():
    with pytest.raises(Refused) as refused:
        made(id=None)
    assert refused.value.reason == "order_no_id"


cents = st.one_of(st.none(), st.integers(0, 30_000))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 20_000)), max_size=4),
    cents,
    cents,
    st.integers(0, 80_000),
)
def test_the_sums_always_come_to_cratejoys_total(lines, shipping, tax, told):
    products = [order_line(quantity=quantity, price=price) for quantity, price in lines]
    wanted = made(products=products, total_shipping=shipping, total_tax=tax, total=told)
    assert total(wanted) == Decimal(told) / 100
    assert all(Decimal(amount(one["priceSet"])) >= 0 for one in wanted["lineItems"])
