"""Customers of the local Shopify: creating, changing, removing, by the platform's rules."""

import pytest

CREATE = """mutation($i: CustomerInput!) { customerCreate(input: $i) {
    customer { id email phone tags displayName note state } userErrors { field message } } }"""
UPDATE = """mutation($i: CustomerInput!) { customerUpdate(input: $i) {
    customer { id email tags note addressesV2(first: 10) { nodes { id city } } } userErrors { field message } } }"""
SET = """mutation($i: CustomerSetInput!, $by: CustomerSetIdentifiers) { customerSet(input: $i, identifier: $by) {
    customer { id email tags note firstName addressesV2(first: 10) { nodes { city } } }
    userErrors { field message code } } }"""
DELETE = """mutation($i: CustomerDeleteInput!) { customerDelete(input: $i) {
    deletedCustomerId userErrors { field message } } }"""


def errors(shop, text, **variables):
    payload = next(iter(shop.data(text, variables).values()))
    return [(error["field"], error["message"]) for error in payload["userErrors"]]


def test_a_customer_comes_with_addresses_consent_and_metafields_in_one_call(shop):
    made = shop.data(
        """mutation($i: CustomerInput!) { customerCreate(input: $i) { userErrors { message } customer {
            displayName verifiedEmail state numberOfOrders canDelete locale
            defaultAddress { city country province formattedArea firstName }
            emailMarketingConsent { marketingState marketingOptInLevel consentUpdatedAt }
            metafield(namespace: "migration", key: "history") { type jsonValue } } } }""",
        {
            "i": {
                "email": "ada@example.com",
                "firstName": "Ada",
                "lastName": "Marsh",
                "addresses": [
                    {"address1": "1 Main Street", "city": "Toronto", "countryCode": "CA", "provinceCode": "ON"}
                ],
                "emailMarketingConsent": {
                    "marketingState": "SUBSCRIBED",
                    "marketingOptInLevel": "SINGLE_OPT_IN",
                    "consentUpdatedAt": "2024-05-01T10:00:00Z",
                },
                "metafields": [{"namespace": "migration", "key": "history", "type": "json", "value": '{"boxes": 7}'}],
            }
        },
    )
    assert made["customerCreate"]["customer"] == {
        "displayName": "Ada Marsh",
        "verifiedEmail": True,
        "state": "DISABLED",
        "numberOfOrders": "0",
        "canDelete": True,
        "locale": "en",
        "defaultAddress": {
            "city": "Toronto",
            "country": "Canada",
            "province": "Ontario",
            "formattedArea": "Toronto ON, Canada",
            "firstName": "Ada",
        },
        "emailMarketingConsent": {
            "marketingState": "SUBSCRIBED",
            "marketingOptInLevel": "SINGLE_OPT_IN",
            "consentUpdatedAt": "2024-05-01T10:00:00Z",
        },
        "metafield": {"type": "json", "jsonValue": {"boxes": 7}},
    }


