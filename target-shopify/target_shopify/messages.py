"""Reading Singer messages so that time and signals are noticed while the tap is silent."""

from __future__ import annotations

import json
import os
import select
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from io import UnsupportedOperation
from typing import IO, Any

import orjson
from singer_sdk.exceptions import InvalidRecord, MissingKeyPropertiesError, RecordsWithoutSchemaException
from singer_sdk.io_base import GenericSingerReader

from target_shopify.errors import WORKING_FOLDER, InputDamaged, RunStopped, room_in

UNFIT = (InvalidRecord, MissingKeyPropertiesError, RecordsWithoutSchemaException)
"""What the SDK raises for a record that does not go with its SCHEMA message."""
_CHUNK_BYTES = 1 << 18
_TICK_SECONDS = 0.1
_NEEDED: dict[str, dict[str, type]] = {
    "RECORD": {"stream": str, "record": dict},
    "SCHEMA": {"stream": str, "schema": dict},
    "STATE": {"value": dict},
    "ACTIVATE_VERSION": {"stream": str},
    "BATCH": {"stream": str, "encoding": dict, "manifest": list},
}


class NoSchema(InputDamaged, RecordsWithoutSchemaException):
    """A record came before its SCHEMA message."""


class TickingReader(GenericSingerReader[str]):
    """A message reader with a clock.

    Args:
        on_tick: Called before the first message and then ten times a second at least.
        on_stop: Turns what ended the run into what is told.
    """

    default_input = sys.stdin

    def __init__(
        self,
        on_tick: Callable[[], None] = lambda: None,
        on_stop: Callable[[RunStopped], RunStopped] = lambda stopped: stopped,
    ) -> None:
        super().__init__()
        self._on_tick = on_tick
        self._on_stop = on_stop

    def deserialize_json(self, line: str | bytes) -> dict[str, Any]:
        """Return a line's message; empty when the line is none."""
        try:
            message = orjson.loads(line)
        except orjson.JSONDecodeError:
            message = _read_leniently(line)
        return message if isinstance(message, dict) else {}

    def process_lines(
        self, file_input: IO[str] | None, callbacks: dict[str, Callable[[dict[str, Any]], None]]
    ) -> Counter[str]:
        """Give each message to the callback of its type.

        Args:
            file_input: An open file; standard input when absent.
            callbacks: Message type to function.

        Returns:
            How many messages of each type were read.

        Raises:
            RunStopped: The run cannot go on, or a line is no Singer message.
        """
        try:
            with room_in(WORKING_FOLDER):
                return self._process(file_input or sys.stdin, callbacks)
        except RunStopped as stopped:
            raise self._on_stop(stopped) from None
        except UNFIT:
            self._on_stop(InputDamaged("A record does not fit its stream's schema."))
            raise

    def _process(
        self, file_input: IO[str] | None, callbacks: dict[str, Callable[[dict[str, Any]], None]]
    ) -> Counter[str]:
        counts: Counter[str] = Counter()
        for number, line in enumerate(self._lines(file_input), start=1):
            message = self.deserialize_json(line)
            kind = message.get("type")
            callback = callbacks.get(kind) if isinstance(kind, str) else None
            if callback is None or not _is_whole(str(kind), message):
                raise InputDamaged(
                    f"Line {number} of the input is not a Singer message, or is cut off; what came before it is "
                    "settled, and the same command goes on."
                )
            callback(message)
            counts[str(kind)] += 1
        return counts

    def _lines(self, file_input: IO[str] | None) -> Iterable[bytes | str]:
        if file_input is None:
            raise InputDamaged("Standard input is closed, so there is nothing to read.")
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
        while True:
            self._on_tick()
            if not select.select([descriptor], [], [], _TICK_SECONDS)[0]:
                continue
            chunk = os.read(descriptor, _CHUNK_BYTES)
            if not chunk:
                return
            yield chunk


def _read_leniently(line: str | bytes) -> Any:
    """Read what orjson will not: NaN, and halves of surrogate pairs, which are left out as nothing can store them."""
    try:
        text = json.dumps(json.loads(line), ensure_ascii=False).encode("utf-8", "ignore")
        return json.loads(text, parse_int=_whole)
    except (ValueError, RecursionError):
        return None


def _whole(digits: str) -> int | float:
    """Return an integer as orjson reads it: beyond 64 bits as the nearest float."""
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else float(number)


def _is_whole(kind: str, message: dict[str, Any]) -> bool:
    return all(isinstance(message.get(name), type_) for name, type_ in _NEEDED[kind].items())
