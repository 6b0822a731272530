"""Totals with messages that the provider refused, at once or later."""

import pytest

from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso
from sendproof_harness.judge.checks.reports import metrics, totals

CHECKS = (*metrics.CHECKS, *totals.CHECKS)


def causes(run: HistoryBuilder) -> list[str]:
    """Return the cause of each finding."""
    return [finding.cause for finding in run.findings(CHECKS)]


def with_value(run: HistoryBuilder, metric: int, value: int, since: int = 0) -> HistoryBuilder:
    """Replace a total of template 12, from some time on."""

    def change(line: Line) -> Line:
        items = [item | {"MetricValue": value} if (item["TemplateID"], item["MetricID"]) == (12, metric) else item
                 for item in line["items"]]  # fmt: skip
        return line if line["at"] < iso(since) else line | {"items": items}

    return run.change("metrics", change)


def sent_total(run: HistoryBuilder) -> int:
    """Return the total of template 12 that is right."""
    items = run.lines_of("metrics")[-1]["items"]
    return next(item["MetricValue"] for item in items if (item["TemplateID"], item["MetricID"]) == (12, 0))


def interactions_line(event: int) -> Line:
    """Return a report about customer 1."""
    return {"n": 990, "at": iso(FIRST_SEND + DAY), "kind": "interactions", "campaign": 7001, "channel": 505,
            "template": 12, "event_id": event, "date": "2026-03-02", "customers": ["C0000001"]}  # fmt: skip


def of_provider(run: HistoryBuilder, service: str) -> HistoryBuilder:
    """Return the run with another provider."""
    channel = {"id": 505, "provider": service, "kind": "scheduled"}
    run = run.change("history", lambda line: line | {"channels": [channel]})
    run = run.change("delivery", lambda line: line | {"service": service})
    return run.change("delivery_status", lambda line: line | {"service": service})


def refused_to_opted_out(run: HistoryBuilder, service: str) -> HistoryBuilder:
    """Let the bridge send to customer 1, who opted out, and count the provider's refusal as sent and bounced."""
    refused = {"service": service, "number": "447100000001", "text": run.obligation_of(1)["text"]}
    rejection = {"n": 992, "at": iso(FIRST_SEND + HOUR), "kind": "rejection", "reason": "Unsubscribed"}
    bounced = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 12, "MetricID": 9, "MetricValue": 1}
    counted = with_value(run, 0, sent_total(run) + 1, since=FIRST_SEND + 12 * HOUR)
    counted = counted.change("metrics", lambda line: line | {"items": [*line["items"], bounced]})
    return of_provider(with_value(counted, 5, 0), service).plus(rejection | refused)


def test_refusal_that_looks_undelivered_may_count_as_bounced(correct_run):
    """Xtremepush's list of messages has the same row for both; Textlocal names the numbers that it did not send to."""
    run = refused_to_opted_out(correct_run, "xtremepush").plus(interactions_line(0), interactions_line(9))

    assert causes(run) == []
    assert len(causes(refused_to_opted_out(correct_run, "textlocal"))) == 2


@pytest.mark.parametrize(("accepted", "found"), [(1, 0), (0, 2)])
def test_recipient_that_a_relay_refused_beside_others_may_count_as_bounced(correct_run, accepted, found):
    """The relay accepts the message for the others, and a notification says that it failed for this one."""
    request = {"n": 991, "at": iso(FIRST_SEND + HOUR), "kind": "request", "service": "smtp",
               "operation": "submitMessage", "method": "POST", "path": "/messages", "status": 200,
               "credential": "known", "violations": [], "summary": {"accepted": accepted, "refused": 1}}  # fmt: skip
    run = refused_to_opted_out(correct_run, "smtp").plus(request)
    listed = {"code": "5.7.1", "reason": "The recipient is on the suppression list", "request": 991}

    assert len(causes(run.change("rejection", lambda line: line | listed))) == found


def rejected_late(run: HistoryBuilder, *, counted_until: int, told: bool) -> HistoryBuilder:
    """Let Delivyr accept a message to customer 1 and reject it, and the bridge count it as sent until some time."""
    at = {"n": 992, "at": iso(FIRST_SEND + 6 * HOUR - MINUTE), "service": "delivyr"}
    message = {"message": "late1", "number": "447100000001", "text": run.obligation_of(1)["text"], "code": "opted_out"}
    webhook = {"event": "rejected", "key": "rejected:late1", "url": "http://127.0.0.1:9000/x", "attempt": 1,
               "status": 200, "error": None}  # fmt: skip
    counted = with_value(run, 0, sent_total(run) + 1, since=FIRST_SEND + 12 * HOUR)
    counted = of_provider(with_value(counted, 0, sent_total(run), since=counted_until), "delivyr")
    counted = counted.plus(at | message | {"kind": "rejection", "reason": "the recipient has opted out"})
    return counted.plus(at | webhook | {"kind": "webhook"}) if told else counted


