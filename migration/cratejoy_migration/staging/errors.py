"""What can go wrong with the staging database, as sentences for the operator."""

from __future__ import annotations


class StagingError(Exception):
    """The staging database cannot be used; the text is one sentence without secrets that says what to do."""
