"""What Optimove is told."""

from hypothesis import given
from hypothesis import strategies as st

from sendproof_bridge.clock import DAY, HOUR, MINUTE
from sendproof_bridge.domain.metrics import (
    BOUNCED,
    DELIVERED,
    DROPPED,
    SENT,
    STATES_COUNTED,
    items,
    report_times,
    totals,
)
from sendproof_bridge.storage.lifecycle import MESSAGE

COUNTS = st.lists(st.tuples(st.integers(1, 3), st.sampled_from(sorted(MESSAGE.transitions)), st.integers(0, 99)))


def test_reports_come_soon_and_then_every_six_hours_for_a_week():
    """The first after a quarter of an hour, the last exactly seven days after the first send."""
    due = report_times(0)

    assert (due[0], due[1], due[2], due[-1], len(due)) == (15 * MINUTE, 6 * HOUR, 12 * HOUR, 7 * DAY, 29)


def test_totals_count_each_state_where_it_belongs():
    """An invalid number was sent to and bounced; a rejected one was never sent."""
    counts = [(11, "delivered", 5), (11, "accepted", 2), (11, "invalid", 1), (11, "rejected", 3), (11, "dropped", 4)]

    assert totals(counts) == {11: {SENT: 8, DELIVERED: 5, DROPPED: 7, BOUNCED: 1}}


@given(COUNTS)
def test_targeted_is_sent_plus_dropped(counts):
    """Every message that is not pending, taken or cancelled counts as exactly one of the two."""
    told = totals(counts)

    settled = sum(number for _, state, number in counts if state not in {"pending", "taken", "cancelled"})
    assert settled == sum(values[SENT] + values[DROPPED] for values in told.values())


@given(COUNTS)
def test_no_more_is_delivered_or_bounced_than_was_sent(counts):
    """Whoever got the message, or did not, was sent it."""
    assert all(values[DELIVERED] + values[BOUNCED] <= values[SENT] for values in totals(counts).values())


def test_no_step_of_a_message_takes_a_total_back():
    """Whatever a message counts as once, but for being dropped or bounced later, it counts as for ever."""
    for before, allowed in MESSAGE.transitions.items():
        for after in allowed:
            had = {metric for metric, states in STATES_COUNTED.items() if before in states}
            assert had <= {metric for metric, states in STATES_COUNTED.items() if after in states}


def test_items_name_channel_campaign_template_and_metric():
    """Each total is one item of UpdateCampaignMetrics."""
    assert metric_items(505, 7001, {11: {SENT: 8}}) == [
        {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 11, "MetricID": 0, "MetricValue": 8}
    ]
