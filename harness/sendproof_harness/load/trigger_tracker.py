"""Triggered messages under load: each carries the number of its trigger, so it is known when it should have come.

Seventeen bytes a trigger are kept: when it was to be fired, when Optimove took it, and how often a message came for it.
The latency is from the intended start to the instant in which the provider took the message, whatever held it up: a
load generator that is late, a connection that is waited for, the simulators, the bridge. All instants are by the clock
of the simulators.
"""

import re
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from sendproof_harness.judge.facts.deliveries.deadlines import TRIGGER_LATE_AFTER
from sendproof_harness.load.campaign_tracker import JournalLine, ResponseRecorder
from sendproof_harness.load.counters import Counts

#: The event that customers do, and the parameter of it that stands in the text.
ORDER_EVENT = "load_order"
ORDER_PARAMETER = "order"
_NUMBER = re.compile(r"order ([0-9]{9})\b")
_OF_MESSAGES = ("duplicated", "wrong text", "wrong number", "sent to opted-out", "late")
_MOST = 255


@dataclass(frozen=True, slots=True)
class ExpectedMessage:
    """What is owed for one trigger: the number and the text; nothing, when `text` is None."""

    customer: str
    number: str | None
    text: str | None


class _Parameters(msgspec.Struct):
    order: str = ""


_parameters = msgspec.json.Decoder(_Parameters).decode


def format_order(number: int) -> str:
    """As it is told to Optimove, and stands in the text."""
    return f"{number:09d}"


class TriggerTracker:
    """The triggers of one worker: those whose number has the remainder `share` when divided by `shares`."""

    def __init__(
        self,
        counts: Counts,
        expected: Callable[[int], ExpectedMessage],
        answered: ResponseRecorder,
        total: int,
        share: int = 0,
        shares: int = 1,
    ) -> None:
        """Nothing is fired yet of `total` triggers, which all shares have together."""
        self._counts = counts
        self._expected = expected
        self._answered = answered
        self._share, self._shares = share, shares
        mine = len(range(share, total, shares))
        self._planned = array("d", bytes(8 * mine))
        self._taken = array("d", bytes(8 * mine))
        self._seen = array("B", bytes(mine))
        self._began: float | None = None
        self.fired = 0
        self.arrived = 0
        self.due = 0
        self._kinds: Mapping[str, Callable[[JournalLine, float], None]] = {
            "customer_event": self._event,
            "delivery": self._delivery,
            "webhook": self._webhook,
        }
        for name in ("lost", *_OF_MESSAGES, "unexpected"):
            counts.record_checked(name, "messages", "bridge", 0)

    def record_fired(self, number: int, planned: float, late_s: float) -> None:
        """A trigger of this share is being fired, so late; it was `planned` for an instant, in seconds since 1970."""
        self._planned[number // self._shares] = planned
        self._counts.record_delay(late_s * 1000)
        self.fired += 1
        if self._expected(number).text is not None:
            self.due += 1
            self._counts.losses["lost"].looked_at += 1

    def process(self, line: JournalLine) -> None:
        """Count what a line of the journal tells."""
        if self._began is None:
            self._began = line.real
        handle = self._kinds.get(line.kind)
        if handle is not None:
            handle(line, line.real - self._began)

    def finish(self) -> None:
        """All has come that will come."""
        for place, seen in enumerate(self._seen):
            number = place * self._shares + self._share
            if not seen and self._planned[place]:
                expected = self._expected(number)
                if expected.text is not None:
                    self._counts.record_losses(
                        "lost", f"{expected.customer}: nothing came for order {format_order(number)}"
                    )

    def _event(self, line: JournalLine, at: float) -> None:
        number = _parameters(line.parameters).order
        if number.isdigit() and int(number) % self._shares == self._share:
            self._counts.record_events("triggers", "triggers", 1, at)
            self._taken[int(number) // self._shares] = line.real

    def _delivery(self, line: JournalLine, at: float) -> None:
        found = _NUMBER.search(line.text)
        if found is None:
            if self._share == 0:
                self._counts.record_checked("unexpected", "messages", "bridge")
                self._counts.record_losses("unexpected", f"{line.number}: {line.text}")
        elif int(found[1]) % self._shares == self._share:
            self._counts.record_events("sending", "messages", 1, at)
            self._judge(int(found[1]), line)

    def _judge(self, number: int, line: JournalLine) -> None:
        place, expected = number // self._shares, self._expected(number)
        for name in (*_OF_MESSAGES, "unexpected"):
            self._counts.losses[name].looked_at += 1
        if place >= len(self._seen) or not self._planned[place]:
            self._counts.record_losses("unexpected", f"{line.number}: {line.text}")
            return
        self._seen[place] = min(self._seen[place] + 1, _MOST)
        wrong = self._wrong(place, expected, line)
        if wrong is not None:
            self._counts.record_losses(wrong, f"{expected.customer}, {line.number}: {line.text}")
        if self._seen[place] == 1 and wrong in {None, "late"}:
            self.arrived += 1
            self._answered("message", max(0.0, line.real - self._planned[place]) * 1000, None)

    def _wrong(self, place: int, expected: ExpectedMessage, line: JournalLine) -> str | None:
        if expected.text is None:
            return "sent to opted-out"
        if self._seen[place] > 1:
            return "duplicated"
        if line.number != expected.number:
            return "wrong number"
        if line.text != expected.text:
            return "wrong text"
        # What the load generator or the simulators held up before is not the bridge's.
        return "late" if (line.real - self._taken[place]) * 1000 > TRIGGER_LATE_AFTER else None

    def _webhook(self, line: JournalLine, at: float) -> None:
        del at
        if line.duration_ms is None or self._share:
            return
        good = isinstance(line.status, int) and 200 <= line.status < 300  # noqa: PLR2004 - what HTTP calls success
        name = "acknowledgement" if line.service == "optimove" else "receipt"
        self._answered(name, line.duration_ms, None if good else line.error or f"status {line.status}")
