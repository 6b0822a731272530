"""How long a run waits for a bridge to start, in real time.

On an overloaded machine, a start takes long without any fault of the bridge. So the time for which the processes of the
run waited for a processor does not count, up to a bound.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.processes import processor_wait_s

#: A wait ends after so many times its limit, however busy the machine is.
MOST_LIMITS = 5
# Each look reads some files of each thread.
_LOOK_EVERY_S = 1.0


def _waited_s() -> float:
    """Return how long this process and its children, such as the bridge, have waited for a processor, in seconds."""
    return processor_wait_s(os.getpid()) or 0.0


class ProcessorWait:
    """The seconds for which the processes of the run have waited for a processor, from now on.

    `read` returns those of the processes that exist. Those of a process that has ended are no longer part of it, so
    each look adds what has come since the one before.
    """

    def __init__(self, read: Callable[[], float] = _waited_s) -> None:
        self._read, self._seen, self._total = read, read(), 0.0

    def look(self) -> float:
        """Return the seconds until now."""
        seen = self._read()
        self._total += max(0.0, seen - self._seen)
        self._seen = seen
        return self._total


@dataclass(kw_only=True)
class StartLimit:
    """A limit of `limit_s` real seconds from now on. `now` is a clock in seconds: only its differences count."""

    limit_s: float
    now: Callable[[], float] = monotonic
    processor_wait: ProcessorWait = field(default_factory=ProcessorWait)
    _began: float = field(init=False)
    _waited: float = field(default=0.0, init=False)
    _looked_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self._looked_at = self.now()

    @property
    def left_s(self) -> float:
        """The seconds until the limit; 0 if it has passed."""
        now = self.now()
        if now - self._looked_at >= _LOOK_EVERY_S:
            self._waited, self._looked_at = self.processor_wait.look(), now
        return max(0.0, min(self.limit_s + self._waited, MOST_LIMITS * self.limit_s) - (now - self._began))

    def is_over(self) -> bool:
        """Return True if the limit has passed because of the bridge; `RunAbortedError` if because of the machine."""
        if self.left_s > 0:
            return False
        self.check_machine()
        return True

    def check_machine(self) -> None:
        """Raise `RunAbortedError`, which does not blame the bridge, if the bridge got too little processor time."""
        if self.now() - self._began - self._waited <= self.limit_s:
            raise RunAbortedError(self._overloaded())

    def _overloaded(self) -> RunAborted:
        return RunAborted(
            blame="harness",
            reason="harness",
            cause="the machine was overloaded, and the bridge got no processor",
            expected=f"a bridge that can start within {self.limit_s:.0f} s",
            got=f"{self.now() - self._began:.0f} s; processes waited {self._waited:.0f} s for a processor",
            remedy="repeat the run on a machine with less load, or with a longer --timeout",
        )
