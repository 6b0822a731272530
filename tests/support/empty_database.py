"""A PostgreSQL database that tests use one after the other."""

from sendproof_bridge.config_fields import PostgresUrl, Secret
from sendproof_bridge.storage import schema
from sendproof_bridge.storage.open_store import open_store


class EmptyDatabase:
    """A database with the tables of a bridge, which tests use one after the other."""

    def __init__(self, url: str) -> None:
        import psycopg  # noqa: PLC0415 an extra, which may be missing

        self.url = url
        open_store(PostgresUrl(Secret(url))).close()
        self._connection = psycopg.connect(url, autocommit=True)
        tables = [f"DELETE FROM {table.name}" for table in schema.metadata.sorted_tables]
        found = self._connection.execute("SELECT sequencename FROM pg_sequences").fetchall()
        sequences = [f"SELECT setval('{name}', 1, FALSE)" for (name,) in found]
        self._clear = "; ".join([*tables, *sequences])

    def clear(self) -> None:
        """Delete all rows, and begin with the first ids again: much faster than to create the tables."""
        self._connection.execute(self._clear, prepare=False)

    def disconnect_others(self) -> None:
        """End all other connections, as a restart of the server does."""
        self._connection.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )

    def close(self) -> None:
        self._connection.close()
