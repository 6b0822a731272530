"""The database: one SQLite file in WAL mode, one process, writers one after the other.

A process that is killed loses nothing that was committed. A power cut can take back what `write` committed in the last
moments, all of which would be done again (a page read, a receipt asked for) with the same result. What must survive
even that goes through `write_durably`: an event that was answered, and the word that a batch is being sent.
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
    """Another bridge works on this database."""


class OtherVersionError(Exception):
    """The database was made by a bridge of another version."""


class Store:
    """Transactions. `write` takes the write lock at its start, so what it reads stays true until it commits."""

    def __init__(self, path: Path) -> None:
        """Open the database, and make it when there is none. `OtherVersionError` when its tables are others."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = _engine(path, "NORMAL")
        self._durable = _engine(path, "FULL")
        # Threads queue here rather than in SQLite, whose own waiting is a poll with growing pauses.
        self._writing = threading.Lock()
        with self.write() as tx:
            _check_version(tx, path)
            schema.metadata.create_all(tx)
            tx.exec_driver_sql(f"PRAGMA user_version = {schema.VERSION}")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits at the end, or rolls back when something is raised."""
        with self._writing, self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write_durably(self) -> Iterator[Connection]:
        """The same, and on the disk when it returns, with everything that was committed before."""
        with self._writing, self._durable.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view that takes no lock."""
        with self._engine.connect().execution_options(reading=True) as connection, connection.begin():
            yield connection

    def start_run(self) -> str:
        """Note that a bridge has started; answers the name under which it owns jobs."""
        with self.write() as tx:
            number = tx.execute(schema.run.insert().values(started=real_now()).returning(schema.run.c.id)).scalar_one()
        return f"run-{number}"

    def close(self) -> None:
        self._engine.dispose()
        self._durable.dispose()


def execute_many(tx: Connection, statement: str, rows: Sequence[Mapping[str, object]]) -> int:
    """Run one statement for each row, whose names it holds as `:name`; answers how many rows it changed.

    SQLAlchemy would compile the parameters of each row once more, which costs as much as to store it.
    """
    if not rows:
        return 0
    return tx.exec_driver_sql(statement, rows).rowcount


def _check_version(tx: Connection, path: Path) -> None:
    found = tx.exec_driver_sql("PRAGMA user_version").scalar_one()
    if found != schema.VERSION and inspect(tx).get_table_names():
        raise OtherVersionError(
            f"{path}: expected tables of version {schema.VERSION}, got {found}: let the bridge that made it finish its"
            " campaigns, then give this one its own [bridge] database"
        )


def _engine(path: Path, synchronous: str) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        pool_size=_CONNECTIONS,
        # The one that was used last knows most of the pages that are wanted next.
        pool_use_lifo=True,
    )
    event.listen(engine, "connect", partial(_prepare, synchronous))
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(synchronous: str, connection: sqlite3.Connection, _record: object) -> None:
    # Python's own implicit BEGIN is switched off: it would start a reading transaction that fails on its first write.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def lock(path: Path) -> IO[str]:
    """Keep every other bridge off this database for as long as the answered file is open.

    The lock dies with the process, however it dies.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.with_name(path.name + ".lock")
    file = name.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise DatabaseInUseError(
            f"another bridge works on {path} (it holds {name}): stop it, or give this one its own [bridge] database"
        ) from error
    return file
