"""One call done right: what goes out, what heals, what is refused, what ends the run."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from target_shopify import client as client_module
from target_shopify.client import ShopifyClient, UserError
from target_shopify.errors import AnswerLost, CallRefused, Interrupted, ShopRefused, Unreachable

from .harness import TOKEN, LocalShop, checked
from .scripted import COST, Answer, data, errors, scripted

LOGGER = logging.getLogger("test-client")
SHOP = data({"shop": {"myshopifyDomain": "demo.myshopify.com"}})
MADE = data({"customerCreate": {"customer": {"id": "gid://shopify/Customer/1"}, "userErrors": []}})
VARIABLES = {"input": {"email": "ada@example.com"}}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Our own back-off is looked at in one test of its own."""
    monkeypatch.setattr(client_module.random, "uniform", lambda *_: 0.001)
    return


def client(url: str, **changes: Any) -> ShopifyClient:
    return ShopifyClient(checked(api_url=url, **{"max_retries": 3, "request_timeout": 5, **changes}), LOGGER)


def throttled(left: int = 2000) -> Answer:
    cost = {**COST, "actualQueryCost": None, "throttleStatus": {**COST["throttleStatus"], "currentlyAvailable": left}}
    told = [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]
    return Answer(body=json.dumps({"errors": told, "extensions": {"cost": cost}}))


def test_a_call_goes_to_the_versions_endpoint_with_the_token_and_our_name() -> None:
    with scripted(MADE) as server:
        client(server.url, api_version="2026-10").call("CustomerCreate", VARIABLES)

    [(path, headers, body)] = server.asked
    assert path == "/admin/api/2026-10/graphql.json"
    assert headers["x-shopify-access-token"] == TOKEN
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("target-shopify/")
    assert json.loads(body)["operationName"] == "CustomerCreate"
    assert json.loads(body)["variables"] == {"input": {"email": "ada@example.com"}}


def test_the_answer_is_the_root_field_with_its_user_errors_apart() -> None:
    told = [{"field": ["input", "email"], "message": "Email has already been taken"}, {"field": None, "message": None}]
    with scripted(data({"customerCreate": {"customer": None, "userErrors": told}})) as server:
        answer = client(server.url).call("CustomerCreate", VARIABLES)

    assert answer.value["customer"] is None
    assert answer.errors == (
        UserError(("input", "email"), "Email has already been taken", None),
        UserError((), "", None),
    )


def test_a_root_field_that_is_null_is_empty() -> None:
    with scripted(data({"customerByIdentifier": None})) as server:
        answer = client(server.url).call("CustomerFind", {"identifier": {"id": "gid://shopify/Customer/1"}})

    assert (answer.value, answer.errors) == ({}, ())


@pytest.mark.parametrize(
    "ailment",
    [
        Answer(500, "Internal Server Error"), Answer(502), Answer(503), Answer(504), Answer(408), Answer(None),
        Answer(200, "<html>Please wait</html>"), Answer(200, '{"data": {"sh'), Answer(200, "[]"), Answer(200, "{}"),
        Answer(200, '"fine"'), errors("INTERNAL_SERVER_ERROR"), errors("TIMEOUT"),
    ],
)  # fmt: skip
def test_a_reading_call_is_repeated_until_it_is_answered(ailment: Answer) -> None:
    with scripted(ailment, ailment, SHOP) as server:
        one = client(server.url)
        assert one.call("Shop", {}).value == {"myshopifyDomain": "demo.myshopify.com"}

    assert len(server.asked) == 3
    assert one.retries == 2


@pytest.mark.parametrize(
    "ailment",
    [Answer(500), Answer(504), Answer(None), Answer(200, "<html>"), Answer(200, '{"data"'),
     errors("INTERNAL_SERVER_ERROR")],
)  # fmt: skip
def test_a_write_that_may_have_happened_is_not_repeated_blindly(ailment: Answer) -> None:
    with scripted(ailment, MADE) as server, pytest.raises(AnswerLost):
        client(server.url).call("CustomerCreate", VARIABLES, once=True)

    assert len(server.asked) == 1


@pytest.mark.parametrize("answer", [Answer(429, "", {"Retry-After": "0.2"}), throttled(), Answer(430)])
def test_a_write_that_did_not_run_is_repeated(answer: Answer) -> None:
    with scripted(answer, MADE) as server:
        assert client(server.url).call("CustomerCreate", VARIABLES, once=True).value["customer"]

    assert len(server.asked) == 2


