"""Metafields and their definitions in the local Shopify."""

import pytest

SET = """mutation($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) {
    metafields { id namespace key type value compareDigest sizeInBytes }
    userErrors { field message code elementIndex } } }"""
CREATE = (
    """mutation($i: CustomerInput!) { customerCreate(input: $i) { customer { id } userErrors { field message } } }"""
)
DELETE = """mutation($m: [MetafieldIdentifierInput!]!) { metafieldsDelete(metafields: $m) {
    deletedMetafields { key } userErrors { message } } }"""
DEFINE = """mutation($d: MetafieldDefinitionInput!) { metafieldDefinitionCreate(definition: $d) {
    createdDefinition { id capabilities { uniqueValues { enabled } } } userErrors { field message code } } }"""
COUNT = """query($k: String!) {
    metafieldDefinition(identifier: {ownerType: CUSTOMER, namespace: "migration", key: $k}) {
    metafieldsCount type { name category } } }"""
DROP = """mutation($id: ID!, $all: Boolean!) {
    metafieldDefinitionDelete(id: $id, deleteAllAssociatedMetafields: $all) {
    deletedDefinitionId userErrors { field message code } } }"""


def entry(owner, value="x", key="note", kind="single_line_text_field", **more):
    return {"ownerId": owner, "namespace": "migration", "key": key, "type": kind, "value": value, **more}


def write(shop, *entries):
    return shop.data(SET, {"m": list(entries)})["metafieldsSet"]


def codes(payload):
    return [(error["field"], error["code"]) for error in payload["userErrors"]]


def test_a_metafield_is_written_and_read_back_with_its_size(shop):
    made = write(shop, entry(shop.create(firstName="A"), "caf\u00e9"))["metafields"][0]
    assert (made["value"], made["sizeInBytes"], len(made["compareDigest"])) == ("caf\u00e9", 5, 64)


def test_more_than_25_entries_are_refused(shop):
    owner = shop.create(firstName="A")
    payload = write(shop, *(entry(owner, key=f"key_{number}") for number in range(26)))
    assert payload["metafields"] is None
    assert codes(payload) == [(["metafields"], "LESS_THAN_OR_EQUAL_TO")]


def test_one_bad_entry_voids_all(shop):
    one, two = shop.create(firstName="A"), shop.create(firstName="B")
    payload = write(shop, entry(one), entry(two, "many", kind="number_integer"))
    assert payload["metafields"] == []
    assert codes(payload) == [(["metafields", "1", "value"], "INVALID_VALUE")]
    assert [customer["metafields"] for customer in shop.customers()] == [[], []]


@pytest.mark.parametrize(
    ("kind", "sent", "stored"),
    [
        ("boolean", " TRUE ", "true"),
        ("boolean", "0", "false"),
        ("number_integer", "5.0", "5"),
        ("number_decimal", "1.1234567891", "1.123456789"),
        ("date_time", "2026-06-25T10:11:12.123+05:30", "2026-06-25T10:11:12+05:30"),
        ("date_time", "2024-01-01T12:30:00", "2024-01-01T12:30:00+00:00"),
        ("weight", '{"value":2,"unit":"kg"}', '{"value":2.0,"unit":"KILOGRAMS"}'),
        ("list.single_line_text_field", '["a","b"]', '["a","b"]'),
        ("json", '{"a": [1, 2]}', '{"a": [1, 2]}'),
    ],
)
def test_values_are_stored_in_shopifys_form(shop, kind, sent, stored):
    payload = write(shop, entry(shop.create(firstName="A"), sent, kind=kind))
    assert payload["userErrors"] == []
    assert payload["metafields"][0]["value"] == stored


