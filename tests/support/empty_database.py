"""A PostgreSQL database that tests use one after the other."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from running_bridge import wait_until
from sendproof_bridge.config_fields import PostgresUrl, Secret
from sendproof_bridge.storage.open_store import open_store

USED_TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
    " AND relname <> 'schema_version' AND pg_relation_size(oid) > 0"
)


class EmptyDatabase:
    """A database with the tables of a bridge, which tests use one after the other."""

    def __init__(self, url: str) -> None:
        import psycopg  # noqa: PLC0415 an extra, which may be missing

        self.url = url
        open_store(PostgresUrl(Secret(url))).close()
        self._connect = partial(psycopg.connect, url, autocommit=True)
        self._unavailable = psycopg.OperationalError
        self._connection = self._connect()
        found = self._connection.execute("SELECT sequencename FROM pg_sequences").fetchall()
        self._restart = "; ".join(f"SELECT setval('{name}', 1, FALSE)" for (name,) in found)

    def clear(self) -> None:
        """Empty all tables that were used, and begin with the first ids again: much faster than to create the tables.

        A DELETE would leave the old rows in their pages, and each test would be slower than the one before.
        """
        used = self._connection.execute(USED_TABLES).fetchall()
        if used:
            self._connection.execute(f"TRUNCATE {', '.join(name for (name,) in used)}; {self._restart}", prepare=False)

    def disconnect_others(self) -> None:
        """End all other connections, as a restart of the server does."""
        self._connection.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )

    def crash(self) -> None:
        """Crash the server, and return when it accepts connections again: its last commits may be undone."""
        with self._connect() as watching:
            os.kill(self._connection.info.backend_pid, signal.SIGKILL)
            self._connection.close()
            # Until the server notices the end of its process, it accepts connections, and ends them then.
            wait_until(lambda: self._is_lost(watching), "the end of all connections")
        wait_until(self._is_back, "the server")

    def _is_lost(self, connection: Any) -> bool:
        try:
            connection.execute("SELECT 1")
        except self._unavailable:
            return True
        return False

    def _is_back(self) -> bool:
        try:
            self._connection = self._connect()
        except self._unavailable:
            return False
        return True

    @contextmanager
    def refuse_others(self) -> Iterator[None]:
        """Accept no other connection, and end those that there are, as a server without a free one does."""
        import psycopg  # noqa: PLC0415 as above

        # A connection cannot close the database that it uses.
        with psycopg.connect(self.url, dbname="template1", autocommit=True) as server:
            name = self._connection.info.dbname
            server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            try:
                self.disconnect_others()
                yield
            finally:
                server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    def close(self) -> None:
        self._connection.close()