def test_throttling_counts_for_no_failure() -> None:
    ails = [throttled() for _ in range(8)]
    with scripted(*ails, SHOP) as server:
        one = client(server.url, max_retries=0)
        one.call("Shop", {})

    assert (one.retries, one.budget.throttled) == (0, 8)


def test_a_shop_that_throttles_with_a_full_bucket_is_not_hammered() -> None:
    with scripted(*[throttled(2000) for _ in range(5)], SHOP) as server:
        began = time.monotonic()
        client(server.url).call("Shop", {})

    assert len(server.asked) == 6
    assert time.monotonic() - began > 0.4


@pytest.mark.parametrize(
    ("header", "least"),
    [({"Retry-After": "0.6"}, 0.6), ({}, 0.9), ({"Retry-After": "Sun, 22 Nov 2026 21:00:00 GMT"}, 0.9),
     ({"Retry-After": "nan"}, 0.9)],
)  # fmt: skip
def test_retry_after_is_honoured_and_holds_every_call(header: dict[str, str], least: float) -> None:
    with scripted(Answer(429, "", header), SHOP) as server:
        one = client(server.url)
        began = time.monotonic()
        first = threading.Thread(target=one.call, args=("Shop", {}))
        first.start()
        time.sleep(0.15)
        one.call("Shop", {})
        elapsed = time.monotonic() - began
        first.join()

    assert least <= elapsed < least + 0.9


def test_429_after_429_without_retry_after_is_waited_for_longer_and_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    held: list[float] = []

    def rests(self: ShopifyClient, seconds: float) -> None:
        held.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(client_module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(ShopifyClient, "rest", rests)
    with scripted(*[Answer(429)] * 5, SHOP) as server:
        client(server.url).call("Shop", {})

    assert held == [1, 1, 2, 4, 8]


def test_an_hour_of_throttling_alone_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "PATIENCE_SECONDS", 0.3)
    with scripted(throttled()) as server, pytest.raises(Unreachable, match="throttling for an hour"):
        client(server.url).call("Shop", {})


def test_retries_end_and_the_sentence_tells_what_failed() -> None:
    with scripted(SHOP, Answer(503)) as server:
        one = client(server.url, max_retries=2)
        one.call("Shop", {})
        with pytest.raises(
            Unreachable,
            match="could not be reached: CustomersCount failed, and so did 2 retries, at last with status 503",
        ):
            one.call("CustomersCount", {})

    assert len(server.asked) == 4


def test_the_log_counts_retries_as_the_sentence_does(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with scripted(Answer(503)) as server, pytest.raises(Unreachable, match="so did 3 retries"):
        client(server.url).call("Shop", {})

    assert "retry 3 of 3" in caplog.messages[-1]


@pytest.mark.parametrize("answer", [errors("INTERNAL_SERVER_ERROR"), Answer(500)])
def test_a_shop_that_answers_with_errors_only_was_reached(answer: Answer) -> None:
    with scripted(answer) as server, pytest.raises(Unreachable, match="Shopify answered with errors only: Shop"):
        client(server.url).call("Shop", {})


def test_what_was_written_is_spoken_of_only_when_something_may_have_been() -> None:
    with scripted(Answer(503)) as server:
        one = client(server.url, max_retries=0)
        with pytest.raises(Unreachable, match="No customer was written; the same command goes on"):
            one.call("Shop", {})
        with pytest.raises(Unreachable, match="What was written is recorded; the same command goes on"):
            one.call("TagsAdd", {})


def test_nobody_there_at_all_is_told_after_a_few_attempts() -> None:
    with pytest.raises(Unreachable, match="could not be reached"):
        client("http://127.0.0.1:9", max_retries=50).call("Shop", {})


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(401), "TARGET_SHOPIFY_ACCESS_TOKEN"),
        (Answer(402), "frozen"), (Answer(403), "403"), (Answer(404), "api_version"), (Answer(406), "api_url"),
        (Answer(423), "locked"), (Answer(301, "", {"Location": "https://example.com"}), "redirect"),
        (Answer(200, SHOP.body, {"X-Shopify-API-Version": "2026-10"}), "2026-10 instead of 2026-07"),
    ],
)  # fmt: skip
def test_what_no_retry_heals_ends_the_run_at_once(answer: Answer, said: str) -> None:
    with scripted(answer) as server, pytest.raises(ShopRefused, match=said) as caught:
        client(server.url).call("Shop", {})

    assert len(server.asked) == 1
    assert TOKEN not in str(caught.value)


