"""One HTTP request done right: credentials, ceiling, retries, errors.

Platform facts (Cratejoy docs: introduction, authorization): HTTP Basic with client id and secret; JSON; 429 carries
Retry-After; errors come as `{"errors": ["text", ...]}`. Seen live: 502, slow deep pages. 401 is not documented.
"""

from __future__ import annotations

import email.utils
import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, TypeVar

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth

from tap_cratejoy import codec, errors
from tap_cratejoy.ceiling import Ceiling

if TYPE_CHECKING:
    import logging

    from tap_cratejoy.settings import Settings

HEALS = frozenset({408, 425, *range(500, 600)})
"""Answers that another attempt may heal; 429 besides them, which is no failure."""
PATIENCE_SECONDS = 3600
"""So long nothing but 429 is endured."""
MOST_REST_SECONDS = 300
"""So long a Retry-After of a failing server is obeyed at once; after it the server is asked again."""
FIRST_CONTACT_RETRIES = 5
"""Retries while no request of the run was answered yet: then the address is more likely wrong than the server away."""
MOST_LOOKED_AT = 64 << 20
"""Bytes of a body that `look` reads at most."""
_CHUNK_BYTES = 1 << 16
_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Look:
    """One answer as it came, for a program that wants to know how the server behaves.

    Attributes:
        status: HTTP status code.
        headers: As sent; names in any case.
        data: The JSON value of a 200, None where the body is no JSON.
        reasons: The texts of an error body, without e-mails and credentials.
        seconds: From the request to the last byte.
        size: Bytes of the body, decoded.
        readable: The body of a 200 is JSON.
    """

    status: int
    headers: Mapping[str, str]
    data: Any
    reasons: tuple[str, ...]
    seconds: float
    size: int
    readable: bool


@dataclass(frozen=True)
class Answer:
    """The parsed body of a 200.

    Attributes:
        data: The JSON value.
        suspect: Its texts may hold what Postgres cannot store.
    """

    data: Any
    suspect: bool


def is_object(data: Any) -> bool:
    """Whether a parsed body is a JSON object."""
    return isinstance(data, dict)


class _Ailing(Exception):
    """An attempt that a retry may heal."""

    def __init__(self, reason: str, *, answered: bool = True) -> None:
        super().__init__(reason)
        self.answered = answered


