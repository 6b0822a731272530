"""Tracker of triggered messages: matched by number, timed from the planned time of the trigger."""

import json

from sendproof_harness.load.counters import Counts
from sendproof_harness.load.tracking.campaign_tracker import parse_journal
from sendproof_harness.load.tracking.trigger_tracker import ExpectedMessage, TriggerTracker, format_order

OPTED_OUT = 3


def expected_message(number: int) -> ExpectedMessage:
    """Return the message for a trigger; customer 3 is due none."""
    text = None if number == OPTED_OUT else f"Hello, order {format_order(number)} is on its way."
    return ExpectedMessage(f"C{number}", f"4471000000{number:02d}", text)


class FiredTriggers:
    """Five triggers, one per second from second 100, each fired two milliseconds late."""

    def __init__(self, share: int = 0, shares: int = 1, announced: range = range(5)) -> None:
        self.counts, self.latencies = Counts(), []
        record = lambda name, ms, error: self.latencies.append((name, round(ms)))  # noqa: E731 - a stand-in
        self.tracker = TriggerTracker(self.counts, expected_message, record, total=5, share=share, shares=shares)
        for number in range(share, 5, shares):
            self.tracker.record_fired(number, 100.0 + number, 0.002)
            self.add_line("customer_event", 100.01 + number, parameters={"order": format_order(number)})
        self.announce(*announced)

    def announce(self, *numbers: int) -> None:
        """Send event 11 of these triggers."""
        for number in numbers:
            key = f"11:Load:{expected_message(number).customer}:1"
            self.add_line("webhook", 100.02 + number, service="optimove", event="11", key=key)

    def add_line(self, kind: str, real: float, **fields: object) -> None:
        for line in parse_journal(json.dumps({"kind": kind, "real": real, **fields}).encode()):
            self.tracker.process(line)

    def deliver(self, number: int, real: float, text: str | None = None, to: str | None = None) -> None:
        text = f"Hello, order {format_order(number)} is on its way." if text is None else text
        self.add_line("delivery", real, number=to or expected_message(number).number, text=text)

    def losses(self) -> dict[str, int]:
        self.tracker.finish()
        return {name: loss.count for name, loss in self.counts.losses.items() if loss.count}


def test_latency_counts_from_intended_start():
    """A late load generator must not make the bridge look faster."""
    fired = FiredTriggers()
    fired.deliver(0, 100.25)
    fired.deliver(2, 103.0)
    assert fired.latencies == [("message", 250), ("message", 1000)]
    assert fired.counts.behind_ms == 2.0


def test_due_messages_that_never_arrive_are_lost():
    fired = FiredTriggers()
    fired.deliver(0, 100.1)
    fired.deliver(4, 104.1)
    assert (fired.tracker.due, fired.tracker.arrived) == (4, 2)
    assert fired.losses() == {"lost": 2}
    assert fired.counts.losses["lost"].examples[0] == "C2: no message for order 000000002"


def test_message_whose_event_was_never_sent_is_not_lost_by_the_bridge():
    """The simulators were too slow, and the test ended before."""
    fired = FiredTriggers(announced=range(4))
    fired.deliver(0, 100.1)
    assert fired.losses() == {"lost": 2, "never announced": 1}
    assert fired.counts.losses["never announced"].examples == ["C4: no event 11 for order 000000004"]


def test_each_defect_counts_as_its_own_loss():
    fired = FiredTriggers()
    fired.deliver(0, 100.1)
    fired.deliver(0, 100.2)
    fired.deliver(1, 101.1, text=f"Hi, order {format_order(1)} is on its way.")
    fired.deliver(2, 102.1, to="447999999999")
    fired.deliver(OPTED_OUT, 103.1)
    fired.deliver(4, 104.1, text="Hello")
    assert fired.losses() == {
        "duplicated": 1,
        "wrong text": 1,
        "wrong number": 1,
        "sent to opted-out": 1,
        "unexpected": 1,
        "lost": 1,
    }


def test_message_later_than_a_minute_is_late_and_timed():
    """The minute counts from the event's acceptance, not from the planned time."""
    fired = FiredTriggers()
    fired.deliver(0, 160.01)
    fired.deliver(1, 161.02)
    assert fired.latencies == [("message", 60_010), ("message", 60_020)]
    assert fired.losses() == {"late": 1, "lost": 2}


def test_workers_judge_only_their_share():
    """A message without an order number belongs to no share; the first worker counts it, so that it counts once."""
    first, second = FiredTriggers(0, 2), FiredTriggers(1, 2)
    for fired in (first, second):
        for number in range(5):
            fired.deliver(number, 110.0)
        fired.deliver(0, 110.0, text="Hello")
    assert (first.tracker.arrived, second.tracker.arrived) == (3, 1)
    assert first.losses() == {"unexpected": 1}
    assert second.losses() == {"sent to opted-out": 1}


def test_message_of_an_event_without_a_response_is_not_lost():
    """It is unknown if it was fired, so the bridge is not blamed, and the test does not wait for it."""
    counts = Counts()
    tracker = TriggerTracker(counts, expected_message, lambda *_: None, total=5)
    tracker.record_fired(0, 100.0, 0.0)
    tracker.record_unanswered(0, "no response")
    tracker.finish()

    assert tracker.outstanding == 0
    assert {name: loss.count for name, loss in counts.losses.items() if loss.count} == {"unanswered": 1}
    assert counts.losses["unanswered"].blame == "harness"


def test_event_without_a_response_that_the_journal_shows_is_due():
    """Only the response was lost."""
    fired = FiredTriggers()
    fired.tracker.record_unanswered(0, "no response")

    assert fired.tracker.outstanding == 4
    assert fired.losses() == {"unanswered": 1, "lost": 4}
