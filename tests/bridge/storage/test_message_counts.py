"""Kept numbers of messages, compared with a count of all messages."""

from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sendproof_bridge.storage import message_counts
from sendproof_bridge.storage.lifecycle import MESSAGE
from sendproof_bridge.storage.store import plain

INSERT = (
    "INSERT INTO message (client, channel, campaign, customer, occasion, template, state)"
    " VALUES ('acme', 505, :campaign, :customer, '', :template, :state)"
)
MOVE = "UPDATE message SET state = :state WHERE campaign = :campaign AND customer = :customer AND state = :before"
RECOUNT = (
    "SELECT template, state, COUNT(*) FROM message WHERE campaign = :campaign AND state <> 'pending' GROUP BY 1, 2"
)

STATES = st.sampled_from(sorted(MESSAGE.transitions))
CUSTOMERS = st.integers(0, 9).map("C{}".format)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), CUSTOMERS, st.integers(11, 13), STATES),
        st.tuples(st.just("move"), CUSTOMERS, STATES, STATES),
        st.tuples(st.just("report"), st.integers(1, 20)),
    ),
    max_size=40,
)
campaigns = map(str, count(1))


def play(tx, campaign, steps):
    """Insert messages, change their states as the life cycle allows, and take changes for reports."""
    for kind, *values in steps:
        if kind == "report":
            message_counts.take_changed(tx, of(campaign), *values)
        elif kind == "insert":
            row = dict(zip(("customer", "template", "state"), values, strict=True))
            plain(tx).execute(f"{INSERT} ON CONFLICT DO NOTHING", {"campaign": campaign, **row})
        elif MESSAGE.allows(values[1], values[2]):
            row = dict(zip(("customer", "before", "state"), values, strict=True))
            plain(tx).execute(MOVE, {"campaign": campaign, **row})


def of(campaign):
    return {"client": "acme", "channel": 505, "campaign": campaign}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_counts_equal_a_recount_after_any_history(store, steps):
    campaign = next(campaigns)
    with store.write() as tx:
        play(tx, campaign, steps)
        recount = plain(tx).execute(RECOUNT, {"campaign": campaign}).fetchall()
        kept = message_counts.counts(tx, of(campaign))
        assert sorted(kept) == sorted(tuple(row) for row in recount)
        assert message_counts.wrong_counts(tx) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_each_change_is_taken_once(store, steps):
    campaign = next(campaigns)
    with store.write() as tx:
        play(tx, campaign, steps)
        more = True
        while more:
            changed, more = message_counts.take_changed(tx, of(campaign), 3)
            assert all(message.state != message.reported_state for message in changed)
        unreported = "SELECT COUNT(*) FROM message WHERE campaign = :campaign AND COALESCE(reported_state, '') <> state"
        pending = f"{unreported} AND state <> 'pending'"
        assert plain(tx).execute(pending, {"campaign": campaign}).fetchone() == (0,)


def test_edited_message_is_found_by_the_audit(store):
    with store.write() as tx:
        play(tx, "7001", [("insert", "C1", 11, "delivered"), ("report", 1)])
        plain(tx).execute("UPDATE message SET reported_state = 'accepted'")
        wrong = message_counts.wrong_counts(tx)

    assert [(row.state, row.kept, row.counted) for row in wrong] == [("accepted", 0, 1), ("delivered", 1, 0)]
