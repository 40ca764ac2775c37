"""The two ways in which Shopify says no: `userErrors` in a payload, and `errors` beside the data."""

from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError

NOT_HERE = "not implemented by this simulator"


class Refused(Exception):
    """User errors: the root answers a payload of nulls with these, and what it wrote is undone.

    Keyword arguments are payload fields that are not null all the same.
    """

    def __init__(self, *errors: dict[str, Any], **payload: Any) -> None:
        super().__init__(errors)
        self.errors = list(errors)
        self.payload = payload


def user_error(field: Sequence[str] | None, message: str, code: str | None = None) -> dict[str, Any]:
    """One entry of `userErrors`."""
    return {"field": list(field) if field is not None else None, "message": message, "code": code}


def refuse(field: Sequence[str] | None, message: str, code: str | None = None) -> Refused:
    """A refusal with one user error."""
    return Refused(user_error(field, message, code))


def top_error(message: str, code: str, **extensions: Any) -> GraphQLError:
    """A top-level error with `extensions.code`; raised by a resolver it makes its field null."""
    return GraphQLError(message, extensions={"code": code, **extensions})


def not_modelled(name: str) -> GraphQLError:
    """What Shopify has and the simulator does not: `Type.field`, or a root's name."""
    return top_error(f"{name} is {NOT_HERE}", "NOT_IMPLEMENTED")
