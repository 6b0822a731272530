"""The database and its lock."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from sendproof_bridge.storage.databases.sqlite import SqliteStore, lock
from sendproof_bridge.storage.store import DatabaseInUseError, SchemaVersionError, plain


def test_lock_refuses_a_second_bridge(tmp_path):
    with (
        lock(tmp_path / "bridge.sqlite"),
        pytest.raises(DatabaseInUseError, match=r"another bridge uses .*bridge\.sqlite .*stop it"),
    ):
        lock(tmp_path / "bridge.sqlite")


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_lock_refuses_a_second_bridge_by_another_name_of_the_file(tmp_path, link):
    with lock(tmp_path / "bridge.sqlite"):
        link(tmp_path / "other.sqlite", tmp_path / "bridge.sqlite")
        with pytest.raises(DatabaseInUseError, match=r"another bridge uses .*other\.sqlite .*stop it"):
            lock(tmp_path / "other.sqlite")


def test_lock_refuses_a_second_bridge_by_a_relative_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with lock(tmp_path / "bridge.sqlite"), pytest.raises(DatabaseInUseError):
        lock(Path("folder/../bridge.sqlite"))


def test_lock_lets_the_store_write(tmp_path):
    """SQLite locks parts of the same file."""
    with lock(tmp_path / "bridge.sqlite"), closing(SqliteStore(tmp_path / "bridge.sqlite")) as store:
        assert store.start_run() == "run-1"


def test_database_is_for_its_user_only(tmp_path):
    """It has the numbers of customers."""
    with closing(SqliteStore(tmp_path / "bridge.sqlite")):
        files = list(tmp_path.iterdir())
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_lock_is_released_on_close(tmp_path):
    lock(tmp_path / "bridge.sqlite").close()

    lock(tmp_path / "bridge.sqlite").close()


def test_database_of_another_version_is_refused(tmp_path):
    """Its tables may lack columns that this bridge writes."""
    file = tmp_path / "bridge.sqlite"
    SqliteStore(file).close()
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA user_version = 0")

    with pytest.raises(
        SchemaVersionError, match=r"expected tables of version 8, got 0: let the bridge that created it"
    ):
        SqliteStore(file)


def test_write_that_must_not_wait_does_not_wait_for_another_program(tmp_path):
    """The event loop of the webhooks would wait with it."""
    file = tmp_path / "bridge.sqlite"
    with closing(SqliteStore(file)) as store, closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with store.write_if_free() as tx:
            assert tx is None
        other.execute("ROLLBACK")
        with store.write_if_free() as tx:
            assert tx is not None


def test_failed_transaction_is_rolled_back(store):
    insert = text("INSERT INTO optimove_call (client, at) VALUES (:client, 1)")
    with pytest.raises(IntegrityError), store.write() as tx:
        tx.execute(insert, [{"client": "acme"}, {"client": None}])

    with store.read() as tx:
        assert tx.execute(text("SELECT COUNT(*) FROM optimove_call")).scalar_one() == 0


def test_error_of_a_plain_statement_is_reported_as_one_of_sqlalchemy(tmp_path):
    """The bridge ends with a sentence on a full disk, whichever statement met it."""
    insert = "INSERT INTO optimove_call (client, at) VALUES (?, 1)"
    with closing(SqliteStore(tmp_path / "bridge.sqlite")) as store:
        with pytest.raises(IntegrityError), store.write() as tx:
            plain(tx).executemany(insert, [("acme",), (None,)])

        with store.read() as tx:
            assert plain(tx).execute("SELECT COUNT(*) FROM optimove_call").fetchone() == (0,)


def test_read_does_not_wait_for_a_writer(store):
    """A long page must not block `/health`."""
    with store.write() as tx:
        tx.execute(text("INSERT INTO optimove_call (client, at) VALUES ('acme', 1)"))
        with store.read() as view:
            assert view.execute(text("SELECT COUNT(*) FROM optimove_call")).scalar_one() == 0


def test_each_start_gets_a_new_run_name(tmp_path):
    """Process ids repeat, in containers even at the same time."""
    for expected in ("run-1", "run-2"):
        store = SqliteStore(tmp_path / "bridge.sqlite")
        assert store.start_run() == expected
        store.close()
