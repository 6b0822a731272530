"""The time of a run: notes for bridges that slow it down."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from run_helpers import RecordedProgress
from sendproof_harness.run.time_control import TimeControl

NOW = "2026-03-02T06:00:00Z"


@dataclass
class ClockWithParticipant:
    """A control API with one participant, which woke this often with nothing to do."""

    idle_wake_ups: int
    rates: list[float | None] = field(default_factory=list)

    def clock(self, _sandbox: str) -> dict[str, Any]:
        return {"now": NOW, "participants": [{"name": "worker", "parked": True, "idle_wake_ups": self.idle_wake_ups}]}

    def state(self, _sandbox: str) -> dict[str, Any]:
        return {"counts": {}}


def notes_after(*idle_wake_ups: int) -> list[str]:
    """Show the progress once for each of these numbers, and return the notes."""
    control, progress = ClockWithParticipant(0), RecordedProgress()
    time = TimeControl(
        control=control,
        sandboxes=["s"],
        bridge=SimpleNamespace(),
        progress=progress,
        timeout_s=60,
        rate=None,
        started_at=datetime(2026, 3, 2, 6, tzinfo=UTC),
    )
    for count in idle_wake_ups:
        control.idle_wake_ups = count
        time.show()
    return progress.notes


def test_bridge_that_wakes_ten_thousand_times_in_vain_is_noted_once() -> None:
    """A run over eight days would last for hours, with no sign of the reason."""
    (note,) = notes_after(9_999, 10_050, 20_000)
    assert note == (
        "Your bridge (participant worker) woke 10,050 times with nothing to do."
        " Each time costs real time: park until the next due time, not for a moment."
    )


def test_bridge_that_wakes_a_few_times_in_vain_is_not_noted() -> None:
    assert notes_after(384) == []
