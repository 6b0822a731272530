"""Statements of the bridge in the spelling of psycopg, and the rows that it loads in bulk.

Statements name their values as SQLite does: `?` or `:name`.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, LiteralString, cast

import psycopg
from psycopg.types.string import StrDumperUnknown
from sqlalchemy.exc import OperationalError

#: What psycopg raises when the connection has ended: the server took it, or a transaction that hung.
ConnectionLostError = (psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout)

Connection = psycopg.Connection[Any]
Cursor = psycopg.Cursor[Any]

# SQLite keeps no statistics, so statements name its index. PostgreSQL chooses by its statistics.
_INDEX = re.compile(r" INDEXED BY \w+")
_VALUE = re.compile(r"(?<![:\w]):(\w+)|\?")


class PlainStatements:
    """Runs statements on a connection, as `sqlite3.Connection` does. A lost connection is an error of SQLAlchemy."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Mapping[str, object] | Sequence[object] = (), /) -> Cursor:
        try:
            return self._connection.execute(_in_psycopg(statement), values or None)
        except ConnectionLostError as error:
            raise OperationalError(statement, None, error) from error

    def executemany(self, statement: str, rows: Sequence[Mapping[str, object] | Sequence[object]], /) -> Cursor:
        cursor = self._connection.cursor()
        try:
            cursor.executemany(_in_psycopg(statement), rows)
        except ConnectionLostError as error:
            raise OperationalError(statement, None, error) from error
        return cursor

    def copy_rows(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Insert rows with values in the order of `columns`."""
        statement = _literal(f"COPY {table} ({', '.join(columns)}) FROM STDIN")
        with self._connection.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)


class TextDumper(StrDumperUnknown):
    """Text without U+0000, which PostgreSQL cannot store: U+FFFD takes its place."""

    def dump(self, obj: str) -> bytes | None:
        return super().dump(obj.replace("\0", "\ufffd"))  # type: ignore[return-value]


def without_index(statement: str) -> str:
    """Return the statement without the index that SQLite must use."""
    return _INDEX.sub("", statement)


@cache
def _in_psycopg(statement: str) -> LiteralString:
    escaped = without_index(statement).replace("%", "%%")
    return _literal(_VALUE.sub(_placeholder, escaped))


def _literal(statement: str) -> LiteralString:
    """Return a statement for psycopg, whose types only accept constants: it is built from constants only."""
    return cast(Any, statement)  # type: ignore[no-any-return]


def _placeholder(value: re.Match[str]) -> str:
    return "%s" if value[1] is None else f"%({value[1]})s"
