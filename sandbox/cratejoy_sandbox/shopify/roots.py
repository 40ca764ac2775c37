"""Around every root field: scopes first, then the resolver, and refusals made into payloads."""

from typing import Any

from graphql import GraphQLError, GraphQLField, GraphQLResolveInfo, get_named_type

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.errors import Refused, not_modelled, top_error
from cratejoy_sandbox.shopify.registry import Payload, RootResolver
from cratejoy_sandbox.shopify.schema import Access, Schema

ACCESS_PAGE = "https://shopify.dev/api/usage/access-scopes"


def root_resolver(schema: Schema, root: str, name: str, definition: GraphQLField, resolver: RootResolver | None) -> Any:
    """The function that the executor calls for a root field."""
    access = required(schema, root, name, definition)
    errors_at = _errors_field(definition) if root == "Mutation" else None

    def resolve(_: Any, info: GraphQLResolveInfo[Any], **args: Any) -> Any:
        call: Call = info.context
        check_access(call, name, access)
        if resolver is None:
            raise not_modelled(name)
        if root != "Mutation":
            return resolver(call, args)
        return run_mutation(call, resolver, args, errors_at or "userErrors")

    return resolve


def run_mutation(call: Call, resolver: RootResolver, args: dict[str, Any], errors_at: str) -> Any:
    """Run in a savepoint; a refusal undoes it and becomes a payload."""
    try:
        with call.store.savepoint():
            return resolver(call, args)
    except Refused as refused:
        return Payload({**refused.payload, errors_at: refused.errors})


def required(schema: Schema, root: str, name: str, definition: GraphQLField) -> Access | None:
    """What access a root asks for: its own, or that of the type it returns."""
    kind = get_named_type(definition.type).name.removesuffix("Connection")
    return schema.access.get(f"{root}.{name}") or (schema.access.get(kind) if root == "QueryRoot" else None)


def check_access(call: Call, name: str, access: Access | None) -> None:
    """Raise ACCESS_DENIED when the token's scopes do not suffice."""
    if access and not access.granted(call.scopes):
        raise denied(name, access.sentence)


def denied(name: str, sentence: str = "") -> GraphQLError:
    """Shopify's ACCESS_DENIED for a field."""
    if not sentence:
        return top_error(f"Access denied for {name} field.", "ACCESS_DENIED", documentation=ACCESS_PAGE)
    text = f"Access denied for {name} field. Required access: {sentence}"
    return top_error(text, "ACCESS_DENIED", documentation=ACCESS_PAGE, requiredAccess=sentence)


def _errors_field(definition: GraphQLField) -> str:
    fields = getattr(get_named_type(definition.type), "fields", {})
    return next((name for name in fields if name.lower().endswith("usererrors")), "userErrors")
