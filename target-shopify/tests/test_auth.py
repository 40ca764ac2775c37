"""The access token: asked for as Shopify's page says, renewed before it ends and when it is refused."""

from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl

import pytest
import requests
from target_shopify import auth
from target_shopify.auth import Token
from target_shopify.client import ShopifyClient
from target_shopify.errors import Interrupted, ShopRefused, Unreachable

from .harness import LocalShop, Runner, checked, customer, metafields
from .scripted import Answer, scripted

LOGGER = logging.getLogger("test-auth")
SECRET = "shpss_planted-secret-4411"


def granted(name: str, seconds: object = 86399) -> Answer:
    return Answer(body=json.dumps({"access_token": name, "scope": "write_customers", "expires_in": seconds}))


def token(url: str, rests: list[float] | None = None) -> Token:
    settings = checked(api_url=url, access_token=None, client_id="app", client_secret=SECRET)
    session = requests.Session()
    session.headers["Content-Type"] = "application/json"
    return Token(settings, session, (rests if rests is not None else []).append, LOGGER)


def test_a_token_that_was_given_is_used_as_it_is() -> None:
    given = Token(checked(), requests.Session(), lambda _: None, LOGGER)

    assert given.value() == "shpat_planted-secret-7093"
    assert not given.renewable
    assert given.renew("shpat_planted-secret-7093") is False


def test_the_grant_is_asked_for_as_a_form() -> None:
    with scripted(granted("shpat_one")) as server:
        assert token(server.url).value() == "shpat_one"

    [(path, headers, body)] = server.asked
    assert path == "/admin/oauth/access_token"
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(body)) == {"grant_type": "client_credentials", "client_id": "app", "client_secret": SECRET}


def test_a_token_serves_many_calls() -> None:
    with scripted(granted("shpat_one")) as server:
        one = token(server.url)
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda _: one.value(), range(40))) == {"shpat_one"}

    assert len(server.asked) == 1


def test_a_token_is_renewed_before_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(auth.time, "monotonic", lambda: now[0])
    with scripted(granted("shpat_one", 100), granted("shpat_two", 100)) as server:
        one = token(server.url)
        assert one.value() == "shpat_one"
        now[0] += 80
        assert one.value() == "shpat_one"
        now[0] += 15
        assert one.value() == "shpat_two"


@pytest.mark.parametrize("seconds", [None, "soon", -5, 0])
def test_a_life_that_makes_no_sense_is_taken_for_a_day(seconds: object) -> None:
    with scripted(granted("shpat_one", seconds)) as server:
        one = token(server.url)
        assert [one.value(), one.value()] == ["shpat_one", "shpat_one"]

    assert len(server.asked) == 1


def test_many_threads_with_a_refused_token_renew_it_once() -> None:
    with scripted(granted("shpat_one"), granted("shpat_two")) as server:
        one = token(server.url)
        one.value()
        start = threading.Barrier(8)

        def renewed(_: int) -> str:
            start.wait(5)
            assert one.renew("shpat_one")
            return one.value()

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(renewed, range(8))) == {"shpat_two"}

    assert len(server.asked) == 2


@pytest.mark.parametrize("answer", [Answer(503), Answer(429), Answer(None)])
def test_what_can_heal_is_asked_again(answer: Answer) -> None:
    rests: list[float] = []
    with scripted(answer, answer, granted("shpat_one")) as server:
        assert token(server.url, rests).value() == "shpat_one"

    assert rests == [1.0, 2.0]


def test_no_token_after_six_attempts_ends_the_run(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    rests: list[float] = []
    with (
        scripted(Answer(503)) as server,
        pytest.raises(Unreachable, match="no access token in 6 attempts, at last with status 503"),
    ):
        token(server.url, rests).value()

    assert len(server.asked) == 6
    assert rests == [1, 2, 4, 8, 16]
    assert caplog.messages[-1] == "Shopify gave no access token: status 503 (attempt 6 of 6)."
    assert len(caplog.messages) == 6
    assert SECRET not in caplog.text


def test_a_run_that_stops_asks_for_no_further_token() -> None:
    with scripted(Answer(503)) as server:
        one = ShopifyClient(
            checked(api_url=server.url, access_token=None, client_id="app", client_secret=SECRET), LOGGER
        )
        threading.Timer(0.3, one.stop).start()
        with pytest.raises(Interrupted):
            one.call("Shop", {})

    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(400, '{"error": "shop_not_permitted"}'), "one organisation"),
        (Answer(404, "Not Found"), "TARGET_SHOPIFY_SHOP"),
        (Answer(401, '{"error": "invalid_client"}'), r"401 \(invalid_client\).*TARGET_SHOPIFY_CLIENT_SECRET"),
        (Answer(200, "<html>"), "TARGET_SHOPIFY_CLIENT_ID"),
        (Answer(200, '{"access_token": ""}'), "TARGET_SHOPIFY_CLIENT_ID"),
        (Answer(200, "[]"), "TARGET_SHOPIFY_CLIENT_ID"),
        (Answer(302, "", {"Location": "https://example.com"}), "302"),
    ],
)
def test_a_grant_that_is_refused_says_what_to_check(answer: Answer, said: str) -> None:
    with scripted(answer) as server, pytest.raises(ShopRefused, match=said) as caught:
        token(server.url).value()

    assert SECRET not in str(caught.value)
    assert len(server.asked) == 1


def test_a_run_works_on_the_grant_alone(shop: LocalShop, target: Runner) -> None:
    told = target.run([customer(1)], access_token=None, client_id="sandbox", client_secret="sandbox-secret")

    assert told.status == 0, told.stderr
    assert [metafields(one)["customer_id"] for one in shop.customers()] == ["7101000001"]


def test_a_wrong_secret_ends_the_run_in_one_sentence(shop: LocalShop, target: Runner) -> None:
    told = target.run([customer(1)], access_token=None, client_id="sandbox", client_secret=SECRET)

    assert told.status == 1
    assert "TARGET_SHOPIFY_CLIENT_SECRET" in told.stderr
    assert SECRET not in told.stderr
    assert shop.customers() == []


def test_tokens_that_end_in_mid_run_are_renewed(shop: LocalShop, target: Runner) -> None:
    shop.fault(token_lifetime=15, latency=0.02)  # shop time passes fifty times as fast

    told = target.run(
        [customer(number) for number in range(1, 121)],
        access_token=None, client_id="sandbox", client_secret="sandbox-secret", concurrency=4,
    )  # fmt: skip

    assert told.status == 0, told.stderr
    assert len(shop.customers()) == 120
    assert shop.stats()["statuses"]["401"] >= 1
