"""What bulkOperationRunMutation and bulkOperationRunQuery refuse, in which order and words."""

from typing import Any

import pytest

NO_FILE = (
    "The JSONL file could not be found. Try uploading the file again, and check that you've entered the URL "
    "correctly for the stagedUploadPath mutation argument."
)
CONNECTIONS = """mutation($i: CustomerInput!) { customerCreate(input: $i) {
    customer { a: addressesV2(first: 1) { nodes { id } } b: addressesV2(first: 1) { nodes { id } } } } }"""


@pytest.mark.parametrize(
    ("mutation", "field", "message", "code"),
    [
        (
            "mutation { customer",
            None,
            "Failed to parse the mutation - syntax error, unexpected end of file at [1, 12]",
            "INVALID_MUTATION",
        ),
        (
            "{ shop { id } }",
            None,
            "Invalid operation type. Only `mutation` operations are supported.",
            "INVALID_MUTATION",
        ),
        (
            (
                'mutation { a: customerDelete(input: {id: "gid://shopify/Customer/1"}) { deletedCustomerId } '
                'b: customerDelete(input: {id: "gid://shopify/Customer/2"}) { deletedCustomerId } }'
            ),
            ["mutation"],
            "You must specify a single top level mutation.",
            None,
        ),
        (
            'mutation { bulkOperationRunQuery(query: "", groupObjects: false) { userErrors { field } } }',
            ["mutation"],
            "You must use an allowed mutation name.",
            None,
        ),
        (CONNECTIONS, ["mutation"], "Bulk mutations cannot contain more than 1 connection.", None),
        (
            f"mutation {{ customerCreate #{'x' * 65509}",
            ["query"],
            "is too large (65536 bytes; maximum is 65535 bytes)",
            "INVALID_MUTATION",
        ),
    ],
)
def test_the_text_is_checked_before_the_file(
    bulk: Any, mutation: str, field: list[str] | None, message: str, code: str | None
) -> None:
    made = bulk.run("tmp/nowhere", mutation)
    assert made == {"bulkOperation": None, "userErrors": [{"field": field, "message": message, "code": code}]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("too short", "is too short (minimum is 10 characters)"),
        ("x" * 256, "is too long (maximum is 255 characters)"),
    ],
)
def test_a_client_identifier_has_10_to_255_characters(bulk: Any, text: str, message: str) -> None:
    assert bulk.run("tmp/nowhere", c=text)["userErrors"] == [
        {"field": ["clientIdentifier"], "message": message, "code": "INVALID_MUTATION"}
    ]


def test_a_path_without_a_file_is_no_such_file(bulk: Any) -> None:
    expected = [{"field": None, "message": NO_FILE, "code": "NO_SUCH_FILE"}]
    assert bulk.run("tmp/nowhere")["userErrors"] == expected
    assert bulk.run(bulk.path(bulk.target()))["userErrors"] == expected


def test_an_empty_file_is_refused(bulk: Any) -> None:
    assert bulk.run(bulk.upload(b""))["userErrors"] == [
        {"field": None, "message": "The input file is empty.", "code": "INVALID_STAGED_UPLOAD_FILE"}
    ]


def test_the_sixth_operation_is_refused_and_names_the_five(shop_with: Any, bulk_in: Any) -> None:
    shop = shop_with("--plan", "standard")
    bulk = bulk_in(shop)
    path = bulk.upload(b'{"input": {"firstName": "Ada"}}')
    running = [bulk.run(path)["bulkOperation"]["id"] for _ in range(5)]
    text = f"A bulk mutation operation for this app and shop is already in progress: {', '.join(running)}."
    assert bulk.run(path) == {
        "bulkOperation": None,
        "userErrors": [{"field": None, "message": text, "code": "OPERATION_IN_PROGRESS"}],
    }
    assert bulk.run("tmp/nowhere")["userErrors"][0]["code"] == "NO_SUCH_FILE"


EXPORT = """mutation($q: String!) { bulkOperationRunQuery(query: $q, groupObjects: false) {
    bulkOperation { id } userErrors { field message code } } }"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ customers", "Invalid bulk query: syntax error, unexpected end of file"),
        ("{ shop { id } }", "Bulk queries must contain at least one connection."),
        (
            "{ customers { nodes { id } } }",
            (
                "All connection fields in a bulk query must select their contents using 'edges' > 'node', e.g: "
                "'customers { edges { node {'. Selecting via 'nodes' is not supported. "
                "Invalid connection fields: 'customers'."
            ),
        ),
        (
            "{ customers { edges { node { email orders { edges { node { id } } } } } } }",
            (
                "The parent 'node' field for a nested connection must select the 'id' field without an alias and "
                "must be of 'ID' return type. Connection fields without 'id': customers."
            ),
        ),
    ],
)
def test_a_query_that_cannot_be_exported_is_refused(shop: Any, text: str, message: str) -> None:
    made = shop.data(EXPORT, {"q": text})["bulkOperationRunQuery"]
    assert made["userErrors"] == [{"field": ["query"], "message": message, "code": "INVALID"}]
