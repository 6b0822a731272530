"""The end of a run where time does not move, and who has to act on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from run_helpers import RecordedProgress
from sendproof_harness.control_client import NotQuietError
from sendproof_harness.run.pacing.start_limit import ProcessorWait, StartLimit
from sendproof_harness.run.time_control import Progress, StandstillLimit, TimeControl, end_of_standstill


@pytest.mark.parametrize(
    ("answering", "waited_s", "blame", "cause"),
    [
        (0, 0.0, "bridge", "the bridge did not become idle"),
        (2, 0.0, "harness", "the simulators did not answer the bridge in time"),
        (0, 31.0, "harness", "the machine was overloaded, and the bridge got no processor"),
    ],
)
def test_time_that_stands_still_is_blamed_on_the_party_that_is_waited_for(
    answering: int, waited_s: float, blame: str, cause: str
) -> None:
    """A bridge that waits for a response of the simulators, or for a processor, cannot park."""
    error = NotQuietError("504: not parked", 504, "participant 'bridge' is not parked", answering)
    aborted = end_of_standstill(error, "its log is empty", 60, waited_s=waited_s)
    assert (aborted.blame, aborted.cause) == (blame, cause)


@pytest.mark.parametrize(
    ("now", "requests", "events", "repeats"),
    [
        ("06:00", 500, {"delivery": 3}, True),
        ("06:00", 499, {"delivery": 3}, False),
        ("06:00", 500, {"delivery": 4}, False),
        ("06:01", 500, {"delivery": 3}, False),
    ],
)
def test_many_requests_without_any_effect_are_no_progress(
    now: str, requests: int, events: dict[str, int], repeats: bool
) -> None:
    """A bridge that retries without a pause would keep the run from ending."""
    before = Progress(now="06:00", requests=0, events={"delivery": 3})
    assert Progress(now=now, requests=requests, events=events).repeats(before) is repeats


def ends_of_limits(steps: Sequence[Progress]) -> list[bool]:
    """Return at the end of each limit of 60 s whether it has ended the wait, for a bridge that had got so far."""
    clock, seen = [0.0], iter(steps)
    limit = StandstillLimit(
        lambda: StartLimit(limit_s=60, now=lambda: clock[0], processor_wait=ProcessorWait(lambda: 0.0)),
        lambda: next(seen),
    )

    def is_reached(now: float) -> bool:
        clock[0] = now
        return limit.is_reached()

    return [is_reached(61 * number) for number in range(1, len(steps))]


def test_each_sign_of_progress_restarts_the_limit_of_a_standstill() -> None:
    """A bridge that sends one by one after a restart parks only when all is sent."""
    steps = [_progress(requests=10), _progress(requests=40), _progress(requests=40)]
    assert ends_of_limits(steps) == [False, True]


def test_requests_without_effect_restart_the_limit_only_a_few_times() -> None:
    """A bridge that polls now and then, and never comes back, must not keep the run for ever."""
    polls = [Progress(now="06:00", requests=number, events={"delivery": 3}) for number in range(8)]
    assert ends_of_limits(polls) == [False, False, False, False, False, True, True]


def _progress(requests: int) -> Progress:
    return Progress(now="2026-03-02T09:00:00.000Z", requests=requests, events={"delivery": requests})


@dataclass
class TwoClients:
    """A control API with the events of two clients."""

    sends: dict[str, int]

    def clock(self, _sandbox: str) -> dict[str, str]:
        return {"now": "2026-03-02T09:00:00.000Z"}

    def state(self, sandbox: str) -> dict[str, dict[str, int]]:
        return {"counts": {"request": 5, "clock": 2, "delivery": self.sends[sandbox]}}


def test_work_for_any_client_is_progress() -> None:
    """A bridge may serve one client after the other, and is not stuck meanwhile."""
    control = TwoClients({"acme": 4, "globex": 1})
    started_at = datetime(2026, 3, 2, 6, tzinfo=UTC)
    time = TimeControl(control=control, sandboxes=["acme", "globex"], bridge=SimpleNamespace(),
                       progress=RecordedProgress(), timeout_s=60, rate=None, started_at=started_at)  # fmt: skip
    before = time.reached()

    control.sends["globex"] += 1

    assert (before.events, time.reached().events) == ({"delivery": 5}, {"delivery": 6})
