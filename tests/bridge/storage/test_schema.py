"""The tables are equal in both databases, and SQLite alone needs nothing of PostgreSQL."""

import subprocess
import sys

from sqlalchemy import Index
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex

from sendproof_bridge.storage import schema


def statement(index: Index, dialect: Dialect) -> str:
    return str(CreateIndex(index).compile(dialect=dialect))


def test_each_index_is_equal_in_both_databases() -> None:
    schema.complete_for_postgresql()
    indexes = [index for table in schema.metadata.tables.values() for index in table.indexes]
    assert any(" WHERE " in statement(index, sqlite.dialect()) for index in indexes)
    for index in indexes:
        in_sqlite = statement(index, sqlite.dialect()).replace(chr(34), "")
        assert statement(index, postgresql.dialect()).replace(chr(34), "") == in_sqlite


def test_start_with_sqlite_imports_no_part_for_postgresql() -> None:
    """That would be a fifth of all its imports."""
    code = (
        "import sys, sendproof_bridge.cli, sendproof_bridge.storage.databases.sqlite;"
        "print([name for name in sys.modules if 'postgres' in name or 'psycopg' in name])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
