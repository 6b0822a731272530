"""PostgreSQL: any number of processes. The module needs psycopg, which the extra `scale` installs.

One transaction writes at a time, as in SQLite: it takes an advisory lock at its start, and the lock ends with it. A
step that reads and then writes therefore needs no locks of rows, and the order of ids is the order of commits.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from sendproof_bridge.clock import Instant
from sendproof_bridge.config_fields import PostgresUrl
from sendproof_bridge.storage import migrations, schema
from sendproof_bridge.storage.databases.postgres_statements import (
    ConnectionLostError,
    PlainStatements,
    TextDumper,
    without_index,
)
from sendproof_bridge.storage.store import (
    ADDED_JOBS,
    PLAIN,
    DatabaseAwayError,
    DatabaseUnusableError,
    Store,
    plain,
    sentence_on,
)

# Each thread of the bridge uses one connection at a time; those above the first ones close after use.
_CONNECTIONS = 8
_MORE_CONNECTIONS = 32
# How long a thread waits for a connection; then the work is done later, as while the server is away.
_CONNECT_SECONDS = 10
# A server that vanishes without a word is noticed within two minutes, unless the URL says otherwise.
_KEEP_ALIVE = {"keepalives_idle": 60, "keepalives_interval": 15, "keepalives_count": 4, "tcp_user_timeout": 120_000}
# One channel for all bridges of a database: looking for work in vain costs little.
_LISTEN, _NOTIFY = "LISTEN sendproof_jobs", "NOTIFY sendproof_jobs"
_RECONNECT_SECONDS = 1.0
# A process that hangs in a transaction loses it, because all others wait.
_HANGS_AFTER = "20s"
# Defaults of a server, a database or a user that would break promises.
_SET_UP = (
    f"SET idle_in_transaction_session_timeout = '{_HANGS_AFTER}'; SET idle_session_timeout = 0;"  # noqa: S608
    " SELECT set_config(name, 'on', false) FROM pg_settings WHERE name = 'synchronous_commit' AND setting = 'off'"
)

# The lock of writers has a number and the schema, so that bridges may share a database.
_WRITE_LOCK = 1_396_790_855
_WITH_LOCK = f"SELECT pg_advisory_xact_lock({_WRITE_LOCK}, hashtext(current_schema()))"
# Each statement reads what was committed before it. In a stricter level, that of the lock would decide for all.
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_WRITE = f"{_BEGIN}; SET LOCAL synchronous_commit = off; {_WITH_LOCK}"
_WRITE_DURABLY = f"{_BEGIN}; {_WITH_LOCK}"
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# A run holds a lock of its own, named by the schema and its number, while its process is alive.
_SCHEMA = "hashtext(current_schema())::bigint"
_HOLD_RUN = f"SELECT pg_advisory_lock(({_SCHEMA} << 32) | %s)"
_RUNS_ALIVE = (
    "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted"  # noqa: S608
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    f" AND classid::bigint = ({_SCHEMA} & 4294967295)"
)
_LEASE_TIME = "SELECT EXTRACT(EPOCH FROM clock_timestamp())::float8"

# The pool of a connection, in its record.
_POOL = "pool"

_HAS_VERSION, _VERSION = "SELECT to_regclass('schema_version') IS NOT NULL", "SELECT version FROM schema_version"
_CREATE_VERSION = f"CREATE TABLE schema_version AS SELECT {schema.VERSION} AS version"

logger = logging.getLogger(__name__)


class PostgresStore(Store):
    """The transactions of one database, or of one schema of it."""

    is_server = True

    def __init__(
        self,
        url: PostgresUrl,
        connections: int = _CONNECTIONS + _MORE_CONNECTIONS,
        wait_seconds: float = _CONNECT_SECONDS,
        *,
        existing: bool = False,
    ) -> None:
        """Open the database; create its tables if missing. `DatabaseUnusableError` says why that is not possible.

        With `existing`, it must have the tables of this bridge, and they stay as they are.

        At most `connections` are open at a time, and a thread waits `wait_seconds` for one: then `OperationalError`.
        """
        super().__init__()
        self._engine = _engine(url, connections, wait_seconds)
        # Threads wait here rather than in PostgreSQL, each with a connection.
        self._writing = threading.Lock()
        self._url = url
        self._run: psycopg.Connection[Any] | None = None
        self._listener: _Listener | None = None
        try:
            (self._expect_tables if existing else self._create_tables)(url)
        except DatabaseUnusableError:
            self.close()
            raise
        except OperationalError as error:
            self.close()
            raise DatabaseAwayError(f"{url}: {sentence_on(error)}") from error
        except DBAPIError as error:
            self.close()
            raise DatabaseUnusableError(f"{url}: {sentence_on(error)}") from error

    def _expect_tables(self, url: PostgresUrl) -> None:
        with self.read() as tx:
            is_there = tx.exec_driver_sql(_HAS_VERSION).scalar_one()
            migrations.expect_current(tx, tx.exec_driver_sql(_VERSION).scalar_one() if is_there else None, str(url))

    def _create_tables(self, url: PostgresUrl) -> None:
        with self.write() as tx:
            if not tx.exec_driver_sql(_HAS_VERSION).scalar_one():
                schema.complete_for_postgresql()
                schema.metadata.create_all(tx, checkfirst=False)
                for statement in (*schema.POSTGRES_FUNCTIONS, _CREATE_VERSION):
                    tx.exec_driver_sql(statement)
            else:
                migrations.upgrade(tx, tx.exec_driver_sql(_VERSION).scalar_one(), str(url))
                plain(tx).execute("UPDATE schema_version SET version = ?", (schema.VERSION,))

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self.write_times.measured(self._alone(_WRITE)) as connection:
            yield connection

    @contextmanager
    def write_if_free(self) -> Iterator[Connection | None]:
        """Yield None: each statement waits for the network, and so would the event loop."""
        yield None

    @contextmanager
    def write_durably(self) -> Iterator[Connection]:
        with self.write_times.measured(self._alone(_WRITE_DURABLY)) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._transaction(_READ) as connection:
            yield connection

    @contextmanager
    def _alone(self, begin: str) -> Iterator[Connection]:
        with self._writing, self._transaction(begin) as connection:
            yield connection

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Connection]:
        with self._begun(begin) as connection:
            connection.info.pop(ADDED_JOBS, None)
            yield connection
            if connection.info.pop(ADDED_JOBS, False):
                plain(connection).execute(_NOTIFY)
            connection.commit()

    def _begun(self, begin: str) -> Connection:
        """Return a connection with a new transaction, which ends with it."""
        try:
            return self._begun_once(begin)
        except OperationalError:
            # The server was restarted, so no connection of the pool can be used.
            self._engine.dispose()
            return self._begun_once(begin)
        except NoConnectionError as error:
            raise OperationalError(begin, None, error) from error

    def _begun_once(self, begin: str) -> Connection:
        with ExitStack() as stack:
            connection = stack.enter_context(self._engine.connect().execution_options(begin=begin))
            connection.begin()
            stack.pop_all()
        return connection

    def start_run(self, now: Instant = 0) -> str:
        """Record a start of the bridge. It counts as alive until its process ends, or starts another run."""
        name = super().start_run(now)
        self._end_run()
        try:
            self._run = _connect(self._url)
            self._run.execute(_HOLD_RUN, (int(name.removeprefix("run-")),))
        except ConnectionLostError as error:
            raise OperationalError(_HOLD_RUN, None, error) from error
        return name

    def runs_alive(self, tx: Connection) -> Collection[str]:
        return [f"run-{number}" for (number,) in plain(tx).execute(_RUNS_ALIVE).fetchall()]

    def lease_time(self, tx: Connection) -> float:
        seconds: float = plain(tx).execute(_LEASE_TIME).fetchone()[0]
        return seconds

    def listen(self, wake: Callable[[], None]) -> None:
        self._listener = _Listener(self._url, wake)

    def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
        self._end_run()
        self._engine.dispose()

    def _end_run(self) -> None:
        """Close the connection of the run. Its process ends later, so the lock is released first."""
        if self._run is not None:
            with self._run, suppress(psycopg.OperationalError):
                self._run.execute("SELECT pg_advisory_unlock_all()")


class _Listener:
    """A thread that waits until other processes, or this one, have added jobs."""

    def __init__(self, url: PostgresUrl, wake: Callable[[], None]) -> None:
        self._url, self._wake = url, wake
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._listen()
            except psycopg.OperationalError as error:
                logger.warning("jobs of other processes are noticed late: %s", _one_line(error))
                self._closed.wait(_RECONNECT_SECONDS)

    def _listen(self) -> None:
        with _connect(self._url) as connection:
            connection.execute(_LISTEN)
            # Jobs may have been added before.
            self._wake()
            while not self._closed.is_set():
                for _ in connection.notifies(timeout=_RECONNECT_SECONDS, stop_after=1):
                    self._wake()

    def close(self) -> None:
        self._closed.set()
        self._thread.join()


def _engine(url: PostgresUrl, connections: int, wait_seconds: float) -> Engine:
    kept = min(_CONNECTIONS, connections)
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: _connect(url),
        pool_size=kept,
        max_overflow=connections - kept,
        pool_timeout=wait_seconds,
        pool_use_lifo=True,
    )
    event.listen(engine, "connect", partial(_configure, engine))
    event.listen(engine, "checkin", partial(_close_if_disposed, engine))
    event.listen(engine, "begin", _begin)
    event.listen(engine, "before_cursor_execute", _change_statement, retval=True)
    event.listen(engine, "handle_error", _as_lost, retval=True)
    return engine


def _connect(url: PostgresUrl) -> psycopg.Connection[Any]:
    # Without psycopg's own BEGIN, which is one more round trip and cannot take the lock.
    settings: dict[str, Any] = {"connect_timeout": _CONNECT_SECONDS, **_KEEP_ALIVE, **conninfo_to_dict(url.reveal())}
    with ExitStack() as stack:
        connection = stack.enter_context(closing(psycopg.connect(autocommit=True, **settings)))
        connection.adapters.register_dumper(str, TextDumper)
        connection.execute(_SET_UP, prepare=False)
        stack.pop_all()
    return connection


def _configure(engine: Engine, connection: psycopg.Connection[Any], record: ConnectionPoolEntry) -> None:
    record.info[PLAIN] = PlainStatements(connection)
    record.info[_POOL] = engine.pool


def _close_if_disposed(engine: Engine, _connection: object, record: ConnectionPoolEntry) -> None:
    """Close a connection that was in use when its pool was disposed of: nothing else closes it."""
    if record.info.get(_POOL) is not engine.pool:
        record.invalidate()


def _begin(connection: Connection) -> None:
    begin = connection.get_execution_options().get("begin")
    if begin is not None:
        # Several statements in one round trip cannot be prepared.
        driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
        try:
            driver.execute(begin, prepare=False)
        except ConnectionLostError as error:
            raise OperationalError(begin, None, error) from error


def _change_statement(
    _connection: Connection, _cursor: object, statement: str, values: Any, *_others: object
) -> tuple[str, Any]:
    return without_index(statement), values


def _as_lost(context: ExceptionContext) -> BaseException | None:
    """Return the error of a lost connection for a transaction that hung: SQLAlchemy takes it for a defect."""
    error = context.original_exception
    if isinstance(error, psycopg.errors.IdleInTransactionSessionTimeout):
        return OperationalError(context.statement, None, error)
    return None


def _one_line(error: psycopg.Error) -> str:
    return " ".join(str(error).split())
