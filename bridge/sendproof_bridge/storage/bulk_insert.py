"""Inserting many rows, as tuples: in SQLite many in one statement, in PostgreSQL with COPY.

SQLAlchemy would compile the parameters of each row again, and the threads of the bridge would wait for each other at
each row: SQLite runs a statement without the interpreter's lock.
"""

# ruff: noqa: S608 statements are built from the names of this package's tables only

from collections.abc import Sequence
from itertools import chain

from sqlalchemy import Connection

from sendproof_bridge.storage.store import PLAIN

# With the columns of any table, fewer values than a statement of SQLite may have.
_ROWS_PER_STATEMENT = 250


def insert_rows(tx: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows with values in the order of `columns`."""
    if tx.dialect.name == "postgresql":
        tx.info[PLAIN].copy_rows(table, columns, rows)
    else:
        _insert_in_sqlite(tx, table, columns, rows)


def _insert_in_sqlite(tx: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    whole = len(rows) - len(rows) % _ROWS_PER_STATEMENT
    for start in range(0, whole, _ROWS_PER_STATEMENT):
        values = tuple(chain.from_iterable(rows[start : start + _ROWS_PER_STATEMENT]))
        tx.exec_driver_sql(_statement(table, columns, _ROWS_PER_STATEMENT), values)
    if whole < len(rows):
        tx.exec_driver_sql(_statement(table, columns, 1), list(rows[whole:]))


def _statement(table: str, columns: Sequence[str], rows: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * rows)}"
