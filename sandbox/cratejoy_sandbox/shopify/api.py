"""The GraphQL of one version: from a request's text and variables to Shopify's answer."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    OperationDefinitionNode,
    OperationType,
    execute,
    is_abstract_type,
)

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.errors import not_modelled, top_error
from cratejoy_sandbox.shopify.language.actual import spent
from cratejoy_sandbox.shopify.language.cost import requested
from cratejoy_sandbox.shopify.language.documents import Document, Documents
from cratejoy_sandbox.shopify.language.variables import check_sizes, check_variables
from cratejoy_sandbox.shopify.protected import guard
from cratejoy_sandbox.shopify.registry import FIELDS, ROOTS, Payload, load_all
from cratejoy_sandbox.shopify.roots import root_resolver
from cratejoy_sandbox.shopify.schema import Schema

if TYPE_CHECKING:
    from cratejoy_sandbox.shopify.simulator import Simulator

LOGGER = logging.getLogger("cratejoy_sandbox")
Answer = dict[str, Any]


@dataclass
class Request:
    """A request whose document and variables are in order."""

    document: Document
    operation: OperationDefinitionNode
    variables: Mapping[str, Any]
    cost: int = 0
    roots: list[str] = field(default_factory=list)


class Unready(Exception):
    """A request that is answered with errors before anything runs."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__(*errors)
        self.errors = errors


class Api:
    """A version of the schema with the resolvers on it."""

    def __init__(self, simulator: "Simulator", schema: Schema) -> None:
        load_all()
        self.simulator = simulator
        self.schema = schema
        self.documents = Documents(schema)
        _attach(schema)
        guard(schema.graphql, simulator.settings.protected_data)

    def prepare(self, text: str, variables: Mapping[str, Any] | None, name: str | None = None) -> Request:
        """Read and check a request; raises Unready."""
        try:
            document = self.documents.read(text)
            if document.errors:
                raise Unready(*document.errors)
            operation = document.operation(name)
        except GraphQLError as error:
            raise Unready(error) from None
        given = variables or {}
        wrong = check_variables(self.schema.graphql, operation, given)
        too_long = None if wrong else check_sizes(operation, given)
        if wrong or too_long:
            raise Unready(*wrong, *([too_long] if too_long else []))
        cost = requested(self.schema.graphql, document, operation, given)
        roots = [node.name.value for node in operation.selection_set.selections if hasattr(node, "name")]
        return Request(document, operation, given, cost, roots)

    def run(self, request: Request, scopes: frozenset[str]) -> Answer:
        """Execute a request in one transaction, uncharged; `data`, and `errors` when there are any.

        Also for the lines of a bulk operation: prepare once a line, run, and keep the answer.
        """
        call = Call(self.simulator, self.schema.version, scopes)
        self.simulator.stats.called(request.roots)
        if request.operation.operation is OperationType.MUTATION:
            with self.simulator.store.transaction():
                return self._run(request, call)
        return self._run(request, call)

    def charge(self, request: Request, answer: Answer) -> Answer:
        """Give back what was not used, and add the cost to the answer."""
        used = spent(self.schema.graphql, request.document, request.operation, request.variables, answer["data"])
        used = min(used, request.cost)
        self.simulator.bucket.give_back(request.cost - used)
        self.simulator.stats.points += used
        return _with_cost(answer, request.cost, used, self.simulator.bucket.status())

    def reserve(self, request: Request) -> Answer | None:
        """Take the points; the answer that is given when there are too few."""
        if request.cost > MOST_POINTS:
            text = f"Query cost is {request.cost}, which exceeds the single query max cost limit ({MOST_POINTS})."
            error = top_error(text, "MAX_COST_EXCEEDED", cost=request.cost, maxCost=MOST_POINTS)
            return {"errors": [shown(error)]}
        if self.simulator.bucket.take(request.cost):
            return None
        return self.throttled(request)

    def throttled(self, request: Request) -> Answer:
        """The answer to a request without points."""
        self.simulator.stats.throttled += 1
        text = "https://shopify.dev/api/usage/rate-limits"
        error = top_error("Throttled", "THROTTLED", documentation=text)
        answer = {"errors": [shown(error)]}
        return _with_cost(answer, request.cost, None, self.simulator.bucket.status())

    def _run(self, request: Request, call: Call) -> Answer:
        result = execute(
            self.schema.graphql,
            request.document.ast,
            context_value=call,
            variable_values=dict(request.variables),
            operation_name=request.operation.name.value if request.operation.name else None,
            field_resolver=_by_name,
            type_resolver=_kind,
        )
        assert isinstance(result, ExecutionResult)  # noqa: S101 - no resolver is asynchronous
        answer: Answer = {"data": result.data}
        if result.errors:
            answer = {"errors": [shown(_told(error)) for error in result.errors], **answer}
        if call.search_warnings:
            answer["extensions"] = {"search": call.search_warnings}
        return answer


MOST_POINTS = 1_000
"""Points that one query may ask for (limits page)."""


def shown(error: GraphQLError) -> dict[str, Any]:
    """An error as JSON, keys in Shopify's order."""
    told: dict[str, Any] = {"message": error.message}
    if error.locations:
        told["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path:
        told["path"] = list(error.path)
    if error.extensions:
        told["extensions"] = error.extensions
    return told


def _with_cost(answer: Answer, asked: int, used: int | None, status: dict[str, Any]) -> Answer:
    cost = {"requestedQueryCost": asked, "actualQueryCost": used, "throttleStatus": status}
    return {**answer, "extensions": {"cost": cost, **answer.get("extensions", {})}}


def _told(error: GraphQLError) -> GraphQLError:
    """Shopify's words for a resolver that failed by mistake; stderr has the reason."""
    cause = error.original_error
    if error.extensions and error.extensions.get("code"):
        return error
    LOGGER.critical("The sandbox itself failed at %s: %s", error.path, error.message, exc_info=cause)
    text = "Internal error. Looks like something went wrong on our end."
    return GraphQLError(text, error.nodes, path=error.path, extensions={"code": "INTERNAL_SERVER_ERROR"})


def _attach(schema: Schema) -> None:
    """Put the resolvers on the schema; roots without one say so."""
    for root in ("QueryRoot", "Mutation"):
        kind = schema.graphql.type_map[root]
        assert isinstance(kind, GraphQLObjectType)  # noqa: S101 - by the GraphQL specification
        for name, definition in kind.fields.items():
            definition.resolve = root_resolver(schema, root, name, definition, ROOTS.get((root, name)))
    for (kind_name, name), resolver in FIELDS.items():
        owner: Any = schema.graphql.type_map.get(kind_name)
        if owner and name in owner.fields:
            owner.fields[name].resolve = _field(resolver)


def _field(resolver: Any) -> Any:
    return lambda source, info, **args: resolver(source, info.context, args)


def _by_name(source: Any, info: GraphQLResolveInfo[Any], **_: Any) -> Any:
    if info.field_name in source or isinstance(source, Payload):
        return source[info.field_name]
    raise not_modelled(f"{info.parent_type.name}.{info.field_name}")


def _kind(source: Any, info: GraphQLResolveInfo[Any], kind: Any) -> str:
    if is_abstract_type(kind) and "__typename" in source:
        return str(source["__typename"])
    raise not_modelled(f"{info.parent_type.name}.{info.field_name}")
