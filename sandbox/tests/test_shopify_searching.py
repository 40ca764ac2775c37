"""Searches and counts of the local Shopify, and the index that lags behind."""

import pytest

SEARCH = "query($q: String, $n: Int!, $a: String) { customers(first: $n, query: $q, after: $a) { nodes { email } %s } }"
PAGE = "pageInfo { hasNextPage endCursor }"
MEMBERS = "query($q: String!) { customerSegmentMembers(first: 1, query: $q) { totalCount edges { node { id } } } }"


@pytest.fixture
def people(shop):
    shop.create(email="ada@example.com", firstName="Ada", lastName="Marsh", tags=["cj", "vip"], phone="+16134505293")
    shop.create(email="bea@example.com", firstName="Bea", lastName="Marsh", tags=["cj"])
    shop.control("POST", "customers", [{"email": "cid@example.com", "firstName": "Cid", "orders": 3}])
    return shop


def found(shop, query, **more):
    answer = shop.gql(SEARCH % "", {"q": query, "n": 50})
    assert "errors" not in answer, answer
    return [node["email"].partition("@")[0] for node in answer["data"]["customers"]["nodes"]]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (None, ["ada", "bea", "cid"]),
        ("email:ada@example.com", ["ada"]),
        ("email:'BEA@example.com'", ["bea"]),
        ("first_name:Ada", ["ada"]),
        ("last_name:marsh first_name:Bea", ["bea"]),
        ("first_name:Ada OR first_name:Cid", ["ada", "cid"]),
        ("tag:'cj'", ["ada", "bea"]),
        ("tag:cj -tag:vip", ["bea"]),
        ("tag:cj AND NOT tag:vip", ["bea"]),
        ("tag_not:cj", ["cid"]),
        ("orders_count:>2", ["cid"]),
        ("phone:+16134505293", ["ada"]),
        ("(first_name:Ada OR first_name:Bea) tag:vip", ["ada"]),
        ("email:a*", ["ada"]),
        ("state:disabled", ["ada", "bea", "cid"]),
        ("created_at:>2999-01-01", []),
        ("Marsh", ["ada", "bea"]),
    ],
)
def test_customers_are_found_by(people, query, names):
    assert found(people, query) == names


def test_an_unknown_field_is_ignored_and_warned_about(people):
    answer = people.gql(SEARCH % "", {"q": "colour:red", "n": 50})
    assert len(answer["data"]["customers"]["nodes"]) == 3
    warning = answer["extensions"]["search"][0]
    assert warning["query"] == "colour:red"
    assert warning["warnings"][0]["field"] == "colour"


def test_pages_go_on_behind_a_cursor(people):
    first = people.data(SEARCH % PAGE, {"n": 2})["customers"]
    assert [node["email"] for node in first["nodes"]] == ["ada@example.com", "bea@example.com"]
    assert first["pageInfo"]["hasNextPage"] is True
    rest = people.data(SEARCH % PAGE, {"n": 2, "a": first["pageInfo"]["endCursor"]})["customers"]
    assert [node["email"] for node in rest["nodes"]] == ["cid@example.com"]
    assert rest["pageInfo"]["hasNextPage"] is False


def test_counts_know_a_limit_and_say_so(people):
    text = "{ all: customersCount { count precision } some: customersCount(limit: 2) { count precision } }"
    assert people.data(text) == {
        "all": {"count": 3, "precision": "EXACT"},
        "some": {"count": 2, "precision": "AT_LEAST"},
    }


def test_a_count_does_not_know_tags(people):
    answer = people.gql('{ customersCount(query: "tag:vip") { count } }')
    assert answer["data"]["customersCount"]["count"] == 3
    assert answer["extensions"]["search"]


def test_segments_count_by_tag(people):
    members = people.data(MEMBERS, {"q": "customer_tags CONTAINS 'cj'"})["customerSegmentMembers"]
    assert members["totalCount"] == 2
    assert len(members["edges"]) == 1


def test_the_index_may_lag_while_look_ups_do_not(shop):
    shop.fault(index_lag=3600)
    shop.create(email="ada@example.com", tags=["cj"])
    assert found(shop, "email:ada@example.com") == []
    assert shop.data(MEMBERS, {"q": "customer_tags CONTAINS 'cj'"})["customerSegmentMembers"]["totalCount"] == 0
    text = 'query { customerByIdentifier(identifier: {emailAddress: "ADA@example.com"}) { tags } }'
    assert shop.data(text)["customerByIdentifier"] == {"tags": ["cj"]}
    shop.fault(index_lag=None)
    assert found(shop, "email:ada@example.com") == ["ada"]


def test_a_customer_is_found_by_custom_id(shop):
    shop.define()
    sent = {"namespace": "migration", "key": "external_id", "type": "id", "value": "cj-7"}
    number = shop.create(email="a@example.com", metafields=[sent])
    text = "query($by: CustomerIdentifierInput!) { customerByIdentifier(identifier: $by) { id } }"
    by = {"customId": {"namespace": "migration", "key": "external_id", "value": "cj-7"}}
    assert shop.data(text, {"by": by})["customerByIdentifier"] == {"id": number}
    by["customId"]["value"] = "cj-8"
    assert shop.data(text, {"by": by})["customerByIdentifier"] is None


def test_variants_are_found_by_sku(shop):
    made = shop.control("POST", "products", [{"title": "Tea Box", "variants": [{"sku": "TEA-1"}, {"sku": "TEA-2"}]}])
    text = 'query { productVariants(first: 5, query: "sku:tea-2") { nodes { id sku product { title } } } }'
    assert shop.data(text)["productVariants"]["nodes"] == [
        {"id": made["products"][0]["variants"][1], "sku": "TEA-2", "product": {"title": "Tea Box"}}
    ]
