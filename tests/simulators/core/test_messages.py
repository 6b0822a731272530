"""The life of a message, and what is on the agenda of a call."""

import pytest

from sendproof_simulators.core.clock.wall_clock import HOUR, MINUTE, SECOND
from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME, STATES, number_for_code
from sendproof_simulators.core.messaging.lifecycle import STEPS, DueEvent, advance, delivery_schedule

SENT = 1_000 * HOUR


def schedule(name, **options):
    """What is on the agenda of one message that dials a fate and goes out at once."""
    return delivery_schedule([number_for_code("GB", BY_NAME[name].code)], [0.5], SENT, SENT, **options)


def all_of(name, **options):
    """Every event, with its time after the sending."""
    plan, found = schedule(name, **options), []
    while (due := plan.next) is not None:
        found += [(due - SENT, event.what, event.at - SENT, event.new, event.told) for event in plan.until(due)]
    return found


def test_a_state_leads_only_where_the_table_says():
    """All others are refused, with what was expected."""
    assert advance("pending", "delivered") == "delivered"
    with pytest.raises(ValueError, match="a message that is delivered cannot become 'expired'; expected nothing"):
        advance("delivered", "expired")
    assert {state for steps in STEPS.values() for state in steps} <= STEPS.keys()


@pytest.mark.parametrize("name", [name for name, test_number in BY_NAME.items() if test_number.outcome.events])
def test_every_fate_is_a_life_that_a_message_can_have(name):
    """From pending on, step by allowed step."""
    state = "pending"
    for _, what, _, new, _ in all_of(name):
        if new and what in STATES:
            state = advance(state, what)
    assert state != "pending"


def test_a_dialled_receipt_comes_when_it_was_dialled():
    """In time and outcome."""
    assert all_of("undelivered after 71 h") == [(71 * HOUR, "undelivered", 71 * HOUR, True, True)]
    assert all_of("never") == []


def test_told_twice_happens_once():
    """The second time it is only told, and says when it was."""
    first, second = all_of("delivered, told twice")
    assert first == (3 * SECOND, "delivered", 3 * SECOND, True, True)
    assert second == (33 * SECOND, "delivered", 3 * SECOND, False, True)


def test_out_of_order_the_older_news_comes_last():
    """The last word is not the newest."""
    assert all_of("delivered, told out of order") == [
        (2 * SECOND, "undelivered", 2 * SECOND, True, False),
        (5 * SECOND, "delivered", 5 * SECOND, True, True),
        (9 * SECOND, "undelivered", 2 * SECOND, False, True),
    ]


def test_before_the_reply_is_before_the_call():
    """`until` the instant before the call takes it; what is sent later waits until it goes out."""
    at_once = schedule("delivered, told before the reply")
    assert at_once.until(SENT - 1) == [DueEvent(0, "delivered", SENT, new=True, told=True)]
    later = delivery_schedule([number_for_code("GB", "13")], [0.5], SENT - HOUR, SENT)
    assert later.next == SENT


def test_clicks_come_once_a_minute():
    """As many as were dialled."""
    clicks = [at for at, what, *_ in all_of("delivered, 3 clicks") if what == "clicked"]
    assert clicks == [MINUTE, 2 * MINUTE, 3 * MINUTE]


def test_no_message_outlives_its_validity():
    """What would have come later has expired by then, dialled or not."""
    assert all_of("delivered after 1 h", validity=SENT + MINUTE) == [(MINUTE, "expired", MINUTE, True, True)]
    drawn = delivery_schedule(["447700900123"], [0.99999], SENT, SENT, validity=SENT + MINUTE)
    assert drawn.until(SENT + MINUTE) == [DueEvent(0, "expired", SENT + MINUTE, new=True, told=True)]


def test_one_timer_at_a_time_for_all_messages_of_a_call():
    """It is set again for what comes next; nothing is left, no timer."""
    plan = delivery_schedule([number_for_code("GB", code) for code in ("01", "00")], [0.5, 0.5], SENT, SENT)
    (timer,) = plan.timer("receipts", 7)
    assert (timer.at, timer.name, timer.payload) == (SENT + 3 * SECOND, "receipts", 7)
    assert [event.place for event in plan.until(timer.at)] == [1]
    assert plan.timer("receipts", 7)[0].at == SENT + HOUR
    plan.clear()
    assert plan.timer("receipts", 7) == ()


def test_a_refusal_that_was_taken_all_the_same_ends_as_any_other():
    """A provider may send to whom it could have refused."""
    number = number_for_code("GB", BY_NAME["opted out"].code)
    assert delivery_schedule([number], [0.0], SENT, SENT).next == SENT + 2 * SECOND
