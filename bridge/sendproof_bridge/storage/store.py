"""The database: transactions, and the two ways to run a statement in them.

One interface, and one implementation per database, in `databases/`. Both keep the same promises. One transaction
writes at a time, so what it reads stays true until it commits. A process that is killed loses nothing that was
committed. A power failure, or a crash of the server, can undo the last commits of `write`. All of that work (a page
read, a receipt polled) is done again, with the same result. Data that must survive goes through `write_durably`:
acknowledged events, the mark that a batch is being sent, and all webhooks if the database is a server.

The statements are the same for both databases. `json_each` lists the values of a JSON array or object; PostgreSQL gets
it as a function with the tables. `INDEXED BY` chooses an index for SQLite, which keeps no statistics; PostgreSQL
chooses itself.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from sendproof_bridge.clock import Instant, real_now, thread_now
from sendproof_bridge.storage import schema

# Keys of what SQLAlchemy keeps with each connection: the plain connection, and whether the transaction added jobs.
PLAIN = "plain"
ADDED_JOBS = "added_jobs"

# SQLite reports a full disk under both names, depending on the file that could not grow.
_REMEDIES = {
    "database or disk is full": "free some space",
    "disk I/O error": "check the disk, and free some space",
    "attempt to write a readonly database": "let the user of the bridge write the file and its folder",
    "unable to open database file": "let the user of the bridge write the file and its folder",
    "file is not a database": "set [bridge] database to a file of the bridge, or to a new file",
    "database is locked": "end the program that locks it, such as a copy or a query",
    "database disk image is malformed": "restore the file from a copy, or set [bridge] database to a new file",
}
# By the code that PostgreSQL gives each error.
_REMEDIES_BY_CODE = {
    "42501": "let its user create tables in the schema",
    "3F000": "create the schema, or name another one",
}


class DatabaseUnusableError(Exception):
    """The database cannot be used. The message is one sentence with the remedy."""


class DatabaseAwayError(DatabaseUnusableError):
    """The server cannot be reached, which may be temporary."""


class DatabaseInUseError(DatabaseUnusableError):
    """Another bridge uses this database."""


class RunLostError(Exception):
    """The connection that shows that this run is alive was lost."""


class SchemaVersionError(DatabaseUnusableError):
    """A bridge of another version created the database."""


def sentence_on(error: DBAPIError) -> str:
    """Return an error of the database as a sentence with the remedy."""
    problem = str(error.orig).strip()
    remedy = _REMEDIES.get(problem, "check the database and its disk")
    if (code := getattr(error.orig, "sqlstate", None)) in _REMEDIES_BY_CODE:
        # The following lines quote the statement.
        problem, remedy = problem.partition("\n")[0], _REMEDIES_BY_CODE[code]
    return f"the database cannot be used: {' '.join(problem.split())}; {remedy}"


class Cursor(Protocol):
    """The result of a statement: rows as tuples, and the number of rows that it changed."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class PlainConnection(Protocol):
    """The connection of a transaction without SQLAlchemy.

    The values of a sequence replace each `?` of a statement, those of a mapping each `:name`.
    """

    def execute(self, statement: str, values: Any = ..., /) -> Cursor: ...

    def executemany(self, statement: str, rows: Any, /) -> Cursor: ...


@dataclass(slots=True)
class WriteTimes:
    """The writing transactions of this process: their number, and the seconds for which they waited and lasted.

    `processor` is the part that this process spent on them, without the server.
    """

    number: int = 0
    waited: float = 0.0
    lasted: float = 0.0
    processor: float = 0.0
    _changing: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def measured(self, transaction: AbstractContextManager[Connection]) -> Iterator[Connection]:
        """Measure a transaction, which begins when it is the only one, if it commits."""
        asked = real_now()
        with transaction as connection:
            began, used = real_now(), thread_now()
            yield connection
        ended, used = real_now(), thread_now() - used
        with self._changing:
            self.number += 1
            self.waited += began - asked
            self.lasted += ended - began
            self.processor += used


class Store(ABC):
    """Transactions of one database. A transaction commits at its end, or rolls back after an exception."""

    def __init__(self) -> None:
        """Count no transaction yet."""
        self.write_times = WriteTimes()

    @abstractmethod
    def write(self) -> AbstractContextManager[Connection]:
        """Open a transaction that may write: it waits until it is the only one."""

    @abstractmethod
    def write_if_free(self) -> AbstractContextManager[Connection | None]:
        """Do the same as `write`, or yield None if that would wait."""

    @abstractmethod
    def write_durably(self) -> AbstractContextManager[Connection]:
        """Do the same as `write`, and flush it and all earlier commits to disk before returning."""

    @abstractmethod
    def read(self) -> AbstractContextManager[Connection]:
        """Open a consistent view that takes no lock."""

    @abstractmethod
    def close(self) -> None:
        """Close all connections."""

    @abstractmethod
    def lease_time(self, tx: Connection) -> float:
        """Return real seconds since some moment, the same for all processes that use the database."""

    # True if it is a server: several workers may share it, and it may be away for a while.
    is_server = False

    def runs_alive(self, tx: Connection) -> Collection[str]:
        """Return the names of the runs that count as alive; all others have ended, except for the caller's own."""
        del tx
        return ()

    def has_lost_run(self, tx: Connection, run: str) -> bool:
        """Return True if this process must start another run: others may take its jobs over."""
        return self.is_server and run not in self.runs_alive(tx)

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` in a thread whenever another process has added jobs, until the database is closed."""
        del wake

    def start_run(self, now: Instant = 0) -> str:
        """Record a start of the bridge; return the name under which it owns jobs."""
        # A crash of a server would give the same number to the next run.
        with self.write_durably() as tx:
            number = tx.execute(schema.run.insert().values(started=now).returning(schema.run.c.id)).scalar_one()
        return f"run-{number}"


def plain(tx: Connection) -> PlainConnection:
    """Return the connection of a transaction, for statements that run once per message: they cost SQLAlchemy more."""
    connection: PlainConnection = tx.info[PLAIN]
    return connection


def execute_many(
    tx: Connection, statement: str, rows: Sequence[Mapping[str, object]] | Sequence[tuple[object, ...]]
) -> int:
    """Run a statement for each row; return the number of changed rows.

    SQLAlchemy would compile the parameters of every row again, which costs as much as storing it.
    """
    if not rows:
        return 0
    return plain(tx).executemany(statement, rows).rowcount
