"""Tracker and audit of a campaign: the counts for lines of the journal, and the losses in the history."""

import json

import pytest

from sendproof_harness.load.campaign_audit import audit
from sendproof_harness.load.counters import Counts, merge_counts, stage_results
from sendproof_harness.load.tracking.campaign_tracker import CampaignTracker

NINE = "2026-03-02T09:00:00.000Z"
EXPECTATIONS = [
    json.dumps({"kind": "campaign", "campaign": 7001}).encode(),
    *(
        json.dumps(
            {"kind": "obligation", "customer": f"C{n}", "number": f"44710000000{n}", "due": NINE}
            | ({"text": f"Hello {n}", "owed": True} if n < 3 else {"text": None, "owed": False})
        ).encode()
        for n in range(4)
    ),
]


class TrackedCampaign:
    """Tracker with its counts and the recorded responses, and the history of the same lines."""

    def __init__(self, *, timed: bool = True) -> None:
        self.counts, self.responses = Counts(), []
        self._timed, self._lines = timed, list(EXPECTATIONS)
        record = lambda name, ms, error: self.responses.append((name, ms, error))  # noqa: E731 - a stand-in
        self.tracker = CampaignTracker(self.counts, "textlocal", record)

    def add_line(self, kind: str, real: float, **fields: object) -> None:
        line = {"at": NINE, "real": real, "kind": kind, **fields}
        piece = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        self.tracker.process(piece)
        self._lines.append(piece)

    def deliver(self, *customers: int, at: str = NINE) -> None:
        for n in customers:
            self.add_line("delivery", 20.0 + n, number=f"44710000000{n}", text=f"Hello {n}", send_at=at)

    def finish(self) -> dict[str, int]:
        audited = audit(lambda: self._lines, self.counts, timed=self._timed)
        self.counts = merge_counts([self.counts, audited])
        return {name: loss.count for name, loss in self.counts.losses.items() if loss.count}


def test_correct_campaign_has_no_losses():
    campaign = TrackedCampaign()
    campaign.deliver(0, 1, 2)
    for n in range(2):
        campaign.add_line("delivery_status", 30.0, status="delivered", message=str(n))
    campaign.add_line("metrics", 40.0, items=[metric(0, 3), metric(1, 2)])
    assert campaign.finish() == {}
    assert campaign.counts.losses["lost"].looked_at == 3
    assert campaign.counts.losses["misreported"].looked_at == 2


def metric(metric: int, value: int) -> dict[str, object]:
    """Return one total as a bridge reports it to Optimove."""
    return {"CampaignID": 7001, "TemplateID": 11, "MetricID": metric, "MetricValue": value}


def test_defects_are_counted_by_loss_with_examples():
    campaign = TrackedCampaign()
    campaign.deliver(1, 1, 2, 3)
    campaign.add_line("metrics", 40.0, items=[metric(0, 4), metric(1, 0)])
    assert campaign.finish() == {"lost": 1, "duplicated": 1, "sent to opted-out": 1}
    assert campaign.counts.losses["lost"].examples == ["C0: no right message to 447100000000"]


def test_missing_totals_are_misreported():
    campaign = TrackedCampaign()
    campaign.deliver(0, 1, 2)
    assert campaign.finish() == {"misreported": 1}
    assert campaign.counts.losses["misreported"].examples == ["sent: expected a total of 3, got 0"]


def test_campaign_reported_by_single_events_has_no_totals():
    """Optimove accepts single events instead of totals, so a bridge does not have to report both."""
    campaign = TrackedCampaign()
    campaign.deliver(0, 1, 2)
    campaign.add_line("engagement", 40.0, event="sms_sent")
    assert campaign.finish() == {}
    assert "misreported" not in campaign.counts.losses


def test_obligation_after_a_delivery_is_refused():
    """The ledger is sorted once, so such a history would be judged wrongly."""
    campaign = TrackedCampaign()
    campaign.deliver(0)
    campaign.add_line("obligation", 0.0, customer="C9", number="447", text="Hi", due=NINE, owed=True)
    with pytest.raises(ValueError, match="before the first delivery"):
        campaign.finish()


def test_times_and_totals_are_judged_only_with_virtual_time():
    """A bridge that does not use the sandbox's clock may correctly send and report at other times."""
    early = {"at": "2026-03-02T08:00:00.000Z"}
    timed, untimed = TrackedCampaign(), TrackedCampaign(timed=False)
    timed.deliver(0, 1, 2, **early)
    untimed.deliver(0, 1, 2, **early)
    assert timed.finish() == {"early": 3, "misreported": 1}
    assert untimed.finish() == {}
    assert {"early", "late", "misreported"} & untimed.counts.losses.keys() == set()


def test_stages_last_from_first_to_last_event():
    """Reading is the exception: it starts with the announcement."""
    campaign = TrackedCampaign()
    campaign.add_line("webhook", 10.0, service="optimove", event="13", status=200, duration_ms=4.5)
    campaign.add_line("request", 12.0, service="optimove", summary={"rows": 4})
    campaign.add_line("request", 15.0, service="xtremepush", summary={"rows": 9})
    campaign.deliver(0, 1, 2)
    campaign.add_line("webhook", 31.0, service="textlocal", event="receipt", status=200, duration_ms=2.0)
    campaign.add_line("webhook", 32.0, service="textlocal", event="receipt", status=500, duration_ms=9.0)
    campaign.finish()
    stages = {stage.name: (stage.count, stage.seconds) for stage in stage_results(campaign.counts)}
    assert stages == {"reading": (4, 2.0), "sending": (3, 2.0), "receipts": (1, 0.0), "whole way": (3, 21.0)}
    assert campaign.responses == [
        ("acknowledgement", 4.5, None),
        ("receipt", 2.0, None),
        ("receipt", 9.0, "status 500"),
    ]
