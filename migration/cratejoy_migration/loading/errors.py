"""Any failure of the loader as one sentence that holds no password, no URL and nothing of a record."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from cratejoy_migration.staging import StagingError

if TYPE_CHECKING:
    from collections.abc import Iterator

AGAIN = "run the same command again: it goes on from the last saved state."


class LoaderError(Exception):
    """The load cannot go on; the text is the sentence for the operator."""


_BY_STATE = {
    "28P01": "the staging database refuses the user or password; check STAGING_DATABASE_URL.",
    "28000": "the staging database refuses this user from here; check the server's pg_hba.conf.",
    "3D000": "the staging database that STAGING_DATABASE_URL names does not exist on its server; create it.",
    "53100": f"the disk of the staging database is full; free some space, then {AGAIN}",
    "53200": f"the server of the staging database is out of memory; {AGAIN}",
    "53300": f"the staging database has no free connection; close other programs, then {AGAIN}",
    "42501": "the user of the staging database lacks a right; grant it CREATE on database and schema.",
    "25006": "the staging database is read-only; set STAGING_DATABASE_URL to one that can be written.",
    "42P10": "a staging table lacks the stream's primary key; rename it and collect again.",
    "42804": "a staging table has columns of other types; rename the table and collect again.",
    "0A000": "the server of the staging database is too old; PostgreSQL 13 or newer is needed.",
}
_BY_CLASS = {
    "08": f"the connection to the staging database was lost; {AGAIN}",
    "57": f"the staging database was shut down; {AGAIN}",
    "58": f"the server of the staging database has a file or disk error; look into its log, then {AGAIN}",
    "53": f"the server of the staging database is short of resources; {AGAIN}",
    "40": f"another program disturbed a transaction in the staging database; {AGAIN}",
    "55": f"another program holds what this load needs in the staging database; {AGAIN}",
}
_BY_TEXT = {
    r"password authentication failed|no password supplied": _BY_STATE["28P01"],
    r"no pg_hba.conf entry": _BY_STATE["28000"],
    r"database .* does not exist": _BY_STATE["3D000"],
    r"No space left on device": _BY_STATE["53100"],
    r"too many (clients|connections)|connection slots": _BY_STATE["53300"],
    r"connection refused|not translate|timeout|timed out|No route|failed to resolve|connection failed": (
        "the staging database cannot be reached; check its server and STAGING_DATABASE_URL."
    ),
    r"starting up|shutting down": f"the staging database is just starting or stopping; {AGAIN}",
}
_DATA = {
    "22P02": "is not of the column's type",
    "22003": "is too large for the column",
    "22007": "is not a date-time",
    "22008": "is not a date-time",
    "22001": "is too long for the column",
    "22021": "holds a NUL character",
    "22P05": "holds a NUL character",
    "23502": "is missing in the stream's key",
}


def sentence(error: BaseException) -> str:
    """Return what to tell the operator about `error`, made of our own words only."""
    for cause in _causes(error):
        if isinstance(cause, (LoaderError, StagingError)):
            return str(cause)
        if isinstance(cause, psycopg.Error):
            return _of_database(cause)
    return _of_program(error)


def unfit_value(error: psycopg.Error, stream: str, identity: str) -> str | None:
    """Return the sentence about a value that its column does not take; None for any other error.

    Args:
        error: what PostgreSQL said about a COPY.
        stream: the stream's name.
        identity: how to name the record without quoting it.
    """
    # What psycopg refuses by itself, before the server sees it, is a NUL and has no state.
    what = _DATA.get(error.sqlstate or "22021")
    if what is None:
        return None
    column = re.search(r"COPY \S+, line \d+, column (\w+)", error.diag.context or "")
    name = error.diag.column_name or (column.group(1) if column else "")
    where = f" in column {name}" if name else ""
    return f"stream {stream}: a value{where} of {identity} {what}; nothing of its batch was stored."


def copy_line(error: psycopg.Error) -> int | None:
    """Return the number of the row that a COPY stopped at, counted from 1."""
    line = re.search(r"COPY \S+, line (\d+)", error.diag.context or "")
    return int(line.group(1)) if line else None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _of_database(error: psycopg.Error) -> str:
    state = error.sqlstate or ""
    known = _BY_STATE.get(state) or _BY_CLASS.get(state[:2])
    if known:
        return known
    text = str(error)
    for pattern, said in _BY_TEXT.items():
        if re.search(pattern, text, re.IGNORECASE):
            return said
    if not state:
        return _BY_CLASS["08"] if isinstance(error, psycopg.OperationalError) else _unexpected(error)
    return f"the staging database refused a statement (SQLSTATE {state}); {AGAIN}"


def _of_program(error: BaseException) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "a record holds text that is not Unicode (an unpaired surrogate), which PostgreSQL cannot store."
    # Imported now: the SDK takes longer to load than most of the commands that use this module take to run.
    from singer_sdk.exceptions import MissingKeyPropertiesError, RecordsWithoutSchemaException  # noqa: PLC0415

    if isinstance(error, RecordsWithoutSchemaException):
        return "the tap sent a record before the schema of its stream."
    if isinstance(error, MissingKeyPropertiesError):
        return "a record lacks a property of its stream's key."
    if isinstance(error, NotImplementedError) and "Altering columns" in str(error):
        return _of_changed_type(str(error))
    return _unexpected(error)


def _of_changed_type(text: str) -> str:
    column = re.search(r"Could not convert column '([\w.]+)'", text)
    name = f" {column.group(1)}" if column else ""
    return f"the type of column{name} has changed in the stream; rename the staging table and collect again."


def _unexpected(error: BaseException) -> str:
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    place = f" at {Path(traceback.tb_frame.f_code.co_filename).name}:{traceback.tb_lineno}" if traceback else ""
    return f"unexpected {type(error).__name__}{place}; please report it with this line."
