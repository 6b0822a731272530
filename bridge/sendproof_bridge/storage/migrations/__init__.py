"""Upgrades of the tables of older bridges: one file of statements per version and database.

They run in the transaction that opens the database: a database is upgraded completely, or not at all.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable

from sqlalchemy import Connection

from sendproof_bridge.storage import schema
from sendproof_bridge.storage.store import SchemaVersionError

_FILES = files(__name__)


def upgrade(tx: Connection, found: int, database: str) -> None:
    """Change tables of version `found` to those of this bridge; `SchemaVersionError` if that is not possible."""
    for step in _steps(tx, found, database):
        for statement in _statements(step.read_text("utf-8")):
            tx.exec_driver_sql(statement)


def expect_current(tx: Connection, found: int | None, database: str) -> None:
    """Raise `SchemaVersionError` for tables of another version, or for a database without any (`found` None)."""
    if found is None:
        raise SchemaVersionError(
            f"{database}: expected the database of a bridge, got no tables: start the bridge first"
        )
    if _steps(tx, found, database):
        raise SchemaVersionError(
            f"{database}: expected tables of version {schema.VERSION}, got {found}: stop the older bridge, then start"
            " this one, or upgrade them with `sendproof-bridge migrate`"
        )


def _steps(tx: Connection, found: int, database: str) -> Sequence[Traversable]:
    """Return the files from version `found` to this one; `SchemaVersionError` if one is missing."""
    steps = [_FILES.joinpath(f"{tx.dialect.name}_{version}.sql") for version in range(found + 1, schema.VERSION + 1)]
    if found > schema.VERSION or not all(step.is_file() for step in steps):
        raise SchemaVersionError(
            f"{database}: expected tables of version {schema.VERSION}, got {found}: let the bridge that created it"
            " finish its campaigns, then set another [bridge] database for this one"
        )
    return steps


def _statements(text: str) -> Iterator[str]:
    """Yield the statements of a file. A trigger contains semicolons, and ends with its own."""
    statement = ""
    for line in text.splitlines():
        statement += f"{line}\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
