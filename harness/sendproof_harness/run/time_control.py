"""Time of a run: advancing it or waiting for it, while the bridge is supervised.

A blocking request in a second thread advances virtual time. A clock that runs by itself is waited for. For a bridge
that takes no part in virtual time, `paced_time` decides when time may jump.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sendproof_harness.control_client import ControlClient, NotQuietError
from sendproof_harness.history.wording import counted
from sendproof_harness.interruption import end_if_interrupted
from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.pacing.endless_reading import ReadingWatch
from sendproof_harness.run.pacing.paced_time import PacedTime
from sendproof_harness.run.pacing.start_limit import StartLimit
from sendproof_harness.run.pacing.waits import Outstanding, Patience, outstanding_text
from sendproof_harness.run.processes import pause
from sendproof_harness.run.progress import ProgressListener
from sendproof_harness.scenario.values import iso_utc

#: The name of the harness as a participant of a clock.
HARNESS = "sendproof"

_SHOW_EVERY_S = 0.25
# At one instant, a rate limit allows no bridge that many requests without an effect.
_MANY_REQUESTS = 500
# A bridge that waited for a processor for this share of the time, over all its threads, had no chance to go on.
_STARVED = 0.5
# A bridge that looks for work each minute wakes this often in a virtual week.
_MANY_IDLE_WAKE_UPS = 10_000
# Shown from this number on: a bridge wakes a few times in vain.
_SOME_IDLE_WAKE_UPS = 1_000
# So many limits in a row may pass with requests that have no effect, such as those that read a long list.
_MOST_FRUITLESS = 5


def at_rest(clock: Mapping[str, Any]) -> bool:
    """Return True if this snapshot of a clock has participants, all of them are parked and nothing is in flight."""
    participants = clock["participants"]
    return bool(participants) and not clock["in_flight"] and all(member["parked"] for member in participants)


def clock_text(clock: Mapping[str, Any], *, stands_still: bool) -> str:
    """Return what holds up time in this snapshot of a clock, and how often participants woke with nothing to do."""
    idle = sum(member["idle_wake_ups"] for member in clock["participants"])
    parts = [f"{idle:,} idle wake-ups"] if idle >= _SOME_IDLE_WAKE_UPS else []
    busy = [member["name"] for member in clock["participants"] if not member["parked"]]
    if stands_still and busy:
        parts.append(f"waits for {', '.join(busy)} to park")
    elif stands_still and clock.get("in_flight"):
        parts.append(f"waits for {counted(clock['in_flight'], 'requests')}")
    return " · ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is: the virtual time, the number of requests, and the number of other events by kind."""

    now: str
    requests: int
    events: Mapping[str, int]

    def repeats(self, before: "Progress") -> bool:
        """Return True if there were many requests since then, and nothing came of them."""
        return (self.now, self.events) == (before.now, before.events) and (
            self.requests - before.requests >= _MANY_REQUESTS
        )


class StandstillLimit:
    """A time limit for a bridge that each sign of progress restarts, requests alone only a few times."""

    def __init__(self, new_limit: Callable[[], StartLimit], progress: Callable[[], Progress]) -> None:
        self._new_limit, self._progress = new_limit, progress
        self._before, self._limit = progress(), new_limit()
        self._fruitless = 0

    def is_reached(self) -> bool:
        """Return True if the limit has passed without progress; `RunAbortedError` if because of the machine."""
        if self._limit.left_s > 0:
            return False
        reached = self._progress()
        has_effect = (reached.now, reached.events) != (self._before.now, self._before.events)
        self._fruitless = 0 if has_effect else self._fruitless + 1
        if reached == self._before or reached.repeats(self._before) or self._fruitless > _MOST_FRUITLESS:
            return self._limit.is_over()
        self._before, self._limit = reached, self._new_limit()
        return False


class SupervisedBridge(Protocol):
    """The part of a bridge that time control needs."""

    def check_running(self) -> None:
        """Raise `RunAbortedError` if the bridge has ended by itself."""

    def state_text(self) -> str:
        """Return what is known about a bridge that does not go on, for a message; empty if that is nothing."""

    def processor_wait_s(self) -> float | None:
        """Return how long the bridge has waited for a processor, in seconds; None if that is not known."""


