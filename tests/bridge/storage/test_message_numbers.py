"""The search for messages by number, compared with a scan of all messages."""

from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sendproof_bridge.storage import message_numbers
from sendproof_bridge.storage.store import plain

NUMBERS = st.sampled_from(["447100000001", "447100000002", "447100000003"])
CLIENTS = st.sampled_from(["acme", "bolt"])
SENT = st.tuples(st.just("sent"), CLIENTS, st.none() | NUMBERS)
SEARCHED = st.tuples(st.just("searched"), CLIENTS, st.lists(NUMBERS, unique=True))
INSERT = (
    "INSERT INTO message (client, channel, campaign, customer, occasion, template, number, state, settled_at)"
    " VALUES (:client, 505, '7001', :customer, '', 11, :number, 'accepted', 0)"
)
customers = map("C{}".format, count(1))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(SENT, SEARCHED), max_size=20))
def test_search_finds_what_a_scan_finds(store, steps):
    with store.write() as tx:
        for kind, client, value in steps:
            if kind == "sent":
                row = {"client": client, "customer": next(customers), "number": value}
                plain(tx).execute(INSERT, row)
                continue
            found = message_numbers.search(tx, client, value)
            all_messages = tx.exec_driver_sql("SELECT client, customer, number FROM message ORDER BY id").all()
            expected = [customer for of, customer, number in all_messages if of == client and number in value]
            assert [message.customer for message in found] == expected


def test_search_after_many_messages_finds_the_last(store):
    """Messages are entered for searches in parts."""
    with store.write() as tx:
        tx.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100001)"
            " INSERT INTO message (client, channel, campaign, customer, occasion, template, number, state)"
            " SELECT 'acme', 505, '7001', 'C' || i, '', 11, 447100000000 + i, 'accepted' FROM n"
        )
    message_numbers.enter_all(store)
    with store.write() as tx:
        found = message_numbers.search(tx, "acme", ["447100100001", "447100000001", "447100999999"])

    assert [message.customer for message in found] == ["C1", "C100001"]
