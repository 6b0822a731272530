"""Starting the bridge again: after it was killed on purpose, and when it has a new key for Optimove.

The harness takes part in the clock meanwhile. While it does not wait itself, time stands still until the bridge is
back; while it waits, time passes as long as the bridge is to be down.
"""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from time import monotonic
from typing import Any

from sendproof_harness.control_client import ControlClient, ControlError
from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.context import HARNESS, RunContext
from sendproof_harness.run.processes import listens, pause
from sendproof_harness.run.steps.actions import OPTIMOVE
from sendproof_harness.scenario.model import ChangeKey
from sendproof_harness.scenario.values import iso_utc

_LOOK_EVERY_S = 0.05


def key(world: RunContext, step: ChangeKey) -> None:
    """The admin rotates, disables or enables the key that the bridge shows.

    A new one is written into the handover; a bridge that the run has started is ended and started again with it.
    """
    world.watcher.phase(f"letting the admin {step.action} the bridge's key")
    for sandbox in world.sandboxes:
        field, value = world.bridge.key_of(sandbox)
        name = next(one["name"] for one in world.control.keys(sandbox, OPTIMOVE) if one["key"] == value)
        change: dict[str, object] = (
            {"rotate": True} if step.action == "rotate" else {"enabled": step.action == "enable"}
        )
        if step.overlap:
            change["at"] = iso_utc(world.passing.now() + step.overlap)
        changed = world.control.change_key(sandbox, OPTIMOVE, name, change)
        world.bridge.tell(sandbox, OPTIMOVE, {field: changed["key"]})
    if step.action == "rotate" and world.bridge.ours_to_start:
        clocked = bool(world.participants())
        _stop_time(world)
        world.bridge.end()
        _dismiss(world)
        world.bridge.start()
        _let_time_go(world, clocked=clocked)


class KillSupervisor:
    """Carries out the kills that the faults of a run ask for. The simulators hold the exchange of each until then."""

    def __init__(self, world: RunContext) -> None:
        self._world = world
        self._wanted: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._carried_out = threading.Event()
        self._over = threading.Event()
        # Set when the bridge has been down as long as it was to be; None while it is not down.
        self._down: threading.Event | None = None
        self._clocked = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Listen for kills as long as this lasts."""
        threading.Thread(target=self._listen, daemon=True).start()
        self._world.kills = self._world.passing.meanwhile = self.carry_out
        try:
            yield
        finally:
            self._over.set()
            self._carried_out.set()

    def _listen(self) -> None:
        """A long poll, so in a thread of its own; one kill after the other."""
        with ControlClient(self._world.control.url) as own, suppress(ControlError):
            while not self._over.is_set():
                wanted = own.pending_kill(self._world.sandboxes[0])
                if wanted is not None:
                    self._carried_out.clear()
                    self._wanted.put(wanted)
                    self._carried_out.wait()

    def carry_out(self) -> None:
        """Kill the bridge if that is wanted; start it again when it has been down for long enough."""
        with suppress(queue.Empty):
            self._kill(self._wanted.get_nowait())
        if self._down is not None and self._down.is_set():
            self._down = None
            self._world.bridge.start()
            self._back()

    def _kill(self, wanted: dict[str, Any]) -> None:
        world = self._world
        world.watcher.note(f"The bridge is killed, as fault {wanted['id']} asks.")
        self._clocked = self._clocked or bool(world.participants())
        _stop_time(world)
        world.bridge.kill()
        _dismiss(world)
        until = world.passing.now() + timedelta(milliseconds=wanted["down_ms"])
        world.control.complete_fault(world.sandboxes[0], wanted["id"])
        self._carried_out.set()
        self._down = threading.Event()
        threading.Thread(target=self._sit_out, args=(iso_utc(until), self._down), daemon=True).start()

    def _sit_out(self, until: str, over: threading.Event) -> None:
        """Wait in the clock; other things are delivered meanwhile, or tried."""
        with ControlClient(self._world.control.url) as own, suppress(ControlError):
            sandbox = self._world.sandboxes[0]
            since = own.clock(sandbox)["delivered"]
            while not self._over.is_set():
                parked = own.park(sandbox, HARNESS, until, since)
                if parked["reason"] == "due":
                    over.set()
                    return
                since = parked["delivered"]

    def _back(self) -> None:
        """Wait until the bridge is back, or is killed once more."""
        limit = monotonic() + self._world.timeout_s
        while not _is_back(self._world, clocked=self._clocked):
            if not self._wanted.empty():
                return
            _check(self._world, limit)
        self._world.control.leave_clock(self._world.sandboxes[0], HARNESS)


def _stop_time(world: RunContext) -> None:
    """Take part without waiting: parked until now, which is over at once."""
    clock = world.control.clock(world.sandboxes[0])
    world.control.park(world.sandboxes[0], HARNESS, clock["now"], clock["delivered"])


def _let_time_go(world: RunContext, *, clocked: bool) -> None:
    """Take part no more, once the bridge is back."""
    limit = monotonic() + world.timeout_s
    while not _is_back(world, clocked=clocked):
        _check(world, limit)
    world.control.leave_clock(world.sandboxes[0], HARNESS)


def _dismiss(world: RunContext) -> None:
    """Let time not wait for a bridge that is gone."""
    for name in world.participants():
        world.control.leave_clock(world.sandboxes[0], name)


def _is_back(world: RunContext, *, clocked: bool) -> bool:
    """Whether it takes part in the clock again, as it did before; one that did not, whether it listens."""
    listen = world.bridge.listen
    return bool(world.participants()) if clocked else listens(listen["host"], listen["port"])


def _check(world: RunContext, limit: float) -> None:
    world.bridge.must_run()
    if monotonic() > limit:
        raise RunAbortedError(
            RunAborted(
                blame="bridge",
                cause="the bridge did not come back after it was started again",
                expected=f"a bridge that goes on within {world.timeout_s:.0f} s",
                got=f"no sign of it; {world.bridge.last_words()}",
            )
        )
    pause(_LOOK_EVERY_S)
