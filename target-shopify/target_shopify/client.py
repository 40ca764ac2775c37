"""One GraphQL call done right: token, version, cost budget, retries, errors.

Platform facts (limits, response codes and versioning pages; recorded live answers): business refusals come as
`userErrors` in the payload, everything else as top-level `errors`, both with status 200. THROTTLED carries the cost
block. 429 may carry Retry-After, 430 is a security rejection, 423 a locked and 402 a frozen shop. A retired API
version is served as another one, which only the header X-Shopify-API-Version tells.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
import requests
from requests.adapters import HTTPAdapter

from target_shopify import certificates, operations
from target_shopify.auth import Token
from target_shopify.budget import Budget
from target_shopify.errors import AnswerLost, CallRefused, Interrupted, ShopRefused, Unreachable

if TYPE_CHECKING:
    import logging

    from target_shopify.settings import Settings

PATIENCE_SECONDS = 3600.0
"""So long nothing but throttling is endured."""
FIRST_COST = 10.0
"""Points a call is taken to request until an answer told better: what a mutation costs."""
MOST_CONNECTIONS = 128
VERSION_HEADER = "X-Shopify-API-Version"
_T = TypeVar("_T")
_MOST_REST_SECONDS = 60.0
_HEALING_CODES = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"})
_PREPARING = frozenset({"BulkQuery", "DefinitionCreate", "StagedUploadsCreate"})
"""Mutations that touch no customer."""
_PURPOSES = {
    "BulkQuery": "run bulk exports",
    "BulkRun": "run bulk operations",
    "CustomerCreate": "create customers",
    "CustomerAddressDelete": "remove addresses",
    "CustomerAddressUpdate": "change addresses",
    "CustomerDelete": "delete customers",
    "CustomerGlance": "read customers",
    "CustomerOrders": "read the orders of customers",
    "CustomerUpdate": "update customers",
    "CustomerFind": "find customers",
    "CustomerRead": "read customers",
    "CustomersCount": "count customers",
    "CustomersRoll": "read customers",
    "DefinitionCreate": "make metafield definitions",
    "DefinitionDelete": "delete metafield definitions",
    "Definitions": "read metafield definitions",
    "MetafieldsSet": "write metafields",
    "MetafieldsDelete": "remove metafields",
    "OrderCreate": "create orders",
    "OrderDelete": "delete orders",
    "OrderFind": "find orders",
    "StagedUploadsCreate": "upload files",
    "TagsAdd": "write tags",
    "TagsRemove": "remove tags",
    "VariantsBySku": "find products",
}
"""What an operation is for, in words."""
_NAMES = re.compile(r"`([A-Za-z][A-Za-z_]*)`|\b((?:read|write)_[a-z_]+)\b|\bfor ([a-z][A-Za-z]*) field\b")
_STOPPING = {
    402: "The shop is frozen (402): its owner must settle Shopify's bill first.",
    403: "Shopify refused the request (403): check that the app is installed in the shop and that the shop is open.",
    404: "There is no such shop or API version (404): check the settings shop and api_version.",
    406: "Shopify does not accept our requests (406): check the setting api_url.",
    423: "The shop is locked (423): Shopify's support can tell why; nothing more was sent.",
}


class _Ailing(Exception):
    """An attempt that a retry may heal.

    Args:
        reason: For the log.
        pause: Seconds the server asked for; None for our own back-off.
        throttled: The server is there and wants us slower: no failure.
        sent: The request may have been executed.
        answered: Shopify was reached, and said that it failed.
    """

    def __init__(
        self,
        reason: str,
        *,
        pause: float | None = None,
        throttled: bool = False,
        sent: bool = False,
        answered: bool = False,
    ) -> None:
        super().__init__(reason)
        self.answered = answered
        self.pause = pause
        self.throttled = throttled
        self.sent = sent


@dataclass(frozen=True)
class UserError:
    """One business refusal of a payload; `field` as a path, empty when Shopify named none."""

    field: tuple[str, ...]
    message: str
    code: str | None


@dataclass(frozen=True)
class Payload:
    """The root field of an answer: its value, and what Shopify refused in it."""

    value: dict[str, Any]
    errors: tuple[UserError, ...]


@dataclass(frozen=True)
class Look:
    """One answer as it came, for a program that wants to know what a shop is like.

    Attributes:
        value: The operation's root field; None when it is null or missing.
        refused: What the top-level errors name: the path of each, dots between, and its code.
        version: API version that was served, None when the header is missing.
        seconds: From the request to the answer.
        points: What the call cost, None when the answer does not tell.
    """

    value: Any
    refused: tuple[tuple[str, str], ...]
    version: str | None
    seconds: float
    points: float | None


class ShopifyClient:
    """Calls to one shop's Admin API; safe to share between threads.

    Args:
        settings: Address, credentials, version, retries.
        logger: Where retries and pauses are told; never values or secrets.
    """

    def __init__(self, settings: Settings, logger: logging.Logger) -> None:
        self._settings = settings
        self._logger = logger
        self._stopping = threading.Event()
        self._session = _session(settings)
        self._token = Token(settings, self._session, self.rest, logger)
        self._costs: dict[str, float] = {}
        self._throttled_since: float | None = None
        self._contact = False
        self._wrote = False
        self.budget = Budget()
        self.calls: Counter[str] = Counter()
        self.retries = 0

    @property
    def stopping(self) -> bool:
        """Whether the run is ending and nothing more may be sent."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Send nothing more; whoever waits for a turn gives up."""
        self._stopping.set()
        self.budget.stop()

    def rest(self, seconds: float) -> None:
        """Wait, unless the run is stopping.

        Raises:
            Interrupted: The run is stopping.
        """
        if self._stopping.wait(seconds):
            raise Interrupted(15)

    def call(self, name: str, variables: Mapping[str, Any], *, once: bool = False) -> Payload:
        """Send one of our operations until there is an answer or nothing heals any more.

        Args:
            name: Of a file in `operations`.
            variables: As the operation declares them.
            once: The write must not be repeated blindly: a lost answer is raised, not retried.

        Returns:
            The operation's root field; an empty value when it was null.

        Raises:
            AnswerLost: With `once`: the write may or may not have happened.
            CallRefused: Top-level errors that a retry does not heal.
            ShopRefused: The shop does not let us work at all.
            Unreachable: Every attempt failed.
            Interrupted: The run is stopping.
        """
        operation = operations.operation(name)
        data = self._healed(operation, variables, lambda body: self._attempt(name, body), once=once)
        return _payload(data.get(operation.root) if isinstance(data, dict) else None)

    def look(self, name: str, variables: Mapping[str, Any]) -> Look:
        """Send one of our queries, and return what is refused and which version is served beside what is answered.

        Args:
            name: Of a file in `operations`; a query.
            variables: As the operation declares them.

        Raises:
            ShopRefused: Token or shop are refused.
            Unreachable: Every attempt failed.
            Interrupted: The run is stopping.
        """
        operation = operations.operation(name)
        return self._healed(operation, variables, lambda body: self._looked_at(operation, body), once=False)

    def _looked_at(self, operation: operations.Operation, body: bytes) -> Look:
        answer, version, seconds = self._exchange(operation.name, body, any_version=True)
        errors, data, told = answer.get("errors"), answer.get("data"), _cost(answer)
        if _HEALING_CODES.intersection(_codes(errors) if errors else ()):
            raise _Ailing("an internal error", sent=True, answered=True)
        points = told.get("actualQueryCost") if told else None
        return Look(
            data.get(operation.root) if isinstance(data, dict) else None,
            tuple((_path(one), str(_extensions(one).get("code") or "UNKNOWN")) for one in _listed(errors)),
            version,
            seconds,
            float(points) if isinstance(points, int | float) else None,
        )

    def _healed(
        self,
        operation: operations.Operation,
        variables: Mapping[str, Any],
        attempt: Callable[[bytes], _T],
        *,
        once: bool,
    ) -> _T:
        name = operation.name
        body = orjson.dumps({"query": operation.text, "operationName": name, "variables": dict(variables)})
        self._wrote = self._wrote or (operation.writes and name not in _PREPARING)
        failures = 0
        while True:
            try:
                return attempt(body)
            except _Ailing as ailing:
                if once and ailing.sent:
                    raise AnswerLost(str(ailing)) from None
                failures += not ailing.throttled
                self._pause(name, ailing, failures)

    def fetch(self, url: str, start: int = 0) -> requests.Response:
        """Open a download that Shopify gave the address of; no token goes with it.

        Args:
            url: From a bulk operation.
            start: Bytes to leave out.

        Raises:
            requests.RequestException: It cannot be opened.
        """
        headers = {"Range": f"bytes={start}-"} if start else {}
        return self._session.get(url, headers=headers, stream=True, timeout=self._settings.request_timeout)

    @property
    def token_seconds(self) -> float | None:
        """Seconds that the token was given out for; None for one that was set, or not fetched yet."""
        return self._token.seconds

    @property
    def session(self) -> requests.Session:
        """The session, for uploads; it carries no token by itself."""
        return self._session

    def _attempt(self, name: str, body: bytes) -> Any:
        answer, _, _ = self._exchange(name, body)
        if errors := answer.get("errors"):
            self._judge(name, errors, answer.get("data"))
        return answer.get("data")

    def _exchange(
        self, name: str, body: bytes, *, any_version: bool = False
    ) -> tuple[dict[str, Any], str | None, float]:
        """Return one answer within the budget, the version that was served, and the seconds it took."""
        cost = self._costs.get(name, FIRST_COST)
        if not self.budget.take(cost):
            raise Interrupted(15)
        told: Mapping[str, Any] | None = None
        throttled = False
        try:
            began = time.monotonic()
            response = self._send(body)
            answer = self._read(response, any_version=any_version)
            seconds = time.monotonic() - began
            told = _cost(answer)
            self._learn(name, told)
            throttled = _says(answer.get("errors"), "THROTTLED")
            if throttled:
                raise _Ailing("THROTTLED", pause=0.1 if told else 1.0, throttled=True)
        finally:
            self.budget.settle(cost, told, throttled=throttled)
        self._throttled_since = None
        self._contact = True
        self.calls[name] += 1
        return answer, response.headers.get(VERSION_HEADER), seconds

    def _send(self, body: bytes) -> requests.Response:
        token = self._token.value()
        answer = self._post(body, token)
        if answer.status_code == 401:
            if not self._token.renew(token):
                raise ShopRefused(
                    "Shopify refused the access token (401): check TARGET_SHOPIFY_ACCESS_TOKEN and TARGET_SHOPIFY_SHOP."
                )
            answer = self._post(body, self._token.value())
            if answer.status_code == 401:
                raise ShopRefused("Shopify refused a token that it has just given out (401): check shop and client_id.")
        return answer

    def _post(self, body: bytes, token: str) -> requests.Response:
        headers = {"X-Shopify-Access-Token": token}
        try:
            return self._session.post(
                self._settings.endpoint,
                data=body,
                headers=headers,
                timeout=(min(10.0, self._settings.request_timeout), self._settings.request_timeout),
                allow_redirects=False,
            )
        except (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError) as error:
            certificates.check(error, self._settings.api_url)
            raise _Ailing(f"no connection ({type(error).__name__})") from None
        except requests.RequestException as error:
            raise _Ailing(f"no answer ({type(error).__name__})", sent=True) from None

    def _read(self, answer: requests.Response, *, any_version: bool) -> dict[str, Any]:
        status = answer.status_code
        if status in (429, 430):
            raise _Ailing(f"status {status}", pause=_retry_after(answer), throttled=True)
        if status in _STOPPING:
            raise ShopRefused(_STOPPING[status])
        if status >= 500 or status == 408:
            raise _Ailing(f"status {status}", sent=True, answered=status == 500)
        if 300 <= status < 400:
            raise ShopRefused(f"Shopify answered with a redirect ({status}): check the settings shop and api_url.")
        if not any_version:
            self._check_version(answer)
        try:
            parsed = orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            raise _Ailing(f"status {status}, but no JSON", sent=True) from None
        if not isinstance(parsed, dict) or not ("data" in parsed or "errors" in parsed):
            raise _Ailing(f"status {status}, but no GraphQL answer", sent=True)
        return parsed

    def _check_version(self, answer: requests.Response) -> None:
        served = answer.headers.get(VERSION_HEADER)
        wanted = self._settings.api_version
        if served and served != wanted:
            raise ShopRefused(
                f"Shopify serves API version {served} instead of {wanted}: {wanted} is retired or not out yet; "
                "set api_version (TARGET_SHOPIFY_API_VERSION) to one this program knows and the shop serves."
            )

    def _learn(self, name: str, told: Mapping[str, Any] | None) -> None:
        asked = told.get("requestedQueryCost") if told else None
        if isinstance(asked, int | float):
            self._costs[name] = float(asked)

    def _judge(self, name: str, errors: Any, data: Any) -> None:
        codes, places = _codes(errors), _places(errors)
        if "ACCESS_DENIED" in codes:
            raise ShopRefused(_denied(name, errors))
        if _HEALING_CODES.intersection(codes):
            raise _Ailing(f"error {codes[0]}", sent=True, answered=True)
        if not isinstance(data, dict) or all(value is None for value in data.values()):
            raise CallRefused(codes, places)

    def _pause(self, name: str, ailing: _Ailing, failures: int) -> None:
        if self.stopping:
            raise Interrupted(15)
        self.retries += not ailing.throttled
        endured = self._endure(ailing)
        most = self._settings.max_retries if self._contact else min(self._settings.max_retries, 5)
        if failures > most:
            raise Unreachable(self._gone(name, ailing, most))
        own = min(_MOST_REST_SECONDS, 2.0 ** min(failures, 6) * 0.5) * random.uniform(0.7, 1.3)  # noqa: S311
        if ailing.throttled:
            own = min(max(endured, 1.0), _MOST_REST_SECONDS)
        seconds = own if ailing.pause is None else ailing.pause
        if ailing.throttled and seconds:
            self.budget.hold(seconds)
        if failures > 1:
            self._logger.info(
                "Shopify: %s; trying %s again in %.1f s (retry %d of %d)", ailing, name, seconds, failures, most
            )
        self.rest(seconds)

    def _gone(self, name: str, ailing: _Ailing, retries: int) -> str:
        """Return that a call failed for good, and what that means for the work so far."""
        kind = "answered with errors only" if ailing.answered else "could not be reached"
        again = f", and so did {retries} {'retry' if retries == 1 else 'retries'}, at last" if retries else ""
        so_far = "What was written is recorded" if self._wrote else "No customer was written"
        return f"Shopify {kind}: {name} failed{again} with {ailing}. {so_far}; the same command goes on."

    def _endure(self, ailing: _Ailing) -> float:
        """Return for how many seconds nothing got through but throttling; give up after an hour."""
        if not ailing.throttled:
            return 0.0
        now = time.monotonic()
        self._throttled_since = self._throttled_since or now
        if now - self._throttled_since > PATIENCE_SECONDS:
            raise Unreachable("Shopify answered nothing but throttling for an hour; the same command goes on later.")
        return now - self._throttled_since


