"""Send times: early, late, and the special case of a wrong time zone."""

import pytest

from history_builder import START, HistoryBuilder
from sendproof_harness.history.timestamps import HOUR, MINUTE, SECOND, iso, parse_instant
from sendproof_harness.judge.checks.timing import CHECKS, zone_offset
from sendproof_harness.judge.facts.delivery_ledger import ledger


def shifted(run: HistoryBuilder, by: int) -> HistoryBuilder:
    """Every message sent so much later."""
    return run.change("delivery", lambda line: line | {"send_at": iso(parse_instant(str(line["send_at"])) + by)})


def test_sound(correct_run):
    """Everybody was sent to when it was due."""
    assert correct_run.findings(CHECKS) == []


@pytest.mark.parametrize("by", [-SECOND, 0, 5 * MINUTE])
def test_within_tolerance(correct_run, by):
    """A second early is rounding, and five minutes late is a batch on its way."""
    assert shifted(correct_run, by).findings(CHECKS) == []


@pytest.mark.parametrize(
    ("by", "cause", "name"),
    [
        (-2 * SECOND, "early: sent before it was due", "early"),
        (-20 * MINUTE, "early: sent before it was due", "early"),
        (5 * MINUTE + SECOND, "late: sent more than 5 min after it was due", "late"),
        (-HOUR, "sent at local time: exactly 1 h early, as if local time were UTC", "early"),
        (HOUR + 30 * SECOND, "sent at local time: exactly 1 h late, as if local time were UTC", "late"),
        (-(5 * HOUR + 30 * MINUTE), "sent at local time: exactly 5 h 30 min early, as if local time were UTC", "early"),
    ],
)
def test_off(correct_run, by, cause, name):
    """Everybody who is off has a finding; a distance that is a time zone's is named as one."""
    run = shifted(correct_run, by)

    assert [some.cause for some in run.findings(CHECKS)] == [cause] * 10
    assert ledger(run.history()).counts[name] == 10


def test_no_zone_is_that_far():
    """Fifteen minutes and fifteen hours are no time zone."""
    assert [zone_offset(by) for by in (15 * MINUTE, 30 * MINUTE, 14 * HOUR, 15 * HOUR)] == [None, None, 14 * HOUR, None]


@pytest.mark.parametrize("clock", [{"mode": "virtual", "rate": None}, {"mode": "real", "rate": 60}])
def test_clock_not_observed(correct_run, clock):
    """Without the bridge on the clock, send times are unknown, whether they look right or wrong."""
    header = correct_run.lines[0] | {"clock": clock | {"start": None, "participants": []}}
    run = shifted(HistoryBuilder((header, *correct_run.without("clock").lines[1:])), -HOUR)

    assert [some.level for some in run.findings(CHECKS)] == ["unknown"]
    assert ledger(run.history()).counts["ok"] == 10


def test_real_time_needs_no_shim(correct_run):
    """In real time everybody has the same clock anyway."""
    header = correct_run.lines[0] | {"clock": {"mode": "real", "start": None, "rate": 1, "participants": []}}

    assert HistoryBuilder((header, *correct_run.without("clock").lines[1:])).findings(CHECKS) == []


def test_as_if_there_were_no_scheduled_time(correct_run):
    """All of it went out when the campaign was announced, which is an hour, two and three before."""
    run = correct_run.change("delivery", lambda line: line | {"send_at": iso(START + 2 * HOUR)})

    assert {some.cause for some in run.findings(CHECKS)} == {
        "early: sent as soon as the campaign was announced, as if it had no scheduled time"
    }
