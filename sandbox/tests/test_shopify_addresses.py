"""Single addresses and marketing consent of the local Shopify."""

import pytest

ADDRESS = "address { id address1 city phone country provinceCode name } userErrors { field message }"
CREATE = f"""mutation($c: ID!, $a: MailingAddressInput!, $d: Boolean) {{
    customerAddressCreate(customerId: $c, address: $a, setAsDefault: $d) {{ {ADDRESS} }} }}"""
UPDATE = f"""mutation($c: ID!, $n: ID!, $a: MailingAddressInput!) {{
    customerAddressUpdate(customerId: $c, addressId: $n, address: $a) {{ {ADDRESS} }} }}"""
DELETE = """mutation($c: ID!, $n: ID!) { customerAddressDelete(customerId: $c, addressId: $n) {
    deletedAddressId userErrors { field message } } }"""
DEFAULT = """mutation($c: ID!, $n: ID!) { customerUpdateDefaultAddress(customerId: $c, addressId: $n) {
    customer { defaultAddress { id } } userErrors { field message } } }"""
CONSENT = """mutation($i: Customer%(kind)sMarketingConsentUpdateInput!) {
    customer%(kind)sMarketingConsentUpdate(input: $i) { customer { id } userErrors { field message code } } }"""


def address(shop, customer, **sent):
    return shop.data(CREATE, {"c": customer, "a": sent})["customerAddressCreate"]


@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        ({"countryCode": "ZZ"}, "country", "Country is invalid"),
        ({"country": "Atlantis"}, "country", "Country is invalid"),
        ({"countryCode": "CA", "provinceCode": "TX"}, "province", "Province is invalid"),
        ({"address1": "a" * 256}, "address1", "Address1 is too long (maximum is 255 characters)"),
        ({"city": "<b>Austin</b>"}, "city", "City cannot contain HTML tags"),
        ({"city": "https://example.com"}, "city", "City cannot contain URL"),
        ({"address1": "1 Main \U0001f600"}, "address1", "Address1 cannot contain emojis"),
    ],
)
def test_a_bad_address_is_refused_at_its_field(shop, sent, field, message):
    customer = shop.create(firstName="A")
    assert address(shop, customer, **sent)["userErrors"] == [{"field": ["address", field], "message": message}]


def test_the_code_of_a_country_wins_over_its_name_and_zones_of_others_are_ignored(shop):
    customer = shop.create(firstName="A")
    made = address(shop, customer, city="Austin", countryCode="US", country="Canada", provinceCode="TX")["address"]
    assert (made["country"], made["provinceCode"]) == ("United States", "TX")
    made = address(shop, customer, city="Singapore", countryCode="SG", provinceCode="ON")["address"]
    assert (made["country"], made["provinceCode"]) == ("Singapore", None)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [("+1 (613) 450-4538", "+16134504538"), ("450-4538", "+14504538"), ("not a phone", "not a phone")],
)
def test_a_phone_of_an_address_is_normalised_when_it_can_be(shop, sent, stored):
    customer = shop.create(firstName="A")
    assert address(shop, customer, countryCode="CA", phone=sent)["address"]["phone"] == stored


def test_the_first_address_is_the_default_and_names_are_the_customers(shop):
    customer = shop.create(firstName="Ada", lastName="Marsh")
    made = address(shop, customer, city="Austin")["address"]
    assert made["name"] == "Ada Marsh"
    assert shop.customers()[0]["default_address"] == made["id"]


def test_an_equal_address_is_refused(shop):
    customer = shop.create(firstName="A")
    address(shop, customer, city="Austin")
    assert address(shop, customer, city="Austin")["userErrors"] == [
        {"field": ["address"], "message": "Address already exists"}
    ]


def test_an_address_is_changed_made_default_and_removed(shop):
    customer = shop.create(firstName="A")
    first, second = (address(shop, customer, city=city)["address"]["id"] for city in ("Austin", "Boston"))
    changed = shop.data(UPDATE, {"c": customer, "n": second, "a": {"address1": "2 Oak"}})["customerAddressUpdate"]
    assert (changed["address"]["address1"], changed["address"]["city"]) == ("2 Oak", "Boston")
    default = shop.data(DEFAULT, {"c": customer, "n": second})["customerUpdateDefaultAddress"]["customer"]
    assert default["defaultAddress"]["id"] == second
    shop.data(DELETE, {"c": customer, "n": second})
    assert shop.customers()[0]["default_address"] == first


def test_an_address_of_nobody_is_a_top_level_error_and_one_of_another_a_user_error(shop):
    customer, other = shop.create(firstName="A"), shop.create(firstName="B")
    theirs = address(shop, other, city="Austin")["address"]["id"]
    payload = shop.data(DELETE, {"c": customer, "n": theirs})["customerAddressDelete"]
    assert payload["userErrors"] == [{"field": ["addressId"], "message": "Address does not exist"}]
    answer = shop.gql(DELETE, {"c": customer, "n": "gid://shopify/MailingAddress/999999999999"})
    assert answer["errors"][0]["extensions"]["code"] == "RESOURCE_NOT_FOUND"


def consent(shop, customer, kind="Email", **sent):
    field = f"{kind.lower()}MarketingConsent"
    variables = {"i": {"customerId": customer, field: sent}}
    payload = shop.data(CONSENT % {"kind": kind}, variables)[f"customer{kind}MarketingConsentUpdate"]
    return [(error["field"], error["code"]) for error in payload["userErrors"]]


def test_consent_needs_its_level_and_a_past_date(shop):
    customer = shop.create(email="a@example.com")
    field = ["input", "emailMarketingConsent"]
    assert consent(shop, customer, marketingState="SUBSCRIBED") == [
        ([*field, "marketingOptInLevel"], "MISSING_ARGUMENT")
    ]
    sent = {"marketingState": "PENDING", "marketingOptInLevel": "SINGLE_OPT_IN"}
    assert consent(shop, customer, **sent) == [([*field, "marketingOptInLevel"], "INVALID")]
    sent = {"marketingState": "UNSUBSCRIBED", "consentUpdatedAt": "2999-01-01T00:00:00Z"}
    assert consent(shop, customer, **sent) == [([*field, "consentUpdatedAt"], "INVALID")]
    assert shop.customers()[0]["email_consent"] is None


def test_consent_keeps_the_date_it_is_given(shop):
    customer = shop.create(email="a@example.com")
    at = "2020-02-03T04:05:06Z"
    assert (
        consent(shop, customer, marketingState="SUBSCRIBED", marketingOptInLevel="UNKNOWN", consentUpdatedAt=at) == []
    )
    assert shop.customers()[0]["email_consent"] == {"state": "SUBSCRIBED", "level": "UNKNOWN", "at": at}


def test_email_consent_without_an_address_does_and_says_nothing(shop):
    customer = shop.create(firstName="A")
    assert consent(shop, customer, marketingState="UNSUBSCRIBED") == []
    assert shop.customers()[0]["email_consent"] is None


def test_sms_consent_without_a_number_is_an_error(shop):
    customer = shop.create(firstName="A")
    assert consent(shop, customer, "Sms", marketingState="UNSUBSCRIBED") == [
        (["input", "smsMarketingConsent"], "INVALID")
    ]
