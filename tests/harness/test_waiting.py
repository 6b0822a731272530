"""Waiting for a bridge to join the virtual clock."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from bridges import Listening
from sendproof_harness.run.context import HARNESS, RunContext
from sendproof_harness.run.time_control import at_rest
from sendproof_harness.run.wait_for import WAIT_STEP, join

PARKED = {"participants": [{"name": "bridge", "parked": True}], "in_flight": 0}
NOBODY: dict[str, Any] = {"participants": [], "in_flight": 0}
HARNESS_ALONE = {"participants": [{"name": HARNESS, "parked": True}], "in_flight": 0}


@dataclass
class ScriptedControl:
    """A control API whose clock shows one snapshot after another, the last one for good."""

    clocks: list[dict[str, Any]]

    def clock(self, _sandbox: str) -> dict[str, Any]:
        return self.clocks.pop(0) if len(self.clocks) > 1 else self.clocks[0]

    def state(self, _sandbox: str) -> dict[str, Any]:
        return {"counts": {"request": 3}}

    def unauthenticated_requests(self) -> list[dict[str, Any]]:
        return []


@dataclass
class RecordedMoves:
    """The time of a run, which only notes by how much it was advanced."""

    control: ScriptedControl
    rate: float | None = None
    moves: list[timedelta] = field(default_factory=list)

    def at_rest(self) -> bool:
        return at_rest(self.control.clock("s"))

    def move(self, by: timedelta) -> None:
        self.moves.append(by)


def moves_until_joined(*clocks: dict[str, Any]) -> list[timedelta]:
    """Join a clock that shows these snapshots, and return how time was moved."""
    control = ScriptedControl(list(clocks))
    passing = RecordedMoves(control)
    bridge = SimpleNamespace(shares_clock=True, must_run=lambda: None)
    world = RunContext(
        scenario=SimpleNamespace(starts=datetime(2026, 3, 2, tzinfo=UTC)),
        control=control,
        sandboxes=("s",),
        bridge=bridge,
        passing=passing,
        timeout_s=20,
        watcher=Listening(),
    )
    join(world)
    return passing.moves


def test_bridge_that_joins_between_two_looks_moves_no_time():
    """Between two looks it is neither absent nor alone; a minute would shift the whole history."""
    assert moves_until_joined(NOBODY, PARKED) == [timedelta()]


def test_time_passes_while_only_the_harness_waits_for_a_killed_bridge():
    """Nothing else could end the wait, because the bridge comes back at a virtual time."""
    assert moves_until_joined(HARNESS_ALONE, PARKED) == [WAIT_STEP, timedelta()]
