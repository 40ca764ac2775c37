"""Every failure is one sentence, and none repeats a password, a URL or anything of a record."""

from __future__ import annotations

import psycopg
import pytest
from cratejoy_migration.loading.errors import LoaderError, sentence

PRIVATE = "private-person@example.com"
SECRET = "hunter2-planted"  # the password of no server


def failure(result):
    status, _, said = result
    assert status == 1
    assert len(said) == 1, said
    for planted in (PRIVATE, SECRET, "postgresql", "Traceback"):
        assert planted not in said[0]
    return said[0]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"id": 5, "num_orders": PRIVATE}, "column num_orders of the record 5 is not of the column's type"),
        ({"id": 5, "num_orders": 2**63}, "column num_orders of the record 5 is too large"),
        ({"id": 5, "created_at": PRIVATE}, "column created_at of the record 5 is not a date-time"),
        ({"id": 5, "created_at": ""}, "column created_at of the record 5 is not a date-time"),
        ({"id": 5, "email": PRIVATE + "\x00"}, "of the record 5 holds a NUL character"),
        ({"id": 5, "nested": {"a": PRIVATE + "\x00"}}, "column nested of the record 5 holds a NUL character"),
        ({"id": 5, "num_orders": {"a": PRIVATE}}, "not of the column's type"),
        ({"id": 5, "email": PRIVATE + "\ud83d"}, "unpaired surrogate"),
        ({"id": PRIVATE}, "column id of a record is not of the column's type"),
        ({"id": None, "email": PRIVATE}, "column id of a record is missing"),
        ({"email": PRIVATE}, "lacks a property of its stream's key"),
    ],
)
def test_a_value_that_cannot_be_stored(load, singer, values, said):
    neighbour = singer.record(id=4, email=PRIVATE)
    assert said in failure(load(singer.schema(), neighbour, singer.record(**values)))


@pytest.mark.parametrize(
    "text",
    [
        f'{{"type": "RECORD", "stream": "customers", "record": {{"id": 1, "email": "{PRIVATE}"\n',
        f"{PRIVATE}\n",
        f'["{PRIVATE}"]\n',
        f'{{"type": "{PRIVATE}"}}\n',
        f'{{"type": "RECORD", "record": {{"email": "{PRIVATE}"}}}}\n',
        f'{{"type": "STATE", "value": "{PRIVATE}"}}\n',
        f'{{"type": ["{PRIVATE}"]}}\n',
    ],
)
def test_a_line_that_is_no_singer_message(load, singer, text):
    status, _, said = load(singer.schema(), text)
    lines = [line for line in said if "ERROR" in line]
    assert status == 1
    assert len(lines) == 1
    assert "line 2 of the input" in lines[0]
    assert PRIVATE not in "\n".join(said)
    assert "Traceback" not in "\n".join(said)


def test_a_record_before_its_schema(load, singer):
    assert "before the schema" in failure(load(singer.record(id=1, email=PRIVATE)))


def test_a_process_of_its_own_refuses_in_the_same_words(load, load_apart, singer):
    messages = [singer.schema(), singer.record(id=5, num_orders=PRIVATE), singer.state(0)]
    here, apart = failure(load(*messages)), failure(load_apart(*messages))
    assert apart.split(" | ")[1:] == here.split(" | ")[1:]  # all but the time


def test_a_property_that_changes_its_type(load, singer):
    load(singer.schema())
    changed = {"type": "object", "properties": {"id": {"type": "integer"}, "num_orders": {"type": "string"}}}
    assert "num_orders" in failure(load(singer.schema(schema=changed)))


def test_an_unreachable_database(load, singer):
    assert "cannot be reached" in failure(load(sqlalchemy_url=f"postgresql://u:{SECRET}@127.0.0.1:9/d"))


def test_a_wrong_password(load, url):
    place = psycopg.conninfo.conninfo_to_dict(url)
    wrong = f"postgresql://staging:{SECRET}@127.0.0.1:{place['port']}/staging"
    assert "refuses the user or password" in failure(load(sqlalchemy_url=wrong))


def test_a_database_that_does_not_exist(load, url):
    assert "does not exist" in failure(load(sqlalchemy_url=url.removesuffix("staging") + "elsewhere"))


def test_a_url_of_another_database(load):
    said = load(sqlalchemy_url=f"mysql://u:{SECRET}@127.0.0.1/d")
    assert said[0] == 1
    assert "not a PostgreSQL URL" in said[2][0]
    assert SECRET not in said[2][0]


def test_a_user_who_may_not_create(load, url, query, singer):
    with psycopg.connect(url) as connection:
        connection.execute("drop role if exists guest")
        connection.execute(f"create role guest login password '{SECRET}'")
    place = psycopg.conninfo.conninfo_to_dict(url)
    guest = f"postgresql://guest:{SECRET}@127.0.0.1:{place['port']}/staging"
    assert "lacks a right" in failure(load(singer.schema(), sqlalchemy_url=guest))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (psycopg.errors.DiskFull(f"could not extend file: {PRIVATE}"), "disk of the staging database is full"),
        (psycopg.errors.AdminShutdown("terminating connection"), "was shut down"),
        (psycopg.errors.TooManyConnections("sorry"), "no free connection"),
        (psycopg.errors.ReadOnlySqlTransaction("no"), "is read-only"),
        (psycopg.errors.UndefinedTable(PRIVATE), "SQLSTATE 42P01"),
        (psycopg.OperationalError(f"server closed the connection {PRIVATE}"), "connection to the staging database"),
        (psycopg.ProgrammingError(PRIVATE), "unexpected ProgrammingError"),
        (ValueError(PRIVATE), "unexpected ValueError"),
        (LoaderError("as written"), "as written"),
    ],
)
def test_errors_become_sentences_without_their_own_text(error, said):
    assert said in sentence(error)
    assert PRIVATE not in sentence(error)
    assert sentence(error).count("\n") == 0
