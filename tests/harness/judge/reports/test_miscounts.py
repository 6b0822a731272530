"""Causes of wrong totals: what a bridge counts in place of the due number."""

import pytest

from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.history.timestamps import DAY, HOUR, iso
from sendproof_harness.judge.checks.reports import metrics, totals

DELIVERED, BOUNCED = 1, 9
WRONG = "the total of delivered does not match the provider's records"


def causes(run: HistoryBuilder) -> list[str]:
    return [finding.cause for finding in run.findings((*metrics.CHECKS, *totals.CHECKS))]


def with_status(run: HistoryBuilder, status: str) -> HistoryBuilder:
    """Give two messages of one template another final status."""
    messages = {run.delivery_to(customer)["message"] for customer in (3, 6)}
    return run.change(
        "delivery_status", lambda line: line | {"status": status} if line["message"] in messages else line
    )


def is_total(item: Line, template: int) -> bool:
    return (item["TemplateID"], item["MetricID"]) == (template, DELIVERED)


def last_total(run: HistoryBuilder, template: int) -> int:
    return next(item["MetricValue"] for item in run.lines_of("metrics")[-1]["items"] if is_total(item, template))


def counting(value: int, item: Line) -> Line:
    """Return the total with this value if it is that of template 11."""
    return item | {"MetricValue": value} if is_total(item, 11) else item


def test_total_of_the_whole_campaign_for_one_template_is_named(correct_run):
    whole = sum(last_total(correct_run, template) for template in (11, 12, 13))
    run = correct_run.change(
        "metrics", lambda line: line | {"items": [counting(whole, item) for item in line["items"]]}
    )

    assert f"{WRONG}, as if the total of the whole campaign was reported for each template" in causes(run)


def test_unknown_status_that_counts_as_delivered_is_named(correct_run):
    assert f"{WRONG}, as if messages with an unknown status counted, too" in causes(with_status(correct_run, "unknown"))


def test_bounced_message_that_counts_as_delivered_is_named(correct_run):
    assert f"{WRONG}, as if messages that did not arrive counted, too" in causes(
        with_status(correct_run, "undelivered")
    )


@pytest.mark.parametrize(
    ("status", "end"), [("delayed", ", as if notifications of delays were counted as bounces"), ("failed", "")]
)
def test_delay_that_counts_as_a_bounce_is_named(correct_run, status, end):
    message = correct_run.delivery_to(3)["message"]
    posted = {"service": "smtp", "event": "dsn", "key": f"dsn:{message}:{status}", "url": "http://b", "attempt": 1}
    bounce = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 11, "MetricID": BOUNCED, "MetricValue": 1}
    line = {"n": 900, "at": iso(FIRST_SEND), "kind": "webhook", "status": 200, "error": None} | posted
    run = correct_run.change("metrics", lambda line: line | {"items": [*line["items"], bounce]})

    assert f"the total of bounced does not match the provider's records{end}" in causes(run.plus(line))


def test_reports_that_end_with_the_cancellation_are_named(correct_run):
    """What was sent before the cancellation is still to be reported."""
    cancelled = FIRST_SEND + 2 * DAY - HOUR
    run = correct_run.without("metrics", lambda line: line["at"] >= iso(cancelled))
    run = run.change("campaign", lambda line: line | {"cancelled_at": iso(cancelled)})

    (first, *_) = [cause for cause in causes(run) if cause.startswith("no metrics for a whole day")]

    assert first.endswith("since the campaign was cancelled; its messages before that still count")
