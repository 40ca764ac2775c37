"""Reading Singer messages so that the loader notices time and signals while the tap is silent."""

from __future__ import annotations

import json
import os
import select
from collections import Counter
from decimal import Decimal
from io import UnsupportedOperation
from typing import IO, TYPE_CHECKING, Any

from singer_sdk.singerlib.encoding.simple import SimpleSingerReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_CHUNK_BYTES = 1 << 16
_TICK_SECONDS = 0.25


class PatientReader(SimpleSingerReader):
    """A message reader with a clock: `on_tick` is called between messages, at least four times a second.

    Attributes:
        on_tick: returns False when reading must end.
        line_bytes: length of the line in hand.
        trouble: the sentence about a line that is no Singer message, after which reading has ended.
    """

    def __init__(self) -> None:
        super().__init__()
        self.on_tick: Callable[[], bool] = lambda: True
        self.line_bytes = 0
        self.trouble: str | None = None

    def process_lines(
        self,
        file_input: IO[str] | None,
        callbacks: dict[str, Callable[[dict[str, Any]], None]],
    ) -> Counter[str]:
        """Give each message to the callback of its type.

        Args:
            file_input: an open file; standard input when absent.
            callbacks: message type to function.

        Returns:
            How many messages of each type were read.
        """
        counts: Counter[str] = Counter()
        for number, line in enumerate(self._lines(file_input or self.default_input), start=1):
            message = _parsed(line)
            kind = message.get("type")
            callback = callbacks.get(kind) if isinstance(kind, str) else None
            if callback is None or not _is_whole(kind, message):
                self.trouble = f"line {number} of the input is not a Singer message, or is cut off"
                break
            self.line_bytes = len(line)
            callback(message)
            counts[str(kind)] += 1
        return counts

    def _lines(self, file_input: IO[str]) -> Iterable[bytes | str]:
        try:
            descriptor = file_input.fileno()
        except (UnsupportedOperation, AttributeError):
            return (line for line in file_input if line.strip())
        return self._lines_of(descriptor)

    def _lines_of(self, descriptor: int) -> Iterator[bytes]:
        parts: list[bytes] = []
        for chunk in self._chunks(descriptor):
            head, newline, rest = chunk.partition(b"\n")
            parts.append(head)
            if not newline:
                continue
            yield from filter(bytes.strip, (b"".join(parts), *(lines := rest.split(b"\n"))[:-1]))
            parts = [lines[-1]]
        yield from filter(bytes.strip, (b"".join(parts),))

    def _chunks(self, descriptor: int) -> Iterator[bytes]:
        while self.on_tick():
            if not select.select([descriptor], [], [], _TICK_SECONDS)[0]:
                continue
            chunk = os.read(descriptor, _CHUNK_BYTES)
            if not chunk:
                return
            yield chunk


def _parsed(line: bytes | str) -> dict[str, Any]:
    try:
        message = json.loads(line, parse_float=Decimal)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


_REQUIRED: dict[str, dict[str, type]] = {
    "RECORD": {"stream": str, "record": dict},
    "SCHEMA": {"stream": str, "schema": dict},
    "STATE": {"value": dict},
    "ACTIVATE_VERSION": {"stream": str},
    "BATCH": {"stream": str, "encoding": dict, "manifest": list},
}


def _is_whole(kind: Any, message: dict[str, Any]) -> bool:
    return all(isinstance(message.get(name), type_) for name, type_ in _REQUIRED[kind].items())