class CratejoyClient:
    """GET requests to one Cratejoy store; safe to share between threads.

    Args:
        settings: Address, credentials, ceiling, retries.
        logger: Where retries and pauses are told; never records or secrets.
    """

    def __init__(self, settings: Settings, logger: logging.Logger) -> None:
        self._settings = settings
        self._logger = logger
        self.ceiling = Ceiling(settings.requests_per_second)
        self._session = requests.Session()
        self._session.auth = HTTPBasicAuth(settings.client_id.encode(), settings.client_secret.encode())
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        if settings.api_url.startswith("http://"):
            self._session.trust_env = False  # what is for loopback must not reach a proxy, credentials least of all
        self._session.headers.update({"Accept": "application/json", "User-Agent": settings.user_agent})
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=settings.concurrency + 1, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._throttled_since: float | None = None
        self._throttles_in_a_row = 0
        self._contact = False
        self.was_there = False
        """Whether any request was ever answered."""
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self.requests = 0
        self.retries = 0

    @property
    def stopping(self) -> bool:
        """Whether the run is ending and nothing more should be asked."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Send nothing more; threads that wait for their turn give up."""
        self._stopping.set()
        self.ceiling.stop()

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        retries: int | None = None,
        check: Callable[[Any], bool] = is_object,
    ) -> Answer:
        """Ask until there is an answer or nothing heals any more.

        Args:
            path: Below the API's base, with slashes on both ends: `/customers/`.
            params: URL parameters.
            retries: At most so many further attempts, never more than the setting; None for the setting.
            check: Tells a body that answers the question from one that does not, which is asked for again.

        Returns:
            The parsed body.

        Raises:
            CredentialsRefused: 401.
            Forbidden: 403.
            NotFound: 404.
            Refused: Any other answer that a retry does not heal.
            Unhealed: Every attempt failed; `Unreachable` when none of them was answered.
            RateLimitExhausted: Nothing but 429 for an hour.
        """
        allowed = self._settings.max_retries if retries is None else min(retries, self._settings.max_retries)
        failures = 0
        answered = False
        while True:
            try:
                answer = self._attempt(path, params or {}, check)
            except _Ailing as ailing:
                failures += 1
                answered |= ailing.answered
                most = self._retries_now(allowed, answered=answered)
                if failures > most or self.stopping:
                    patient = retries is None
                    raise self._given_up(path, failures, str(ailing), answered=answered, patient=patient) from None
                self._rest(path, failures, most, str(ailing))
                continue
            answered = True
            self.was_there = True
            if answer is not None:
                self._contact = True
                return answer

    def _retries_now(self, allowed: int, *, answered: bool) -> int:
        return allowed if self._contact or answered else min(allowed, FIRST_CONTACT_RETRIES)

    def _given_up(self, path: str, failures: int, reason: str, *, answered: bool, patient: bool) -> errors.Unhealed:
        kind = errors.Unhealed if answered else errors.Unreachable
        if patient:
            self._contact = self._contact and answered
        tries = f"{failures} times" if failures > 1 else "once"
        hint = "" if answered else f" Is {self._settings.api_url} right and reachable from here (api_url)?"
        return kind(f"GET {path} was tried {tries} without success, the last time: {reason}.{hint}")

    def _rest(self, path: str, failures: int, allowed: int, reason: str) -> None:
        seconds = backoff(failures)
        with self._lock:
            self.retries += 1
        self._logger.info("GET %s: %s; retry %d of %d in %.1f s", path, reason, failures, allowed, seconds)
        self._stopping.wait(seconds)

    def look(self, path: str, params: Mapping[str, str] | None = None) -> Look:
        """Ask once, below the ceiling, and return whatever is answered, a 429 and its headers too.

        A pause that the server asks for holds the next request, as in `get`.

        Args:
            path: Below the API's base, with slashes on both ends: `/customers/`.
            params: URL parameters.

        Raises:
            Unhealed: There was no whole answer; `Unreachable` when there was none at all.
            RateLimitExhausted: The server asks for a pause of more than an hour.
        """
        try:
            return self._exchange(path, params or {}, lambda response, until: self._looked_at(path, response, until))
        except _Ailing as ailing:
            raise self._given_up(path, 1, str(ailing), answered=ailing.answered, patient=False) from None

    def _looked_at(self, path: str, response: requests.Response, deadline: float) -> Look:
        status = response.status_code
        self.was_there = True
        if status == 429:
            self._throttled(path, response.headers.get("Retry-After"))
        else:
            self._let_through()
        body = _body(response, deadline, MOST_LOOKED_AT)
        data, readable = None, status == 200
        try:
            data = codec.decode(body)[0] if readable else None
        except ValueError:
            readable = False
        reasons = () if status == 200 else tuple(text for text in _reasons(body) if not self._is_telling(text))
        seconds = time.monotonic() - (deadline - self._settings.request_timeout)
        return Look(status, response.headers, data, reasons, seconds, len(body), readable)

    def _attempt(self, path: str, params: Mapping[str, str], check: Callable[[Any], bool]) -> Answer | None:
        """Send one request; None means 429: the pause is set, ask again."""

        def read(response: requests.Response, deadline: float) -> Answer | None:
            if response.status_code == 429:
                self._throttled(path, response.headers.get("Retry-After"))
                return None
            self._let_through()
            return self._read(path, response, deadline, check)

        return self._exchange(path, params, read)

    def _exchange(
        self, path: str, params: Mapping[str, str], read: Callable[[requests.Response, float], _Read]
    ) -> _Read:
        """Send one request and have its answer read until a deadline."""
        self.ceiling.wait()
        if self.stopping:
            raise _Ailing("the run is ending", answered=False)
        with self._lock:
            self.requests += 1
        deadline = time.monotonic() + self._settings.request_timeout
        answered = False
        try:
            with self._session.get(
                self._settings.api_url + path,
                params=params,
                timeout=self._settings.request_timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                answered = True
                return read(response, deadline)
        except requests.exceptions.SSLError as error:
            if not _is_about_the_certificate(error):
                raise _Ailing("the encrypted connection broke", answered=answered) from None
            raise errors.Unreachable(
                f"The certificate of {self._settings.api_url} could not be verified, and nothing was sent: check "
                "api_url and the clock; behind a company's proxy name its certificates in REQUESTS_CA_BUNDLE."
            ) from None
        except requests.exceptions.ConnectTimeout:
            raise _Ailing("no connection within the timeout", answered=False) from None
        except requests.exceptions.Timeout:
            raise _Ailing(f"no answer within {self._settings.request_timeout:g} s") from None
        except requests.exceptions.ConnectionError as error:
            reason, away = _connection_trouble(error)
            raise _Ailing(reason, answered=answered or not away) from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, UnicodeError) as error:
            what = "the answer broke off" if answered else "no answer that can be read"
            raise _Ailing(f"{what} ({type(error).__name__})", answered=answered) from None

    def _read(self, path: str, response: requests.Response, deadline: float, check: Callable[[Any], bool]) -> Answer:
        status = response.status_code
        self.was_there = True
        if status in HEALS:
            self._respect(response.headers.get("Retry-After"))
            raise _Ailing(f"answer {status}")
        body = _body(response, deadline)
        if 200 < status < 300:
            raise _Ailing(f"answer {status} instead of 200")
        if status != 200:
            raise self._refusal(path, status, body)
        try:
            data, suspect = codec.decode(body)
        except ValueError:
            raise _Ailing(f"the body is not whole JSON ({len(body)} bytes)") from None
        if not check(data):
            raise _Ailing("the body is JSON, but not what was asked for")
        return Answer(data, suspect)

    def _refusal(self, path: str, status: int, body: bytes) -> errors.TapError:
        if status == 401:
            return errors.CredentialsRefused(
                "Cratejoy refused the credentials (401): check client_id and client_secret "
                "(TAP_CRATEJOY_CLIENT_ID, TAP_CRATEJOY_CLIENT_SECRET)."
            )
        if status == 403:
            return errors.Forbidden(
                f"GET {path} is forbidden (403): these credentials may not read it, or they are wrong; "
                "check client_id and client_secret, or deselect the stream."
            )
        if status == 404:
            return errors.NotFound(f"GET {path} does not exist (404): check api_url.")
        reasons = tuple(text for text in _reasons(body) if not self._is_telling(text))
        named = f", which names: {'; '.join(reasons)}" if reasons else ""
        return errors.Refused(f"GET {path} was refused with {status}{named}.", status=status, reasons=reasons)

    def _is_telling(self, text: str) -> bool:
        return any(secret in text for secret in (self._settings.client_id, self._settings.client_secret))

    def _respect(self, retry_after: str | None) -> None:
        """Hold all requests as long as a failing server asks for, within reason."""
        seconds = retry_after_seconds(retry_after)
        if seconds:
            self.ceiling.pause(min(seconds, MOST_REST_SECONDS))

    def _let_through(self) -> None:
        """Note an answer that is no 429."""
        with self._lock:
            self._throttled_since = None
            self._throttles_in_a_row = 0

    def _throttled(self, path: str, retry_after: str | None) -> None:
        now = time.monotonic()
        with self._lock:  # meanwhile another thread may learn that it is over
            since = self._throttled_since = self._throttled_since or now
            self._throttles_in_a_row += not self.ceiling.paused
            in_a_row = max(1, self._throttles_in_a_row)
        asked = retry_after_seconds(retry_after)
        seconds = backoff(in_a_row) if asked is None or _is_hollow(asked, in_a_row) else asked
        if now + seconds - since > PATIENCE_SECONDS:
            raise errors.RateLimitExhausted(
                "Cratejoy has answered nothing but 429 (too many requests) for an hour, or asks for a longer pause: "
                "lower requests_per_second and run the same command later; it goes on where it stopped."
            )
        self.ceiling.pause(seconds)
        self._logger.info("GET %s: Cratejoy asks to slow down (429); all requests wait %.1f s", path, seconds)


