"""Reports at the limits of their time: right before a message must be out, and during an outage of the bridge."""

import pytest

from fault_helpers import injection_line, with_faults
from history_builder import FIRST_SEND
from sendproof_harness.history.timestamps import HOUR, MINUTE, iso
from sendproof_harness.judge.checks.reports import metrics


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
