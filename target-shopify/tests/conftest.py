"""A new shop and an empty database for each test, on servers that all share."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import psycopg2
import pytest
from cratejoy_migration.staging import staging_database

from .harness import LocalShop, Runner, local_shop


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server for the session: its URL."""
    with staging_database(tmp_path_factory.mktemp("project")) as url:
        yield url


@pytest.fixture
def ledger_url(server: str) -> Iterator[str]:
    """An empty database."""
    name = f"ledger_{uuid.uuid4().hex}"
    connection = psycopg2.connect(server)
    connection.autocommit = True
    connection.cursor().execute(f"create database {name}")
    head, _, tail = server.rpartition("/")
    _, mark, options = tail.partition("?")
    yield f"{head}/{name}{mark}{options}"
    connection.cursor().execute(f"drop database {name} with (force)")
    connection.close()


@pytest.fixture(scope="session")
def shop_server() -> Iterator[LocalShop]:
    """The process of the shop."""
    with local_shop() as running:
        yield running


@pytest.fixture
def shop(shop_server: LocalShop) -> LocalShop:
    """A new shop."""
    shop_server.reset()
    return shop_server


@pytest.fixture(scope="session")
def _shops_by_options() -> Iterator[Callable[..., LocalShop]]:
    with ExitStack() as stack:
        yield cache(lambda time_scale, *options: stack.enter_context(local_shop(*options, time_scale=time_scale)))


@pytest.fixture
def shop_with(_shops_by_options: Callable[..., LocalShop]) -> Callable[..., LocalShop]:
    """A new shop with options, in a process that tests with the same options share."""

    def emptied(*options: str, time_scale: float = 50) -> LocalShop:
        found = _shops_by_options(time_scale, *options)
        found.reset()
        return found

    return emptied


@pytest.fixture
def target(shop: LocalShop) -> Runner:
    return Runner(shop)
