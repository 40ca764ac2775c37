"""SQL text put together from names that stand in our own tables; values always travel as parameters."""

from cratejoy_sandbox.cratejoy.tables import Column, columns

SQL_TYPES = {"int": "INTEGER", "bool": "INTEGER", "float": "REAL"}


def quoted(name: str, table: str = "") -> str:
    """Quote a column name (`to` and `end` are SQL words), with its table's alias where there is one."""
    return f'{table}."{name}"' if table else f'"{name}"'


def statement(*parts: str) -> str:
    """Write a statement from its parts; empty ones fall away."""
    return " ".join(filter(None, parts))


def select(what: str, table: str, *clauses: str) -> str:
    """Write a SELECT."""
    return statement("SELECT", what, "FROM", table, *clauses)


def create_table(table: str) -> str:
    """Write CREATE TABLE from the named tuple of the table."""
    definitions = ", ".join(_definition(column) for column in columns(table).values())
    return f"CREATE TABLE {table} ({definitions})"


def create_index(table: str, column: str) -> str:
    """Write CREATE INDEX for one column."""
    return f"CREATE INDEX {table}_{column} ON {table} ({quoted(column)})"


def insert(table: str) -> str:
    """Write INSERT for a full row of the table."""
    marks = ", ".join("?" * len(columns(table)))
    return statement("INSERT INTO", table, "VALUES", f"({marks})")


def _definition(column: Column) -> str:
    if column.name == "id":
        return '"id" INTEGER PRIMARY KEY'
    return f"{quoted(column.name)} {SQL_TYPES.get(column.kind, 'TEXT')}"
