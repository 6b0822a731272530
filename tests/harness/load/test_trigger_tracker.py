"""Triggered messages under load: each is known by its number, and timed from when its trigger was to be fired."""

import json

from sendproof_harness.load.campaign_tracker import parse_journal
from sendproof_harness.load.counters import Counts
from sendproof_harness.load.trigger_tracker import ExpectedMessage, TriggerTracker, format_order


def expected(number: int) -> ExpectedMessage:
    """Everybody is owed a message, but for the fourth."""
    text = None if number == 3 else f"Hello, order {format_order(number)} is on its way."
    return ExpectedMessage(f"C{number}", f"4471000000{number:02d}", text)


class Fired:
    """Five triggers a second apart from second 100 on, each fired two milliseconds late."""

    def __init__(self, share: int = 0, shares: int = 1) -> None:
        self.counts, self.latencies = Counts(), []
        answered = lambda name, ms, wrong: self.latencies.append((name, round(ms)))  # noqa: E731 - a stand-in
        self.tracker = TriggerTracker(self.counts, expected, answered, total=5, share=share, shares=shares)
        for number in range(share, 5, shares):
            self.tracker.record_fired(number, 100.0 + number, 0.002)
            self.tell("customer_event", 100.01 + number, parameters={"order": format_order(number)})

    def tell(self, kind: str, real: float, **fields: object) -> None:
        for one in parse_journal(json.dumps({"kind": kind, "real": real, **fields}).encode()):
            self.tracker.process(one)

    def deliver(self, number: int, real: float, text: str | None = None, to: str | None = None) -> None:
        said = f"Hello, order {format_order(number)} is on its way." if text is None else text
        self.tell("delivery", real, number=to or expected(number).number, text=said)

    def wrong(self) -> dict[str, int]:
        self.tracker.finish()
        return {name: loss.count for name, loss in self.counts.losses.items() if loss.count}


def test_the_latency_counts_from_the_intended_start():
    """Whatever held the message up."""
    fired = Fired()
    fired.deliver(0, 100.25)
    fired.deliver(2, 103.0)
    assert fired.latencies == [("message", 250), ("message", 1000)]
    assert fired.counts.behind_ms == 2.0


def test_all_that_is_owed_has_to_come():
    """Four of five are owed; two have come."""
    fired = Fired()
    fired.deliver(0, 100.1)
    fired.deliver(4, 104.1)
    assert (fired.tracker.due, fired.tracker.arrived) == (4, 2)
    assert fired.wrong() == {"lost": 2}
    assert fired.counts.losses["lost"].examples[0] == "C1: nothing came for order 000000001"


def test_each_defect_has_its_name():
    """A second one, a text of somebody else's, another number, one who opted out, and one that nobody asked for."""
    fired = Fired()
    fired.deliver(0, 100.1)
    fired.deliver(0, 100.2)
    fired.deliver(1, 101.1, text=f"Hi, order {format_order(1)} is on its way.")
    fired.deliver(2, 102.1, to="447999999999")
    fired.deliver(3, 103.1)
    fired.deliver(4, 104.1, text="Hello")
    assert fired.wrong() == {
        "duplicated": 1,
        "wrong text": 1,
        "wrong number": 1,
        "sent to opted-out": 1,
        "unexpected": 1,
        "lost": 1,
    }


def test_a_trigger_is_answered_within_a_minute_of_being_told():
    """However late it was fired; later is late, though it is timed all the same."""
    fired = Fired()
    fired.deliver(0, 160.01)
    fired.deliver(1, 161.02)
    assert fired.latencies == [("message", 60_010), ("message", 60_020)]
    assert fired.wrong() == {"late": 1, "lost": 2}


def test_each_worker_looks_at_its_own_share():
    """What is another's is another's; what belongs to nobody is the first one's."""
    first, second = Fired(0, 2), Fired(1, 2)
    for one in (first, second):
        for number in range(5):
            one.deliver(number, 110.0)
        one.deliver(0, 110.0, text="Hello")
    assert (first.tracker.arrived, second.tracker.arrived) == (3, 1)
    assert first.wrong() == {"unexpected": 1}
    assert second.wrong() == {"sent to opted-out": 1}
