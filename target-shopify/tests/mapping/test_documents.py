"""Key and hash of a document."""

from __future__ import annotations

from decimal import Decimal

from mapping_samples import document, order
from target_shopify.mapping.documents import document_hash, document_key


def test_the_key_is_the_cratejoy_id():
    assert document_key(document(id=7101000017)) == "7101000017"
    assert document_key(document(id="7101000017")) == "7101000017"


def test_without_an_id_the_key_is_the_hash():
    sample = document(id=None)
    assert document_key(sample) == f"sha256:{document_hash(sample)}"


def test_the_hash_does_not_depend_on_the_order_of_keys():
    assert document_hash({"id": 1, "orders": [{"a": 1, "b": 2}]}) == document_hash(
        {"orders": [{"b": 2, "a": 1}], "id": 1}
    )


def test_any_change_changes_the_hash():
    assert document_hash(document(orders=[order()])) != document_hash(document(orders=[order(total=4500)]))
    assert document_hash(document()) != document_hash(document(note=None))


def test_what_pipelines_add_does_not_count():
    assert document_hash(document()) == document_hash(document(_sdc_batched_at="2026-10-15T06:01:44Z"))


def test_a_decimal_is_the_number_it_says():
    assert document_hash(document(total_revenue=Decimal(15996))) == document_hash(document(total_revenue=15996))


def test_numbers_beyond_64_bits_and_broken_text_have_a_hash_too():
    assert len(document_hash(document(note=2**70))) == 64
    assert len(document_hash(document(note="\ud800"))) == 64
