"""The reduced schema says what Shopify's says."""

import shutil
from pathlib import Path

import pytest
from cratejoy_sandbox.shopify.schema import SUPPORTED, load
from cratejoy_sandbox.shopify.schema.package import VERSIONS, fetch, read
from cratejoy_sandbox.shopify.schema.prove import differences
from cratejoy_sandbox.shopify.schema.reduce import check, reduced
from cratejoy_sandbox.shopify.schema.sdl import printed


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    if not shutil.which("npm"):
        pytest.skip("npm is not on the PATH; it downloads Shopify's published schema")
    archive = fetch(Path(tmp_path_factory.mktemp("npm")))
    return {version: read(archive, version) for version in VERSIONS}


def test_the_committed_schema_agrees_with_shopifys_package(documents):
    assert check(documents) == []


def test_the_proof_notices_what_differs(documents):
    schema = documents["2026-07"]["data"]["__schema"]
    text = printed(reduced(documents["2026-07"]), schema["directives"])
    changed = text.replace("customId: UniqueMetafieldValueInput", "customId: String", 1)
    changed = changed.replace("input CustomerSetIdentifiers @oneOf", "input CustomerSetIdentifiers", 1)
    wrong = differences(
        changed.replace("directive @idempotent(key: String!)", "directive @idempotent(key: Int)"), schema
    )
    assert any("customId" in line for line in wrong)
    assert any("oneOf" in line for line in wrong)
    assert any("@idempotent" in line for line in wrong)


@pytest.mark.parametrize("version", SUPPORTED)
def test_a_version_has_what_a_migration_needs(version):
    schema = load(version)
    assert schema.graphql.type_map["CustomerSetIdentifiers"].is_one_of
    assert "sizeInBytes" in schema.graphql.type_map["Metafield"].fields
    assert schema.access["Mutation.customerCreate"].scopes == ("write_customers",)
    assert "giftCards" in schema.left_out_roots["QueryRoot"]
    assert schema.countries["CA"] == "Canada"
