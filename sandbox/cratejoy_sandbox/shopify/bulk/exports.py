"""Bulk queries: what Shopify checks of their text (recorded live answers), and their pages turned into lines."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    IntValueNode,
    NameNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    Visitor,
    get_named_type,
    print_ast,
    visit,
)

from cratejoy_sandbox.shopify.api import Api
from cratejoy_sandbox.shopify.bulk.documents import LONGEST, the_operation
from cratejoy_sandbox.shopify.errors import Refused, user_error
from cratejoy_sandbox.shopify.language.documents import parsed

PAGE = 100
CHILDREN = 2**31 - 1
"""Things of a nested connection that an export reads: all, as at Shopify."""
MOST = 5
DEEPEST = 2


def check_query(api: Api, text: str) -> None:
    """Refuse a text that cannot be exported."""
    size = len(text.encode())
    if size > LONGEST:
        raise _refused(f"Query is too large ({size} bytes; maximum is {LONGEST} bytes)")
    try:
        document = parsed(text)
    except GraphQLError as error:
        raise _refused(f"Invalid bulk query: {error.message.partition(' at [')[0]}") from None
    operation = the_operation(document)
    if operation is None or operation.operation.value != "query":
        raise _refused("Invalid operation type. Only `query` operations are supported.")
    found = list(places(api, operation))
    problems = list(_problems(operation, found))
    if problems:
        raise _refused(*problems)
    errors = api.documents.read(text).errors
    if errors:
        raise _refused(f"Invalid bulk query: {errors[0].message}")


def _refused(*messages: str) -> Refused:
    return Refused(*(user_error(["query"], message, "INVALID") for message in messages))


class Place:
    """A connection in a query: its field, how deep it is, and the field of the connection around it."""

    def __init__(self, node: FieldNode, around: "Place | None", *, in_list: bool) -> None:
        self.node = node
        self.around = around
        self.in_list = in_list
        self.depth: int = around.depth + 1 if around else 0

    def selects_id(self) -> bool:
        """Whether its nodes select `id` by that name."""
        for edges in fields(self.node, "edges"):
            for node in fields(edges, "node"):
                if any(not item.alias for item in fields(node, "id")):
                    return True
        return False


def fields(node: FieldNode, name: str) -> Iterator[FieldNode]:
    """The selected fields of a name."""
    for item in node.selection_set.selections if node.selection_set else ():
        if isinstance(item, FieldNode) and item.name.value == name:
            yield item


def places(api: Api, operation: OperationDefinitionNode) -> Iterator[Place]:
    """Every connection of a query."""
    yield from _within(operation.selection_set, api.schema.graphql.query_type, None, in_list=False)


def _within(selected: SelectionSetNode | None, kind: Any, around: Place | None, *, in_list: bool) -> Iterator[Place]:
    for node in selected.selections if selected else ():
        if not isinstance(node, FieldNode):
            continue
        definition = getattr(kind, "fields", {}).get(node.name.value)
        named = get_named_type(definition.type) if definition else None
        if _is_connection(node, named):
            here = Place(node, around, in_list=in_list)
            yield here
            yield from _within(node.selection_set, named, here, in_list=False)
        else:
            listed = in_list or bool(definition and _is_list(definition.type) and node.name.value != "edges")
            yield from _within(node.selection_set, named, around, in_list=listed)


def _is_connection(node: FieldNode, kind: Any) -> bool:
    """Whether a field is a connection; what the simulator does not know is by its edges."""
    return kind.name.endswith("Connection") if kind else any(fields(node, "edges"))


def _is_list(kind: Any) -> bool:
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    return isinstance(inner, GraphQLList)


def _problems(operation: OperationDefinitionNode, found: list[Place]) -> Iterator[str]:
    for root in operation.selection_set.selections:
        if isinstance(root, FieldNode) and root.name.value in {"node", "nodes"}:
            yield f"Bulk queries cannot contain a top level `{root.name.value}` field."
    if not found:
        yield "Bulk queries must contain at least one connection."
    if len(found) > MOST:
        yield f"Bulk queries cannot contain more than {MOST} connections."
    if any(place.depth > DEEPEST for place in found):
        yield f"Bulk queries cannot contain connections with a nesting depth greater than {DEEPEST}."
    if any(place.in_list for place in found):
        yield "Queries that contain a connection field within a list field are not currently supported."
    yield from _selection_problems(found)


def _selection_problems(found: list[Place]) -> Iterator[str]:
    by_nodes = [place.node.name.value for place in found if any(fields(place.node, "nodes"))]
    if by_nodes:
        yield (
            "All connection fields in a bulk query must select their contents using 'edges' > 'node', "
            f"e.g: '{by_nodes[0]} {{ edges {{ node {{'. Selecting via 'nodes' is not supported. "
            f"Invalid connection fields: '{', '.join(by_nodes)}'."
        )
    parents = [place.around for place in found if place.around]
    nameless = list(dict.fromkeys(place.node.name.value for place in parents if not place.selects_id()))
    if nameless:
        yield (
            "The parent 'node' field for a nested connection must select the 'id' field without an alias and must be "
            f"of 'ID' return type. Connection fields without 'id': {', '.join(nameless)}."
        )


def page_query(api: Api, text: str, cursor: str | None) -> str:
    """The query for one page of an export."""
    document = parsed(text)
    operation = the_operation(document)
    assert operation  # noqa: S101 - checked when the operation was made
    paged = {id(place.node): place for place in places(api, operation)}

    class Pager(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
            return _paged(paged[id(node)], cursor) if id(node) in paged else None

    return print_ast(visit(document, Pager()))


def _paged(place: Place, cursor: str | None) -> FieldNode:
    """The field of a connection with the arguments of a page; the outermost one also says where it ended."""
    node = place.node
    given = [item for item in node.arguments or () if item.name.value not in {"first", "last", "after", "before"}]
    size = IntValueNode(value=str(CHILDREN if place.around else PAGE))
    given.append(ArgumentNode(name=NameNode(value="first"), value=size))
    if place.around or not node.selection_set:
        return replace(node, arguments=tuple(given))
    if cursor:
        given.append(ArgumentNode(name=NameNode(value="after"), value=StringValueNode(value=cursor)))
    selected = (*node.selection_set.selections, _page_info())
    return replace(node, arguments=tuple(given), selection_set=SelectionSetNode(selections=selected))


def _page_info() -> FieldNode:
    flags = tuple(FieldNode(name=NameNode(value=name)) for name in ("hasNextPage", "endCursor"))
    return FieldNode(
        alias=NameNode(value="bulkPageInfo"),
        name=NameNode(value="pageInfo"),
        selection_set=SelectionSetNode(selections=flags),
    )


def lines(value: Any, parent: str | None = None) -> Iterator[dict[str, Any]]:
    """The things of a connection, each followed by those below it with `__parentId`."""
    for edge in value["edges"]:
        node = dict(edge["node"])
        below = [node.pop(key) for key, inner in list(node.items()) if isinstance(inner, dict) and "edges" in inner]
        yield node if parent is None else {**node, "__parentId": parent}
        for inner in below:
            yield from lines(inner, node.get("id"))
