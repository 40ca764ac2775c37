"""Singer messages to standard output, as bytes."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.singerlib.messages import Message

from tap_cratejoy import codec
from tap_cratejoy.errors import OutputFailed


class BytesWriter(GenericSingerWriter[bytes, Message]):
    """Writes messages as compact UTF-8 JSON lines."""

    def serialize_message(self, message: Message) -> bytes:
        """Return a message as JSON without the line's end."""
        return codec.encode(message.to_dict())

    def write_message(self, message: Message) -> None:
        """Write one message and flush it.

        Raises:
            OutputFailed: The reader is gone or the disk is full.
        """
        write(self.serialize_message(message) + b"\n")


def write(lines: bytes) -> None:
    """Write whole lines and flush them.

    Raises:
        OutputFailed: The reader is gone or the disk is full.
    """
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(lines)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise OutputFailed(
            "The program that reads our messages (the loader) has ended; its own message above says why. "
            "The same command goes on from the last bookmark."
        ) from None
    except OSError as error:
        raise OutputFailed(f"Writing messages failed: {error.strerror}; make room and run the same command.") from None


def record_lines(stream: str, records: list[dict[str, Any]], extracted_at: datetime) -> bytes:
    """Return RECORD messages, equal byte for byte to what `BytesWriter` makes of the SDK's."""
    head = codec.encode({"type": "RECORD", "stream": stream})[:-1] + b',"record":'
    tail = b',"time_extracted":' + codec.encode(extracted_at) + b"}\n"
    encode = codec.encode
    return b"".join([part for record in records for part in (head, encode(record), tail)])