@dataclass(kw_only=True)
class TimeControl:
    """The time that all sandboxes of a run share. `started_at` is the instant at which the shown progress begins.

    With a `rate`, time runs by itself and cannot be advanced. `while_waiting` is called repeatedly while time passes,
    and each of the `watches` looks for a bridge that would keep the run from ending.
    """

    control: ControlClient
    sandboxes: Sequence[str]
    bridge: SupervisedBridge
    progress: ProgressListener
    timeout_s: float
    rate: float | None
    started_at: datetime
    watches: Sequence[ReadingWatch] = ()
    while_waiting: Callable[[], None] = field(default=lambda: None)
    _paced: PacedTime | None = field(default=None, init=False)
    _passes: bool = field(default=False, init=False)
    _has_idle_note: bool = field(default=False, init=False)
    _waits_for: str = field(default="", init=False)
    _shown: str = field(default="", init=False)

    @property
    def sandbox(self) -> str:
        """The sandbox by which the clock is read and moved."""
        return self.sandboxes[0]

    @property
    def is_paced(self) -> bool:
        """True if the bridge takes no part in virtual time, and time waits for what it owes."""
        return self._paced is not None

    def let_pass(self, *, passes: bool) -> None:
        """Let virtual time pass by itself at rate 1, as for a bridge that waits for a rate limit, or stop it."""
        if passes != self._passes:
            self.control.set_clock_rate(self.sandbox, 1 if passes else None)
            self._passes = passes

    def pace(self) -> None:
        """Let time wait for what the bridge owes, from now on."""
        self._passes = True
        self._paced = PacedTime(
            control=self.control,
            sandboxes=self.sandboxes,
            patience=Patience(timeout_s=self.timeout_s),
            supervise=self._supervise_paced,
            in_background=self._call_in_background,
        )

    def set_instants(self, instants: Sequence[datetime], *, change_rules: bool) -> None:
        """Give a paced clock the instants of the scenario; `change_rules` if a message may become wrong later."""
        if self._paced is not None:
            self._paced.instants, self._paced.instants_change_rules = tuple(instants), change_rules

    def jump(self, target: datetime) -> None:
        """Move a paced clock, whatever work is outstanding."""
        if self._paced is not None:
            self._paced.jump(target)

    def now(self) -> datetime:
        """Return the time of the sandbox."""
        return datetime.fromisoformat(self.control.clock(self.sandbox)["now"])

    def at_rest(self) -> bool:
        """Return True if time is virtual, every participant is parked, and nothing is in flight."""
        return self.rate is None and at_rest(self.control.clock(self.sandbox))

    def advance(self, by: timedelta) -> None:
        """Advance time; an advance by zero waits until everything that is due now is done.

        A request that times out is repeated as long as there is progress; otherwise `RunAbortedError`.
        """
        target_time = self.now() + by
        if self.rate is not None:
            self._wait_in_real_time(target_time)
            return
        self._end_pace_of_participant()
        if self._paced is not None:
            self._advance_paced(self._paced, target_time)
            return
        target = {"to": iso_utc(target_time)}
        with ControlClient(self.control.url) as own:
            before: Progress | None = None
            while True:
                waited_before = self.bridge.processor_wait_s()
                try:
                    self._call_in_background(lambda: own.advance(self.sandbox, target, self.timeout_s))
                except NotQuietError as error:
                    reached = self.reached()
                    if before is not None and reached.repeats(before):
                        raise RunAbortedError(_without_pause(reached.requests - before.requests, error)) from error
                    if reached == before:
                        raise RunAbortedError(self._not_quiet(error, waited_before)) from error
                    before = reached
                else:
                    return

    def show(self) -> None:
        """Show the progress."""
        clock = self.control.clock(self.sandbox)
        now = str(clock["now"])
        self._note_idle_wake_ups(clock)
        stands_still, self._shown = now == self._shown, now
        waits_for = self._waits_for or clock_text(clock, stands_still=stands_still)
        self.progress.wait_for(waits_for, jumps_next=bool(self._waits_for))
        # In real time, a scenario begins at the next full second.
        passed = max(timedelta(), datetime.fromisoformat(now) - self.started_at)
        self.progress.show(passed, now, self._counts())

    def _wait_in_real_time(self, target: datetime) -> None:
        while self.now() < target:
            self._supervise()
            self.show()
            pause(_SHOW_EVERY_S)
        self.show()

    def _end_pace_of_participant(self) -> None:
        """Let a bridge that has joined the clock late take part from now on."""
        participants = self.control.clock(self.sandbox)["participants"]
        if self._paced is not None and any(member["name"] != HARNESS for member in participants):
            self._paced = None
            self.let_pass(passes=False)
            self.progress.note("Your bridge has joined the virtual clock, so the run no longer waits in real time.")

    def _advance_paced(self, paced: PacedTime, target: datetime) -> None:
        waited_before = self.bridge.processor_wait_s()
        try:
            paced.advance(target)
        except NotQuietError as error:
            raise RunAbortedError(self._not_quiet(error, waited_before)) from error
        self._supervise_paced(None)

    def _supervise(self) -> None:
        """Raise `RunAbortedError` if the bridge has ended, or if the run would never end."""
        end_if_interrupted()
        self.while_waiting()
        self.bridge.check_running()
        for watch in self.watches:
            aborted = watch.endless_work()
            if aborted is not None:
                raise RunAbortedError(aborted)

    def _supervise_paced(self, outstanding: Outstanding | None) -> None:
        self._supervise()
        self._waits_for = "" if outstanding is None else f"waits for {outstanding_text(outstanding)}"
        self.show()

    def _note_idle_wake_ups(self, clock: Mapping[str, Any]) -> None:
        """Print once that a participant wakes again and again with nothing to do: that makes a run last for hours."""
        worst = max(clock["participants"], key=lambda member: member["idle_wake_ups"], default=None)
        if worst is None or worst["idle_wake_ups"] < _MANY_IDLE_WAKE_UPS or self._has_idle_note:
            return
        self._has_idle_note = True
        self.progress.note(
            f"Your bridge (participant {worst['name']}) woke {worst['idle_wake_ups']:,} times with nothing to do."
            " Each time costs real time: park until the next due time, not for a moment."
        )

    def reached(self) -> "Progress":
        """Return how far the run is."""
        counts = self._counts()
        # An advance is itself an event, of the kind `clock`.
        events = {kind: n for kind, n in counts.items() if kind not in {"clock", "request"}}
        now = str(self.control.clock(self.sandbox)["now"])
        return Progress(now=now, requests=counts.get("request", 0), events=events)

    def _counts(self) -> Counter[str]:
        """Return how many events of each kind all clients have."""
        counts: Counter[str] = Counter()
        for sandbox in self.sandboxes:
            counts.update(self.control.state(sandbox)["counts"])
        return counts

    def _call_in_background(self, call: Callable[[], object]) -> None:
        """Make a blocking call in a second thread; meanwhile show the progress and supervise the bridge."""
        done = threading.Event()
        raised: list[Exception] = []

        def work() -> None:
            try:
                call()
            except Exception as error:  # noqa: BLE001  # it is raised again in the thread that waits
                raised.append(error)
            finally:
                done.set()

        threading.Thread(target=work, daemon=True).start()
        while not done.wait(_SHOW_EVERY_S):
            self._supervise()
            self.show()
        if raised:
            raise raised[0]
        self.show()

    def _not_quiet(self, error: NotQuietError, waited_before: float | None) -> RunAborted:
        self.bridge.check_running()
        waited = self.bridge.processor_wait_s()
        waited_s = 0.0 if waited is None or waited_before is None else waited - waited_before
        return end_of_standstill(error, self.bridge.state_text(), self.timeout_s, waited_s=waited_s)


