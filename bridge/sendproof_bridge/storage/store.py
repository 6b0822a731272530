"""The database: one SQLite file in WAL mode, one machine, one writer at a time.

A process that is killed loses nothing that was committed. A power failure can undo the last commits of `write`. All of
that work (a page read, a receipt polled) is done again, with the same result. Data that must survive a power failure
goes through `write_durably`: acknowledged events, and the mark that a batch is being sent.
"""

import errno
import fcntl
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, cast

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import DBAPIError

from sendproof_bridge.clock import Instant
from sendproof_bridge.storage import schema

_BUSY_SECONDS = 30
_CONNECTIONS = 32
# 16 MB, four times the default: receipts change the same pages again and again, and each checkpoint writes them once.
_CHECKPOINT_PAGES = 4_000


# SQLite reports a full disk under both names, depending on the file that could not grow.
_REMEDIES = {
    "database or disk is full": "free some space",
    "disk I/O error": "check the disk, and free some space",
    "attempt to write a readonly database": "let the user of the bridge write the file and its folder",
    "unable to open database file": "let the user of the bridge write the file and its folder",
    "file is not a database": "set [bridge] database to a file of the bridge, or to a new file",
    "database disk image is malformed": "restore the file from a copy, or set [bridge] database to a new file",
}


class DatabaseUnusableError(Exception):
    """The database cannot be used. The message is one sentence with the remedy."""


class DatabaseInUseError(DatabaseUnusableError):
    """Another bridge uses this database."""


class SchemaVersionError(DatabaseUnusableError):
    """A bridge of another version created the database."""


def sentence_on(error: DBAPIError) -> str:
    """Return an error of SQLite as a sentence with the remedy."""
    remedy = _REMEDIES.get(str(error.orig), "check the file and its disk")
    return f"the database cannot be used: {error.orig}; {remedy}"


class Store:
    """Transactions. `write` takes the write lock at its start, so what it reads stays true until it commits."""

    def __init__(self, path: Path) -> None:
        """Open the database; create it if missing. `DatabaseUnusableError` says why that is not possible."""
        if not path.exists():
            _create(path).close()
        self._engine = _engine(path, "NORMAL")
        self._durable = _engine(path, "FULL")
        # Threads wait here rather than in SQLite, which polls with growing pauses.
        self._writing = threading.Lock()
        try:
            self._create_tables(path)
        except DBAPIError as error:
            self.close()
            raise DatabaseUnusableError(f"{path}: {sentence_on(error)}") from error

    def _create_tables(self, path: Path) -> None:
        with self.write() as tx:
            _check_version(tx, path)
            schema.metadata.create_all(tx)
            tx.exec_driver_sql(schema.TRIGGER)
            tx.exec_driver_sql(f"PRAGMA user_version = {schema.VERSION}")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that commits at the end, or rolls back after an exception."""
        with self._writing, self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write_if_free(self) -> Iterator[Connection | None]:
        """Do the same as `write`, or yield None if another thread is writing: never wait for it."""
        if not self._writing.acquire(blocking=False):
            yield None
            return
        try:
            with self._engine.connect() as connection, connection.begin():
                yield connection
        finally:
            self._writing.release()

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

    def start_run(self, now: Instant = 0) -> str:
        """Record a start of the bridge; return the name under which it owns jobs."""
        with self.write() as tx:
            number = tx.execute(schema.run.insert().values(started=now).returning(schema.run.c.id)).scalar_one()
        return f"run-{number}"

    def close(self) -> None:
        self._engine.dispose()
        self._durable.dispose()


def open_existing(path: Path) -> Store:
    """Open the database of a bridge, which may run meanwhile; `DatabaseUnusableError` if it does not exist."""
    if not path.exists():
        raise DatabaseUnusableError(f"{path}: expected the database of a bridge, got no file: start the bridge first")
    return Store(path)


def execute_many(
    tx: Connection, statement: str, rows: Sequence[Mapping[str, object]] | Sequence[tuple[object, ...]]
) -> int:
    """Run a statement for each row; return the number of changed rows.

    The values of a tuple replace each `?`, those of a mapping each `:name`.

    SQLAlchemy would compile the parameters of every row again, which costs as much as storing it.
    """
    if not rows:
        return 0
    return tx.exec_driver_sql(statement, rows).rowcount


def plain(tx: Connection) -> sqlite3.Connection:
    """Return the connection of a transaction, for statements that run once per message: they cost SQLAlchemy more."""
    return cast(sqlite3.Connection, tx.connection.driver_connection)


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
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def lock(path: Path, *, shared: bool = False) -> IO[bytes]:
    """Keep other bridges off this database while the returned file is open, by whatever path they name it.

    Processes of one bridge share the lock. It ends with the process, even if the process is killed.
    """
    resolved = Path(os.path.realpath(path))
    # Elsewhere than on Linux, a lock on the database itself would also shut out SQLite.
    locked = resolved if sys.platform == "linux" else resolved.with_name(resolved.name + ".lock")
    return _lock(path, locked, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, "bridge")


def lock_worker(path: Path) -> IO[bytes]:
    """Keep other workers off this database in the same way."""
    resolved = Path(os.path.realpath(path))
    return _lock(path, resolved.with_name(resolved.name + ".worker"), fcntl.LOCK_EX, "worker")


def _lock(path: Path, locked: Path, kind: int, user: str) -> IO[bytes]:
    file = _create(locked)
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
            raise _not_opened(path, error) from error
        raise DatabaseInUseError(
            f"another {user} uses {path} (it holds a lock on {locked}): stop it, or set another [bridge] database for"
            " this one"
        ) from error
    return file


def _create(path: Path) -> IO[bytes]:
    """Open the file; create it and its folder if missing, for this user only: it holds customers' numbers."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "rb+", buffering=0)
    except OSError as error:
        raise _not_opened(path, error) from error


def _not_opened(path: Path, error: OSError) -> DatabaseUnusableError:
    if path.is_dir():
        return DatabaseUnusableError(f"{path}: expected the database file, got a folder: name a file in it")
    return DatabaseUnusableError(
        f"{path}: the database cannot be used: {error.strerror}; set [bridge] database to a file that the user of the"
        " bridge may write"
    )
