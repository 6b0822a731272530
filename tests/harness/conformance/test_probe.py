"""The limits of a probe: which hosts get requests, and how long they may take."""

from dataclasses import replace

import pytest

from sendproof_harness.conformance.probe import require_nearby, too_slow_error
from sendproof_harness.conformance.requests import Target
from sendproof_harness.run.aborted import RunAbortedError

LOCAL = Target(url="http://127.0.0.1:9000/events", event=13, channel=505)


def test_listeners_on_this_machine_and_the_bridge_host_are_probed() -> None:
    localhost, bridge = replace(LOCAL, url="http://localhost:9000/"), replace(LOCAL, url="https://bridge/x")
    require_nearby([LOCAL, localhost, bridge], "bridge")


def test_listener_on_another_host_aborts_the_run() -> None:
    """A bridge may have registered a real URL, which must not get invalid events."""
    with pytest.raises(RunAbortedError) as raised:
        require_nearby([LOCAL, replace(LOCAL, url="https://hooks.vendor.example/events")], "127.0.0.1")
    assert (raised.value.aborted.blame, raised.value.aborted.got) == ("config", "https://hooks.vendor.example/events")


def test_slow_listener_aborts_the_run_and_suggests_a_longer_timeout() -> None:
    error = too_slow_error(LOCAL, 90, duration=111.2, waited=0.5, limit=110)
    assert error is not None
    assert (error.aborted.blame, error.aborted.got) == ("bridge", "90 responses in 111 s")
    assert error.aborted.expected.endswith("within 110 s, or a longer --timeout")


def test_listener_is_not_blamed_for_a_busy_machine() -> None:
    assert too_slow_error(LOCAL, 90, duration=500, waited=400, limit=110) is None


def test_probe_ends_on_a_machine_that_stays_busy() -> None:
    error = too_slow_error(LOCAL, 90, duration=560, waited=700, limit=110)
    assert error is not None
    assert (error.aborted.blame, error.aborted.reason) == ("harness", "harness")
    assert error.aborted.got == "90 responses in 560 s; processes waited 700 s for a processor"
