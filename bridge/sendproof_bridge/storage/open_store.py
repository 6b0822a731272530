"""Opening a database by its setting: a SQLite file or the URL of a PostgreSQL database."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from sendproof_bridge.config_fields import PostgresUrl
from sendproof_bridge.installation import install_command
from sendproof_bridge.storage.databases import sqlite
from sendproof_bridge.storage.databases.sqlite import SqliteStore
from sendproof_bridge.storage.store import DatabaseUnusableError, Store


def open_store(database: Path | PostgresUrl) -> Store:
    """Open the database; create its tables if missing, and upgrade older ones.

    `DatabaseUnusableError` says why that is not possible.
    """
    return SqliteStore(database) if isinstance(database, Path) else _postgres_store(database)


def open_existing(database: Path | PostgresUrl) -> Store:
    """Open the database of a bridge, which may run meanwhile, and leave its tables as they are.

    `DatabaseUnusableError` if it does not exist, or has the tables of another version.
    """
    if not isinstance(database, Path):
        return _postgres_store(database, existing=True)
    if not database.exists():
        raise DatabaseUnusableError(
            f"{database}: expected the database of a bridge, got no file: start the bridge first"
        )
    return SqliteStore(database, existing=True)


def _postgres_store(database: PostgresUrl, *, existing: bool = False) -> Store:
    try:
        from sendproof_bridge.storage.databases.postgres import PostgresStore  # noqa: PLC0415 it needs an extra
    except ModuleNotFoundError as error:
        raise DatabaseUnusableError(
            f"{database}: PostgreSQL needs {error.name}; install it with: {install_command('scale')}"
        ) from error
    return PostgresStore(database, existing=existing)


def lock(database: Path | PostgresUrl, *, shared: bool = False) -> AbstractContextManager[object]:
    """Keep other bridges off a SQLite file until the returned context ends, or the process.

    Processes of one bridge share the lock. Any number of processes may share a PostgreSQL database.
    """
    return sqlite.lock(database, shared=shared) if isinstance(database, Path) else nullcontext()


def lock_worker(database: Path | PostgresUrl) -> AbstractContextManager[object]:
    """Keep other workers off a SQLite file in the same way."""
    return sqlite.lock_worker(database) if isinstance(database, Path) else nullcontext()