@pytest.mark.parametrize(
    ("wanted", "field", "message"),
    [
        ({}, None, "A name, phone number, or email address must be present"),
        ({"email": "ada@example"}, ["email"], "Email is invalid"),
        ({"email": "nobody"}, ["email"], "Email is invalid"),
        ({"phone": "+1234abcd"}, ["phone"], "Phone is invalid"),
        ({"firstName": "A" * 256}, ["firstName"], "First name is too long (maximum is 255 characters)"),
        ({"firstName": "A", "note": "n" * 5001}, ["note"], "Note is too long (maximum is 5000 characters)"),
        ({"firstName": "A", "tags": ["t" * 256]}, ["tags"], "Tags is too long (maximum is 255 characters)"),
        ({"firstName": "A", "tags": [",".join(map(str, range(251)))]}, ["tags"], "Tags cannot be more than 250"),
        ({"firstName": "A", "locale": "xx-nowhere"}, ["locale"], "Locale is invalid"),
        ({"firstName": "A", "id": "gid://shopify/Customer/1"}, ["id"], "Cannot specify ID on creation"),
        (
            {"firstName": "A", "addresses": [{"countryCode": "US", "provinceCode": "ON"}]},
            ["addresses", "0", "province"],
            "Province is invalid",
        ),
        ({"firstName": "A", "addresses": [{"address1": " "}]}, ["addresses", "0"], "Customer address cannot be blank."),
        (
            {"firstName": "A", "emailMarketingConsent": {"marketingState": "UNSUBSCRIBED"}},
            ["emailMarketingConsent"],
            "An email address is required to set the email marketing consent state.",
        ),
        (
            {"firstName": "A", "smsMarketingConsent": {"marketingState": "UNSUBSCRIBED"}},
            ["smsMarketingConsent"],
            "A phone number is required to set the SMS consent state.",
        ),
    ],
)
def test_create_refuses_in_shopifys_words(shop, wanted, field, message):
    assert errors(shop, CREATE, i=wanted) == [(field, message)]
    assert shop.customers() == []


def test_an_email_is_one_address_whatever_its_capitals_and_blanks(shop):
    shop.create(email="ada@example.com")
    assert errors(shop, CREATE, i={"email": " ADA@exam ple.com "}) == [(["email"], "Email has already been taken")]


def test_a_phone_is_one_number_however_it_is_written(shop):
    shop.create(phone="+1 (613) 450-5293")
    assert shop.customers()[0]["phone"] == "+16134505293"
    assert errors(shop, CREATE, i={"phone": "+1-613-450-5293"}) == [(["phone"], "Phone has already been taken")]


def test_too_long_an_email_is_two_errors(shop):
    found = errors(shop, CREATE, i={"email": "a" * 250 + "@example.com"})
    assert [message for _, message in found] == ["Email is too long (maximum is 255 characters)", "Email is invalid"]


def test_tags_are_split_trimmed_deduplicated_and_sorted(shop):
    made = shop.data(CREATE, {"i": {"firstName": "A", "tags": ["b, a", "VIP", "vip ", ""]}})
    assert made["customerCreate"]["customer"]["tags"] == ["a", "b", "VIP"]


def test_a_name_is_shown_else_the_email_else_the_number(shop):
    shown = [
        shop.data(CREATE, {"i": wanted})["customerCreate"]["customer"]["displayName"]
        for wanted in ({"lastName": "Marsh"}, {"email": "b@example.com"}, {"phone": "+14158103301"})
    ]
    assert shown == ["Marsh", "b@example.com", "+1 415-810-3301"]


@pytest.mark.parametrize("state", ["NOT_SUBSCRIBED", "REDACTED"])
def test_states_that_nobody_may_set_are_a_top_level_error(shop, state):
    consent = {"marketingState": state, "marketingOptInLevel": "SINGLE_OPT_IN"}
    answer = shop.gql(CREATE, {"i": {"email": "a@example.com", "emailMarketingConsent": consent}})
    assert answer["data"] == {"customerCreate": None}
    assert answer["errors"][0]["message"] == f"Cannot specify {state} as a marketing state input"
    assert answer["errors"][0]["extensions"]["code"] == "INVALID"


def test_update_keeps_what_is_left_out(shop):
    number = shop.create(email="a@example.com", note="old", tags=["x"])
    changed = shop.data(UPDATE, {"i": {"id": number, "note": "new"}})["customerUpdate"]["customer"]
    assert (changed["email"], changed["note"], changed["tags"]) == ("a@example.com", "new", ["x"])


def test_update_refuses_consent_and_names_the_mutation_for_it(shop):
    number = shop.create(email="a@example.com")
    found = errors(shop, UPDATE, i={"id": number, "emailMarketingConsent": {"marketingState": "UNSUBSCRIBED"}})
    assert found[0][1].endswith("please use the customerEmailMarketingConsentUpdate Mutation instead")


