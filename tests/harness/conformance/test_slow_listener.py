"""The end of a conformance run whose listener never responds in time."""

from types import SimpleNamespace
from typing import Any

import pytest

from sendproof_harness.conformance.slow_listener import SlowListenerWatch
from sendproof_harness.run.aborted import RunAbortedError

SLOW = {"status": None, "error": "no response within 10 s"}
QUICK = {"status": 204, "error": None}


def watch(*attempts: dict[str, Any]) -> SlowListenerWatch:
    """Return the watch of a run whose only webhook had these attempts."""

    def webhooks(_sandbox: str, _service: str, event: str) -> list[dict[str, Any]]:
        return [{"attempts": list(attempts)}] if event == "13" else []

    control: Any = SimpleNamespace(webhooks=webhooks)
    context: Any = SimpleNamespace(sandboxes=("s",), control=control)
    return SlowListenerWatch(context=context)


def test_listener_that_never_responds_in_time_ends_the_run() -> None:
    """Each of the dozens of further webhooks would take ten seconds of real time."""
    with pytest.raises(RunAbortedError) as raised:
        watch(SLOW, SLOW, SLOW).look()
    aborted = raised.value.aborted
    assert (aborted.blame, aborted.reason) == ("bridge", "stuck")
    assert aborted.got == "3 of 3 webhooks with no response within 10 s"


@pytest.mark.parametrize("attempts", [[SLOW, SLOW], [SLOW, SLOW, SLOW, QUICK]])
def test_slow_start_or_a_response_lets_the_run_continue(attempts: list[dict[str, Any]]) -> None:
    """The judge finds single failures."""
    watch(*attempts).look()
