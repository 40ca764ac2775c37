"""Telling somebody that a run has finished, failed or is waiting: a webhook, a command, or both.

A notice holds counts and one sentence, never a record. That it cannot be delivered never ends a run.
"""

from __future__ import annotations

import ipaddress
import json
import os
import shlex
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests
from dotenv import dotenv_values

from cratejoy_migration.errors import OperatorError

URL = "MIGRATION_NOTIFY_URL"
COMMAND = "MIGRATION_NOTIFY_COMMAND"
_PAUSES = (1.0, 5.0, 15.0)
_TIMEOUT_SECONDS = 10.0
_COMMAND_SECONDS = 60.0
_SECRET = ("TAP_", "TARGET_", "STAGING_", "MIGRATION_", "MELTANO_", "PG")
"""Variables that a command of the operator does not need; among them are secrets."""


@dataclass(frozen=True)
class Notice:
    """What is told.

    Attributes:
        event: finished, failed or waiting.
        step: At which step.
        sentence: What happened and what to do.
        shop: The shop's name, or null before it is known.
        run_id: The run's name in the history.
        at: When, RFC 3339.
        counts: Rows staged, missing and by outcome.
    """

    event: str
    step: str
    sentence: str
    shop: str | None
    run_id: str
    at: str
    counts: Mapping[str, int]

    @property
    def body(self) -> bytes:
        """The notice as JSON."""
        return json.dumps(asdict(self)).encode()


class Notifier:
    """Delivers notices as the operator's settings say.

    Args:
        url: Webhook, or empty.
        command: Command line, or empty.

    Raises:
        OperatorError: One of them cannot be used.
    """

    def __init__(self, url: str, command: str) -> None:
        self._url = url.strip()
        self._command = _words(command)
        if self._url and not _allowed(self._url):
            raise OperatorError(f"{URL} takes an https:// address (http:// on this machine only).")

    @classmethod
    def configured(cls, project: Path) -> Notifier:
        """Return the notifier that the environment or the project's .env describes."""
        file = dotenv_values(project / ".env")
        return cls(*(os.environ.get(name) or file.get(name) or "" for name in (URL, COMMAND)))

    def send(self, notice: Notice) -> Iterator[str]:
        """Deliver a notice; yield a sentence for each way that failed."""
        if self._url and (trouble := self._post(notice)):
            yield f"The webhook of {URL} was not told: {trouble}."
        if self._command and (trouble := self._call(notice)):
            yield f"The command of {COMMAND} was not told: {trouble}."

    def _post(self, notice: Notice) -> str:
        trouble = ""
        for wait in (*_PAUSES, None):
            trouble, again = _posted(self._url, notice.body)
            if not again or wait is None:
                break
            time.sleep(wait)
        return trouble

    def _call(self, notice: Notice) -> str:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_SECRET)}
        try:
            ended = subprocess.run(
                [*self._command, notice.event],
                input=notice.body,
                env=kept,
                timeout=_COMMAND_SECONDS,
                check=False,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            return f"it did not end within {_COMMAND_SECONDS:.0f} s"
        except OSError as error:
            return f"it cannot be started ({error.strerror})"
        return f"it ended with exit status {ended.returncode}" if ended.returncode else ""


def _posted(url: str, body: bytes) -> tuple[str, bool]:
    """Post once; return what went wrong, and whether another try may heal it. Redirects are not followed."""
    try:
        answer = requests.post(
            url,
            data=body,
            headers={"Content-Type": "application/json"},
            timeout=_TIMEOUT_SECONDS,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        return f"no answer ({type(error).__name__})", True
    status = answer.status_code
    if status < 300:
        return "", False
    if status < 400:
        return f"it answers with a redirect ({status}); name the final address", False
    return f"it answers with status {status}", status in (408, 425, 429) or status >= 500


def _allowed(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        raise OperatorError(f"{COMMAND} cannot be read: a quotation mark is not closed.") from None
