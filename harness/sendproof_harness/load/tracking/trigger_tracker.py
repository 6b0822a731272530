"""Tracker of triggered messages under load: each message contains the number of its trigger, so its due time is known.

The tracker keeps 17 bytes per trigger: its planned time, the time Optimove accepted its event, and the number of its
messages. A latency lasts from the intended start to the time the provider accepted the message, so it includes every
delay: a late load generator, a connection that is waited for, the simulators, the bridge. All times are by the clock of
the simulators, in seconds since the epoch.
"""

import re
from array import array
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from sendproof_harness.judge.facts.deliveries.deadlines import TRIGGER_LATE_AFTER
from sendproof_harness.load.counters import Counts
from sendproof_harness.load.tracking.campaign_tracker import JournalLine, ResponseRecorder

#: Event of a customer that meets the trigger, and its parameter that the template contains.
ORDER_EVENT = "load_order"
ORDER_PARAMETER = "order"
_ORDER = re.compile(r"order ([0-9]{9})\b")
_MESSAGE_LOSSES = ("duplicated", "wrong text", "wrong number", "sent to opted-out", "late")
_MAX_SEEN = 255
#: The events that the simulators did not answer; they say nothing about the bridge.
UNANSWERED = "unanswered"
#: The messages whose event 11 the simulators had not sent at the end; they say nothing about the bridge.
UNSENT = "never announced"
_TRIGGER_MET = "11"


@dataclass(frozen=True, slots=True)
class ExpectedMessage:
    """Message that is due for one trigger: its number and text. None as text means that no message is due."""

    customer: str
    number: str | None
    text: str | None


class _Parameters(msgspec.Struct):
    order: str = ""


_parse_parameters = msgspec.json.Decoder(_Parameters).decode


def format_order(number: int) -> str:
    """Return the number of a trigger as in its event and its text: nine digits."""
    return f"{number:09d}"


