"""What the journal of a sandbox tells, as the follower of a campaign counts it."""

import json

from sendproof_harness.load.campaign_tracker import CampaignTracker, parse_obligations
from sendproof_harness.load.counters import Counts, stage_results

NINE = "2026-03-02T09:00:00.000Z"
TRUTH = [
    json.dumps({"kind": "campaign", "campaign": 7001}).encode(),
    *(
        json.dumps(
            {"kind": "obligation", "customer": f"C{n}", "number": f"44710000000{n}", "due": NINE}
            | ({"text": f"Hello {n}", "owed": True} if n < 3 else {"text": None, "owed": False})
        ).encode()
        for n in range(4)
    ),
]


class Following:
    """A follower, with what it has counted and been answered."""

    def __init__(self, *, timed: bool = True) -> None:
        self.counts, self.answers = Counts(), []
        answered = lambda name, ms, wrong: self.answers.append((name, ms, wrong))  # noqa: E731 - one line of a stand-in
        self.tracker = CampaignTracker(self.counts, "textlocal", answered, timed=timed)

    def tell(self, kind: str, real: float, **fields: object) -> None:
        line = {"kind": kind, "at": NINE, "real": real, **fields}
        piece = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        assert self.tracker.can_process(piece)
        self.tracker.process(piece)

    def deliver(self, *people: int, at: str = NINE) -> None:
        for n in people:
            self.tell("delivery", 20.0 + n, number=f"44710000000{n}", text=f"Hello {n}", send_at=at)

    def finish(self) -> dict[str, int]:
        self.tracker.finish(lambda: parse_obligations(TRUTH))
        return {name: loss.count for name, loss in self.counts.losses.items() if loss.count}


def ready(*, timed: bool = True) -> Following:
    """Everybody knows what is owed."""
    following = Following(timed=timed)
    following.tracker.set_obligations(parse_obligations(TRUTH))
    return following


def test_a_campaign_that_goes_right_has_no_losses():
    """Three messages and the totals that the provider would give."""
    following = ready()
    following.deliver(0, 1, 2)
    for n in range(2):
        following.tell("delivery_status", 30.0, status="delivered", message=str(n))
    following.tell("metrics", 40.0, items=[metric(0, 3), metric(1, 2)])
    assert following.finish() == {}
    assert following.counts.losses["lost"].looked_at == 3
    assert following.counts.losses["misreported"].looked_at == 2


def metric(metric: int, value: int) -> dict[str, object]:
    """One total as Optimove is told it."""
    return {"CampaignID": 7001, "TemplateID": 11, "MetricID": metric, "MetricValue": value}


def test_what_is_wrong_is_told_by_name_and_by_example():
    """Somebody gets nothing, somebody two, and somebody who is to get nothing gets one."""
    following = ready()
    following.deliver(1, 1, 2, 3)
    following.tell("metrics", 40.0, items=[metric(0, 4), metric(1, 0)])
    assert following.finish() == {"lost": 1, "duplicated": 1, "sent to opted-out": 1}
    assert following.counts.losses["lost"].examples == ["C0: nothing came to 447100000000"]


def test_totals_are_compared_when_all_is_over():
    """Nothing reported at all is wrong, too."""
    following = ready()
    following.deliver(0, 1, 2)
    assert following.finish() == {"misreported": 1}
    assert following.counts.losses["misreported"].examples == ["sent: expected 3 in the end, got 0"]


def test_single_events_are_another_way_to_report():
    """Then there are no totals to compare."""
    following = ready()
    following.deliver(0, 1, 2)
    following.tell("engagement", 40.0, event="sms_sent")
    assert following.finish() == {}
    assert "misreported" not in following.counts.losses


def test_messages_wait_until_it_is_known_what_is_owed():
    """A piece of the journal with a message is not taken before."""
    following = Following()
    assert following.tracker.can_process(b'{"kind":"request","real":1}\n')
    assert not following.tracker.can_process(b'{"kind":"delivery","real":1}\n')


def test_times_are_judged_only_of_a_bridge_that_can_know_them():
    """Of another it is not said that nothing was late, nor that it should have reported by then."""
    early = {"at": "2026-03-02T08:00:00.000Z"}
    timed, untimed = ready(), ready(timed=False)
    timed.deliver(0, 1, 2, **early)
    untimed.deliver(0, 1, 2, **early)
    assert timed.finish() == {"early": 3, "misreported": 1}
    assert untimed.finish() == {}
    assert {"early", "late", "misreported"} & untimed.counts.losses.keys() == set()


def test_stages_last_from_their_first_event_to_their_last():
    """By real time; reading begins with the announcement."""
    following = ready()
    following.tell("webhook", 10.0, service="optimove", event="13", status=200, duration_ms=4.5)
    following.tell("request", 12.0, service="optimove", summary={"rows": 4})
    following.tell("request", 15.0, service="xtremepush", summary={"rows": 9})
    following.deliver(0, 1, 2)
    following.tell("webhook", 31.0, service="textlocal", event="receipt", status=200, duration_ms=2.0)
    following.tell("webhook", 32.0, service="textlocal", event="receipt", status=500, duration_ms=9.0)
    following.finish()
    told = {stage.name: (stage.count, stage.seconds) for stage in stage_results(following.counts)}
    assert told == {"reading": (4, 2.0), "sending": (3, 2.0), "receipts": (1, 0.0), "whole way": (3, 21.0)}
    assert following.answers == [
        ("acknowledgement", 4.5, None),
        ("receipt", 2.0, None),
        ("receipt", 9.0, "status 500"),
    ]
