"""What people see of a page that fails, and what the log keeps of it: sentences and places in the code, no data."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import psycopg
import streamlit as st
from sqlalchemy.exc import SQLAlchemyError
from streamlit.logger import get_logger
from tap_cratejoy.errors import TapError
from target_shopify.errors import TargetError

from cratejoy_migration.console.layout import literal
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.loading.errors import sentence
from cratejoy_migration.staging import StagingError

_UNKNOWN = "This page cannot be shown because of a mistake in the program; the console's log names the place."
_NO_MELTANO = "Meltano's database cannot be reached; check MELTANO_DATABASE_URI."
_HERE = Path(__file__).parent.parent
_LATE_LOGGERS = ("streamlit.error_util", "streamlit.runtime.scriptrunner.exec_code", "streamlit.runtime.fragment")
"""Loggers that Streamlit may make only when the first page runs."""


def show(error: Exception) -> bool:
    """Show a page's failure as one sentence; for Streamlit's `on_script_error`."""
    st.error(literal(in_words(error)))
    return True


def in_words(error: Exception) -> str:
    """Return what a failure says to people, without anything of a record."""
    if isinstance(error, (OperatorError, StagingError, TapError, TargetError)):
        return " ".join(str(error).split())
    if isinstance(error, psycopg.Error):
        said = sentence(error)
        return said[:1].upper() + said[1:]
    if isinstance(error, SQLAlchemyError):
        return _NO_MELTANO
    if isinstance(error, OSError) and error.errno and error.errno in errno.errorcode:
        # In the system's words for the number: what an error says itself may name a file or a host.
        said = os.strerror(error.errno)
        return f"The system says: {said}. Put that right, then open the page again; the console's log names the place."
    return _UNKNOWN


class Discreet(logging.Filter):
    """Puts the place of an error into the log instead of its text, which may hold what a row holds."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite a record that carries an exception."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None:
            record.exc_info = record.exc_text = None
            said = record.getMessage() if record.name.startswith("streamlit") else "Failed"
            record.msg, record.args = "%s (%s at %s)", (said.rstrip("."), type(error).__name__, _place(error))
        return True


def keep_discreet() -> None:
    """See to it that neither Streamlit nor the server logs texts of errors."""
    discreet = Discreet()
    # Streamlit gives each of its loggers a handler of its own; a filter of a logger sees what is logged there only.
    for name in [*logging.root.manager.loggerDict, *_LATE_LOGGERS]:
        if name.startswith("streamlit."):
            get_logger(name).addFilter(discreet)
    for handler in logging.root.handlers:
        handler.addFilter(discreet)


def _place(error: BaseException) -> str:
    """Return the innermost line of our own code that an error came through."""
    found, trace = "an unknown place", error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if file.is_relative_to(_HERE):
            found = f"{file.relative_to(_HERE)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found
