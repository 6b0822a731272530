"""The life cycle of a message, and the schedule of a call's messages."""

import pytest

from sendproof_simulators.core.clock.wall_clock import HOUR, MINUTE, SECOND
from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME, STATES, number_for_code
from sendproof_simulators.core.messaging.lifecycle import STEPS, DueEvent, advance, delivery_schedule

SENT = 1_000 * HOUR


def schedule(name, **options):
    """Return the schedule of one message to a test number that goes out at once."""
    return delivery_schedule([number_for_code("GB", BY_NAME[name].code)], [0.5], SENT, SENT, **options)


def events_of(name, **options):
    """Return all events: (due, what, happened, new, reported), with times after the sending."""
    coming, events = schedule(name, **options), []
    while (due := coming.next) is not None:
        events += [(due - SENT, e.what, e.at - SENT, e.new, e.reported) for e in coming.until(due)]
    return events


def test_step_outside_the_table_is_refused():
    assert advance("pending", "delivered") == "delivered"
    with pytest.raises(ValueError, match="a message that is delivered cannot become 'expired'; expected nothing"):
        advance("delivered", "expired")
    assert {state for steps in STEPS.values() for state in steps} <= STEPS.keys()


@pytest.mark.parametrize("name", [name for name, test_number in BY_NAME.items() if test_number.outcome.events])
def test_outcome_only_takes_allowed_steps(name):
    state = "pending"
    for _, what, _, new, _ in events_of(name):
        if new and what in STATES:
            state = advance(state, what)
    assert state != "pending"


def test_outcome_has_its_time_and_state():
    assert events_of("undelivered after 71 h") == [(71 * HOUR, "undelivered", 71 * HOUR, True, True)]
    assert events_of("never") == []


def test_event_reported_twice_happens_once():
    """The second report has the time of the event."""
    first, second = events_of("delivered, reported twice")
    assert first == (3 * SECOND, "delivered", 3 * SECOND, True, True)
    assert second == (33 * SECOND, "delivered", 3 * SECOND, False, True)


def test_events_reported_out_of_order_end_with_the_older_one():
    assert events_of("delivered, reported out of order") == [
        (2 * SECOND, "undelivered", 2 * SECOND, True, False),
        (5 * SECOND, "delivered", 5 * SECOND, True, True),
        (9 * SECOND, "undelivered", 2 * SECOND, False, True),
    ]


def test_event_before_the_response_is_due_before_the_call():
    """A message that is sent later has no such event before it goes out."""
    at_once = schedule("delivered, reported before the response")
    assert at_once.until(SENT - 1) == [DueEvent(0, "delivered", SENT, new=True, reported=True)]
    later = delivery_schedule([number_for_code("GB", "13")], [0.5], SENT - HOUR, SENT)
    assert later.next == SENT


def test_clicks_happen_once_a_minute():
    clicks = [at for at, what, *_ in events_of("delivered, 3 clicks") if what == "clicked"]
    assert clicks == [MINUTE, 2 * MINUTE, 3 * MINUTE]


def test_message_expires_at_its_validity():
    assert events_of("delivered after 1 h", validity=SENT + MINUTE) == [(MINUTE, "expired", MINUTE, True, True)]
    ordinary = delivery_schedule(["447700900123"], [0.99999], SENT, SENT, validity=SENT + MINUTE)
    assert ordinary.until(SENT + MINUTE) == [DueEvent(0, "expired", SENT + MINUTE, new=True, reported=True)]


def test_schedule_has_one_timer_for_all_messages():
    coming = delivery_schedule([number_for_code("GB", code) for code in ("01", "00")], [0.5, 0.5], SENT, SENT)
    (timer,) = coming.timer("receipts", 7)
    assert (timer.at, timer.name, timer.payload) == (SENT + 3 * SECOND, "receipts", 7)
    assert [event.place for event in coming.until(timer.at)] == [1]
    assert coming.timer("receipts", 7)[0].at == SENT + HOUR
    coming.clear()
    assert coming.timer("receipts", 7) == ()


def test_accepted_refusal_number_gets_a_drawn_outcome():
    """A provider may send to a number that it could have refused."""
    number = number_for_code("GB", BY_NAME["opted out"].code)
    assert delivery_schedule([number], [0.0], SENT, SENT).next == SENT + 2 * SECOND
