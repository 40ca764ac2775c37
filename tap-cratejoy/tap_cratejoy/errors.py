"""What can go wrong, grouped by what it ends.

| situation | class | what follows |
| --- | --- | --- |
| a setting is wrong, missing or unknown | `SettingsError` | the run never starts |
| 401 | `CredentialsRefused` | the run stops |
| no request of the run was ever answered | `NeverReached` | the run stops |
| an hour of nothing but 429 | `RateLimitExhausted` | the run stops |
| the loader went away, the disk is full | `OutputFailed` | the run stops |
| SIGTERM, Ctrl-C | `Interrupted` | the run stops after the current page |
| 403 | `Forbidden` | the stream fails, the others go on |
| 404 | `NotFound` | the stream fails; for one element or for metadata: there is none |
| 400 and other answers that no retry can heal | `Refused` | the stream fails |
| retries used up | `Unhealed` | the page is split; a window that still fails fails the stream at its end |
| retries used up, the server never answered | `Unreachable` | the stream fails at once |

Each message is one sentence or two: what happened, to what, what to do. None holds a record, a secret or an e-mail.
"""

from __future__ import annotations


class TapError(Exception):
    """Anything this tap reports in one line."""


class RunStopped(TapError):
    """The whole run ends now."""

    exit_code = 1


class SettingsError(RunStopped):
    """A setting is wrong, missing or unknown."""


class CredentialsRefused(RunStopped):
    """Cratejoy answered 401."""


class RateLimitExhausted(RunStopped):
    """Cratejoy answered nothing but 429 for an hour, or asks for a longer pause than that."""


class NeverReached(RunStopped):
    """No request of the run was ever answered."""


class OutputFailed(RunStopped):
    """Messages can no longer be written: the reader went away or the disk is full."""


class Interrupted(RunStopped):
    """A signal asked the run to end; everything emitted so far is covered by the last STATE.

    Args:
        signum: The signal's number; the exit status is 128 more, as shells count it.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(f"Interrupted by signal {signum}: the same command goes on from the last bookmark.")
        self.exit_code = 128 + signum


class StreamFailed(TapError):
    """One stream cannot be read to its end; the others go on."""


class Forbidden(StreamFailed):
    """Cratejoy answered 403."""


class NotFound(StreamFailed):
    """Cratejoy answered 404."""


class Refused(StreamFailed):
    """Cratejoy refused the request in a way that no retry heals (400, 405, a redirect, ...).

    Args:
        message: The sentence to show.
        status: HTTP status code.
        reasons: The texts of the answer's `errors` list.
    """

    def __init__(self, message: str, *, status: int, reasons: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.reasons = reasons


class Unhealed(StreamFailed):
    """All retries of one request are used up."""


class Unreachable(Unhealed):
    """All retries are used up and no attempt brought any answer: the server is away."""


def listed(names: list[str], most: int = 20) -> str:
    """Return names for an error text, the first of them when there are many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return "; ".join(names[:most]) + more