def test_update_changes_an_address_in_place_and_removes_those_not_listed(shop):
    number = shop.create(firstName="A", addresses=[{"city": "Austin"}, {"city": "Boston"}])
    first = shop.customers()[0]["addresses"][0]["id"]
    sent = {"id": number, "addresses": [{"id": first, "city": "Chicago"}]}
    nodes = shop.data(UPDATE, {"i": sent})["customerUpdate"]["customer"]["addressesV2"]["nodes"]
    assert nodes == [{"id": first, "city": "Chicago"}]


def test_set_by_custom_id_creates_then_updates_the_same_customer(shop):
    shop.define()
    by = {"customId": {"namespace": "migration", "key": "external_id", "value": "cj-7"}}
    first = shop.data(SET, {"i": {"email": "a@example.com", "tags": ["x"]}, "by": by})["customerSet"]["customer"]
    again = shop.data(SET, {"i": {"firstName": "Ada"}, "by": by})["customerSet"]["customer"]
    assert again["id"] == first["id"]
    assert (again["email"], again["firstName"], again["tags"]) == ("a@example.com", "Ada", ["x"])
    assert [customer["metafields"][0]["value"] for customer in shop.customers()] == ["cj-7"]


def test_set_by_custom_id_wants_a_definition_of_type_id(shop):
    by = {"customId": {"namespace": "migration", "key": "external_id", "value": "cj-7"}}
    answer = shop.gql(SET, {"i": {"firstName": "A"}, "by": by})
    assert answer["errors"][0]["message"] == "Metafield definition of type 'id' is required when using custom ids."
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert answer["data"] == {"customerSet": None}


def test_set_by_custom_id_with_an_email_of_another_is_refused(shop):
    shop.define()
    shop.create(email="a@example.com")
    by = {"customId": {"namespace": "migration", "key": "external_id", "value": "cj-7"}}
    assert errors(shop, SET, i={"email": "a@example.com"}, by=by) == [
        (["input", "email"], "Email has already been taken")
    ]
    assert len(shop.customers()) == 1


@pytest.mark.parametrize(
    ("sent", "by", "code"),
    [
        ({"firstName": "A"}, {"email": "a@example.com"}, "MISSING_FIELD_REQUIRED"),
        ({"email": "b@example.com"}, {"email": "a@example.com"}, "INPUT_MISMATCH"),
        ({"firstName": "A"}, {"id": "gid://shopify/Customer/999999999999"}, "NOT_FOUND"),
        ({"id": "gid://shopify/Customer/1"}, {"id": "gid://shopify/Customer/1"}, "ID_NOT_ALLOWED"),
    ],
)
def test_set_refuses_identifiers_that_do_not_fit(shop, sent, by, code):
    payload = shop.data(SET, {"i": sent, "by": by})["customerSet"]
    assert [(error["field"], error["code"]) for error in payload["userErrors"]] == [(["input"], code)]


def test_set_replaces_lists_and_null_leaves_them(shop):
    number = shop.create(email="a@example.com", tags=["x"], addresses=[{"city": "Austin"}])
    kept = shop.data(SET, {"i": {"addresses": None}, "by": {"id": number}})["customerSet"]["customer"]
    assert kept["addressesV2"]["nodes"] == [{"city": "Austin"}]
    gone = shop.data(SET, {"i": {"addresses": [], "tags": ["y"]}, "by": {"id": number}})["customerSet"]["customer"]
    assert (gone["addressesV2"]["nodes"], gone["tags"]) == ([], ["y"])


def test_set_takes_neither_metafields_nor_consent(shop):
    answer = shop.gql(SET, {"i": {"firstName": "A", "metafields": []}})
    problem = answer["errors"][0]["extensions"]["problems"][0]
    assert problem == {"path": ["metafields"], "explanation": "Field is not defined on CustomerSetInput"}
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"


