"""How time passes in a run, while somebody watches whether the bridge lives.

Virtual time is moved by a call that blocks until it is there, made beside the thread that watches; where time runs by
itself, it is waited for.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sendproof_harness.control_client import ControlClient, NotQuietError
from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.processes import pause
from sendproof_harness.run.progress import Watcher
from sendproof_harness.scenario.values import iso_utc

_SHOW_EVERY_S = 0.25


def at_rest(clock: Mapping[str, Any]) -> bool:
    """Return True if this snapshot of a clock has participants, all of them are parked and nothing is in flight."""
    participants = clock["participants"]
    return bool(participants) and not clock["in_flight"] and all(member["parked"] for member in participants)


class Watched(Protocol):
    """The bridge, as far as passing time is concerned."""

    def must_run(self) -> None:
        """Raise `RunAbortedError` when it has ended by itself."""

    def last_words(self) -> str:
        """The end of its log, for a message; empty when somebody else has it."""


@dataclass(kw_only=True)
class TimeControl:
    """The time of one sandbox. `began` is the instant from which the passed time is counted, for whoever watches.

    With a `rate` time runs by itself and cannot be moved. `meanwhile` is done again and again while time passes.
    """

    control: ControlClient
    sandbox: str
    bridge: Watched
    watcher: Watcher
    timeout_s: float
    rate: float | None
    began: datetime
    meanwhile: Callable[[], None] = field(default=lambda: None)

    def now(self) -> datetime:
        """What time it is in the sandbox."""
        return datetime.fromisoformat(self.control.clock(self.sandbox)["now"])

    def at_rest(self) -> bool:
        """Whether everybody who takes part in virtual time is parked, and nothing is under way."""
        return self.rate is None and at_rest(self.control.clock(self.sandbox))

    def move(self, by: timedelta) -> None:
        """Advance, asking again as long as something still happens. By nothing: until all that is due now is done."""
        target_time = self.now() + by
        if self.rate is not None:
            self._sit_out(target_time)
            return
        target = {"to": iso_utc(target_time)}
        with ControlClient(self.control.url) as own:
            before: object = None
            while True:
                try:
                    self._beside(lambda: own.advance(self.sandbox, target, self.timeout_s))
                except NotQuietError as error:
                    reached = self._signs_of_life()
                    if reached == before:
                        raise RunAbortedError(self._stuck(error)) from error
                    before = reached
                else:
                    return

    def show(self) -> None:
        """Tell the watcher where things are."""
        now = str(self.control.clock(self.sandbox)["now"])
        # A scenario in real time begins with the next second.
        passed = max(timedelta(), datetime.fromisoformat(now) - self.began)
        self.watcher.show(passed, now, self.control.state(self.sandbox)["counts"])

    def _sit_out(self, target: datetime) -> None:
        while self.now() < target:
            self.meanwhile()
            self.bridge.must_run()
            self.show()
            pause(_SHOW_EVERY_S)
        self.show()

    def _signs_of_life(self) -> object:
        counts = self.control.state(self.sandbox)["counts"]
        # Asking for time to move is itself an event, of the kind `clock`.
        return self.control.clock(self.sandbox)["now"], {kind: n for kind, n in counts.items() if kind != "clock"}

    def _beside(self, call: Callable[[], object]) -> None:
        """Make a call that blocks in a thread of its own; show how things go, and see whether the bridge lives."""
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
            self.meanwhile()
            self.bridge.must_run()
            self.show()
        if raised:
            raise raised[0]
        self.show()

    def _stuck(self, error: NotQuietError) -> RunAborted:
        self.bridge.must_run()
        words = self.bridge.last_words()
        return RunAborted(
            blame="bridge",
            cause="the bridge did not come to rest",
            expected=f"everybody at rest within {self.timeout_s:.0f} s",
            got=str(error) + (f"; {words}" if words else ""),
        )