@pytest.mark.parametrize(
    ("kind", "sent", "message"),
    [
        ("single_line_text_field", " ", "Value can't be blank."),
        ("single_line_text_field", "a\nb", "Value must be a single line text string."),
        ("number_integer", "1.5", "Value must be an integer."),
        ("number_decimal", "10000000000000.1", "Value can't exceed 9999999999999."),
        ("boolean", "yes", "Value must be true or false."),
        ("date", "2026/06/21", "Value must be in YYYY-MM-DD format."),
        ("json", "{nope", "Value is invalid JSON: expected object key, got 'nope' at line 1 column 2."),
        ("url", "ftp://example.com", "Value must be one of the following URL schemes: http, https, mailto, sms, tel."),
        ("color", "blue", "Value must be a hex color code."),
    ],
)
def test_bad_values_are_refused_in_shopifys_words(shop, kind, sent, message):
    error = write(shop, entry(shop.create(firstName="A"), sent, kind=kind))["userErrors"][0]
    assert (error["field"], error["message"], error["code"]) == (["metafields", "0", "value"], message, "INVALID_VALUE")


def test_an_element_of_a_list_is_named_by_its_position(shop):
    payload = write(shop, entry(shop.create(firstName="A"), '[1, "x"]', kind="list.number_integer"))
    assert payload["userErrors"][0]["elementIndex"] == 1


def test_json_may_have_128_kilobytes_and_not_one_byte_more(shop):
    owner = shop.create(firstName="A")
    fits, too_long = ('"' + "x" * (size - 2) + '"' for size in (131_072, 131_073))
    assert write(shop, entry(owner, fits, kind="json"))["userErrors"] == []
    assert codes(write(shop, entry(owner, too_long, kind="json"))) == [(["metafields", "0", "value"], "INVALID_VALUE")]


@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"namespace": "ab"}, "namespace", "TOO_SHORT"),
        ({"key": "a" * 65}, "key", "TOO_LONG"),
        ({"namespace": "protected"}, "namespace", None),
        ({"type": None}, "type", "BLANK"),
        ({"ownerId": "gid://shopify/Customer/999999999999"}, "ownerId", "INVALID_VALUE"),
    ],
)
def test_names_types_and_owners_are_checked(shop, more, field, code):
    payload = write(shop, {**entry(shop.create(firstName="A")), **more})
    assert codes(payload) == [(["metafields", "0", field], code)]


def test_a_digest_guards_against_what_changed_meanwhile(shop):
    owner = shop.create(firstName="A")
    old = write(shop, entry(owner, "one", compareDigest=None))["metafields"][0]["compareDigest"]
    assert write(shop, entry(owner, "two", compareDigest=old))["userErrors"] == []
    assert codes(write(shop, entry(owner, "three", compareDigest=old))) == [(["metafields", "0"], "STALE_OBJECT")]
    assert codes(write(shop, entry(owner, "three", compareDigest=None))) == [(["metafields", "0"], "STALE_OBJECT")]


def test_a_type_need_not_be_said_under_a_definition(shop):
    shop.define(key="boxes", kind="number_integer")
    owner = shop.create(firstName="A")
    sent = {"ownerId": owner, "namespace": "migration", "key": "boxes", "value": "7"}
    assert write(shop, sent)["metafields"][0]["type"] == "number_integer"


def test_no_namespace_is_the_namespace_of_the_app(shop):
    owner = shop.create(firstName="A")
    sent = {"ownerId": owner, "key": "note", "type": "single_line_text_field", "value": "x"}
    assert write(shop, sent)["metafields"][0]["namespace"] == "app--310000000001"
    other = {**sent, "namespace": "app--999--own"}
    assert codes(write(shop, other)) == [(["metafields", "0"], "APP_NOT_AUTHORIZED")]


def test_a_repeated_id_is_refused_wherever_it_comes_from(shop):
    shop.define()
    sent = {"namespace": "migration", "key": "external_id", "type": "id", "value": "cj-7"}
    shop.create(email="a@example.com", metafields=[sent])
    again = shop.data(CREATE, {"i": {"email": "b@example.com", "metafields": [sent]}})["customerCreate"]
    assert again["customer"] is None
    assert again["userErrors"][0]["field"] == ["metafields", "0", "value"]
    assert [customer["email"] for customer in shop.customers()] == ["a@example.com"]
    other = shop.create(email="b@example.com")
    assert codes(write(shop, {"ownerId": other, **sent})) == [(["metafields", "0", "value"], "TAKEN")]
    update = "mutation($i: CustomerInput!) { customerUpdate(input: $i) { customer { id } userErrors { field } } }"
    refused = shop.data(update, {"i": {"id": other, "note": "n", "metafields": [sent]}})["customerUpdate"]
    assert refused["userErrors"] == [{"field": ["metafields", "0", "value"]}]
    assert shop.customers()[1]["note"] is None


