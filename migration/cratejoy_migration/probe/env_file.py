"""Changing settings in `.env`: all other lines stay, only the owner may read it, and it is never half written."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream

HEADING = "# Recommended by `migration probe`."


def changed(text: str, values: Mapping[str, str]) -> str:
    """Return the text of an `.env` with some values set.

    A variable that is there keeps its place (the last one counts where there are several); others go to the end.

    Args:
        text: As it is.
        values: Variable to value.
    """
    bindings = list(parse_stream(io.StringIO(text)))
    last = {binding.key: place for place, binding in enumerate(bindings) if binding.key in values and not binding.error}
    parts = [
        _line(binding, values[str(binding.key)]) if last.get(binding.key) == place else binding.original.string
        for place, binding in enumerate(bindings)
    ]
    new = [f"{name}={quoted(value)}\n" for name, value in values.items() if name not in last]
    body = "".join(parts)
    if not new:
        return body
    heading = [] if HEADING in body else [f"{HEADING}\n"]
    gap = "" if not body else "\n" if body.endswith("\n") else "\n\n"
    return body + (gap if heading else gap[1:]) + "".join(heading + new)


def differences(before: str, after: str) -> list[str]:
    """Return the lines that differ, removed ones with `-`, added ones with `+`; no other line is shown."""
    old, new = before.splitlines(), after.splitlines()
    kept = set(old) & set(new)
    return [f"- {line}" for line in old if line not in kept] + [
        f"+ {line}" for line in new if line and line not in kept
    ]


def quoted(value: str) -> str:
    """Return a value as `.env` takes it: in single quotes where it holds more than plain signs."""
    is_plain = all(sign.isalnum() or sign in "._-" for sign in value)
    return value if is_plain else "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def read(path: Path) -> str:
    """Return the text of a file, line ends as they are; empty when there is none.

    Raises:
        OSError: It cannot be read.
        UnicodeDecodeError: It is no text.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def replace(path: Path, text: str) -> None:
    """Put a file that only its owner may read in place of another, whole or not at all.

    Raises:
        OSError: There is no room, or the folder cannot be written to; the file is as it was.
    """
    target = path.resolve()  # what a link points to, not the link
    descriptor, made = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(made).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(made).unlink()
        raise


def shadowed(values: Iterable[str], environment: Mapping[str, str]) -> list[str]:
    """Return the variables that the environment sets: `.env` does not reach those."""
    return [name for name in values if environment.get(name)]


def _line(binding: Binding, value: str) -> str:
    """Return the lines of a binding with another value; what stands before the name and the line end stay."""
    whole = binding.original.string
    body = whole.rstrip("\r\n")
    head = body[: body.index("=") + 1] if "=" in body else f"{body}="
    return head + quoted(value) + whole[len(body) :]