def backoff(failures: int) -> float:
    """Return the seconds to wait after so many failures: 1, 2, 4 ... 60, of which the upper half is drawn by lot."""
    ceiling = min(60.0, 2.0 ** (failures - 1))
    return ceiling * random.uniform(0.5, 1.0)  # noqa: S311  # spreads retries, guards nothing


def retry_after_seconds(header: str | None, now: float | None = None) -> float | None:
    """Read a Retry-After header: seconds or an HTTP date.

    Args:
        header: The header's text.
        now: The present as a Unix time, for the date form.

    Returns:
        Seconds to wait, never negative, or None when there is nothing usable. A date counts whole seconds, so half a
        second is added for the two clocks.
    """
    if header is None:
        return None
    text = header.strip()
    try:
        if text.replace(".", "", 1).isdigit():
            return float(text) + 0.05
        moment = email.utils.parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return max(0.0, moment.timestamp() - (time.time() if now is None else now)) + 0.5


def _is_hollow(asked: float, in_a_row: int) -> bool:
    """Whether a server asks again and again for no pause worth the name, and needs one all the same."""
    return asked < 1 and in_a_row > 3


def _body(response: requests.Response, deadline: float, most: float = math.inf) -> bytes:
    """Read a body as it arrives; `iter_content` would look at the clock only when a whole chunk is there."""
    chunks = []
    length = 0
    while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        chunks.append(chunk)
        length += len(chunk)
        if time.monotonic() > deadline:
            raise _Ailing("the answer came too slowly")
        if length > most:
            raise _Ailing(f"the answer is longer than {most:,.0f} bytes")
    return b"".join(chunks)


def _reasons(body: bytes) -> tuple[str, ...]:
    """Return the texts of an error body, cut short, without anything that looks like an e-mail address."""
    try:
        found = codec.decode(body)[0]
    except ValueError:
        return ()
    named = found.get("errors") or found.get("error") if isinstance(found, dict) else None
    plain = (_printable(text) for text in _texts(named)[:5])
    return tuple(text[:200] for text in plain if "@" not in text and "%40" not in text)


def _texts(value: Any) -> list[str]:
    """Return all texts of an error value, documented as a list of them; the keys of an object name properties."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [f"{key}: {text}" for key, inner in value.items() for text in _texts(inner)]
    return [text for inner in value for text in _texts(inner)] if isinstance(value, list) else []


def _printable(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _is_about_the_certificate(error: Exception) -> bool:
    text = str(error).lower()
    return any(words in text for words in ("certificate verify failed", "certificate_verify_failed", "doesn't match"))


def _connection_trouble(error: requests.exceptions.ConnectionError) -> tuple[str, bool]:
    """Say what went wrong on the way, without the URL, and whether the server seems to be away."""
    text = str(error)
    if "NameResolution" in text or "getaddrinfo" in text:
        return "the host's name is not known", True
    if "refused" in text or "unreachable" in text or "No route" in text:
        return "the host cannot be reached", True
    return "the connection broke", False
