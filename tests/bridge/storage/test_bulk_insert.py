"""Inserting many rows."""

import pytest
from sqlalchemy import text

from sendproof_bridge.storage.bulk_insert import insert_rows

COLUMNS = ("client", "number", "source", "at", "processed")


@pytest.mark.parametrize("count", [0, 1, 249, 250, 251, 600])
def test_every_row_is_stored_with_its_values(store, count):
    """Rows go into statements of 250, and the rest singly."""
    rows = [("acme", f"{index:05}", "reply", index, False) for index in range(count)]
    with store.write() as tx:
        insert_rows(tx, "opt_out", COLUMNS, rows)
        stored = tx.execute(text("SELECT client, number, source, at, processed FROM opt_out ORDER BY number")).all()

    assert [tuple(row) for row in stored] == rows


def test_row_that_exists_undoes_all_rows(store):
    row = ("acme", "447100000001", "reply", 0, False)
    with pytest.raises(Exception, match=r"(?i)unique"), store.write() as tx:
        insert_rows(tx, "opt_out", COLUMNS, [row, row])
    with store.read() as tx:
        assert tx.execute(text("SELECT COUNT(*) FROM opt_out")).scalar_one() == 0