def test_a_customer_is_deleted_once(shop):
    number = shop.create(email="a@example.com")
    assert shop.data(DELETE, {"i": {"id": number}})["customerDelete"]["deletedCustomerId"] == number
    assert errors(shop, DELETE, i={"id": number}) == [(["id"], "Customer can't be found")]
    assert shop.create(email="a@example.com") != number


def test_a_customer_with_orders_is_not_deleted(shop):
    number = shop.control("POST", "customers", [{"email": "a@example.com", "orders": 2}])["ids"][0]
    field, message = errors(shop, DELETE, i={"id": number})[0]
    assert (field, message) == (["id"], "Customer can\u2019t be deleted because they have associated orders")


def test_tags_are_added_and_removed_whatever_their_capitals(shop):
    number = shop.create(firstName="A", tags=["VIP", "old"])
    text = "mutation($id: ID!, $t: [String!]!) { %s(id: $id, tags: $t) { node { id } userErrors { field message } } }"
    shop.data(text % "tagsAdd", {"id": number, "t": ["vip", "new"]})
    assert shop.customers()[0]["tags"] == ["new", "old", "VIP"]
    shop.data(text % "tagsRemove", {"id": number, "t": ["OLD"]})
    assert shop.customers()[0]["tags"] == ["new", "VIP"]
    missing = {"id": "gid://shopify/Customer/999999999999", "t": ["x"]}
    assert errors(shop, text % "tagsAdd", **missing) == [(["id"], "Customer does not exist")]


def test_an_invitation_is_counted_as_mail_to_a_customer(shop):
    number = shop.create(email="a@example.com")
    assert shop.control("GET", "stats")["mails"]["total"] == 0
    shop.data(
        "mutation($c: ID!) { customerSendAccountInviteEmail(customerId: $c) { customer { state } } }", {"c": number}
    )
    assert shop.control("GET", "stats")["mails"] == {"total": 1, "customerSendAccountInviteEmail": 1}


def test_merging_leaves_one_customer_with_both_their_tags(shop):
    one, two = shop.create(email="a@example.com", tags=["x"]), shop.create(email="b@example.com", tags=["y"])
    text = """mutation($a: ID!, $b: ID!) { customerMerge(customerOneId: $a, customerTwoId: $b) {
              resultingCustomerId job { done } userErrors { field message code } } }"""
    merged = shop.data(text, {"a": one, "b": two})["customerMerge"]
    assert (merged["resultingCustomerId"], merged["userErrors"]) == (two, [])
    assert [(customer["id"], customer["tags"]) for customer in shop.customers()] == [(two, ["x", "y"])]


def test_store_credit_is_added_and_taken(shop):
    number = shop.create(email="a@example.com")
    credit = """mutation($id: ID!, $i: StoreCreditAccountCreditInput!) {
        storeCreditAccountCredit(id: $id, creditInput: $i) {
        storeCreditAccountTransaction { balanceAfterTransaction { amount } account { id } }
        userErrors { field message code } } }"""
    money = {"amount": "7.50", "currencyCode": "USD"}
    made = shop.data(credit, {"id": number, "i": {"creditAmount": money, "notify": True}})["storeCreditAccountCredit"]
    assert made["storeCreditAccountTransaction"]["balanceAfterTransaction"] == {"amount": "7.5"}
    assert shop.control("GET", "stats")["mails"]["total"] == 1
    debit = """mutation($id: ID!, $i: StoreCreditAccountDebitInput!) {
        storeCreditAccountDebit(id: $id, debitInput: $i) {
        storeCreditAccountTransaction { id } userErrors { code } } }"""
    account = made["storeCreditAccountTransaction"]["account"]["id"]
    refused = shop.data(debit, {"id": account, "i": {"debitAmount": {"amount": "8", "currencyCode": "USD"}}})
    assert refused["storeCreditAccountDebit"]["userErrors"] == [{"code": "INSUFFICIENT_FUNDS"}]