def test_a_redirect_is_not_followed_with_the_token() -> None:
    with scripted(SHOP) as elsewhere:
        moved = Answer(307, "", {"Location": f"{elsewhere.url}/admin/api/2026-07/graphql.json"})
        with scripted(moved) as server, pytest.raises(ShopRefused):
            client(server.url).call("Shop", {})

    assert elsewhere.asked == []


def test_a_missing_scope_is_named() -> None:
    needed = "`write_customers` access scope."
    denied = {"message": "Access denied for customerCreate field.", "path": ["customerCreate"],
              "extensions": {"code": "ACCESS_DENIED", "requiredAccess": needed}}  # fmt: skip
    body = json.dumps({"data": {"customerCreate": None}, "errors": [denied]})
    with scripted(Answer(body=body)) as server, pytest.raises(ShopRefused, match="`write_customers` access scope"):
        client(server.url).call("CustomerCreate", VARIABLES, once=True)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Access denied for metafieldDefinitionCreate field.", "metafield definitions: metafieldDefinitionCreate"),
        ("Requires `write_customers` and read_orders of c1@example.com.", ": write_customers, read_orders"),
        ("Not for ada@example.com or `ada@example.com`.", "Shopify did not say which"),
    ],
)
def test_a_missing_right_is_named_by_the_message_where_nothing_else_names_it(message: str, said: str) -> None:
    denied = {"message": message, "extensions": {"code": "ACCESS_DENIED"}}
    with scripted(Answer(body=json.dumps({"errors": [denied]}))) as server, pytest.raises(ShopRefused) as caught:
        client(server.url).call("DefinitionCreate", {})

    assert f"lacks a right it needs to make metafield definitions: {said.rpartition(': ')[2]}." in str(caught.value)
    assert "example.com" not in str(caught.value)


def test_a_request_refused_as_a_whole_names_places_and_never_values() -> None:
    problems = [{"path": ["input", "addresses", 0, "countryCode"], "explanation": 'Expected "Atlantis" to be one of'}]
    extensions = {"code": "INVALID_VARIABLE", "value": {"email": "ada@example.com"}, "problems": problems}
    told = [{"message": "Variable $input was provided invalid value ada@example.com", "extensions": extensions}]
    with scripted(Answer(body=json.dumps({"errors": told}))) as server, pytest.raises(CallRefused) as caught:
        client(server.url).call("CustomerCreate", VARIABLES, once=True)

    assert caught.value.codes == ("INVALID_VARIABLE",)
    assert caught.value.places == ("input.addresses.0.countryCode",)
    assert "example.com" not in str(caught.value)


def test_an_operation_that_is_no_file_cannot_be_sent() -> None:
    with scripted(SHOP) as server, pytest.raises(KeyError):
        client(server.url).call("CustomerSendAccountInviteEmail", {})

    assert server.asked == []


def test_a_call_that_waits_gives_up_when_the_run_stops() -> None:
    with scripted(Answer(429, "", {"Retry-After": "300"})) as server:
        one = client(server.url)
        threading.Timer(0.2, one.stop).start()
        began = time.monotonic()
        with pytest.raises(Interrupted):
            one.call("Shop", {})

    assert time.monotonic() - began < 3


def test_after_the_stop_nothing_is_sent() -> None:
    with scripted(SHOP) as server:
        one = client(server.url)
        one.stop()
        with pytest.raises(Interrupted):
            one.call("Shop", {})

    assert server.asked == []


def test_cookies_are_neither_kept_nor_sent() -> None:
    with scripted(Answer(200, SHOP.body, {"Set-Cookie": "_shop=1"}), SHOP) as server:
        one = client(server.url)
        one.call("Shop", {})
        one.call("Shop", {})

    assert "cookie" not in server.asked[1][1]


def test_our_back_off_doubles_up_to_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    monkeypatch.setattr(client_module.random, "uniform", lambda *_: 1.0)
    monkeypatch.setattr(ShopifyClient, "rest", lambda self, seconds: rests.append(seconds))
    with scripted(SHOP, Answer(503)) as server:
        one = client(server.url, max_retries=8)
        one.call("Shop", {})
        with pytest.raises(Unreachable):
            one.call("Shop", {})

    assert rests == [1, 2, 4, 8, 16, 32, 32, 32]


def test_the_local_shops_budget_is_used_and_not_overdrawn(shop: LocalShop) -> None:
    one = client(shop.url)
    threads = [threading.Thread(target=lambda: [one.call("CustomersCount", {}) for _ in range(25)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert shop.stats()["throttled"] == 0
    assert one.calls["CustomersCount"] == 200
    assert one.budget.used == 2000
