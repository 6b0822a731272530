"""Upgrades of databases of older bridges."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sendproof_bridge.storage import message_counts
from sendproof_bridge.storage.databases.sqlite import SqliteStore
from sendproof_bridge.storage.open_store import open_store
from sendproof_bridge.storage.store import SchemaVersionError, plain

VERSION_6 = Path(__file__).with_name("version_6.sql")


@pytest.fixture
def old(tmp_path):
    """Return a database of version 6, with a campaign that was partly reported."""
    file = tmp_path / "old.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.executescript(VERSION_6.read_text())
    return file


def rows(file, statement):
    with closing(sqlite3.connect(file)) as database:
        return database.execute(statement).fetchall()


def tables(file):
    """Return the statements that create the tables, indexes and triggers, without spaces and quotes."""
    found = rows(file, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {name: re.sub(r"[\s\"]", "", sql) for name, sql in found}


def test_upgraded_tables_are_those_of_a_new_database(old, tmp_path):
    SqliteStore(old).close()
    SqliteStore(tmp_path / "new.sqlite").close()

    assert tables(old) == tables(tmp_path / "new.sqlite")
    assert rows(old, "PRAGMA user_version") == rows(tmp_path / "new.sqlite", "PRAGMA user_version")


def test_upgrade_keeps_what_was_reported(old):
    """The next report has the difference only, and no event twice."""
    with closing(SqliteStore(old)) as store, store.write() as tx:
        changed, _ = message_counts.take_changed(tx, {"client": "acme", "channel": 505, "campaign": "7001"}, 10)
        wrong = message_counts.wrong_counts(tx)

    assert {(row.customer, row.reported_state, row.state) for row in changed} == {
        ("C2", "accepted", "delivered"),
        ("C3", None, "accepted"),
    }
    assert wrong == []


def test_upgrade_keeps_receipts_and_opt_outs(old):
    SqliteStore(old).close()

    assert rows(old, "SELECT result, COUNT(*) FROM receipt GROUP BY result") == [("applied", 2), ("stray", 1)]
    assert rows(old, "SELECT result, number FROM receipt_count") == [("applied", 2), ("stray", 1)]
    assert rows(old, "SELECT number, source, processed FROM opt_out ORDER BY id") == [
        ("447100000009", "listed", 1),
        ("447100000008", "reply", 0),
    ]
    assert rows(old, "SELECT * FROM job") == []


def test_upgrade_that_fails_changes_nothing(old):
    with closing(sqlite3.connect(old)) as database:
        database.execute("CREATE TABLE numbered (message)")
    before = tables(old)
    with pytest.raises(Exception, match="numbered"):
        SqliteStore(old)

    assert (tables(old), rows(old, "PRAGMA user_version")) == (before, [(6,)])


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_newer_postgresql_database_is_refused(database, store):
    with store.write() as tx:
        plain(tx).execute("UPDATE schema_version SET version = version + 1")
    with pytest.raises(SchemaVersionError, match=r"expected tables of version 7, got 8"):
        open_store(database)
    with store.write() as tx:
        plain(tx).execute("UPDATE schema_version SET version = version - 1")
