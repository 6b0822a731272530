"""Waiting for a bridge to join the virtual clock."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from run_helpers import RecordedProgress
from sendproof_harness.run.context import HARNESS, RunContext
from sendproof_harness.run.steps.wait_for import WAIT_STEP, join
from sendproof_harness.run.time_control import at_rest

PARKED = {"participants": [{"name": "bridge", "parked": True}], "in_flight": 0}
EMPTY: dict[str, Any] = {"participants": [], "in_flight": 0}
HARNESS_ONLY = {"participants": [{"name": HARNESS, "parked": True}], "in_flight": 0}


@dataclass
class ScriptedControl:
    """A control API whose clock shows one snapshot after another, the last one repeatedly."""

    clocks: list[dict[str, Any]]

    def clock(self, _sandbox: str) -> dict[str, Any]:
        return self.clocks.pop(0) if len(self.clocks) > 1 else self.clocks[0]

    def state(self, _sandbox: str) -> dict[str, Any]:
        return {"counts": {"request": 3}}

    def unauthenticated_requests(self) -> list[dict[str, Any]]:
        return []


@dataclass
class RecordedTime:
    """The time of a run, which only records by how much it was advanced."""

    control: ScriptedControl
    rate: float | None = None
    is_paced: bool = False
    advances: list[timedelta] = field(default_factory=list)

    def at_rest(self) -> bool:
        return at_rest(self.control.clock("s"))

    def advance(self, by: timedelta) -> None:
        self.advances.append(by)

    def let_pass(self, *, passes: bool) -> None:
        assert not passes


def advances_until_joined(*clocks: dict[str, Any]) -> list[timedelta]:
    """Join a clock that shows these snapshots, and return the advances of time."""
    control = ScriptedControl(list(clocks))
    time = RecordedTime(control)
    context = RunContext(
        scenario=SimpleNamespace(starts=datetime(2026, 3, 2, tzinfo=UTC)),
        control=control,
        sandboxes=("s",),
        bridge=SimpleNamespace(must_join_clock=True, check_running=lambda: None),
        time=time,
        timeout_s=20,
        progress=RecordedProgress(),
    )
    join(context)
    return time.advances


def test_bridge_that_joins_between_two_looks_advances_no_time():
    """Between two looks it is neither absent nor alone; a minute would shift the whole history."""
    assert advances_until_joined(EMPTY, PARKED) == [timedelta()]


def test_time_advances_while_only_the_harness_waits_for_a_killed_bridge():
    """Nothing else could end the wait, because the bridge comes back at a virtual time."""
    assert advances_until_joined(HARNESS_ONLY, PARKED) == [WAIT_STEP, timedelta()]
