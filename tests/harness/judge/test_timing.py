"""Send times: early, late, and off by a time zone."""

import pytest

from history_builder import START, HistoryBuilder
from sendproof_harness.history.timestamps import HOUR, MINUTE, SECOND, iso, parse_instant
from sendproof_harness.judge.checks.timing import CHECKS, zone_offset
from sendproof_harness.judge.facts.deliveries.ledger import ledger


def shifted(run: HistoryBuilder, by: int) -> HistoryBuilder:
    """Shift all send times."""
    return run.change("delivery", lambda line: line | {"send_at": iso(parse_instant(str(line["send_at"])) + by)})


def test_messages_on_time_pass(correct_run):
    assert correct_run.findings(CHECKS) == []


@pytest.mark.parametrize("by", [-SECOND, 0, 5 * MINUTE])
def test_messages_within_tolerance_pass(correct_run, by):
    """Providers round to seconds, and a batch takes some minutes."""
    assert shifted(correct_run, by).findings(CHECKS) == []


@pytest.mark.parametrize(
    ("by", "cause", "kind"),
    [
        (-2 * SECOND, "early: sent before it was due", "early"),
        (-20 * MINUTE, "early: sent before it was due", "early"),
        (5 * MINUTE + SECOND, "late: sent more than 5 min after it was due", "late"),
        (-HOUR, "sent at local time: exactly 1 h early, as if local time were UTC", "early"),
        (HOUR + 30 * SECOND, "sent at local time: exactly 1 h late, as if local time were UTC", "late"),
        (-(5 * HOUR + 30 * MINUTE), "sent at local time: exactly 5 h 30 min early, as if local time were UTC", "early"),
    ],
)
def test_messages_off_time_fail_with_likely_cause(correct_run, by, cause, kind):
    run = shifted(correct_run, by)

    assert [finding.cause for finding in run.findings(CHECKS)] == [cause] * 10
    assert ledger(run.history()).counts[kind] == 10


def test_zone_offset_is_none_for_offsets_of_no_zone():
    assert [zone_offset(by) for by in (15 * MINUTE, 30 * MINUTE, 14 * HOUR, 15 * HOUR)] == [None, None, 14 * HOUR, None]


@pytest.mark.parametrize("clock", [{"mode": "virtual", "rate": None}, {"mode": "real", "rate": 60}])
def test_send_times_are_unknown_without_shared_clock(correct_run, clock):
    header = correct_run.lines[0] | {"clock": clock | {"start": None, "participants": []}}
    run = shifted(HistoryBuilder((header, *correct_run.without("clock").lines[1:])), -HOUR)

    assert [finding.level for finding in run.findings(CHECKS)] == ["unknown"]
    assert ledger(run.history()).counts["ok"] == 10


def test_send_times_are_judged_in_real_time(correct_run):
    header = correct_run.lines[0] | {"clock": {"mode": "real", "start": None, "rate": 1, "participants": []}}

    assert HistoryBuilder((header, *correct_run.without("clock").lines[1:])).findings(CHECKS) == []


def test_campaign_sent_at_announcement_is_recognised(correct_run):
    run = correct_run.change("delivery", lambda line: line | {"send_at": iso(START + 2 * HOUR)})

    assert {finding.cause for finding in run.findings(CHECKS)} == {
        "early: sent as soon as the campaign was announced, as if it had no scheduled time"
    }
