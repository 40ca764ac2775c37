"""Files for people: refused documents, forecast, and how a run went. Readable by their owner only."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from target_shopify.errors import SettingsError, room_in

if TYPE_CHECKING:
    from target_shopify.forecast import ForecastFiles
    from target_shopify.work import Outcome


class Report:
    """Writes into `report_dir`; without one, nowhere.

    Args:
        folder: Made when it is not there.

    Raises:
        SettingsError: The folder cannot be used.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._began = False
        self.forecast: ForecastFiles | None = None
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                tempfile.TemporaryFile(dir=folder).close()
            except OSError as error:
                raise SettingsError(f"report_dir cannot be used: {error.strerror}.") from None

    def begin(self) -> None:
        """Remove what an earlier run refused: a file that is there is this run's."""
        if self._folder is not None:
            (self._folder / "refused.jsonl").unlink(missing_ok=True)

    def settled(self, outcomes: Sequence[Outcome]) -> None:
        """Take in outcomes; they are in the ledger, so no file repeats them."""
        if self.forecast is not None:
            with room_in("report_dir"):
                self.forecast.settled(outcomes)

    def refused(self, outcomes: Sequence[Outcome]) -> None:
        """Append refused documents to `refused.jsonl`, which begins anew with each run.

        Raises:
            DiskFull: There is no room; the next ones are tried all the same.
        """
        if self._folder is None or not outcomes or self.forecast:
            return
        lines = [_dead_letter(outcome) for outcome in outcomes]
        append, self._began = self._began, True
        with room_in("report_dir"), owner_only(self._folder / "refused.jsonl", append=append) as file:
            file.write(b"\n".join(lines) + b"\n")

    def run(self, figures: Mapping[str, Any]) -> None:
        """Write how the run went to `run.json`."""
        if self._folder is not None:
            with room_in("report_dir"), owner_only(self._folder / "run.json") as file:
                file.write(orjson.dumps(figures, option=orjson.OPT_INDENT_2) + b"\n")

    def workspace(self) -> Path:
        """Return a new folder for files of this run; what killed runs left behind is removed.

        Raises:
            OSError: There is no place for it.
        """
        if self._folder is None:
            return Path(tempfile.mkdtemp(prefix="target-shopify-"))
        for left in self._folder.glob(".work-*"):
            if not _is_alive(left.name):
                shutil.rmtree(left, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=f".work-{os.getpid()}-", dir=self._folder))

    def path(self, name: str) -> Path | None:
        """Return where a file of this name goes; None without a folder."""
        return self._folder / name if self._folder else None


def _is_alive(name: str) -> bool:
    """Whether the process that a workspace is named after still runs."""
    number = name.removeprefix(".work-").partition("-")[0]
    try:
        os.kill(int(number), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _dead_letter(outcome: Outcome) -> bytes:
    letter = {
        "document_key": outcome.ticket.key,
        "cratejoy_id": outcome.ticket.cratejoy_id,
        "reason": outcome.reason,
        "document": outcome.ticket.document,
    }
    return orjson.dumps(letter, default=str)


def owner_only(path: Path, *, append: bool = False, buffer: int = -1) -> Any:
    """Open a file that only its owner may read, for writing bytes; `buffer` as for `open`.

    Raises:
        OSError: It cannot be opened.
    """
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else os.O_TRUNC)
    descriptor = os.open(path, flags, 0o600)
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "ab" if append else "wb", buffer)
