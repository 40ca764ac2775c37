"""What people see of a page that fails, and what the log keeps of it: sentences and places in the code, no data."""

from __future__ import annotations

import logging
from pathlib import Path

import psycopg
import streamlit as st
from streamlit.logger import get_logger
from tap_cratejoy.errors import TapError
from target_shopify.errors import TargetError

from cratejoy_migration.errors import OperatorError
from cratejoy_migration.loading.errors import sentence
from cratejoy_migration.staging import StagingError

_UNKNOWN = "This page cannot be shown because of a mistake in the program; the console's log names the place."
_HERE = Path(__file__).parent.parent
_LOGGERS = ("streamlit.error_util", "streamlit.runtime.scriptrunner.exec_code", "streamlit.runtime.fragment")


def show(error: Exception) -> bool:
    """Show a page's failure as one sentence; for Streamlit's `on_script_error`."""
    st.error(in_words(error))
    return True


def in_words(error: Exception) -> str:
    """Return what a failure says to people, without anything of a record."""
    if isinstance(error, (OperatorError, StagingError, TapError, TargetError)):
        return " ".join(str(error).split())
    if isinstance(error, psycopg.Error):
        said = sentence(error)
        return said[:1].upper() + said[1:]
    return _UNKNOWN


class Discreet(logging.Filter):
    """Puts the place of an error into the log instead of its text, which may hold what a row holds."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite a record that carries an exception."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None:
            record.exc_info = record.exc_text = None
            record.msg, record.args = "A page failed: %s at %s", (type(error).__name__, _place(error))
        return True


def keep_discreet() -> None:
    """See to it that Streamlit logs no texts of errors."""
    discreet = Discreet()
    for name in _LOGGERS:
        get_logger(name).addFilter(discreet)


def _place(error: BaseException) -> str:
    """Return the innermost line of our own code that an error came through."""
    found, trace = "an unknown place", error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if file.is_relative_to(_HERE):
            found = f"{file.relative_to(_HERE)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found
