"""The database and its lock."""

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from sendproof_bridge.storage.store import DatabaseInUseError, SchemaVersionError, Store, lock


def test_lock_refuses_a_second_bridge(tmp_path):
    with (
        lock(tmp_path / "bridge.sqlite"),
        pytest.raises(DatabaseInUseError, match=r"another bridge uses .*bridge\.sqlite .*stop it"),
    ):
        lock(tmp_path / "bridge.sqlite")


def test_lock_is_released_on_close(tmp_path):
    lock(tmp_path / "bridge.sqlite").close()

    lock(tmp_path / "bridge.sqlite").close()


def test_database_of_another_version_is_refused(tmp_path):
    """Its tables may lack columns that this bridge writes."""
    file = tmp_path / "bridge.sqlite"
    Store(file).close()
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA user_version = 0")

    with pytest.raises(
        SchemaVersionError, match=r"expected tables of version 5, got 0: let the bridge that created it"
    ):
        Store(file)


def test_failed_transaction_is_rolled_back(store):
    insert = text("INSERT INTO optimove_call (client, at) VALUES (:client, 1)")
    with pytest.raises(IntegrityError), store.write() as tx:
        tx.execute(insert, [{"client": "acme"}, {"client": None}])

    with store.read() as tx:
        assert tx.execute(text("SELECT COUNT(*) FROM optimove_call")).scalar_one() == 0


def test_read_does_not_wait_for_a_writer(store):
    """A long page must not block `/health`."""
    with store.write() as tx:
        tx.execute(text("INSERT INTO optimove_call (client, at) VALUES ('acme', 1)"))
        with store.read() as view:
            assert view.execute(text("SELECT COUNT(*) FROM optimove_call")).scalar_one() == 0


def test_each_start_gets_a_new_run_name(tmp_path):
    """Process ids repeat, in containers even at the same time."""
    for expected in ("run-1", "run-2"):
        store = Store(tmp_path / "bridge.sqlite")
        assert store.start_run() == expected
        store.close()