def test_message_that_is_rejected_later_counts_as_sent_until_the_bridge_asks(correct_run):
    """Delivyr accepts the message first; without a webhook, the bridge sees the rejection when it asks again."""
    assert causes(rejected_late(correct_run, counted_until=FIRST_SEND + 23 * HOUR, told=False)) == []


def test_total_may_count_a_due_message_that_is_rejected_later_until_the_bridge_asks(correct_run):
    run = rejected_late(correct_run, counted_until=FIRST_SEND + 23 * HOUR, told=False)
    run = run.change("rejection", lambda line: line | {"code": "cannot_receive"})
    due = {"owed": True, "reason": None, "opted_out_by": None}
    run = run.change("obligation", lambda line: line | due if line["customer"] == "C0000001" else line)

    assert causes(run) == []


def test_message_after_another_record_that_is_rejected_later_may_be_reported_as_sent(correct_run):
    alternative = {"number": "447100000001", "text": "New", "owed": True, "reason": None}
    due = {"owed": True, "reason": None, "opted_out_by": None, "alternatives": [alternative]}
    run = rejected_late(correct_run, counted_until=0, told=False).change(
        "rejection", lambda line: line | {"text": "New"}
    )
    run = run.change("obligation", lambda line: line | due if line["customer"] == "C0000001" else line)

    assert causes(run.plus(interactions_line(0) | {"at": iso(FIRST_SEND + 12 * HOUR)})) == []


