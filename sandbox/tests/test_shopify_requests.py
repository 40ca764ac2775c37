"""What happens to a request before and around its mutations: tokens, versions, validation, cost, scopes."""

import socket
import time

import pytest
import requests

CREATE = (
    "mutation Make($i: CustomerInput!) { customerCreate(input: $i) { customer { id } userErrors { field message } } }"
)


def error(answer):
    return answer["errors"][0]["message"], answer["errors"][0]["extensions"].get("code")


def grant(shop, **form):
    wanted = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox-secret", **form}
    return requests.post(f"{shop.root}/admin/oauth/access_token", data=wanted, timeout=5)


def test_a_token_that_is_none_is_401(shop):
    answer = shop.post("{ shop { id } }", token="nonsense")
    assert answer.status_code == 401
    assert answer.json() == {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}


def test_only_the_token_named_at_the_start_is_good(shop_with):
    shop = shop_with("--token", "shpat_mine", "--time-scale", "86400")
    assert shop.post("{ shop { id } }", token="shpat_other").status_code == 401
    assert shop.post("{ shop { id } }", token="shpat_mine").status_code == 200


def test_a_granted_token_lives_a_day_of_shop_time(shop_with):
    shop = shop_with("--token", "shpat_mine", "--time-scale", "86400")
    told = grant(shop).json()
    assert told["expires_in"] == 86399
    assert "write_customers" in told["scope"].split(",")
    assert shop.post("{ shop { id } }", token=told["access_token"]).status_code == 200
    time.sleep(1.2)
    assert shop.post("{ shop { id } }", token=told["access_token"]).status_code == 401


def test_wrong_credentials_get_no_token(shop):
    assert grant(shop, client_secret="wrong").status_code == 400
    assert grant(shop, grant_type="password").status_code == 400


@pytest.mark.parametrize(("asked", "served"), [("2026-07", "2026-07"), ("2026-10", "2026-10"), ("2024-01", "2026-07")])
def test_the_answer_names_its_version_and_a_retired_one_falls_forward(shop, asked, served):
    assert shop.post("{ shop { id } }", version=asked).headers["X-Shopify-API-Version"] == served


def test_another_shop_is_404(shop):
    assert shop.post("{ shop { id } }", headers={"Host": "other.myshopify.com"}).status_code == 404
    assert shop.post("{ shop { id } }", headers={"Host": "sandbox-shop.myshopify.com"}).status_code == 200


@pytest.mark.parametrize(
    ("text", "message", "code"),
    [
        ("{ shop { nothing } }", "Field 'nothing' doesn't exist on type 'Shop'", "undefinedField"),
        (
            "mutation { customerCreate { customer { id } } }",
            "Field 'customerCreate' is missing required arguments: input",
            "missingRequiredArguments",
        ),
        (
            "mutation { customerCreate(input: null) { customer { id } } }",
            "Argument 'input' on Field 'customerCreate' has an invalid value (null). Expected type 'CustomerInput!'.",
            "argumentLiteralsIncompatible",
        ),
        (
            'mutation { tagsAdd(id: "gid://shopify/Customer/1", tags: [], more: 1) { node { id } } }',
            "Field 'tagsAdd' doesn't accept argument 'more'",
            "argumentNotAccepted",
        ),
        (
            "mutation { customerUpdate(input: {names: 1}) { customer { id } } }",
            "InputObject 'CustomerInput' doesn't accept argument 'names'",
            "argumentNotAccepted",
        ),
        (
            "mutation { customerDelete(input: {}) { deletedCustomerId } }",
            "Argument 'id' on InputObject 'CustomerDeleteInput' is required. Expected type ID!",
            "missingRequiredInputObjectAttribute",
        ),
        ('{ customer(id: "7") { id } }', "Invalid global id '7'", "argumentLiteralsIncompatible"),
        ("query Q($x: Int) { shop { id } }", "Variable $x is declared by Q but not used", "variableNotUsed"),
        ("{ shop { id", "syntax error, unexpected end of file at [1, 10]", "PARSE_ERROR"),
        (
            "mutation { tagsAdd { userErrors { code } } }",
            "Field 'tagsAdd' is missing required arguments: id, tags",
            "missingRequiredArguments",
        ),
    ],
)
def test_mistakes_in_a_document_are_told_in_shopifys_words(shop, text, message, code):
    answer = shop.gql(text)
    assert error(answer) == (message, code)
    assert "data" not in answer


