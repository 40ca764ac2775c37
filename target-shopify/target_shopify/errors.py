"""What can go wrong, grouped by what it ends.

| situation | class | what follows |
| --- | --- | --- |
| a setting is wrong, missing or unknown | `SettingsError` | the run never starts |
| token, shop, scope, version, definition | `ShopRefused` | the run stops before its next write |
| Shopify away after all retries | `Unreachable` | the run stops; what was sent is settled by the next one |
| the ledger cannot be read or written | `LedgerFailed` | the run stops |
| `max_refusals` reached, `conflict: fail` met | `LimitReached` | the run stops |
| damaged input | `InputDamaged` | the run stops after settling what came before |
| no disk space | `DiskFull` | the run stops after settling what is in flight |
| SIGTERM, Ctrl-C | `Interrupted` | the run stops after the calls in flight |
| an answer to a write that must not be sent twice was lost | `AnswerLost` | its sender looks, then decides |
| Shopify refuses a request as a whole | `CallRefused` | the customer is refused, the others go on |

Each message is one sentence or two: what happened, to what, what to do. None holds a record, a secret or an e-mail.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

WORKING_FOLDER = "the working folder (in report_dir, or in the system's temporary folder without one)"
_FULL = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})
UNANSWERED = (
    "Shopify could not be reached, or answered with errors only: {} was not answered however often it was sent, "
    "at last with {}. "
    "What was written is recorded; the same command goes on."
)


class TargetError(Exception):
    """Anything this target reports in one line."""


class RunStopped(TargetError):
    """The whole run ends now."""

    exit_code = 1


class SettingsError(RunStopped):
    """A setting is wrong, missing or unknown."""


class ShopRefused(RunStopped):
    """The shop does not let us work: token, scope, version, plan or definition."""


class Unreachable(RunStopped):
    """All retries are used up."""


class LedgerFailed(RunStopped):
    """The ledger cannot be used."""


class LimitReached(RunStopped):
    """A setting says that the run ends here."""


class InputDamaged(RunStopped):
    """What came in is no Singer message, or is cut off."""


class OutputFailed(RunStopped):
    """STATE can no longer be written: the reader went away or the disk is full."""


class DiskFull(RunStopped):
    """There is no room for a file.

    Args:
        folder: What kind of folder it is in.
    """

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"There is no disk space left for {folder}: what was settled is recorded, and the same command goes on "
            "once some is free."
        )


class Interrupted(RunStopped):
    """A signal asked the run to end.

    Args:
        signum: The signal's number; the exit status is 128 more, as shells count it.
        note: What goes on without us, if anything.
    """

    def __init__(self, signum: int, note: str = "") -> None:
        super().__init__(f"Interrupted by signal {signum}; {note}the same command goes on where this one ended.")
        self.exit_code = 128 + signum


class AnswerLost(TargetError):
    """A write may or may not have happened."""


class CallRefused(TargetError):
    """Shopify refused a whole request with top-level errors that no retry heals.

    Args:
        codes: `extensions.code` of each error.
        places: Paths into the variables that Shopify named.
    """

    def __init__(self, codes: Sequence[str], places: Sequence[str] = ()) -> None:
        super().__init__("Shopify refused a request: " + ", ".join([*codes, *places]))
        self.codes = tuple(codes)
        self.places = tuple(places)


@contextmanager
def room_in(folder: str) -> Iterator[None]:
    """Write files; a disk that is full is told by the folder's kind.

    Raises:
        DiskFull: There is no room.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull(folder) from None
        raise
    except sqlite3.OperationalError:
        raise DiskFull(folder) from None  # of files that only we use, and only for as long as the run
