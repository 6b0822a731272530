"""The end of a conformance run whose listener never responds in time.

Each further webhook would take a whole timeout, and there are dozens of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from sendproof_harness.handover.format import PLATFORM
from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.context import RunContext
from sendproof_harness.run.steps.time import advance
from sendproof_harness.scenario.model import Advance

# Fewer may be a slow start, for example of a program that is compiled at its first request.
_MAX_TIMEOUTS = 3
_LOOK_EVERY_S = 2.0
_EVENTS = ("13", "11", "1")
# The simulators' error of an attempt without a response in time.
_TIMEOUT = "no response within"


@dataclass(kw_only=True)
class SlowListenerWatch:
    """Ends the run if no webhook of Optimove was answered, and several got no response in time."""

    context: RunContext
    _next_look: float = field(default=0.0, init=False)

    def look(self) -> None:
        """Look at the webhooks now and then; raise `RunAbortedError` if none gets a response in time."""
        if monotonic() < self._next_look:
            return
        self._next_look = monotonic() + _LOOK_EVERY_S
        attempts = list(self._attempts())
        timeouts = [attempt for attempt in attempts if str(attempt["error"]).startswith(_TIMEOUT)]
        if len(timeouts) >= _MAX_TIMEOUTS and len(timeouts) == len(attempts):
            raise RunAbortedError(_too_slow(timeouts))

    def _attempts(self) -> Iterator[Mapping[str, Any]]:
        sandbox, control = self.context.sandboxes[0], self.context.control
        for event in _EVENTS:
            for webhook in control.webhooks(sandbox, PLATFORM, event):
                yield from webhook["attempts"]


def _too_slow(timeouts: list[Mapping[str, Any]]) -> RunAborted:
    return RunAborted(
        blame="bridge",
        reason="stuck",
        cause="the listener responds too slowly to every webhook",
        expected="a response within 10 s",
        got=f"{len(timeouts)} of {len(timeouts)} webhooks with {timeouts[-1]['error']}",
        remedy="store the event and respond at once; do the work afterwards",
    )


def advance_and_watch(context: RunContext, step: Advance) -> None:
    """Let time pass like the step `advance`, and end the run early if the listener is too slow."""
    before, watch = context.time.while_waiting, SlowListenerWatch(context=context)

    def look() -> None:
        before()
        watch.look()

    context.time.while_waiting = look
    try:
        advance(context, step)
    finally:
        context.time.while_waiting = before
