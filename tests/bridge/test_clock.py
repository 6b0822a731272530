"""The clocks: ticks and parks, without missing a request between them."""

import threading

import pytest

from sendproof_bridge.clock import HOUR, SandboxClock, SystemClock, iso, parse_time
from stand_in import Reply, stand_in

NINE = parse_time("2026-03-02 09:00:00")


@pytest.mark.parametrize(
    "text",
    ["2026-03-02 09:00:00", "2026-03-02T09:00:00Z", "2026-03-02T09:00:00.000+00:00", "2026-03-02T10:00:00+01:00"],
)
def test_parse_time_without_zone_is_utc(text):
    """Optimove writes UTC without a zone."""
    assert iso(parse_time(text)) == "2026-03-02T09:00:00.000Z"


@pytest.mark.parametrize("text", ["", "soon", "2026-03-02", "02.03.2026 09:00", "2026-02-30 09:00:00"])
def test_parse_time_of_invalid_text_raises(text):
    """A guess could send messages at the wrong time."""
    with pytest.raises(ValueError, match=r"expected a time|day is out of range|day .* must be"):
        parse_time(text)


def test_park_returns_at_once_after_delivery_since_tick():
    """No request between looking for work and parking is missed."""
    clock = SystemClock()
    tick = clock.tick()
    clock.wake()

    assert clock.park(None, tick.delivered).delivered == 1


def test_park_without_end_returns_on_wake():
    clock = SystemClock()
    woken = threading.Timer(0.05, clock.wake)
    woken.start()

    assert clock.park(None, 0).delivered == 1
    woken.join()


def test_park_ends_after_a_while_although_nothing_wakes_it():
    """Another process may have stored work."""
    clock = SystemClock(longest_park=20)

    assert clock.park(None, 0).delivered == 0
    assert clock.park(clock.now() + HOUR, 0).now < clock.now() + HOUR


def test_park_ends_at_its_due_time():
    clock = SystemClock()
    until = clock.now() + 30

    assert clock.park(until, 0).now >= until


def test_sandbox_clock_that_never_parks_reads_the_time_each_time():
    with stand_in() as sandbox:
        sandbox.respond(
            "clock", Reply({"now": iso(NINE), "delivered": 0}), Reply({"now": iso(NINE + 1), "delivered": 0})
        )
        clock = SandboxClock(f"{sandbox.url}/clock", parks=False)

        assert [clock.now(), clock.now()] == [NINE, NINE + 1]


def test_sandbox_tick_returns_time_and_deliveries_of_sandbox():
    with stand_in() as sandbox:
        sandbox.respond("clock", Reply({"now": iso(NINE), "delivered": 4}))
        clock = SandboxClock(f"{sandbox.url}/clock")
        tick = clock.tick()

    assert (tick.now, tick.delivered, clock.now()) == (NINE, 4, NINE)


def test_sandbox_clock_keeps_the_later_of_two_readings():
    """Two threads read it, and the response to the earlier call may come last."""
    with stand_in() as sandbox:
        times = [Reply({"now": iso(at), "delivered": 4}) for at in (NINE + 1, NINE)]
        sandbox.respond("clock", *times)
        clock = SandboxClock(f"{sandbox.url}/clock")
        ticks = [clock.tick().now, clock.tick().now]

    assert (ticks, clock.now()) == ([NINE + 1, NINE], NINE + 1)


def test_sandbox_park_sends_due_time_and_deliveries():
    with stand_in() as sandbox:
        sandbox.respond("park", Reply({"now": iso(NINE), "delivered": 5, "reason": "due"}))
        SandboxClock(f"{sandbox.url}/clock").park(NINE, 4)

    assert sandbox.calls("park")[0].body == {"participant": "bridge", "until": iso(NINE), "since": 4}


def test_sandbox_park_for_work_due_at_once_sends_current_time():
    """Such work has the due time 0, and the sandbox refuses a time of 1970."""
    with stand_in() as sandbox:
        sandbox.respond("clock", Reply({"now": iso(NINE), "delivered": 4}))
        sandbox.respond("park", Reply({"now": iso(NINE), "delivered": 5, "reason": "delivered"}))
        clock = SandboxClock(f"{sandbox.url}/clock")
        clock.tick()
        clock.park(0, 4)

    assert sandbox.calls("park")[0].body["until"] == iso(NINE)


