"""Everything that can be sent: valid at Shopify in both versions with what the code really makes, and always silent."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from cratejoy_sandbox.shopify.schema import load
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    validate,
    visit,
)
from graphql.execution.values import get_variable_values
from graphql.language import ObjectValueNode
from target_shopify import operations
from target_shopify.mapping.definitions import CUSTOMER_DEFINITIONS, ORDER_DEFINITIONS

from .harness import LocalShop, Runner, customer, order, subscription

VERSIONS = ["2026-07", "2026-10"]
NAMES = [
    "AccessScopes", "BulkCustomerCreate", "BulkOperation", "BulkOperations", "BulkQuery", "BulkRun",
    "CustomerAddressCreate", "CustomerAddressDelete", "CustomerAddressUpdate", "CustomerCreate", "CustomerDelete",
    "CustomerFind", "CustomerGlance", "CustomerOrders", "CustomerRead", "CustomerUpdate",
    "CustomerUpdateDefaultAddress", "CustomersCount", "CustomersRoll", "DefinitionCreate", "DefinitionDelete",
    "Definitions", "ExportCustomers", "ExportOrders", "ExportTraces", "MetafieldsDelete", "MetafieldsSet",
    "OrderCreate", "OrderDelete",
    "OrderFind", "PilotBulkOperations", "PilotCustomer", "PilotTagged", "ProbeCustomers", "ProbeCustomersCount",
    "ProbeDefinitions", "ProbeShop", "ProbeTagged", "ProbeVersions", "Shop", "StagedUploadsCreate", "TagsAdd",
    "TagsRemove", "VariantsBySku",
]  # fmt: skip
WRITES = {
    "bulkOperationRunMutation", "bulkOperationRunQuery", "customerAddressCreate", "customerAddressDelete",
    "customerAddressUpdate", "customerCreate", "customerDelete", "customerUpdate", "customerUpdateDefaultAddress",
    "metafieldDefinitionCreate", "metafieldDefinitionDelete", "metafieldsDelete", "metafieldsSet", "orderCreate",
    "orderDelete", "stagedUploadsCreate", "tagsAdd", "tagsRemove",
}  # fmt: skip
LOUD = re.compile(r"invite|invoice|notif|consent|sendReceipt|sendFulfillmentReceipt|email_?marketing", re.IGNORECASE)


def document(name: str) -> DocumentNode:
    return parse(operations.operation(name).text)


def head(name: str) -> OperationDefinitionNode:
    [definition] = document(name).definitions
    assert isinstance(definition, OperationDefinitionNode)
    return definition


def roots(name: str) -> list[str]:
    return [one.name.value for one in head(name).selection_set.selections if isinstance(one, FieldNode)]


def schema(version: str) -> GraphQLSchema:
    return load(version).graphql


def test_the_list_is_this_one() -> None:
    """A new operation is added here with open eyes."""
    assert operations.names() == sorted(NAMES)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_an_operation_is_valid(name: str, version: str) -> None:
    assert validate(schema(version), document(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_operation_says_of_itself_what_it_is(name: str) -> None:
    one = operations.operation(name)

    assert head(name).name is not None
    assert head(name).name.value == one.name == name
    assert roots(name) == [one.root]
    assert one.writes == (head(name).operation.value == "mutation")


def test_only_these_mutations_are_sent() -> None:
    assert {operations.operation(name).root for name in NAMES if operations.operation(name).writes} == WRITES


@pytest.mark.parametrize("name", ["customerSendAccountInviteEmail", "../settings", "CustomerMerge", "", "Shop.graphql"])
def test_what_is_no_file_is_no_operation(name: str) -> None:
    with pytest.raises(KeyError):
        operations.operation(name)


@pytest.mark.parametrize("name", NAMES)
def test_no_operation_names_anything_that_mails_but_to_switch_it_off(name: str) -> None:
    text = re.sub(r"#.*", "", operations.operation(name).text)
    told = [match.group() for match in LOUD.finditer(text)]

    if operations.operation(name).root == "orderCreate":
        assert sorted(told) == ["sendFulfillmentReceipt", "sendReceipt"]
        assert "sendReceipt: false" in text
        assert "sendFulfillmentReceipt: false" in text
    else:
        assert told == []


@pytest.mark.parametrize("version", VERSIONS)
def test_no_literal_and_no_variable_can_choose_to_be_loud(version: str) -> None:
    """`options` of orderCreate is the one place where mail is switched, and no variable reaches it."""
    for name in NAMES:
        types = TypeInfo(schema(version))
        literals: list[str] = []

        class Literals(Visitor):
            def enter_object_value(self, node: ObjectValueNode, *_: Any) -> None:
                literals.append(str(get_named_type(types.get_input_type())))  # noqa: B023

        visit(document(name), TypeInfoVisitor(types, Literals()))
        variables = {str(one.type) for one in head(name).variable_definitions or ()}
        assert not any("OrderCreateOptionsInput" in one for one in variables)
        assert set(literals) <= {"OrderCreateOptionsInput"}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_check_of_variables_can_fail(version: str) -> None:
    for wrong in ({"input": {"emial": "ada@example.com"}}, {"input": {"addresses": [{"countryCode": "Atlantis"}]}}, {}):
        found = get_variable_values(schema(version), head("CustomerCreate").variable_definitions or (), wrong)
        assert isinstance(found, list)


# What the code really sends


@pytest.fixture(scope="module")
def real_variables(shop_server: LocalShop) -> list[tuple[str, dict[str, Any]]]:
    """Run the target through all it can do, and return what it sent."""
    seen: list[tuple[str, dict[str, Any]]] = []
    from target_shopify.client import ShopifyClient

    call = ShopifyClient.call

    def keep(self: ShopifyClient, name: str, variables: Any, **options: Any) -> Any:
        seen.append((name, json.loads(json.dumps(variables))))
        return call(self, name, variables, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ShopifyClient, "call", keep)
        shop_server.reset()
        shop_server.add_customer(email="c5@example.com", firstName="Countess")
        runner = Runner(shop_server)
        lines = [{"price": 100, "quantity": 1, "instance": {"sku": "T", "product": {"name": "Tea " * 60}}}] * 60
        many = [order(1, month, products=lines) for month in range(1, 13)]
        runner.run([customer(1, orders=many), customer(2), customer(5), customer(6, email="no e-mail")])
        moved = {**customer(1)["addresses"][0], "street": "99 Example Street", "state": "Nowhere", "country": "Narnia"}
        runner.run([customer(1, addresses=[moved], subscriptions=[subscription(1, status="cancelled")])])
        runner.run([customer(1, first_name="Adele", addresses=[moved])], update_policy="replace")
        runner.run([customer(number) for number in range(11, 16)], lane="bulk", metafield_namespace="bulk")
        runner.run([customer(9)], dry_run=True)
    return seen


@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_code_sends_fits_the_schema(version: str, real_variables: list[tuple[str, dict[str, Any]]]) -> None:
    names = {name for name, _ in real_variables}
    assert {
        "Shop", "AccessScopes", "Definitions", "DefinitionCreate", "CustomerCreate", "CustomerFind", "CustomerRead",
        "CustomerUpdate", "CustomerAddressCreate", "TagsAdd", "TagsRemove", "MetafieldsSet", "MetafieldsDelete",
        "CustomersCount", "StagedUploadsCreate", "BulkRun", "BulkOperation",
    } <= names  # fmt: skip
    for name, variables in real_variables:
        found = get_variable_values(schema(version), head(name).variable_definitions or (), variables)
        assert not isinstance(found, list), (name, found)
        unknown = variables.keys() - {one.variable.name.value for one in head(name).variable_definitions or ()}
        assert unknown == set(), name


def test_no_input_field_that_can_mail_is_sent(real_variables: list[tuple[str, dict[str, Any]]]) -> None:
    def keys(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*map(keys, value.values()))
        return set().union(*map(keys, value)) if isinstance(value, list) else set()

    found = keys([variables for _, variables in real_variables])

    assert {"email", "metafields", "addresses"} <= found
    assert {key for key in found if LOUD.search(key)} == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_an_order_input_that_is_real_fits_the_schema(version: str) -> None:
    from target_shopify.mapping.options import MappingOptions
    from target_shopify.mapping.orders import order_input

    full = order(
        1, 2, note="Thank you.", coupons=[{"code_used": "TEA"}], total=3999, total_tax=310,
        ship_address={"to": "Ada Marsh", "street": "1 Example Street", "city": "Portland", "state": "OR",
                      "zip_code": "97201", "country": "US"},
    )  # fmt: skip
    for one in (full, order(1, 3, products=[]), order(1, 4, refunded_amount=4499, financial_status="refunded")):
        variants = {"TEA-GREEN": "gid://shopify/ProductVariant/1"}
        wanted = order_input(one, "gid://shopify/Customer/1", MappingOptions(orders="create"), variants)
        found = get_variable_values(schema(version), head("OrderCreate").variable_definitions or (), {"order": wanted})
        assert not isinstance(found, list), found
        assert not [key for key in wanted if LOUD.search(key)]


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_required_of_a_customer_is_forgotten(version: str) -> None:
    """CustomerInput asks for nothing; were that to change, every create would be refused."""
    kind = schema(version).type_map["CustomerInput"]
    assert isinstance(kind, GraphQLInputObjectType)
    assert [name for name, one in kind.fields.items() if isinstance(one.type, GraphQLNonNull)] == []


def test_definitions_are_named_described_and_pinned() -> None:
    pinned = {one.key for one in CUSTOMER_DEFINITIONS if one.pinned}

    assert pinned == {
        "customer_id", "subscription_status", "order_count", "lifetime_value", "first_order_at", "last_order_at",
    }  # fmt: skip
    assert {one.key: one.type for one in CUSTOMER_DEFINITIONS}["customer_id"] == "id"
    assert {one.key: one.type for one in ORDER_DEFINITIONS}["order_id"] == "id"
    assert all(one.name and one.description for one in (*CUSTOMER_DEFINITIONS, *ORDER_DEFINITIONS))
