"""The database: one SQLite file in WAL mode, one process, one writer at a time.

A process that is killed loses nothing that was committed. A power failure can undo the last commits of `write`. All of
that work (a page read, a receipt polled) is done again, with the same result. Data that must survive a power failure
goes through `write_durably`: acknowledged events, and the mark that a batch is being sent.
"""

import fcntl
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Engine, create_engine, event, inspect

from sendproof_bridge.clock import real_now
from sendproof_bridge.storage import schema

_BUSY_SECONDS = 30
_CONNECTIONS = 32


class DatabaseInUseError(Exception):
    """Another bridge uses this database."""


class SchemaVersionError(Exception):
    """A bridge of another version created the database."""


class Store:
    """Transactions. `write` takes the write lock at its start, so what it reads stays true until it commits."""

    def __init__(self, path: Path) -> None:
        """Open the database; create it if missing. `SchemaVersionError` if its tables have another version."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = _engine(path, "NORMAL")
        self._durable = _engine(path, "FULL")
        # Threads wait here rather than in SQLite, which polls with growing pauses.
        self._writing = threading.Lock()
        with self.write() as tx:
            _check_version(tx, path)
            schema.metadata.create_all(tx)
            tx.exec_driver_sql(f"PRAGMA user_version = {schema.VERSION}")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that commits at the end, or rolls back after an exception."""
        with self._writing, self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write_durably(self) -> Iterator[Connection]:
        """Do the same as `write`, and flush it and all earlier commits to disk before returning."""
        with self._writing, self._durable.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a consistent view that takes no lock."""
        with self._engine.connect().execution_options(reading=True) as connection, connection.begin():
            yield connection

    def start_run(self) -> str:
        """Record a start of the bridge; return the name under which it owns jobs."""
        with self.write() as tx:
            number = tx.execute(schema.run.insert().values(started=real_now()).returning(schema.run.c.id)).scalar_one()
        return f"run-{number}"

    def close(self) -> None:
        self._engine.dispose()
        self._durable.dispose()


def execute_many(tx: Connection, statement: str, rows: Sequence[Mapping[str, object]]) -> int:
    """Run a statement for each row, with the row's names as `:name`; return the number of changed rows.

    SQLAlchemy would compile the parameters of every row again, which costs as much as storing it.
    """
    if not rows:
        return 0
    return tx.exec_driver_sql(statement, rows).rowcount


def _check_version(tx: Connection, path: Path) -> None:
    found = tx.exec_driver_sql("PRAGMA user_version").scalar_one()
    if found != schema.VERSION and inspect(tx).get_table_names():
        raise SchemaVersionError(
            f"{path}: expected tables of version {schema.VERSION}, got {found}: let the bridge that created it finish"
            " its campaigns, then set another [bridge] database for this one"
        )


def _engine(path: Path, synchronous: str) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        pool_size=_CONNECTIONS,
        # The connection that was used last has most of the needed pages in its cache.
        pool_use_lifo=True,
    )
    event.listen(engine, "connect", partial(_configure, synchronous))
    event.listen(engine, "begin", _begin)
    return engine


def _configure(synchronous: str, connection: sqlite3.Connection, _record: object) -> None:
    # Python's own implicit BEGIN would start a reading transaction, which fails on its first write.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def lock(path: Path) -> IO[str]:
    """Keep other bridges off this database while the returned file is open.

    The lock ends with the process, even if the process is killed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.with_name(path.name + ".lock")
    file = name.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise DatabaseInUseError(
            f"another bridge uses {path} (it holds {name}): stop it, or set another [bridge] database for this one"
        ) from error
    return file
