"""Settings: what is taken, and one sentence that names the setting for what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from target_shopify.errors import SettingsError
from target_shopify.settings import RefusalLimit, from_config, without_secrets

from .harness import checked


@pytest.mark.parametrize(
    "text", ["my-shop", "my-shop.myshopify.com", "https://my-shop.myshopify.com/", " My-Shop.myshopify.com "]
)
def test_the_shop_is_known_by_name_or_domain(text: str) -> None:
    settings = checked(shop=text)

    assert settings.shop == "my-shop"
    assert settings.endpoint == "https://my-shop.myshopify.com/admin/api/2026-07/graphql.json"


@pytest.mark.parametrize("text", ["www.example.com", "my shop", "-shop", "", "my-shop.example.com", "shop/../other"])
def test_what_is_no_shop_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="shop takes"):
        checked(shop=text)


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = checked()

    assert (settings.api_version, settings.tag_prefix, settings.namespace) == ("2026-07", "cj-", "cratejoy")
    assert (settings.lane, settings.orders, settings.conflict) == ("auto", "history", "adopt")
    assert (settings.update_policy, settings.dry_run, settings.replaces) == ("merge", False, False)
    assert (settings.currency, settings.default_country, settings.max_refusals) == (None, None, None)
    assert (settings.ledger_url, settings.report_dir, settings.concurrency) == (None, None, None)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("api_url", "http://shop.example.com", "api_url uses http"),
        ("api_url", "http://127.0.0.1.example.com", "api_url uses http"),
        ("api_url", "ftp://127.0.0.1", "api_url must start"),
        ("api_url", "https://user:pw@example.com", "must not hold credentials"),
        ("api_url", "https://example.com/?a=1", "must not hold parameters"),
        ("api_url", "https://example.com:none", "not a URL"),
        ("api_url", "https://", "api_url must start"),
        ("api_version", "2026-08", "api_version takes a quarter"),
        ("api_version", "unstable", "api_version takes a quarter"),
        ("api_version", "2025-10", "api_version must be 2026-07 or later"),
        ("tag_prefix", "", "tag_prefix takes"),
        ("tag_prefix", "a,b", "tag_prefix takes"),
        ("metafield_namespace", "cj", "metafield_namespace takes"),
        ("metafield_namespace", "cj$x", "metafield_namespace takes"),
        ("currency", "DOLLAR", "currency takes 3 letters"),
        ("default_country", "USA", "default_country takes 2 letters"),
        ("max_refusals", "many", "max_refusals takes a number"),
        ("max_refusals", "200%", "max_refusals takes a number"),
        ("max_refusals", -1, "max_refusals takes a number"),
        ("concurrency", 0, "concurrency takes 1 or more"),
        ("request_timeout", 0, "request_timeout takes 1 or more"),
        ("max_retries", -1, "max_retries takes 0 or more"),
        ("ledger_url", "mysql://db/one", "ledger_url takes a postgresql:// URL"),
        ("ledger_url", "postgresql://", "ledger_url takes a postgresql:// URL"),
        ("access_token", "shpat_\n", None),
        ("access_token", "shp\u00e4t", "access_token holds characters"),
        ("access_token", "shpat_a\nb", "access_token holds characters"),
        ("access_token", " ", "there are no credentials"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name: str, value: Any, said: str | None) -> None:
    if said is None:
        assert checked(**{name: value}).access_token == "shpat_"
        return
    with pytest.raises(SettingsError, match=said) as caught:
        checked(**{name: value})
    assert "shpat_" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8766", "http://localhost:1/", "http://[::1]:1", "https://example.com"]
)
def test_loopback_may_go_without_tls(url: str) -> None:
    assert checked(api_url=url).api_url == url.rstrip("/")


def test_half_a_pair_of_credentials_is_none() -> None:
    with pytest.raises(SettingsError, match="TARGET_SHOPIFY_CLIENT_SECRET"):
        checked(access_token=None, client_id="app")


def test_secrets_do_not_show() -> None:
    text = repr(checked(client_secret="shpss_planted", ledger_url="postgresql://u:planted-pw@db/one"))

    assert "planted" not in text


@pytest.mark.parametrize(
    ("url", "read"),
    [("postgres://u@db/one", "postgresql://u@db/one"), ("postgresql+psycopg2://u@db/one", "postgresql://u@db/one")],
)
def test_a_ledger_url_in_another_dialect_is_understood(url: str, read: str) -> None:
    assert checked(ledger_url=url).ledger_url == read


@pytest.mark.parametrize(
    ("limit", "refused", "documents", "reached"),
    [
        (3, 2, 10, False), (3, 3, 10, True), ("3", 3, 10, True), (0, 1, 10, True), (0, 0, 10, False),
        ("5%", 50, 99, False), ("5%", 5, 100, False), ("5%", 6, 100, True), ("0.5 %", 6, 1000, True),
        ("0%", 1, 100, True), ("100%", 100, 100, False),
    ],
)  # fmt: skip
def test_refusals_are_limited_by_count_or_share(limit: Any, refused: int, documents: int, reached: bool) -> None:
    found = checked(max_refusals=limit).max_refusals

    assert isinstance(found, RefusalLimit)
    assert found.reached(refused, documents) is reached


def test_words_in_small_letters_are_put_right() -> None:
    settings = checked(currency="cad", default_country=" ca ", report_dir="out")

    assert (settings.currency, settings.default_country, settings.report_dir) == ("CAD", "CA", Path("out"))


@pytest.mark.parametrize("name", ["access_token", "client_secret", "ledger_url", "client_id"])
def test_a_schema_error_about_a_secret_does_not_repeat_it(name: str) -> None:
    assert without_secrets(f"12345 is not of type 'string' in config['{name}']") == f"{name} takes text"


def test_nothing_is_taken_from_thin_air() -> None:
    with pytest.raises(KeyError):
        from_config({"shop": "demo", "access_token": "shpat_x"})