def test_deleting_what_is_not_there_is_null_and_no_error(shop):
    owner = shop.create(firstName="A")
    write(shop, entry(owner))
    wanted = [{"ownerId": owner, "namespace": "migration", "key": key} for key in ("note", "other")]
    assert shop.data(DELETE, {"m": wanted})["metafieldsDelete"] == {
        "deletedMetafields": [{"key": "note"}, None],
        "userErrors": [],
    }


@pytest.mark.parametrize(
    ("wanted", "field", "code"),
    [
        ({"namespace": "a b c"}, ["definition", "namespace"], "INVALID_CHARACTER"),
        ({"key": "k"}, ["definition", "key"], "TOO_SHORT"),
        ({"name": "n" * 256}, ["definition", "name"], "TOO_LONG"),
        ({"type": "no_such_type"}, ["definition", "type"], "INCLUSION"),
        (
            {"type": "id", "capabilities": {"uniqueValues": {"enabled": False}}},
            ["definition"],
            "CAPABILITY_REQUIRED_BUT_DISABLED",
        ),
        ({"validations": [{"name": "colour", "value": "1"}]}, ["definition", "validations"], "INVALID_OPTION"),
    ],
)
def test_a_definition_is_checked(shop, wanted, field, code):
    base = {"namespace": "migration", "key": "note", "name": "Note", "type": "single_line_text_field"}
    payload = shop.data(DEFINE, {"d": {**base, "ownerType": "CUSTOMER", **wanted}})["metafieldDefinitionCreate"]
    assert codes(payload) == [(field, code)]


def test_a_definition_made_again_is_taken(shop):
    shop.define()
    wanted = {"namespace": "migration", "key": "external_id", "name": "n", "type": "id", "ownerType": "CUSTOMER"}
    error = shop.data(DEFINE, {"d": wanted})["metafieldDefinitionCreate"]["userErrors"][0]
    assert (error["field"], error["code"]) == (["definition", "key"], "TAKEN")
    assert error["message"] == "Key is in use for Customer metafields on the 'migration' namespace."


def test_a_definition_limits_values_and_counts_them(shop):
    shop.define(key="grade", kind="number_integer", validations=[{"name": "max", "value": "5"}])
    owner = shop.create(firstName="A")
    error = write(shop, entry(owner, "6", "grade", "number_integer"))["userErrors"][0]
    assert error["message"] == "Value has a maximum of 5."
    write(shop, entry(owner, "5", "grade", "number_integer"))
    assert shop.data(COUNT, {"k": "grade"})["metafieldDefinition"]["metafieldsCount"] == 1


def test_a_definition_goes_with_all_its_values_in_one_call(shop):
    definition = shop.define()
    sent = {"namespace": "migration", "key": "external_id", "type": "id", "value": "cj-7"}
    shop.create(email="a@example.com", metafields=[sent])
    kept = shop.data(DROP, {"id": definition, "all": False})["metafieldDefinitionDelete"]
    assert kept["userErrors"][0]["code"] == "ID_TYPE_DELETION_ERROR"
    gone = shop.data(DROP, {"id": definition, "all": True})["metafieldDefinitionDelete"]
    assert gone["deletedDefinitionId"] == definition
    assert shop.customers()[0]["metafields"] == []


def test_an_owner_lists_its_metafields_by_namespace_and_by_key(shop):
    owner = shop.create(firstName="A")
    write(shop, entry(owner, key="one"), entry(owner, key="two"), entry(owner, key="three", namespace="other"))
    text = """query($id: ID!) { customer(id: $id) {
        some: metafields(first: 5, namespace: "migration") { nodes { key } }
        named: metafields(first: 5, keys: ["migration.two"]) { nodes { value } } } }"""
    found = shop.data(text, {"id": owner})["customer"]
    assert [node["key"] for node in found["some"]["nodes"]] == ["one", "two"]
    assert len(found["named"]["nodes"]) == 1
