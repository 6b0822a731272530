"""Upgrades of the tables of older bridges: one file of statements per version and database.

They run in the transaction that opens the database: a database is upgraded completely, or not at all.
"""

import sqlite3
from collections.abc import Iterator
from importlib.resources import files

from sqlalchemy import Connection

from sendproof_bridge.storage import schema
from sendproof_bridge.storage.store import SchemaVersionError

_FILES = files(__name__)


def upgrade(tx: Connection, found: int, database: str) -> None:
    """Change tables of version `found` to those of this bridge; `SchemaVersionError` if that is not possible."""
    steps = [_FILES.joinpath(f"{tx.dialect.name}_{version}.sql") for version in range(found + 1, schema.VERSION + 1)]
    if found > schema.VERSION or not all(step.is_file() for step in steps):
        raise SchemaVersionError(
            f"{database}: expected tables of version {schema.VERSION}, got {found}: let the bridge that created it"
            " finish its campaigns, then set another [bridge] database for this one"
        )
    for step in steps:
        for statement in _statements(step.read_text("utf-8")):
            tx.exec_driver_sql(statement)


def _statements(text: str) -> Iterator[str]:
    """Yield the statements of a file. A trigger contains semicolons, and ends with its own."""
    statement = ""
    for line in text.splitlines():
        statement += f"{line}\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
