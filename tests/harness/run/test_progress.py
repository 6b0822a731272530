"""The progress of a run without a terminal, in a log or a pipe."""

import io
from datetime import timedelta

from sendproof_harness.run.progress import show_progress
from sendproof_harness.run.time_control import clock_text
from sendproof_harness.terminal import Terminal

COUNTS = {"delivery": 9_400, "delivery_status": 1}
NOW = "2026-03-04T12:00:00.000Z"


def member(*, parked: bool, idle: int = 0) -> dict[str, object]:
    return {"name": "worker", "parked": parked, "idle_wake_ups": idle}


def test_each_phase_has_a_line_and_one_for_its_progress() -> None:
    output = io.StringIO()
    with show_progress(Terminal(output), timedelta(days=8)) as shown:
        shown.phase("advancing the clock by 8 days")
        shown.show(timedelta(days=2), NOW, COUNTS)
        shown.phase("reading the history")
    assert output.getvalue().splitlines() == [
        "advancing the clock by 8 days",
        "  2026-03-04 12:00 · 9,400 deliveries · 1 delivery status · 0 metrics pushes",
        "reading the history",
        "done",
    ]


def test_long_phase_has_a_line_every_few_seconds_with_what_it_waits_for() -> None:
    """The log of a CI server is read while the run lasts."""
    output, now = io.StringIO(), [0.0]
    with show_progress(Terminal(output), timedelta(days=8), lambda: now[0]) as shown:
        shown.phase("advancing the clock by 8 days")
        for second in range(0, 13, 2):
            now[0] = float(second)
            shown.wait_for("waits for worker to park")
            shown.show(timedelta(hours=second), NOW, {"delivery": second})
    progress = "2026-03-04 12:00 · {} deliveries · 0 delivery statuses · 0 metrics pushes"
    assert output.getvalue().splitlines()[1:-1] == [
        f"  {progress.format(6)} · 3% · 1 h a second · about 3 min 6 s left · waits for worker to park",
        f"  {progress.format(12)} · 6% · 1 h a second · about 3 min left · waits for worker to park",
    ]


def test_wait_before_a_jump_predicts_no_end() -> None:
    """A paced clock passes in real time while messages are outstanding: eight days would not last eight days."""
    output, now = io.StringIO(), [0.0]
    with show_progress(Terminal(output), timedelta(days=8), lambda: now[0]) as shown:
        for second in range(0, 8, 2):
            now[0] = float(second)
            shown.wait_for("waits for 92 messages", jumps_next=True)
            shown.show(timedelta(seconds=second), NOW, COUNTS)
    progress = "  2026-03-04 12:00 · 9,400 deliveries · 1 delivery status · 0 metrics pushes"
    assert output.getvalue().splitlines() == [f"{progress} · 0% · waits for 92 messages", "done"]


def test_clock_that_stands_still_names_who_is_not_parked() -> None:
    busy = {"participants": [member(parked=False, idle=1_234)], "in_flight": 0}
    answering = {"participants": [member(parked=True)], "in_flight": 2}
    assert clock_text(busy, stands_still=True) == "1,234 idle wake-ups · waits for worker to park"
    assert clock_text(busy, stands_still=False) == "1,234 idle wake-ups"
    assert clock_text(answering, stands_still=True) == "waits for 2 requests"