def _session(settings: Settings) -> requests.Session:
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    if settings.api_url.startswith("http://"):
        session.trust_env = False  # what is for loopback must not reach a proxy
    session.headers.update(
        {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": settings.user_agent}
    )
    adapter = HTTPAdapter(pool_connections=4, pool_maxsize=MOST_CONNECTIONS, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _payload(value: Any) -> Payload:
    """Return a root field with its userErrors apart."""
    if not isinstance(value, dict):
        return Payload({}, ())
    raw = value.get("userErrors") or ()
    errors = tuple(
        UserError(tuple(map(str, one.get("field") or ())), str(one.get("message") or ""), one.get("code"))
        for one in raw
        if isinstance(one, dict)
    )
    return Payload(value, errors)


def _cost(answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    extensions = answer.get("extensions")
    cost = extensions.get("cost") if isinstance(extensions, dict) else None
    if not isinstance(cost, dict):
        return None
    status = cost.get("throttleStatus")
    return {**_numbers(cost), "throttleStatus": _numbers(status) if isinstance(status, dict) else {}}


def _numbers(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if type(value) in (int, float)}


def _listed(errors: Any) -> list[dict[str, Any]]:
    return [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []


def _extensions(error: Mapping[str, Any]) -> Mapping[str, Any]:
    found = error.get("extensions")
    return found if isinstance(found, dict) else {}


def _codes(errors: Any) -> list[str]:
    return [str(_extensions(one).get("code") or "UNKNOWN") for one in _listed(errors)] or ["UNKNOWN"]


def _says(errors: Any, code: str) -> bool:
    return any(
        _extensions(one).get("code") == code or one.get("message") == code.capitalize() for one in _listed(errors)
    )


def _path(error: Mapping[str, Any]) -> str:
    path = error.get("path")
    return ".".join(map(str, path)) if isinstance(path, list) else ""


def _places(errors: Any) -> list[str]:
    """Return the paths of refused variables; paths only, values stay out."""
    problems = [problem for one in _listed(errors) for problem in _extensions(one).get("problems") or ()]
    return [".".join(map(str, problem.get("path") or ())) for problem in problems if isinstance(problem, dict)]


def _denied(name: str, errors: Any) -> str:
    needed = [str(_extensions(one).get("requiredAccess") or "") for one in _listed(errors)]
    needed = [text for text in needed if text] or [", ".join(_named(one)) for one in _listed(errors)]
    told = "; ".join(dict.fromkeys(text for text in needed if text)) or "Shopify did not say which"
    purpose = _PURPOSES.get(name, f"send {name}")
    return (
        f"The app lacks a right it needs to {purpose}: {told.rstrip('.')}. Grant it in the app's settings and "
        "install it again."
    )


def _named(error: Mapping[str, Any]) -> list[str]:
    """Return the fields and scopes that a message names, and nothing else of it."""
    found = _NAMES.findall(str(error.get("message") or ""))
    return list(dict.fromkeys(next(filter(None, groups)) for groups in found))


def _retry_after(answer: requests.Response) -> float | None:
    """Return the seconds that the answer asks for; None when it says nothing that can be used."""
    try:
        seconds = float(answer.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return min(max(seconds, 0.1), PATIENCE_SECONDS) if seconds == seconds else None  # noqa: PLR0124  # not a NaN
