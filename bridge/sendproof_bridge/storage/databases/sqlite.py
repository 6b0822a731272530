"""SQLite: one file in WAL mode, one machine."""

import errno
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from sendproof_bridge.clock import real_now
from sendproof_bridge.storage import migrations, schema
from sendproof_bridge.storage.store import (
    PLAIN,
    DatabaseInUseError,
    DatabaseUnusableError,
    Store,
    sentence_on,
)

_BUSY_SECONDS = 30
_CONNECTIONS = 32
# 16 MB, four times the default: receipts change the same pages again and again, and each checkpoint writes them once.
_CHECKPOINT_PAGES = 4_000

_READ, _WRITE = "BEGIN", "BEGIN IMMEDIATE"


class SqliteStore(Store):
    """The transactions of one file. `write` takes the write lock at its start."""

    def __init__(self, path: Path, *, existing: bool = False) -> None:
        """Open the database; create it if missing. `DatabaseUnusableError` says why that is not possible.

        With `existing`, it must have the tables of this bridge, and they stay as they are.
        """
        super().__init__()
        if not existing and not path.exists():
            _create(path).close()
        self._connections = _Connections(path, "NORMAL")
        self._impatient = _Connections(path, "NORMAL", busy_seconds=0)
        self._durable = _Connections(path, "FULL")
        # Threads wait here rather than in SQLite, which polls with growing pauses.
        self._writing = threading.Lock()
        try:
            (self._expect_tables if existing else self._create_tables)(path)
        except DatabaseUnusableError:
            self.close()
            raise
        except DBAPIError as error:
            self.close()
            raise DatabaseUnusableError(f"{path}: {sentence_on(error)}") from error

    def _expect_tables(self, path: Path) -> None:
        with self.read() as tx:
            is_there = bool(inspect(tx).get_table_names())
            migrations.expect_current(
                tx, tx.exec_driver_sql("PRAGMA user_version").scalar_one() if is_there else None, str(path)
            )

    def _create_tables(self, path: Path) -> None:
        with self.write() as tx:
            if inspect(tx).get_table_names():
                migrations.upgrade(tx, tx.exec_driver_sql("PRAGMA user_version").scalar_one(), str(path))
            else:
                schema.metadata.create_all(tx, checkfirst=False)
                tx.exec_driver_sql(schema.SQLITE_TRIGGER)
            tx.exec_driver_sql(f"PRAGMA user_version = {schema.VERSION}")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self.write_times.measured(self._alone(self._connections)) as connection:
            yield connection

    @contextmanager
    def write_if_free(self) -> Iterator[Connection | None]:
        if not self._writing.acquire(blocking=False):
            yield None
            return
        with ExitStack() as held:
            held.callback(self._writing.release)
            try:
                connection = held.enter_context(self.write_times.measured(self._impatient.begun(_WRITE)))
            except DBAPIError as error:
                if not _is_busy(error):
                    raise
                connection = None
            yield connection

    @contextmanager
    def write_durably(self) -> Iterator[Connection]:
        with self.write_times.measured(self._alone(self._durable)) as connection:
            yield connection

    @contextmanager
    def _alone(self, connections: "_Connections") -> Iterator[Connection]:
        with self._writing, connections.begun(_WRITE) as connection:
            yield connection

    def read(self) -> AbstractContextManager[Connection]:
        return self._connections.begun(_READ)

    def lease_time(self, tx: Connection) -> float:
        del tx
        return real_now()

    def close(self) -> None:
        for connections in (self._connections, self._impatient, self._durable):
            connections.close()


class _Connections:
    """Connections that stay open. A worker looks for work thousands of times an hour, and opening one costs more.

    SQLAlchemy takes part in a transaction from its first statement on. Most transactions have plain statements only.
    """

    def __init__(self, path: Path, synchronous: str, busy_seconds: float = _BUSY_SECONDS) -> None:
        self._engine = _engine(path, synchronous, busy_seconds)
        # The connection that was used last has most of the needed pages in its cache.
        self._idle: list[Connection] = []

    @contextmanager
    def begun(self, begin: str) -> Iterator[Connection]:
        """Yield a connection with a new transaction, which commits at the end. Errors are those of SQLAlchemy."""
        connection = self._take()
        db: sqlite3.Connection = connection.info[PLAIN]
        try:
            db.execute(begin)
            yield connection
            connection.commit()
            db.commit()
        except sqlite3.Error as error:
            connection.close()
            raise DBAPIError.instance(None, None, error, sqlite3.Error) from error
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def _take(self) -> Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._engine.connect()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()
        self._engine.dispose()


def _is_busy(error: DBAPIError) -> bool:
    """Return True if another process writes, or locks the file."""
    return isinstance(error.orig, sqlite3.Error) and error.orig.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _engine(path: Path, synchronous: str, busy_seconds: float) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": busy_seconds, "check_same_thread": False},
        pool_size=_CONNECTIONS,
    )
    event.listen(engine, "connect", partial(_configure, synchronous))
    return engine


def _configure(synchronous: str, connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    record.info[PLAIN] = connection
    # Python's own implicit BEGIN would start a reading transaction, which fails on its first write.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")


def lock(path: Path, *, shared: bool = False) -> IO[bytes]:
    """Keep other bridges off this database while the returned file is open, by whatever path they name it.

    Processes of one bridge share the lock. It ends with the process, even if the process is killed.
    """
    resolved = Path(os.path.realpath(path))
    # Elsewhere than on Linux, a lock on the database itself would also shut out SQLite.
    locked = resolved if sys.platform == "linux" else resolved.with_name(resolved.name + ".lock")
    return _lock(path, locked, "bridge", shared=shared)


def lock_worker(path: Path) -> IO[bytes]:
    """Keep other workers off this database in the same way."""
    resolved = Path(os.path.realpath(path))
    return _lock(path, resolved.with_name(resolved.name + ".worker"), "worker", shared=False)


def _lock(path: Path, locked: Path, user: str, *, shared: bool) -> IO[bytes]:
    import fcntl  # noqa: PLC0415 - absent on Windows, where the command line ends with a sentence

    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
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
