"""Each bad setting is one sentence that names it, before anything is asked or written, and never tells a secret."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tap_cratejoy.errors import SettingsError
from tap_cratejoy.settings import CONFIG_SCHEMA, Settings, from_config, unknown_setting
from tap_cratejoy.streams import STREAMS
from tap_cratejoy.tap import TapCratejoy

NAMES = frozenset(stream.name for stream in STREAMS)
SECRET = "s3cr3t-Pa55"
DEFAULTS = {name: spec["default"] for name, spec in CONFIG_SCHEMA["properties"].items() if "default" in spec}


def config(**changes: Any) -> dict[str, Any]:
    return {**DEFAULTS, "client_id": "client-0815", "client_secret": SECRET, **changes}


def settings(**changes: Any) -> Settings:
    return from_config(config(**changes), NAMES)


def of_tap(**changes: Any) -> Settings:
    """As a user meets them: through the tap, with the checks of types and names before ours."""
    return TapCratejoy(config={"client_id": "client-0815", "client_secret": SECRET, **changes}).settings


# Defaults


def test_two_credentials_are_enough() -> None:
    found = of_tap()
    assert (found.client_id, found.client_secret) == ("client-0815", SECRET)
    assert found.api_url == "https://api.cratejoy.com/v1"
    assert (found.page_size, found.requests_per_second, found.concurrency) == (100, 2.0, 4)
    assert (found.request_timeout, found.max_retries, found.lookback_days) == (120.0, 8, 30.0)
    assert (found.completeness_passes, found.fail_on_incomplete, found.include_test) == (2, False, True)
    assert (found.start_date, found.record_limit, found.backfills) == (None, None, False)


def test_the_credentials_are_the_only_required_and_the_only_secret_settings() -> None:
    assert CONFIG_SCHEMA["required"] == ["client_id", "client_secret"]
    assert [name for name, spec in CONFIG_SCHEMA["properties"].items() if spec.get("secret")] == [
        "client_id",
        "client_secret",
    ]


def test_settings_never_show_the_credentials() -> None:
    assert SECRET not in repr(settings())
    assert "client-0815" not in repr(settings())


def test_blanks_around_credentials_are_no_part_of_them() -> None:
    found = settings(client_id=" client-0815\n", client_secret=f"\t{SECRET} ")
    assert (found.client_id, found.client_secret) == ("client-0815", SECRET)


def test_page_sizes_override_the_page_size() -> None:
    found = settings(page_size=200, page_sizes={"shipments": 50})
    assert (found.size_of("shipments"), found.size_of("customers")) == (50, 200)


def test_the_user_agent_names_the_tap_and_its_version() -> None:
    assert settings().user_agent.startswith("tap-cratejoy/0.")


# Each bad setting


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"client_id": ""}, "client_id is empty: set TAP_CRATEJOY_CLIENT_ID."),
        ({"client_secret": "  "}, "client_secret is empty: set TAP_CRATEJOY_CLIENT_SECRET."),
        ({"page_size": 0}, "page_size and page_sizes take 1 to 1000, not 0."),
        ({"page_size": 1001}, "page_size and page_sizes take 1 to 1000, not 1001."),
        ({"page_sizes": {"orders": 0}}, "page_size and page_sizes take 1 to 1000, not 0."),
        ({"page_sizes": {"order": 10}}, "page_sizes names a stream that does not exist: order."),
        ({"requests_per_second": -1}, "requests_per_second takes 0 or more, not -1."),
        ({"requests_per_second": float("inf")}, "requests_per_second takes 0 or more, not inf."),
        ({"requests_per_second": float("nan")}, "requests_per_second takes 0 or more, not nan."),
        ({"concurrency": 0}, "concurrency takes 1 or more, not 0."),
        ({"max_retries": -1}, "max_retries takes 0 or more, not -1."),
        ({"request_timeout": 0}, "request_timeout takes seconds above 0 and up to 86400."),
        ({"request_timeout": -5}, "request_timeout takes seconds above 0 and up to 86400."),
        ({"request_timeout": float("inf")}, "request_timeout takes seconds above 0 and up to 86400."),
        ({"lookback_days": -1}, "lookback_days takes 0 or more, not -1."),
        ({"lookback_days": 1e9}, "lookback_days takes up to 36500."),
        ({"completeness_passes": -1}, "completeness_passes takes 0 or more, not -1."),
        ({"record_limit": 0}, "record_limit takes 1 or more."),
        ({"start_date": "soon"}, "start_date takes a date such as 2026-03-14 or 2026-03-14T16:16:06Z."),
        ({"embed": {"customer": "addresses"}}, "embed names a stream that does not exist: customer."),
        ({"pages": {"customer": "1"}}, "pages names a stream that does not exist: customer."),
        ({"ids": {"customer": [1]}}, "ids names a stream that does not exist: customer."),
        ({"pages": {"customers": "1-"}}, 'pages takes numbers and ranges such as "118-119,205", not "1-".'),
        ({"pages": {"customers": ""}}, 'pages takes numbers and ranges such as "118-119,205", not "".'),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_sentence_that_names_it(changes: dict, sentence: str) -> None:
    with pytest.raises(SettingsError) as error:
        settings(**changes)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"page_size": "many"}, "page_size"),
        ({"page_size": 1.5}, "page_size"),
        ({"include_test": "perhaps"}, "include_test"),
        ({"on_incomplete": "shrug"}, "on_incomplete"),
        ({"pages": {"customers": 5}}, "pages"),
        ({"ids": {"customers": ["x"]}}, "ids"),
        ({"requests_per_second": "fast"}, "requests_per_second takes a number"),
        ({"request_timeout": "two minutes"}, "request_timeout takes a number"),
        ({"start_date": "soon"}, "start_date"),
    ],
)
def test_a_setting_of_another_type_is_named_too(changes: dict, part: str) -> None:
    with pytest.raises(SettingsError, match=part):
        of_tap(**changes)


@pytest.mark.parametrize("missing", ["client_id", "client_secret"])
def test_a_missing_credential_is_named_with_its_environment_variable(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError, match=rf"{missing} is missing \(set TAP_CRATEJOY_{missing.upper()}\)"):
        of_tap(**{missing: None})


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("page_sise", "there is no setting page_sise; did you mean page_size?"),
        ("clientid", "there is no setting clientid; did you mean client_id?"),
        ("request_per_second", "there is no setting request_per_second; did you mean requests_per_second?"),
        ("colour", "there is no setting colour"),
    ],
)
def test_an_unknown_setting_is_named_with_the_nearest_one(name: str, sentence: str) -> None:
    assert unknown_setting(name, list(CONFIG_SCHEMA["properties"])) == sentence
    with pytest.raises(SettingsError) as error:
        of_tap(**{name: SECRET})
    assert sentence in str(error.value)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"api_url": f"https://user:{SECRET}@api.cratejoy.com/v1"},
        {"api_url": f"https://api.cratejoy.com/v1?key={SECRET}"},
        {"api_url": f"ftp://{SECRET}"},
        {"api_url": f"https://[{SECRET}"},
        {"client_id": ""},
        {"client_secret": [SECRET]},
        {"client_secret": {"value": SECRET}},
        {"client_id": 17, "page_size": "x"},
        {"page_size": "x"},
    ],
)
def test_no_sentence_about_settings_tells_a_secret(changes: dict) -> None:
    with pytest.raises(SettingsError) as error:
        of_tap(**changes)
    assert SECRET not in str(error.value)
    assert "\n" not in str(error.value)


# Where requests may go


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://api.cratejoy.com/v1/", "https://api.cratejoy.com/v1"),
        (" https://api.cratejoy.com/v1\n", "https://api.cratejoy.com/v1"),
        ("https://proxy.example.com:8443/cratejoy/v1", "https://proxy.example.com:8443/cratejoy/v1"),
        ("http://127.0.0.1:8001/v1", "http://127.0.0.1:8001/v1"),
        ("http://127.9.9.9/v1", "http://127.9.9.9/v1"),
        ("http://localhost:8001/v1", "http://localhost:8001/v1"),
        ("http://LOCALHOST/v1", "http://LOCALHOST/v1"),
        ("http://[::1]:8001/v1", "http://[::1]:8001/v1"),
    ],
)
def test_https_anywhere_and_http_on_loopback_are_accepted(url: str, kept: str) -> None:
    assert settings(api_url=url).api_url == kept


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("http://api.cratejoy.com/v1", "in clear"),
        ("http://10.0.0.1/v1", "in clear"),
        ("http://0.0.0.0/v1", "in clear"),
        ("http://localhost.example.com/v1", "in clear"),
        ("http://127.0.0.1.example.com/v1", "in clear"),
        ("http://2130706433/v1", "in clear"),
        ("http://[::2]/v1", "in clear"),
        ("http://localhost@example.com/v1", "must not hold credentials"),
        (r"http://example.com\@127.0.0.1/v1", "must not hold credentials"),
        ("https://user@api.cratejoy.com/v1", "must not hold credentials"),
        ("https://user:pass@api.cratejoy.com/v1", "must not hold credentials"),
        ("https://:pass@api.cratejoy.com/v1", "must not hold credentials"),
        ("https://api.cratejoy.com/v1?x=1", "must not hold parameters"),
        ("https://api.cratejoy.com/v1#x", "must not hold parameters"),
        ("", "must start with https://"),
        ("api.cratejoy.com/v1", "must start with https://"),
        ("ftp://api.cratejoy.com/v1", "must start with https://"),
        ("file:///etc/hosts", "must start with https://"),
        ("https:///v1", "must start with https://"),
        ("https://[::1/v1", "can be read"),
        ("https://api.cratejoy.com:https/v1", "can be read"),
        ("https://api.cratejoy.com:99999/v1", "can be read"),
    ],
)
def test_any_other_address_is_refused_with_the_reason(url: str, part: str) -> None:
    with pytest.raises(SettingsError, match=f"^api_url .*{part}"):
        settings(api_url=url)


# Forms a value may take


@pytest.mark.parametrize(("raw", "number"), [("2", 2.0), ("0.5", 0.5), (" 4 ", 4.0), ("0", 0.0), (3, 3.0), (2.5, 2.5)])
def test_numbers_may_come_as_text(raw: object, number: float) -> None:
    found = of_tap(requests_per_second=raw, lookback_days=raw)
    assert (found.requests_per_second, found.lookback_days) == (number, number)


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("2026-03-14", datetime(2026, 3, 14, tzinfo=UTC)),
        ("2026-03-14T16:16:06Z", datetime(2026, 3, 14, 16, 16, 6, tzinfo=UTC)),
        ("2026-03-14T16:16:06+02:00", datetime(2026, 3, 14, 14, 16, 6, tzinfo=UTC)),
        (None, None),
    ],
)
def test_the_start_date_is_a_date_or_a_moment(raw: str | None, moment: datetime | None) -> None:
    assert settings(start_date=raw).start_date == moment


def test_pages_and_ids_make_a_backfill() -> None:
    found = settings(pages={"customers": "118-119,205"}, ids={"orders": [7101000017]})
    assert found.pages == {"customers": [118, 119, 205]}
    assert found.ids == {"orders": [7101000017]}
    assert found.backfills
    assert settings(pages={"customers": "1"}).backfills
    assert not settings(pages={}, ids={}).backfills


def test_whole_numbers_written_as_fractions_are_whole_numbers() -> None:
    found = of_tap(page_size=50.0, page_sizes={"orders": 20.0}, concurrency=2.0, max_retries=1.0)
    assert (
        repr((found.page_size, found.page_sizes, found.concurrency, found.max_retries)) == "(50, {'orders': 20}, 2, 1)"
    )


def test_fail_is_the_other_word_for_incomplete_scans() -> None:
    assert settings(on_incomplete="fail").fail_on_incomplete
    assert not settings(on_incomplete="warn").fail_on_incomplete
