"""Restarting the bridge: after a kill, and to give it a new key.

The harness takes part in the clock meanwhile. Time stops until the bridge is back, unless the bridge has to stay
down for a while: then the harness parks until the end of that while, and time passes.
"""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

from sendproof_harness.control_client import ControlClient, ControlError
from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.context import RunContext
from sendproof_harness.run.pacing.start_limit import StartLimit
from sendproof_harness.run.processes import listens, pause
from sendproof_harness.run.time_control import HARNESS, StandstillLimit
from sendproof_harness.scenario.values import iso_utc

_POLL_S = 0.05


def restart_bridge(context: RunContext) -> None:
    """Stop the bridge and start it again, while time is stopped."""
    was_participant = bool(context.participants())
    _hold_time(context)
    context.bridge.stop()
    _remove_participants(context)
    context.bridge.start()
    _wait_until_back(context, was_participant=was_participant)
    context.control.leave_clock(context.sandboxes[0], HARNESS)


class KillSupervisor:
    """Carries out the kills of a run's faults. The simulators hold the call or webhook of each kill until then."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._pending: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._completed = threading.Event()
        self._run_over = threading.Event()
        # Set when the bridge has been down for long enough; None while it is not down.
        self._downtime_over: threading.Event | None = None
        self._was_participant = False

    @contextmanager
    def active(self) -> Iterator[None]:
        """Carry out kills inside the block."""
        threading.Thread(target=self._poll, daemon=True).start()
        self._context.supervise_kills = self._context.time.while_waiting = self.supervise
        try:
            yield
        finally:
            self._run_over.set()
            self._completed.set()

    def supervise(self) -> None:
        """Kill the bridge if a kill is pending; start it again if it has been down for long enough."""
        with suppress(queue.Empty):
            self._kill(self._pending.get_nowait())
        if self._downtime_over is not None and self._downtime_over.is_set():
            self._downtime_over = None
            self._context.bridge.start()
            self._wait_until_back()

    def _poll(self) -> None:
        """Poll for pending kills, one after the other, in a thread."""
        with ControlClient(self._context.control.url) as own, suppress(ControlError):
            while not self._run_over.is_set():
                pending = own.pending_kill(self._context.sandboxes[0])
                if pending is not None:
                    self._completed.clear()
                    self._pending.put(pending)
                    self._completed.wait()

    def _kill(self, pending: dict[str, Any]) -> None:
        context = self._context
        context.progress.note(f"Fault {pending['id']} kills the bridge.")
        self._was_participant = self._was_participant or bool(context.participants())
        _hold_time(context)
        context.bridge.kill()
        _remove_participants(context)
        until = context.time.now() + timedelta(milliseconds=pending["down_ms"])
        context.control.complete_fault(context.sandboxes[0], pending["id"])
        self._completed.set()
        self._downtime_over = threading.Event()
        threading.Thread(target=self._park_until, args=(iso_utc(until), self._downtime_over), daemon=True).start()

    def _park_until(self, until: str, over: threading.Event) -> None:
        """Park as a participant until an instant, again after each delivery in between."""
        with ControlClient(self._context.control.url) as own, suppress(ControlError):
            sandbox = self._context.sandboxes[0]
            since = own.clock(sandbox)["delivered"]
            while not self._run_over.is_set():
                parked = own.park(sandbox, HARNESS, until, since)
                if parked["reason"] == "due":
                    over.set()
                    return
                since = parked["delivered"]

    def _wait_until_back(self) -> None:
        """Wait until the bridge is back, or another kill is pending."""
        limit = _limit(self._context)
        while not _is_back(self._context, was_participant=self._was_participant):
            if not self._pending.empty():
                return
            _check_limit(self._context, limit)
        self._context.control.leave_clock(self._context.sandboxes[0], HARNESS)


def _hold_time(context: RunContext) -> None:
    """Join the clock without parking: the park ends at once, and time stops until the harness leaves."""
    clock = context.clock()
    context.control.park(context.sandboxes[0], HARNESS, clock["now"], clock["delivered"])


def _remove_participants(context: RunContext) -> None:
    """Remove a stopped bridge from the clock."""
    for name in context.participants():
        context.control.leave_clock(context.sandboxes[0], name)


def _wait_until_back(context: RunContext, *, was_participant: bool) -> None:
    limit = _limit(context)
    while not _is_back(context, was_participant=was_participant):
        _check_limit(context, limit)


def _is_back(context: RunContext, *, was_participant: bool) -> bool:
    """Return True if the bridge has joined the clock again or, if it was no participant, listens again."""
    listen = context.bridge.listen
    return bool(context.participants()) if was_participant else listens(listen["host"], listen["port"])


def _limit(context: RunContext) -> StandstillLimit:
    """Return the limit for a bridge to come back. It may first finish its work, message by message, and park then."""
    return StandstillLimit(lambda: StartLimit(limit_s=context.timeout_s), context.time.reached)


def _check_limit(context: RunContext, limit: StandstillLimit) -> None:
    context.bridge.check_running()
    if limit.is_reached():
        raise RunAbortedError(
            RunAborted(
                blame="bridge",
                reason="stuck",
                cause="the bridge did not come back after a restart",
                expected=f"a bridge that continues within {context.timeout_s:.0f} s",
                got=f"no sign of it; {context.bridge.log_excerpt()}",
            )
        )
    pause(_POLL_S)
