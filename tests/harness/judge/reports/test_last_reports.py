"""Reports at the limits of their time: right before a message must be out, and during an outage of the bridge."""

import pytest

from fault_helpers import injection_line, with_faults
from history_builder import FIRST_SEND, HistoryBuilder
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso
from sendproof_harness.judge.checks.reports import metrics
from sendproof_harness.judge.facts.metrics import undetermined_customers
from sendproof_harness.judge.findings import CheckResult


@pytest.mark.parametrize(("minutes", "count"), [(4, 0), (6, 1)])
def test_message_that_may_still_go_out_may_be_in_no_total(correct_run, minutes, count):
    """The last push comes after the message was due, and before it is late."""
    item = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 11, "MetricID": 0, "MetricValue": 1}
    push = {"n": 900, "at": iso(FIRST_SEND + minutes * MINUTE), "kind": "metrics", "channel": 505, "items": [item]}
    run = correct_run.without("metrics").plus(push)

    assert sum(found.cause.startswith("sent plus dropped") for found in run.findings(metrics.CHECKS)) == count


@pytest.mark.parametrize(("down", "found"), [(1, []), (0, ["metrics pushed too rarely"])], ids=["down", "up"])
def test_push_at_a_fixed_time_may_fall_into_an_outage(correct_run, down, found):
    """The bridge pushes at the beginning and end of a day and at noon, when it was down for an hour."""
    noon = FIRST_SEND + 36 * HOUR
    times = [iso(at) for at in (noon - 6 * HOUR, noon, noon + 6 * HOUR)]
    run = with_faults(correct_run, {"fault": "kill", "call": "optimove.GetChannelTemplates", "down": down * HOUR})
    run = run.plus(injection_line(noon - 30 * MINUTE, 5_000, "kill", "optimove", "GetChannelTemplates"))

    pushed = run.without("metrics", lambda line: line["at"] in times)
    assert [finding.cause for finding in pushed.findings(metrics.CHECKS)] == found


def _cadence(run: HistoryBuilder) -> CheckResult:
    return metrics.check_cadence(run.history())


def test_day_without_a_required_push_is_not_judged(correct_run):
    """The client wants one report a day, and an outage can include its time."""
    noon = FIRST_SEND + 36 * HOUR
    scenario = {"n": 0, "at": iso(FIRST_SEND), "kind": "scenario", "name": "Any", "file": "any", "reports_a_day": 1}
    run = correct_run.plus(scenario).without("metrics")
    down = with_faults(run, {"fault": "kill", "call": "optimove.GetChannelTemplates", "down": HOUR})
    down = down.plus(injection_line(noon, 5_000, "kill", "optimove", "GetChannelTemplates"))

    all_days, fewer = _cadence(run), _cadence(down)
    assert (all_days.looked_at - fewer.looked_at, len(all_days.findings) - len(fewer.findings)) == (1, 1)


def triggered_again(run: HistoryBuilder, days: int) -> HistoryBuilder:
    """Return the run with a trigger in place of the campaign; customer 3 met it some days after all others."""
    later = FIRST_SEND + days * DAY
    run = run.change("obligation", lambda line: line | {"trigger": "Visit", "due": iso(FIRST_SEND)})
    run = run.change("delivery", lambda line: line | {"at": iso(FIRST_SEND), "send_at": iso(FIRST_SEND)})
    run = run.change("obligation", lambda line: line | {"due": iso(later)} if line["customer"] == "C0000003" else line)
    run = run.change_delivery_to(3, at=iso(later), send_at=iso(later))
    return run.change("history", lambda header: header | {"ended": iso(later + 8 * DAY)})


def pushed_too_rarely(run: HistoryBuilder) -> list[int]:
    """Return the days after the first send with too few pushes."""
    return [((finding.at or 0) - FIRST_SEND) // DAY + 1 for finding in _cadence(run).findings]


@pytest.mark.parametrize(("days", "missing"), [(2, [8, 9]), (20, [*range(21, 28)])])
def test_reports_of_a_trigger_last_a_week_after_each_of_its_messages(correct_run, days, missing):
    """The pushes end a week after the first message. Between two weeks of reports, none is due."""
    assert pushed_too_rarely(triggered_again(correct_run, days)) == missing


def test_reports_of_a_trigger_may_end_a_week_after_the_last_message(correct_run):
    (push,) = correct_run.lines_of("metrics")[-1:]
    more = [push | {"at": iso(FIRST_SEND + hours * HOUR)} for hours in range(7 * 24 + 6, 9 * 24 + 1, 6)]

    assert pushed_too_rarely(triggered_again(correct_run, 2).plus(*more)) == []


@pytest.mark.parametrize("dropped", [True, False])
def test_customer_whose_event_never_arrived_may_be_in_no_total(correct_run, dropped):
    """Customer 1 opted out and would be dropped, but the bridge may not know of the trigger."""
    event = correct_run.lines_of("webhook")[0] | {"event": "11", "key": "11:Visit:C0000001:1", "n": 891}
    met = {"n": 890, "at": iso(FIRST_SEND), "real": 0.0, "kind": "trigger", "trigger": "Visit", "campaign": 7001}
    met |= {"channel": 505, "customer": "C0000001", "template": 12, "request_id": "r"}
    run = with_faults(correct_run, {"fault": "drop_webhook", "webhook": "optimove.11"})
    run = run.change("obligation", lambda line: line | {"trigger": "Visit", "due": iso(FIRST_SEND)})
    fault = injection_line(FIRST_SEND, 889, "drop_webhook", "optimove", "11", target="webhook")
    run = run.plus(met, fault, event | ({"dropped": True, "status": None} if dropped else {}))

    assert sum(undetermined_customers(run.history()).values()) == dropped
