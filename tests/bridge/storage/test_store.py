"""The database and its lock."""

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from sendproof_bridge.storage.store import DatabaseInUseError, SchemaVersionError, Store, lock


def test_a_second_bridge_is_kept_off_the_database(tmp_path):
    """It learns which file is held, and what to do."""
    with (
        lock(tmp_path / "bridge.sqlite"),
        pytest.raises(DatabaseInUseError, match=r"another bridge uses .*bridge\.sqlite .*stop it"),
    ):
        lock(tmp_path / "bridge.sqlite")


def test_the_lock_is_free_again_afterwards(tmp_path):
    """Nothing has to be cleaned up by hand."""
    lock(tmp_path / "bridge.sqlite").close()

    lock(tmp_path / "bridge.sqlite").close()


def test_a_database_of_another_version_is_left_alone(tmp_path):
    """Its tables may lack what this bridge writes; nothing is changed, and the message says what to do."""
    file = tmp_path / "bridge.sqlite"
    Store(file).close()
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA user_version = 0")

    with pytest.raises(
        SchemaVersionError, match=r"expected tables of version 4, got 0: let the bridge that created it"
    ):
        Store(file)


def test_a_failed_transaction_leaves_nothing_behind(store):
    """All of it happens, or nothing."""
    insert = text("INSERT INTO optimove_call (client, at) VALUES (:client, 1)")
    with pytest.raises(IntegrityError), store.write() as tx:
        tx.execute(insert, [{"client": "acme"}, {"client": None}])

    with store.read() as tx:
        assert tx.execute(text("SELECT COUNT(*) FROM optimove_call")).scalar_one() == 0


def test_readers_do_not_wait_for_a_writer(store):
    """A long page does not hold up the view of health."""
    with store.write() as tx:
        tx.execute(text("INSERT INTO optimove_call (client, at) VALUES ('acme', 1)"))
        with store.read() as view:
            assert view.execute(text("SELECT COUNT(*) FROM optimove_call")).scalar_one() == 0


def test_every_start_has_a_name_of_its_own(tmp_path):
    """Process ids come again, in containers even at once; these do not."""
    for expected in ("run-1", "run-2"):
        store = Store(tmp_path / "bridge.sqlite")
        assert store.start_run() == expected
        store.close()