def test_an_error_of_validation_says_where(shop):
    answer = shop.gql("query Q { shop { nothing } }")
    assert answer["errors"][0]["path"] == ["query Q", "shop", "nothing"]


@pytest.mark.parametrize(
    ("variables", "problems"),
    [
        ({}, [{"path": [], "explanation": "Expected value to not be null"}]),
        ({"i": {"nme": "A"}}, [{"path": ["nme"], "explanation": "Field is not defined on CustomerInput"}]),
        (
            {"i": {"id": "7"}},
            [{"path": ["id"], "explanation": "Invalid global id '7'", "message": "Invalid global id '7'"}],
        ),
        (
            {"i": {"metafields": [{"key": 7}]}},
            [{"path": ["metafields", 0, "key"], "explanation": "Could not coerce value 7 to String"}],
        ),
    ],
)
def test_a_variable_that_does_not_fit_lists_its_problems(shop, variables, problems):
    answer = shop.gql(CREATE, variables)
    assert error(answer)[1] == "INVALID_VARIABLE"
    assert answer["errors"][0]["message"].startswith("Variable $i of type CustomerInput! was provided invalid value")
    assert answer["errors"][0]["extensions"]["problems"] == problems


def test_an_array_of_251_is_refused_before_anything_is_written(shop):
    answer = shop.gql(CREATE, {"i": {"firstName": "A", "tags": ["t"] * 251}})
    assert error(answer) == (
        "The input array size of 251 is greater than the maximum allowed of 250.",
        "MAX_INPUT_SIZE_EXCEEDED",
    )
    assert shop.customers() == []


def test_a_root_of_shopify_that_is_not_modelled_says_so(shop):
    assert "not implemented by this simulator" in error(shop.gql("{ giftCards(first: 1) { nodes { id } } }"))[0]
    answer = shop.gql('mutation { segmentDelete(id: "gid://shopify/Segment/1") { deletedSegmentId } }')
    assert error(answer) == ("segmentDelete is not implemented by this simulator", "NOT_IMPLEMENTED")


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("{ shop { id } }", 1),
        ('{ customer(id: "gid://shopify/Customer/1") { id defaultEmailAddress { emailAddress } } }', 2),
        ("{ customersCount { count } }", 10),
        ("{ customers(first: 1) { nodes { id } } }", 3),
        ("{ customers(first: 10) { nodes { id } } }", 6),
        ("{ customers(first: 250) { nodes { id } } }", 13),
        ("{ customers(first: 250) { nodes { id } edges { node { id } } } }", 24),
        ('mutation { tagsAdd(id: "gid://shopify/Customer/1", tags: []) { node { id } userErrors { field } } }', 10),
        (
            """mutation { a: tagsAdd(id: "gid://shopify/Customer/1", tags: []) { node { id } }
                          b: tagsAdd(id: "gid://shopify/Customer/1", tags: []) { node { id } } }""",
            20,
        ),
    ],
)
def test_a_query_costs_by_shopifys_rule(shop, text, points):
    assert shop.gql(text)["extensions"]["cost"]["requestedQueryCost"] == points


def test_a_query_of_more_than_1000_points_is_refused(shop):
    parts = " ".join(f"p{number}: customers(first: 250) {{ nodes {{ id }} }}" for number in range(80))
    assert error(shop.gql(f"{{ {parts} }}"))[1] == "MAX_COST_EXCEEDED"


@pytest.mark.parametrize(
    ("plan", "most", "rate"), [("standard", 2000, 100), ("advanced", 4000, 200), ("plus", 20000, 1000)]
)
def test_a_plan_decides_bucket_and_rate(shop_with, plan, most, rate):
    shop = shop_with("--plan", plan)
    status = shop.gql("{ shop { id } }")["extensions"]["cost"]["throttleStatus"]
    assert (status["maximumAvailable"], status["restoreRate"]) == (most, rate)


