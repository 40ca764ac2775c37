"""Shopify's schema by API version, reduced to what a migration touches (see `reduce.py`)."""

import functools
import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema, build_ast_schema, parse

FOLDER = Path(__file__).parent
SUPPORTED = ("2026-07", "2026-10")
"""Versions that the simulator speaks, oldest first; an older one asked for falls forward to the first."""


@dataclass(frozen=True)
class Access:
    """What a field or type asks of a token: Shopify's sentence, and the scopes named in it."""

    sentence: str
    scopes: tuple[str, ...]

    def granted(self, scopes: frozenset[str]) -> bool:
        """Whether the scopes suffice; a sentence with "or" wants any of its scopes, another all."""
        check = any if " or " in self.sentence else all
        return not self.scopes or check(scope in scopes for scope in self.scopes)


@dataclass(frozen=True)
class Schema:
    """The schema of a version, what access it asks for, and the names that were left out of it."""

    version: str
    graphql: GraphQLSchema
    access: dict[str, Access]
    left_out_roots: dict[str, frozenset[str]]
    left_out_types: frozenset[str]
    countries: dict[str, str]


@functools.cache
def load(version: str) -> Schema:
    """Read a version, which takes about 0.3 s the first time."""
    text = gzip.decompress((FOLDER / f"admin_{version}.graphql.gz").read_bytes()).decode()
    notes: dict[str, Any] = json.loads(gzip.decompress((FOLDER / f"admin_{version}.notes.json.gz").read_bytes()))
    return Schema(
        version,
        build_ast_schema(parse(text, no_location=True), assume_valid=True, assume_valid_sdl=True),
        {name: Access(sentence, tuple(scopes)) for name, (sentence, scopes) in notes["access"].items()},
        {name: frozenset(roots) for name, roots in notes["roots"].items()},
        frozenset(notes["types"]),
        notes["countries"],
    )


def served(version: str) -> str:
    """The version that answers when this one is asked for: a retired one is served as the oldest supported."""
    return version if version in SUPPORTED else SUPPORTED[0]
