"""What ends a command: one sentence that says what happened, to what, and what to do next.

| situation | class | exit status |
| --- | --- | --- |
| a command cannot do what it was asked | `OperatorError` | 1 |
| what a command checks does not hold | no exception: it prints what it found | 1 |
| only a person may decide how to go on | `DecisionNeeded` | 3 |
"""

from __future__ import annotations


class OperatorError(Exception):
    """A command cannot go on; the text is the sentence for the operator, without secrets, e-mails or records."""

    exit_code = 1


class DecisionNeeded(OperatorError):
    """A person has to decide; the text says what, and how to say it."""

    exit_code = 3