def test_message_of_another_version_that_is_rejected_later_may_be_reported_as_sent(correct_run):
    """Its template changed half an hour before the send."""
    due = {"owed": True, "reason": None, "opted_out_by": None}
    run = rejected_late(correct_run, counted_until=0, told=False)
    run = run.change("obligation", lambda line: line | due if line["customer"] == "C0000001" else line)
    run = run.change("rejection", lambda line: line | {"text": line["text"].replace("your bonus", "a bonus")})
    run = run.change("campaign", lambda line: line | {"provider": "delivyr"})
    changes = [{"n": 0, "at": iso(at), "kind": "provider_template", "service": "delivyr", "id": 12, "title": "Bonus"}
               | {"action": action, "body": f"{{{{FIRST_NAME}}}}, {what} bonus is here."}
               for at, action, what in [(FIRST_SEND - 4 * HOUR, "created", "your"),
                                        (FIRST_SEND - HOUR // 2, "changed", "a")]]  # fmt: skip
    run = run.plus(*changes, interactions_line(0) | {"at": iso(FIRST_SEND + 12 * HOUR)})

    assert causes(run) == []


def rejected_at(correct_run, raw_number: str, number: str) -> HistoryBuilder:
    """Return a run with a customer whose unusable number the bridge left to the provider, which rejected it later."""
    unusable = {"number": None, "text": None, "reason": "unusable_number", "raw_number": raw_number}
    run = rejected_late(correct_run, counted_until=FIRST_SEND + 23 * HOUR, told=False)
    run = run.change("rejection", lambda line: line | {"number": number})
    return run.change("obligation", lambda line: line | unusable if line["customer"] == "C0000001" else line)


@pytest.mark.parametrize(
    ("raw_number", "number"),
    [
        ("0000000000", "+00000000"),
        ("0000000000", "+44000000000"),
        ("0207946", "+44207946"),
        ("+440000", "440000"),
        ("12345", "12345"),
    ],
)
def test_message_to_an_unusable_number_counts_as_sent_until_the_bridge_asks(correct_run, raw_number, number):
    """A bridge may leave it to the provider to reject a number, in the form in which it sends numbers."""
    assert causes(rejected_at(correct_run, raw_number, number)) == []


@pytest.mark.parametrize(("raw_number", "number"), [("+44", "+447700900999"), ("12345", "447712345678")])
def test_message_to_another_number_of_nobody_counts_for_no_customer_without_a_number(correct_run, raw_number, number):
    assert causes(rejected_at(correct_run, raw_number, number)) != []


def test_rejected_message_counts_no_longer_once_the_bridge_knows(correct_run):
    told = rejected_late(correct_run, counted_until=FIRST_SEND + 23 * HOUR, told=True)
    never = rejected_late(correct_run, counted_until=FIRST_SEND + 30 * DAY, told=False)

    assert causes(told) == ["the total of sent was too high when it was pushed"]
    assert causes(never)[-1].startswith("the total of sent does not match the provider's records")


@pytest.mark.parametrize(("told", "found"), [(False, []), (True, ["a customer was reported as sent but was not"])])
def test_customer_whose_message_is_rejected_later_may_be_reported_as_sent_until_the_bridge_knows(
    correct_run, told, found
):
    """It cannot know while it is down and the webhook does not arrive. A report of a customer is never taken back."""
    reported = interactions_line(0) | {"at": iso(FIRST_SEND + 12 * HOUR)}
    run = rejected_late(correct_run, counted_until=0, told=told).plus(reported)
    assert causes(run) == [f"interactions: {cause}" for cause in found]


def test_late_rejection_belongs_to_no_message_that_is_due_after_it(correct_run):
    """The customer is due an equal message three days later, and the bridge knows of the opt-out by then."""
    again = {"at": iso(FIRST_SEND + 3 * DAY), "due": iso(FIRST_SEND + 3 * DAY)}
    run = rejected_late(correct_run, counted_until=FIRST_SEND + 23 * HOUR, told=False)
    run = run.plus(run.obligation_of(1) | again)

    assert not any("too high when it was pushed" in cause for cause in causes(run))


def equal_campaigns(run: HistoryBuilder, later: int, *rejected_at: int, told: bool) -> HistoryBuilder:
    """Let customer 1 be due an equal message of campaign 7002 later, and messages of its number be rejected."""
    again = {"campaign": 7002, "at": iso(FIRST_SEND + later), "due": iso(FIRST_SEND + later + HOUR)}
    run = rejected_late(run, counted_until=0, told=told)
    (rejection,), webhooks = run.lines_of("rejection"), run.lines_of("webhook")[-1:] if told else []
    run = run.without("rejection").without("webhook", lambda line: line["event"] == "rejected")
    for place, at in enumerate(rejected_at):
        about = {"at": iso(FIRST_SEND + at)}
        run = run.plus(rejection | about | {"message": f"late{place}"})
        run = run.plus(*(line | about | {"key": f"rejected:late{place}"} for line in webhooks))
    return run.plus(run.obligation_of(1) | again)


def false_reports(run: HistoryBuilder, campaign: int, at: int) -> int:
    """Return how many findings there are about a report that customer 1 was sent the message of a campaign."""
    run = run.plus(interactions_line(0) | {"campaign": campaign, "at": iso(FIRST_SEND + at)})
    return causes(run).count("interactions: a customer was reported as sent but was not")


LATER = 3 * DAY


@pytest.mark.parametrize(
    ("campaign", "reported_at", "found"),
    [(7001, 2 * HOUR, 1), (7001, LATER + 3 * HOUR, 1), (7002, LATER + HOUR // 2, 1), (7002, LATER + 3 * HOUR, 0)],
)
def test_rejection_excuses_only_a_report_of_its_own_message_that_is_due(correct_run, campaign, reported_at, found):
    """The equal message of days before was withheld, so nothing excuses a report of it."""
    run = equal_campaigns(correct_run, LATER, LATER + 2 * HOUR, told=False)
    assert false_reports(run, campaign, reported_at) == found


@pytest.mark.parametrize(("campaign", "found"), [(7001, 1), (7002, 0)])
def test_rejected_message_counts_until_the_bridge_knows_of_it_and_not_of_a_later_one(correct_run, campaign, found):
    run = equal_campaigns(correct_run, LATER, 2 * HOUR, LATER + 2 * HOUR, told=True)
    assert false_reports(run, campaign, LATER + 2 * HOUR) == found


@pytest.mark.parametrize(("later", "rejected_at"), [(3 * HOUR, [5 * HOUR]), (LATER, [5 * DAY, 5 * DAY + 1])])
@pytest.mark.parametrize("campaign", [7001, 7002])
def test_rejected_message_may_be_a_late_one_of_the_earlier_of_two_campaigns(correct_run, later, rejected_at, campaign):
    """Only the bridge knows of which: it may repeat a send for hours, or all of them after an outage of days."""
    run = equal_campaigns(correct_run, later, *rejected_at, told=False)
    assert false_reports(run, campaign, rejected_at[-1] + HOUR) == 0


def test_total_does_not_count_a_rejected_message_before_it_is_due(correct_run):
    """It is rejected at 13:30 after the first send, and counted from 12:00 on."""
    run = rejected_late(correct_run, counted_until=FIRST_SEND + 23 * HOUR, told=False)
    run = run.change("rejection", lambda line: line | {"at": iso(FIRST_SEND + 27 * HOUR // 2)})
    due = {"due": iso(FIRST_SEND + 13 * HOUR)}
    run = run.change("obligation", lambda line: line | due if line["customer"] == "C0000001" else line)

    assert causes(run) == ["the total of sent was too high when it was pushed"]
