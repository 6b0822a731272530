"""Reports to Optimove around a time when the client's admin had disabled the bridge's key."""

import pytest

from fault_helpers import key_line, with_key_outage
from history_builder import FIRST_SEND, HistoryBuilder
from sendproof_harness.history.timestamps import DAY, HOUR, iso, parse_instant
from sendproof_harness.judge.checks.reports import interactions, metrics, totals

DISABLED = FIRST_SEND + 2 * DAY


def without_pushes(run: HistoryBuilder, start: int, end: int) -> HistoryBuilder:
    return run.without("metrics", lambda line: start < parse_instant(line["at"]) < end)


@pytest.mark.parametrize(
    ("outage", "silence", "causes"),
    [
        (25 * HOUR, 25 * HOUR, []),
        (4 * HOUR, 2 * DAY, ["metrics pushed too rarely", "no metrics for a whole day"]),
    ],
)
def test_pushes_are_missing_only_while_the_key_is_disabled(correct_run, outage, silence, causes):
    run = with_key_outage(correct_run, DISABLED, DISABLED + outage)
    run = without_pushes(run, DISABLED, DISABLED + silence)

    assert [finding.cause for finding in run.findings(metrics.CHECKS[:1])] == causes


# -- single customers -------------------------------------------------------------------------------


WISH = {"n": 0, "at": iso(FIRST_SEND), "real": 0.0, "kind": "scenario", "name": "Small", "file": "small",
        "reports": "campaign_metrics"}  # fmt: skip


def reported_at(run: HistoryBuilder, at: int) -> list[str]:
    """Return the findings if the only report says at one instant that customer 3 was sent a message."""
    line = {"n": 5_000, "at": iso(at), "real": 0.0, "kind": "interactions", "campaign": 7001, "channel": 505,
            "template": 11, "event_id": 0, "date": "2026-03-02", "customers": ["C0000003"]}  # fmt: skip
    found = run.plus(line, WISH).findings(interactions.CHECKS)
    return [finding.cause for finding in found if finding.where.customer == "C0000003"]


LATE = "UpdateCampaignInteractions: sent was reported too late"


@pytest.mark.parametrize(("hours", "late"), [(49, False), (60, True)])
def test_customer_is_reported_late_if_the_key_had_worked_long_enough(correct_run, hours, late):
    """A bridge may report in two rhythms of 8 hours: within 17 hours after it has noticed that the key works."""
    run = with_key_outage(correct_run, FIRST_SEND + HOUR, FIRST_SEND + 31 * HOUR)

    assert (LATE in reported_at(run, FIRST_SEND + hours * HOUR)) is late


@pytest.mark.parametrize(("disabled", "missing"), [(HOUR, []), (2 * DAY, ["sent", "delivered"])])
def test_customer_is_missing_if_the_key_worked_for_long(correct_run, disabled, missing):
    """Nobody enables the key again."""
    run = correct_run.plus(key_line(FIRST_SEND + disabled, 2_000, "disabled"), WISH)
    found = [finding.cause for finding in run.findings(interactions.CHECKS) if finding.where.customer == "C0000003"]

    assert found == [f"UpdateCampaignInteractions: no customer was ever reported as {name}" for name in missing]


@pytest.mark.parametrize(("disabled", "count"), [(2 * HOUR, 0), (2 * DAY, 2)])
def test_days_without_totals_count_if_the_key_worked(correct_run, disabled, count):
    run = correct_run.plus(key_line(FIRST_SEND + disabled, 2_000, "disabled")).without("metrics")

    assert len(run.findings((*metrics.CHECKS, *totals.CHECKS), "fail")) == count
