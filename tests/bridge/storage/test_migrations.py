"""Upgrades of databases of older bridges."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sendproof_bridge.config_fields import PostgresUrl, Secret
from sendproof_bridge.storage import job_queue, message_counts
from sendproof_bridge.storage.databases.sqlite import SqliteStore
from sendproof_bridge.storage.open_store import open_existing, open_store
from sendproof_bridge.storage.store import SchemaVersionError, plain

VERSION_6 = Path(__file__).with_name("version_6.sql")
POSTGRESQL_7 = Path(__file__).with_name("postgresql_7.sql")
# What the catalogue says about the tables of a schema, without the name of the schema.
IN_POSTGRESQL = (
    (
        "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns"
        " WHERE table_schema = current_schema()"
    ),
    "SELECT replace(indexdef, current_schema(), '') FROM pg_indexes WHERE schemaname = current_schema()",
    (
        "SELECT tgname, replace(pg_get_triggerdef(oid), current_schema(), '') FROM pg_trigger WHERE NOT tgisinternal"
        " AND tgrelid = to_regclass('message')"
    ),
    "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace",
    "SELECT version FROM schema_version",
)


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


def test_database_that_is_only_read_is_not_upgraded(old):
    """Its bridge may be running, and could not start again."""
    before = tables(old)
    with pytest.raises(SchemaVersionError, match=r"got 6: stop the older bridge, then start this one, or upgrade"):
        open_existing(old)

    assert (tables(old), rows(old, "PRAGMA user_version")) == (before, [(6,)])


def test_file_that_is_only_read_gets_no_tables(tmp_path):
    (empty := tmp_path / "bridge.sqlite").touch()
    with pytest.raises(SchemaVersionError, match=r"expected the database of a bridge, got no tables"):
        open_existing(empty)

    assert tables(empty) == {}


def test_database_of_this_bridge_can_be_read(store, database):
    with closing(open_existing(database)) as opened, opened.read() as tx:
        assert message_counts.wrong_counts(tx) == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_newer_postgresql_database_is_refused(database, store):
    with store.write() as tx:
        plain(tx).execute("UPDATE schema_version SET version = version + 1")
    with pytest.raises(SchemaVersionError, match=r"expected tables of version 8, got 9"):
        open_store(database)
    with store.write() as tx:
        plain(tx).execute("UPDATE schema_version SET version = version - 1")


@pytest.fixture
def schemas(postgres_database):
    """Return the URLs of two schemas: one has the tables of version 7 with a campaign, the other has none."""
    import psycopg  # noqa: PLC0415 an extra, which may be missing

    url = postgres_database.url
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA upgraded; CREATE SCHEMA created; SET search_path = upgraded")
        connection.execute(POSTGRESQL_7.read_text())
        yield {name: f"{url}&options=-csearch_path%3D{name}" for name in ("upgraded", "created")}
        connection.execute("DROP SCHEMA upgraded CASCADE; DROP SCHEMA created CASCADE")


def opened(url):
    return closing(open_store(PostgresUrl(Secret(url))))


def rows_in_postgresql(store, *statements):
    with store.read() as tx:
        return [sorted(map(str, plain(tx).execute(statement).fetchall())) for statement in statements]


def test_upgraded_postgresql_tables_are_those_of_a_new_database(schemas):
    with opened(schemas["upgraded"]) as old, opened(schemas["created"]) as new:
        assert rows_in_postgresql(old, *IN_POSTGRESQL) == rows_in_postgresql(new, *IN_POSTGRESQL)


def test_postgresql_database_that_is_only_read_stays_as_it_is(schemas):
    old, empty = (PostgresUrl(Secret(schemas[name])) for name in ("upgraded", "created"))
    with pytest.raises(SchemaVersionError, match=r"expected tables of version 8, got 7: stop the older bridge"):
        open_existing(old)
    for _ in ("once", "again"):
        with pytest.raises(SchemaVersionError, match=r"expected the database of a bridge, got no tables"):
            open_existing(empty)


def test_upgrade_of_postgresql_keeps_work_and_reports(schemas):
    with opened(schemas["upgraded"]) as store, store.write() as tx:
        changed, _ = message_counts.take_changed(tx, {"client": "acme", "channel": 505, "campaign": "7001"}, 10)
        assert message_counts.wrong_counts(tx) == []
        assert plain(tx).execute("SELECT type, campaign FROM event").fetchall() == [(13, "7001")]
        assert job_queue.next_due(tx) == 9

    assert {(row.customer, row.reported_state, row.state) for row in changed} == {
        ("C1", "accepted", "delivered"),
        ("C2", None, "accepted"),
    }
