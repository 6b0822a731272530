"""The campaign for which an opt-out is reported: that of the customer's last message before it."""

import pytest

from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso
from sendproof_harness.judge.checks.reports import events, interactions, totals
from two_opt_outs import stop_lines

AGAIN = FIRST_SEND + 2 * DAY
REPORTED = AGAIN + 6 * HOUR
TEMPLATES = {7001: 11, 7002: 21}
ELSEWHERE = "interactions: unsubscribed was reported for another campaign than that of the last message"
MISSING = "UpdateCampaignInteractions: no customer was ever reported as unsubscribed"
OTHER = "saveEvent: unsubscribed reported for another campaign than the customer's"
TOO_MANY = "the total of unsubscribed is higher than the real number"


def stopped_at(run: HistoryBuilder, at: int, **webhook: object) -> HistoryBuilder:
    """Add a STOP of customer 3, which the provider reports to the bridge."""
    *lines, posted = (line | {"at": iso(at)} for line in stop_lines(run))
    return run.plus(*lines, posted | webhook)


def messaged_again(run: HistoryBuilder, at: int = AGAIN, **delivery: object) -> HistoryBuilder:
    """Add campaign 7002, with a message to customer 3 that arrives within two minutes."""
    (status,), (receipt,) = (
        [line for line in run.lines_of(kind) if str(run.delivery_to(3)["message"]) in str(line)]
        for kind in ("delivery_status", "webhook")
    )
    arrived = {"at": iso(at + 2 * MINUTE), "message": "second"}
    sent = {"at": iso(at), "send_at": iso(at), "message": "second", "text": "Again"}
    return run.plus(
        run.obligation_of(3) | {"campaign": 7002, "template": 21, "text": "Again", "due": iso(at)},
        run.delivery_to(3) | sent | delivery,
        status | arrived,
        receipt | arrived | {"key": "receipt:second"},
    )


def reported(run: HistoryBuilder, campaign: int) -> list[str]:
    """Return the causes of findings if interactions report the opt-out for a campaign."""
    head: Line = {"n": 995, "at": iso(REPORTED), "real": 0.0}
    report = {"kind": "interactions", "campaign": campaign, "channel": 505, "template": TEMPLATES[campaign],
              "event_id": 4, "date": "2026-03-04", "customers": ["C0000003"]}  # fmt: skip
    wishes = {"kind": "scenario", "name": "Small", "file": "small", "reports": "campaign_metrics"}
    found = run.plus(head | report, head | wishes).findings((*totals.CHECKS, *interactions.CHECKS))
    return sorted(finding.cause for finding in found if finding.cause in {MISSING, ELSEWHERE})


def saved(run: HistoryBuilder, campaign: int) -> list[str]:
    """Return the causes of findings if an event reports the opt-out for a campaign."""
    event = {"n": 995, "at": iso(REPORTED), "kind": "engagement", "event": "unsubscribed", "customer": "C0000003",
             "visitor": None, "timestamp": iso(REPORTED), "context": {"campaign_id": campaign}}  # fmt: skip
    return [finding.cause for finding in run.plus(event).findings(events.CHECKS) if finding.cause == OTHER]


def counted(run: HistoryBuilder, *campaigns: int) -> list[str]:
    """Return the causes of findings if the totals of campaigns count the opt-out."""
    push = run.lines_of("metrics")[-1]
    items = [
        {"ChannelID": 505, "CampaignID": campaign, "TemplateID": TEMPLATES[campaign], "MetricID": 4, "MetricValue": 1}
        for campaign in campaigns
    ]
    found = run.plus(push | {"items": items}).findings(totals.CHECKS)
    return [finding.cause for finding in found if finding.cause.startswith(TOO_MANY)]


def test_opt_out_counts_for_the_last_message_before(correct_run):
    run = stopped_at(messaged_again(correct_run), AGAIN + HOUR)

    assert (reported(run, 7002), saved(run, 7002), counted(run, 7002)) == ([], [], [])
    assert reported(run, 7001) == [MISSING, ELSEWHERE]
    assert (saved(run, 7001), counted(run, 7001)) == ([OTHER], [TOO_MANY])


def test_opt_out_does_not_count_for_a_later_message(correct_run):
    run = messaged_again(stopped_at(correct_run, FIRST_SEND + 30 * MINUTE))

    assert (reported(run, 7001), saved(run, 7001), counted(run, 7001)) == ([], [], [])
    assert reported(run, 7002) == [MISSING, ELSEWHERE]
    assert (saved(run, 7002), counted(run, 7002)) == ([OTHER], [TOO_MANY])


@pytest.mark.parametrize("campaign", [7001, 7002])
def test_opt_out_may_count_for_either_of_two_messages_within_minutes(correct_run, campaign):
    run = stopped_at(messaged_again(correct_run, FIRST_SEND + 10 * MINUTE), FIRST_SEND + HOUR)

    assert (reported(run, campaign), saved(run, campaign), counted(run, campaign)) == ([], [], [])


def test_opt_out_that_may_mean_either_message_counts_once(correct_run):
    run = stopped_at(messaged_again(correct_run, FIRST_SEND + 10 * MINUTE), FIRST_SEND + HOUR)

    (cause,) = counted(run, 7001, 7002)

    assert cause.startswith(TOO_MANY)


def test_each_of_two_stops_that_name_a_message_may_count(correct_run):
    run = messaged_again(correct_run, FIRST_SEND + 10 * MINUTE, service="delivyr")
    first, second = correct_run.delivery_to(3)["message"], "second"
    for message in (first, second):
        named = {"service": "delivyr", "event": "opted_out", "key": f"opted_out:{message}"}
        run = run.plus(stop_lines(run)[-1] | named | {"at": iso(FIRST_SEND + HOUR)})
    opt_out = stop_lines(run)[1] | {"service": "delivyr"}

    assert counted(run.change_delivery_to(3, service="delivyr").plus(opt_out), 7001, 7002) == []


@pytest.mark.parametrize("campaign", [7001, 7002])
def test_opt_out_on_a_list_may_count_for_a_message_before_the_bridge_read_it(correct_run, campaign):
    at = AGAIN - 2 * HOUR
    run = messaged_again(stopped_at(correct_run, at, status=None))

    assert (reported(run, campaign), saved(run, campaign), counted(run, campaign)) == ([], [], [])


@pytest.mark.parametrize("campaign", [7001, 7002])
def test_opt_out_may_count_for_the_message_that_its_webhook_names(correct_run, campaign):
    message = correct_run.delivery_to(3)["message"]
    named = {"service": "delivyr", "event": "opted_out", "key": f"opted_out:{message}"}
    run = messaged_again(correct_run, service="delivyr").change_delivery_to(3, service="delivyr")
    run = stopped_at(run, AGAIN + HOUR, **named).change("opt_out", lambda line: line | {"service": "delivyr"})

    assert reported(run, campaign) == []


@pytest.mark.parametrize("campaign", [7001, 7002])
def test_opt_out_may_count_for_an_earlier_message_if_the_last_one_did_not_arrive(correct_run, campaign):
    run = stopped_at(messaged_again(correct_run), AGAIN + HOUR).change(
        "delivery_status", lambda line: line | {"status": "undelivered"} if line["message"] == "second" else line
    )

    assert (reported(run, campaign), saved(run, campaign), counted(run, campaign)) == ([], [], [])