class TriggerTracker:
    """Tracker of the triggers of one worker: those with the remainder `share` when divided by `shares`."""

    def __init__(
        self,
        counts: Counts,
        expected_message: Callable[[int], ExpectedMessage],
        record_response: ResponseRecorder,
        total: int,
        share: int = 0,
        shares: int = 1,
    ) -> None:
        """Create a tracker for its share of `total` triggers."""
        self._counts = counts
        self._expected_message = expected_message
        self._record_response = record_response
        self._share, self._shares = share, shares
        size = len(range(share, total, shares))
        self._planned = array("d", bytes(8 * size))
        self._accepted = array("d", bytes(8 * size))
        self._seen = array("B", bytes(size))
        self._start: float | None = None
        self.fired = 0
        self.arrived = 0
        self.due = 0
        self._handlers: Mapping[str, Callable[[JournalLine, float], None]] = {
            "customer_event": self._count_event,
            "delivery": self._count_delivery,
            "webhook": self._count_webhook,
        }
        self._unanswered: set[int] = set()
        # The events 11 that are still to come, by customer: fired ones add to it, sent ones reduce it.
        self._unsent = Counter[str]()
        for loss in ("lost", *_MESSAGE_LOSSES, "unexpected"):
            counts.record_checked(loss, "messages", "bridge", 0)
        counts.record_checked(UNANSWERED, "events", "harness", 0)
        counts.record_checked(UNSENT, "messages", "harness", 0)

    def record_fired(self, number: int, planned: float, late_s: float) -> None:
        """Record that a trigger of this share is fired now, `late_s` seconds after its `planned` time."""
        self._planned[number // self._shares] = planned
        self._counts.record_delay(late_s * 1000)
        self._counts.losses[UNANSWERED].looked_at += 1
        self.fired += 1
        if self._expected_message(number).text is not None:
            self.due += 1
            self._counts.losses["lost"].looked_at += 1
            self._counts.losses[UNSENT].looked_at += 1

    def record_unanswered(self, number: int, reason: str) -> None:
        """Record that the simulators did not answer the event of a trigger: it is not known if it was fired.

        Its message is only due if the journal shows the event.
        """
        self._counts.record_losses(UNANSWERED, f"order {format_order(number)}: {reason}")
        if not self._accepted[number // self._shares]:
            self._unanswered.add(number)

    @property
    def outstanding(self) -> int:
        """The number of messages that are due and have not arrived."""
        unknown = sum(self._expected_message(number).text is not None for number in self._unanswered)
        return self.due - unknown - self.arrived

    def process(self, line: JournalLine) -> None:
        """Count a line of the journal."""
        if self._start is None:
            self._start = line.real
        handle = self._handlers.get(line.kind)
        if handle is not None:
            handle(line, line.real - self._start)

    def finish(self) -> None:
        """Count the lost messages at the end, newest first: of a customer's events, the newest are sent last."""
        for index in reversed(range(len(self._seen))):
            number = index * self._shares + self._share
            if not self._seen[index] and self._planned[index] and number not in self._unanswered:
                expected = self._expected_message(number)
                if expected.text is not None:
                    self._count_missing(expected.customer, number)

    def _count_missing(self, customer: str, number: int) -> None:
        is_unsent = self._unsent[customer] > 0
        if is_unsent:
            self._unsent[customer] -= 1
        what = "no event 11" if is_unsent else "no message"
        self._counts.record_losses(
            UNSENT if is_unsent else "lost", f"{customer}: {what} for order {format_order(number)}"
        )

    def _count_event(self, line: JournalLine, at: float) -> None:
        order = _parse_parameters(line.parameters).order
        if order.isdigit() and int(order) % self._shares == self._share:
            self._counts.record_events("triggers", "triggers", 1, at)
            self._accepted[int(order) // self._shares] = line.real
            self._unsent[self._expected_message(int(order)).customer] += 1
            self._unanswered.discard(int(order))

    def _count_delivery(self, line: JournalLine, at: float) -> None:
        found = _ORDER.search(line.text)
        if found is None:
            if self._share == 0:
                self._counts.record_checked("unexpected", "messages", "bridge")
                self._counts.record_losses("unexpected", f"{line.number}: {line.text}")
        elif int(found[1]) % self._shares == self._share:
            self._counts.record_events("sending", "messages", 1, at)
            self._check_message(int(found[1]), line)

    def _check_message(self, number: int, line: JournalLine) -> None:
        index, expected = number // self._shares, self._expected_message(number)
        for loss in (*_MESSAGE_LOSSES, "unexpected"):
            self._counts.losses[loss].looked_at += 1
        if index >= len(self._seen) or not self._planned[index]:
            self._counts.record_losses("unexpected", f"{line.number}: {line.text}")
            return
        self._seen[index] = min(self._seen[index] + 1, _MAX_SEEN)
        defect = self._defect(index, expected, line)
        if defect is not None:
            self._counts.record_losses(defect, f"{expected.customer}, {line.number}: {line.text}")
        if self._seen[index] == 1 and defect in {None, "late"}:
            self.arrived += 1
            self._record_response("message", max(0.0, line.real - self._planned[index]) * 1000, None)

    def _defect(self, index: int, expected: ExpectedMessage, line: JournalLine) -> str | None:
        if expected.text is None:
            return "sent to opted-out"
        if self._seen[index] > 1:
            return "duplicated"
        if line.number != expected.number:
            return "wrong number"
        if line.text != expected.text:
            return "wrong text"
        # The bridge is not blamed for delays before Optimove accepted the event.
        return "late" if (line.real - self._accepted[index]) * 1000 > TRIGGER_LATE_AFTER else None

    def _count_webhook(self, line: JournalLine, at: float) -> None:
        del at
        if line.event == _TRIGGER_MET and line.attempt == 1 and line.key.count(":") > 1:
            self._unsent[line.key.split(":")[-2]] -= 1
        if line.duration_ms is None or self._share:
            return
        is_success = isinstance(line.status, int) and 200 <= line.status < 300  # noqa: PLR2004 - success in HTTP
        name = "acknowledgement" if line.service == "optimove" else "receipt"
        self._record_response(name, line.duration_ms, None if is_success else line.error or f"status {line.status}")