def end_of_standstill(error: NotQuietError, bridge: str, timeout_s: float, *, waited_s: float = 0.0) -> RunAborted:
    """Return the end of a run where time does not move; `bridge` is what is known about the bridge.

    `waited_s` is how long it waited for a processor during the last `timeout_s`.
    """
    if error.answering:
        return _overloaded(error, timeout_s)
    if waited_s >= _STARVED * timeout_s:
        return _starved(error, timeout_s, waited_s)
    return RunAborted(
        blame="bridge",
        cause="the bridge did not become idle",
        reason="stuck",
        expected=f"every participant to park within {timeout_s:.0f} s",
        got=str(error) + (f"; {bridge}" if bridge else ""),
    )


def _overloaded(error: NotQuietError, timeout_s: float) -> RunAborted:
    """Return the end of a run where the simulators do not answer the bridge, which is not its fault."""
    return RunAborted(
        blame="harness",
        reason="harness",
        cause="the simulators did not answer the bridge in time",
        expected=f"a response to each request within {timeout_s:.0f} s",
        got=error.detail,
        remedy="repeat the run on a machine with less load, or with a longer --timeout",
    )


def _starved(error: NotQuietError, timeout_s: float, waited_s: float) -> RunAborted:
    """Return the end of a run where the bridge got no processor, which is not its fault."""
    return RunAborted(
        blame="harness",
        reason="harness",
        cause="the machine was overloaded, and the bridge got no processor",
        expected=f"a bridge that can work, and park within {timeout_s:.0f} s",
        got=f"{error.detail}; its threads waited {waited_s:.0f} s for a processor",
        remedy="repeat the run on a machine with less load, or with a longer --timeout",
    )


def _without_pause(requests: int, error: NotQuietError) -> RunAborted:
    """Return the end of a run where the bridge repeats its requests forever, so that time cannot pass."""
    return RunAborted(
        blame="bridge",
        reason="stuck",
        cause="the bridge repeats its requests without a pause, so time cannot pass",
        expected="a bridge that waits after a failure: it parks until the next attempt is due",
        got=f"{requests:,} requests at one instant, and nothing came of them; {error.detail}",
        remedy="wait before each attempt, longer after each failure, and at least as long as Retry-After says",
    )
