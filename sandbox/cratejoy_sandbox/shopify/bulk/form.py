"""A multipart form that is read as a stream: fields first, the file last, what follows it is ignored."""

import re
from collections.abc import AsyncIterator
from typing import NoReturn

NAME = re.compile(rb'(?:^|[;\s])name="([^"]*)"', re.IGNORECASE)
LONGEST_FIELD = 1_000_000


class FormError(Exception):
    """A form that cannot be taken; the message is the storage's."""


class Form:
    """The fields that came before the file."""

    def __init__(self, content_type: str) -> None:
        match = re.search(r'boundary="?([^";]+)"?', content_type)
        if not content_type.lower().startswith("multipart/form-data") or not match:
            raise_bad("Unsupported Content-Type for a POST of an object.")
        self.edge = b"\r\n--" + (match[1] if match else "").encode()
        self.fields: dict[str, str] = {}

    async def file(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The file's bytes; afterwards `fields` are those that came before it."""
        rest = b"\r\n"
        async for chunk in chunks:
            rest += chunk
            found = self._take_fields(rest)
            if found is not None:
                async for part in self._until_edge(found, chunks):
                    yield part
                return
            rest = self._rest
            if len(rest) > LONGEST_FIELD:
                raise_bad("A field of the form is too large.")
        raise_bad("POST requires exactly one file upload per request.")

    def _take_fields(self, data: bytes) -> bytes | None:
        """Note whole fields at the beginning; the file's first bytes when it is reached."""
        while True:
            self._rest = data
            head, found, body = data.partition(b"\r\n\r\n")
            if not found or not head.startswith(self.edge):
                return None
            name = NAME.search(head)
            if name and name[1] == b"file":
                return body
            value, found, _ = body.partition(self.edge)
            if not found:
                return None
            self.fields[name[1].decode("utf-8", "replace") if name else ""] = value.decode("utf-8", "replace")
            data = body[len(value) :]

    async def _until_edge(self, data: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Bytes until the boundary; the end of each chunk waits, as the boundary may be cut by it."""
        kept = len(self.edge) - 1
        while True:
            place = data.find(self.edge)
            if place >= 0:
                yield data[:place]
                async for _ in chunks:
                    pass
                return
            if len(data) > kept:
                yield data[: len(data) - kept]
                data = data[len(data) - kept :]
            try:
                data += await anext(chunks)
            except StopAsyncIteration:
                raise_bad("The form ends before its boundary.")


def raise_bad(message: str) -> NoReturn:
    """Refuse the form."""
    raise FormError(message)
