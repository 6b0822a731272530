"""The clocks: looking, parking, and not missing anything in between."""

import threading

import pytest

from sendproof_bridge.clock import SandboxClock, SystemClock, iso, parse_time
from stand_in import Says, stand_in

NINE = parse_time("2026-03-02 09:00:00")


@pytest.mark.parametrize(
    "text",
    ["2026-03-02 09:00:00", "2026-03-02T09:00:00Z", "2026-03-02T09:00:00.000+00:00", "2026-03-02T10:00:00+01:00"],
)
def test_a_time_without_zone_is_utc(text):
    """Optimove writes UTC without saying so."""
    assert iso(parse_time(text)) == "2026-03-02T09:00:00.000Z"


@pytest.mark.parametrize("text", ["", "soon", "2026-03-02", "02.03.2026 09:00", "2026-02-30 09:00:00"])
def test_what_is_no_time_is_refused(text):
    """A wrong guess would send at the wrong time."""
    with pytest.raises(ValueError, match=r"expected a time|day is out of range|day .* must be"):
        parse_time(text)


def test_what_came_in_since_the_look_ends_a_park_at_once():
    """Between looking for work and parking nothing can be missed."""
    clock = SystemClock()
    tick = clock.tick()
    clock.wake()

    assert clock.park(None, tick.delivered).delivered == 1


def test_a_wake_ends_a_park_that_has_no_end():
    """The door wakes the worker."""
    clock = SystemClock()
    woken = threading.Timer(0.05, clock.wake)
    woken.start()

    assert clock.park(None, 0).delivered == 1
    woken.join()


def test_a_park_ends_when_it_is_due():
    """Real time passes on the system clock."""
    clock = SystemClock()
    until = clock.now() + 30

    assert clock.park(until, 0).now >= until


def test_the_sandbox_is_asked_for_the_time():
    """The time and the count of what was delivered come from there."""
    with stand_in() as sandbox:
        sandbox.say("clock", Says({"now": iso(NINE), "delivered": 4}))
        clock = SandboxClock(f"{sandbox.url}/clock")
        tick = clock.tick()

    assert (tick.now, tick.delivered, clock.now()) == (NINE, 4, NINE)


def test_a_park_tells_the_sandbox_until_when_and_since_what():
    """The count that was taken before looking for work goes along."""
    with stand_in() as sandbox:
        sandbox.say("park", Says({"now": iso(NINE), "delivered": 5, "reason": "due"}))
        SandboxClock(f"{sandbox.url}/clock").park(NINE, 4)

    assert sandbox.calls("park")[0].body == {"participant": "bridge", "until": iso(NINE), "since": 4}


def test_a_park_for_work_that_is_due_at_once_is_until_now():
    """Such work came between the look and the park; its due time, 0, would be refused as a time of 1970."""
    with stand_in() as sandbox:
        sandbox.say("clock", Says({"now": iso(NINE), "delivered": 4}))
        sandbox.say("park", Says({"now": iso(NINE), "delivered": 5, "reason": "delivered"}))
        clock = SandboxClock(f"{sandbox.url}/clock")
        clock.tick()
        clock.park(0, 4)

    assert sandbox.calls("park")[0].body["until"] == iso(NINE)


def test_what_a_sandbox_says_of_a_refusal_is_logged(caplog):
    """The status alone does not tell what was wrong."""
    with stand_in() as sandbox:
        sandbox.say("park", Says(b"expected another time", status=400), Says({"now": iso(NINE), "delivered": 0}))
        SandboxClock(f"{sandbox.url}/clock").park(NINE, 4)

    (told,) = caplog.messages
    assert "status 400" in told
    assert "expected another time" in told


def test_a_sandbox_that_fails_is_asked_again():
    """A control API that restarts does not bring the bridge down."""
    with stand_in() as sandbox:
        sandbox.say("clock", Says(status=503), Says(b"<html>"), Says({"now": iso(NINE), "delivered": 0}))

        assert SandboxClock(f"{sandbox.url}/clock").tick().now == NINE


def test_a_stop_ends_the_asking():
    """A bridge whose sandbox is gone can be stopped."""
    clock = SandboxClock("http://127.0.0.1:9/clock")
    clock.stop()

    assert clock.tick().now == 0