def test_an_empty_bucket_throttles_with_the_cost_and_fills_again(launch_shop):
    with launch_shop("--time-scale", "2") as shop:
        text = "{ " + " ".join(f"c{number}: customersCount {{ count }}" for number in range(95)) + " }"
        answers = [shop.gql(text) for _ in range(3)]
        assert error(answers[2]) == ("Throttled", "THROTTLED")
        assert "data" not in answers[2]
        cost = answers[2]["extensions"]["cost"]
        assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (950, None)
        missing = 950 - cost["throttleStatus"]["currentlyAvailable"]
        time.sleep(missing / 200 + 0.1)
        assert "data" in shop.gql(text)
        assert shop.control("GET", "stats")["throttled"] == 1


def test_a_missing_scope_denies_the_field_and_names_what_it_wants(shop_with):
    shop = shop_with("--time-scale", "1000", "--scopes", "read_customers,write_orders")
    answer = shop.gql(CREATE, {"i": {"firstName": "A"}})
    assert answer["data"] == {"customerCreate": None}
    assert error(answer) == (
        "Access denied for customerCreate field. Required access: `write_customers` access scope.",
        "ACCESS_DENIED",
    )
    assert answer["errors"][0]["extensions"]["requiredAccess"] == "`write_customers` access scope."
    scopes = shop.data("{ currentAppInstallation { accessScopes { handle } } }")["currentAppInstallation"]
    assert [scope["handle"] for scope in scopes["accessScopes"]] == [
        "read_customers",
        "read_orders",
        "write_orders",
    ]


def test_protected_data_reads_as_null_with_an_error_beside(launch_shop):
    with launch_shop("--protected-data", "1") as shop:
        shop.create(email="a@example.com", firstName="Ada")
        answer = shop.gql("{ customers(first: 1) { nodes { id firstName } } }")
        assert answer["data"]["customers"]["nodes"][0]["firstName"] is None
        assert error(answer)[1] == "ACCESS_DENIED"


def test_several_operations_want_a_name(shop):
    text = "query A { shop { id } } query B { shop { name } }"
    assert shop.gql(text)["errors"] == [{"message": "An operation name is required"}]
    assert shop.gql(text, body={"operationName": "C"})["errors"] == [{"message": 'No operation named "C"'}]
    assert "name" in shop.gql(text, body={"operationName": "B"})["data"]["shop"]


def test_nodes_come_in_the_order_asked_with_null_for_what_is_not_there(shop):
    one, two = shop.create(firstName="A"), shop.create(firstName="B")
    text = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Customer { id } } }"
    found = shop.data(text, {"ids": [two, "gid://shopify/Customer/999999999999", one]})["nodes"]
    assert found == [{"__typename": "Customer", "id": two}, None, {"__typename": "Customer", "id": one}]


def test_the_preflight_sees_the_shop_and_its_versions(launch_shop):
    with launch_shop("--shop", "boxes", "--currency", "CAD", "--plan", "dev") as shop:
        text = """{ shop { myshopifyDomain currencyCode plan { partnerDevelopment shopifyPlus }
                    customerAccountsV2 { customerAccountsVersion } } publicApiVersions { handle supported } }"""
        found = shop.data(text)
    assert found["shop"]["myshopifyDomain"] == "boxes.myshopify.com"
    assert found["shop"]["currencyCode"] == "CAD"
    assert found["shop"]["plan"] == {"partnerDevelopment": True, "shopifyPlus": False}
    assert found["shop"]["customerAccountsV2"] == {"customerAccountsVersion": "NEW_CUSTOMER_ACCOUNTS"}
    assert found["publicApiVersions"][0] == {"handle": "2026-07", "supported": True}


def test_a_client_that_dies_in_the_middle_of_a_request_is_no_failure_of_the_sandbox(launch_shop, capfd):
    with launch_shop() as shop:
        head = "POST /admin/api/graphql.json HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\n{"
        with socket.create_connection(("127.0.0.1", shop.port), timeout=5) as client:
            client.sendall(head.encode())
            time.sleep(0.2)
        time.sleep(0.2)
        assert requests.get(f"{shop.root}/_sandbox/health", timeout=5).json()["ok"] is True
    assert "failed" not in capfd.readouterr().err