def test_refused_park_is_logged_with_response_text(caplog):
    """The status alone does not show the mistake."""
    with stand_in() as sandbox:
        sandbox.respond("park", Reply(b"expected another time", status=400), Reply({"now": iso(NINE), "delivered": 0}))
        SandboxClock(f"{sandbox.url}/clock").park(NINE, 4)

    (message,) = caplog.messages
    assert "status 400" in message
    assert "expected another time" in message


def test_failing_sandbox_clock_is_retried():
    """A control API that restarts must not stop the bridge."""
    with stand_in() as sandbox:
        sandbox.respond("clock", Reply(status=503), Reply(b"<html>"), Reply({"now": iso(NINE), "delivered": 0}))

        assert SandboxClock(f"{sandbox.url}/clock").tick().now == NINE


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b" " * 100_000,
        b"[]",
        b'{"now": 7, "delivered": 0}',
        b'{"now": [], "delivered": 0}',
        b'{"now": "2026-03-02T09:00:00Z", "delivered": null}',
    ],
    ids=["deep", "large", "list", "number", "list as time", "null"],
)
def test_unexpected_response_of_the_clock_is_retried(body):
    """An error would end the worker."""
    with stand_in() as sandbox:
        sandbox.respond("clock", Reply(body), Reply({"now": iso(NINE), "delivered": 0}))

        assert SandboxClock(f"{sandbox.url}/clock").tick().now == NINE


def test_stop_ends_retries_of_unreachable_sandbox():
    clock = SandboxClock("http://127.0.0.1:9/clock")
    clock.stop()

    assert clock.tick().now == 0


def test_work_of_another_process_ends_the_park():
    """A second park of the same name ends the first one."""
    parked, ended = threading.Event(), threading.Event()
    reply = {"now": iso(NINE), "delivered": 4}

    def first_park(_request):
        # The stand-in responds to one request at a time, so this is how long the second one waits.
        parked.set()
        ended.wait(5)
        return Reply({**reply, "reason": "poll"})

    with stand_in() as sandbox:
        sandbox.respond("clock", Reply(reply))
        sandbox.respond("park", first_park, lambda _request: ended.set() or Reply({**reply, "reason": "due"}))
        clock = SandboxClock(f"{sandbox.url}/clock")
        parking = threading.Thread(target=clock.park, args=(None, clock.tick().delivered))
        parking.start()
        assert parked.wait(60)
        clock.end_park()
        parking.join(60)

    assert sandbox.calls("park")[1].body == {"participant": "bridge", "until": iso(NINE), "since": 4}


def test_work_of_another_process_before_the_park_ends_it_at_once():
    with stand_in() as sandbox:
        sandbox.respond("clock", Reply({"now": iso(NINE), "delivered": 4}))
        clock = SandboxClock(f"{sandbox.url}/clock")
        tick = clock.tick()
        clock.end_park()

        assert (clock.park(None, tick.delivered), sandbox.calls("park")) == (tick, [])


def test_stopped_clock_leaves_and_parks_no_more():
    """Time would wait for a process that has ended."""
    with stand_in() as sandbox:
        sandbox.respond("park", Reply({"now": iso(NINE), "delivered": 4, "reason": "poll"}))
        sandbox.respond("bridge-run-2", Reply(status=204))
        clock = SandboxClock(f"{sandbox.url}/clock")
        clock.participant = "bridge-run-2"
        clock.park(None, 4)
        clock.stop()
        clock.leave()
        clock.park(None, 4)
        clock.end_park()

    assert [call.method for call in sandbox.received] == ["POST", "DELETE"]


def test_sandbox_clock_is_joined_by_a_park_that_ends_at_once():
    """Time would pass while a process that has not parked yet does its first work."""
    tick = {"now": iso(NINE), "delivered": 4}
    with stand_in() as sandbox:
        sandbox.respond("clock", Reply(tick))
        sandbox.respond("park", Reply({**tick, "reason": "due"}))
        joined = SandboxClock(f"{sandbox.url}/clock").join()

    assert (joined.delivered, sandbox.calls("park")[0].body["until"]) == (4, iso(NINE))


def test_work_of_another_process_does_not_keep_a_sandbox_clock_from_being_joined():
    tick = {"now": iso(NINE), "delivered": 4}
    with stand_in() as sandbox:
        sandbox.respond("clock", Reply(tick))
        sandbox.respond("park", Reply({**tick, "reason": "due"}))
        clock = SandboxClock(f"{sandbox.url}/clock")
        clock.end_park()
        clock.join()

    assert len(sandbox.calls("park")) == 1
