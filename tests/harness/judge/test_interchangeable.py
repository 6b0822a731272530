"""Interchangeable obligations: the same text is due to the same number at the same instant, twice."""

from collections.abc import Iterable
from dataclasses import replace
from time import process_time

import pytest

from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso, parse_instant
from sendproof_harness.judge.checks import delivery, text, timing
from sendproof_harness.judge.checks.reports import metrics, totals
from sendproof_harness.judge.checks.reports.actions import wrong_actions
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.facts.deliveries.matching import match
from sendproof_harness.judge.facts.reports.clicked_messages import clicked_messages

LEDGER_CHECKS = (*delivery.CHECKS, *text.CHECKS, *timing.CHECKS)
REPORT_CHECKS = (*metrics.CHECKS, *totals.CHECKS)

# The messages to customer 3, with template 11: for the first campaign, and for the second one.
FIRST, SECOND = "0000000003", "second-0000000003"


@pytest.fixture
def doubled_run(correct_run: HistoryBuilder) -> HistoryBuilder:
    """Return two identical campaigns; the second message to customer 3 was not delivered."""
    run = replace(correct_run, lines=tuple(line for original in correct_run.lines for line in _doubled(original)))
    return run.change(
        "delivery_status", lambda line: line | {"status": "undelivered"} if line["message"] == SECOND else line
    )


def _doubled(line: Line) -> Iterable[Line]:
    if line["kind"] in {"campaign", "obligation"}:
        return line, line | {"campaign": 7002}
    if line["kind"] in {"delivery", "delivery_status"}:
        return line, line | {"message": f"second-{line['message']}"}
    if line["kind"] == "metrics":
        items: list[Line] = line["items"]  # type: ignore[assignment]
        return (line | {"items": [*items, *(item | {"CampaignID": 7002} for item in items)]},)
    return (line,)


def with_totals(run: HistoryBuilder, campaign: int, **values: int) -> HistoryBuilder:
    """Replace totals of template 11 in one campaign, from the first push to the last."""
    metric = {"sent": 0, "delivered": 1, "bounced": 9}
    values_by_metric = {metric[name]: value for name, value in values.items()}

    def change(line: Line) -> Line:
        items: list[Line] = line["items"]  # type: ignore[assignment]
        template = {"CampaignID": campaign, "TemplateID": 11, "ChannelID": 505}
        kept = [
            item for item in items if item["MetricID"] not in values_by_metric or not template.items() <= item.items()
        ]
        return line | {
            "items": [*kept, *(template | {"MetricID": m, "MetricValue": v} for m, v in values_by_metric.items())]
        }

    return run.change("metrics", change)


def interactions_line(campaign: int, event: int, customer: str = "C0000003") -> Line:
    """Return a report that something happened to a customer."""
    return {"n": 990, "at": iso(FIRST_SEND + DAY), "kind": "interactions", "campaign": campaign, "channel": 505,
            "template": 11, "event_id": event, "date": "2026-03-02", "customers": [customer]}  # fmt: skip


def causes(run: HistoryBuilder) -> list[tuple[str, int | None]]:
    """Return cause and campaign of each finding about reports."""
    return [(finding.cause, finding.where.campaign) for finding in run.findings(REPORT_CHECKS)]


def wrong_results(run: HistoryBuilder) -> dict[tuple[int, str], str]:
    """Return the result of each obligation with a wrong one, by campaign and customer."""
    return {
        (recipient.obligation.campaign, recipient.obligation.customer): recipient.kind
        for recipient in ledger(run.history()).recipients
        if recipient.kind not in {"ok", "withheld"}
    }


def test_both_messages_delivered_pass(doubled_run):
    assert doubled_run.findings(LEDGER_CHECKS) == []


@pytest.mark.parametrize("bounced", [7001, 7002])
def test_bounce_may_count_for_either_campaign(doubled_run, bounced):
    """Only the bridge knows which message it sent for which campaign."""
    assert causes(with_totals(doubled_run, bounced, delivered=3, bounced=1)) == []


def test_sum_of_both_campaigns_must_be_right(doubled_run):
    """One message bounced, so neither none nor two may have bounced."""
    none, both = (
        doubled_run,
        with_totals(with_totals(doubled_run, 7001, delivered=3, bounced=1), 7002, delivered=3, bounced=1),
    )

    (delivered, bounced) = none.findings(REPORT_CHECKS)
    assert (delivered.cause, delivered.expected, delivered.got) == (
        "the total of delivered does not match the provider's records",
        "7",
        "4 for campaign 7001 + 4 for campaign 7002 = 8, last pushed at 2026-03-09 09:00:00 UTC",
    )
    assert (bounced.expected, bounced.got.partition(",")[0]) == ("1", "0 for campaign 7001 + 0 for campaign 7002 = 0")
    assert {cause for cause, _ in causes(both)} == {
        "the total of delivered does not match the provider's records",
        "the total of bounced does not match the provider's records",
    }


def test_total_of_one_campaign_must_be_within_range(doubled_run):
    """One of four messages may or may not have bounced; two cannot, for any sum."""
    (finding, *_) = with_totals(with_totals(doubled_run, 7001, delivered=2, bounced=2), 7002, delivered=5).findings(
        totals.CHECKS
    )

    assert (finding.where.campaign, finding.expected, finding.got.partition(",")[0]) == (7001, "3 to 4", "2")


@pytest.mark.parametrize("bounced", [7001, 7002])
def test_interactions_may_name_either_campaign(doubled_run, bounced):
    run = with_totals(doubled_run, 7001, delivered=3, bounced=1)
    reports = [
        interactions_line(bounced, 9),
        interactions_line(14003 - bounced, 1),
        interactions_line(7001, 0),
        interactions_line(7002, 0),
    ]

    assert causes(run.plus(*reports)) == []


def test_interactions_of_both_campaigns_fail_if_one_message_was_delivered(doubled_run):
    run = with_totals(doubled_run, 7001, delivered=3, bounced=1)
    reports = [interactions_line(7001, 1), interactions_line(7001, 1), interactions_line(7002, 1)]

    assert causes(run.plus(*reports)) == [
        ("interactions: a customer was reported as delivered but was not", 7002),
        ("interactions: a customer was reported twice as delivered", 7001),
    ]


def test_one_lost_message_may_belong_to_either_campaign(doubled_run):
    run = doubled_run.without("delivery", lambda line: line["message"] == SECOND)

    assert causes(with_totals(with_totals(run, 7001, sent=3, delivered=3), 7002, sent=4, delivered=4)) == [
        ("sent plus dropped is not the number of targeted customers", 7001)
    ]
    assert list(wrong_results(run).values()) == ["lost"]


def test_duplicate_may_belong_to_either_campaign(doubled_run):
    duplicate = next(line for line in doubled_run.lines_of("delivery") if line["message"] == FIRST) | {
        "message": "third"
    }
    run = with_totals(doubled_run.plus(duplicate), 7001, delivered=3, bounced=1)

    assert causes(with_totals(run, 7001, sent=5)) == [
        ("sent plus dropped is not the number of targeted customers", 7001)
    ]
    assert causes(with_totals(run, 7002, sent=5)) == [
        ("sent plus dropped is not the number of targeted customers", 7002)
    ]
    assert list(wrong_results(run).values()) == ["duplicated"]


def test_obligations_minutes_apart_are_interchangeable_if_both_are_in_time(correct_run):
    due = parse_instant(str(correct_run.obligation_of(3)["due"]))
    second = correct_run.obligation_of(3) | {"campaign": 7002, "due": iso(due + 2 * MINUTE)}
    sent = {"send_at": iso(due + 3 * MINUTE)}
    run = correct_run.change_delivery_to(3, **sent).plus(
        second, correct_run.delivery_to(3) | {"message": SECOND} | sent
    )

    assert [len(group) for group in ledger(run.history()).interchangeable] == [2]


def test_obligations_hours_apart_are_not_interchangeable(correct_run):
    due = parse_instant(str(correct_run.obligation_of(3)["due"]))
    second = correct_run.obligation_of(3) | {"campaign": 7002, "due": iso(due + HOUR)}
    run = correct_run.plus(second, correct_run.delivery_to(3) | {"message": SECOND, "send_at": iso(due + HOUR)})

    assert ledger(run.history()).interchangeable == ()


def test_equal_texts_are_interchangeable_without_clock(correct_run):
    """Send times have no meaning then."""
    header = correct_run.lines[0] | {"clock": {"mode": "virtual", "start": None, "rate": None, "participants": []}}
    second = correct_run.obligation_of(3) | {"campaign": 7002, "due": iso(FIRST_SEND + DAY)}
    run = HistoryBuilder(
        (header, *correct_run.without("clock").plus(second, correct_run.delivery_to(3) | {"message": SECOND}).lines[1:])
    )

    assert [len(group) for group in ledger(run.history()).interchangeable] == [2]


def test_the_campaign_that_must_be_sent_first_gets_the_first_message(correct_run):
    """The other one was due before it, but was announced late: it has time until eleven."""
    punctual = correct_run.obligation_of(3)
    due = parse_instant(str(punctual["due"]))
    announced_late = punctual | {"campaign": 7002, "due": iso(due - HOUR)}
    second = correct_run.delivery_to(3) | {"message": SECOND, "send_at": iso(due + HOUR)}
    history = correct_run.plus(announced_late, second).history()
    latest = {7001: due + 5 * MINUTE, 7002: due + 2 * HOUR}
    matching = match(
        history.obligations,
        history.deliveries,
        timed=True,
        deadline=lambda item: latest[item.campaign],
        is_unread=lambda item: False,
        type_of=lambda item: "sms",
    )
    messages = {
        item.campaign: deliveries[0].message
        for item, deliveries in zip(history.obligations, matching.matched, strict=True)
        if item.customer == punctual["customer"]
    }

    assert messages == {7001: FIRST, 7002: SECOND}


def test_message_in_time_for_one_obligation_leaves_other_lost(correct_run):
    """Due at nine and at noon, sent at noon."""
    noon = iso(FIRST_SEND + 3 * HOUR)
    run = correct_run.plus(correct_run.obligation_of(3) | {"campaign": 7002, "due": noon}).change_delivery_to(
        3, send_at=noon
    )

    assert wrong_results(run) == {(7001, "C0000003"): "lost"}


def test_late_message_belongs_to_nearest_obligation(correct_run):
    """Due at nine and at noon, sent at one."""
    second = correct_run.obligation_of(3) | {"campaign": 7002, "due": iso(FIRST_SEND + 3 * HOUR)}
    run = correct_run.plus(second).change_delivery_to(3, send_at=iso(FIRST_SEND + 4 * HOUR))

    assert wrong_results(run) == {(7001, "C0000003"): "lost", (7002, "C0000003"): "late"}


def test_duplicate_belongs_to_nearest_obligation(correct_run):
    """Due on two days, sent twice on the second."""
    tomorrow = iso(FIRST_SEND + DAY)
    duplicates = [
        correct_run.delivery_to(3) | {"message": message, "send_at": tomorrow} for message in (SECOND, "third")
    ]
    run = correct_run.plus(correct_run.obligation_of(3) | {"campaign": 7002, "due": tomorrow}, *duplicates)

    assert wrong_results(run) == {(7002, "C0000003"): "duplicated"}


def test_damaged_texts_are_matched_by_time(correct_run):
    noon = iso(FIRST_SEND + 3 * HOUR)
    second = correct_run.obligation_of(3) | {"campaign": 7002, "due": noon, "text": "At noon"}
    damaged = correct_run.delivery_to(3) | {"text": "??"}
    run = HistoryBuilder((*correct_run.without("delivery", lambda line: line["message"] == FIRST).lines, second)).plus(
        damaged | {"message": SECOND, "send_at": noon}, damaged
    )

    assert set(wrong_results(run).values()) == {"wrong text"}
    assert run.findings(timing.CHECKS) == []


def test_other_number_formats_are_matched_by_time(correct_run):
    early = correct_run.obligation_of(3) | {"campaign": 7002, "due": iso(FIRST_SEND - HOUR)}
    plus = {"number": f"+{correct_run.obligation_of(3)['number']}"}
    first = correct_run.delivery_to(3) | plus | {"message": "early", "send_at": iso(FIRST_SEND - HOUR)}
    run = correct_run.change_delivery_to(3, **plus).plus(early, first)

    assert set(wrong_results(run).values()) == {"wrong number"}
    assert run.findings(timing.CHECKS) == []


def test_shared_text_at_unknown_number_is_matched_by_time(correct_run):
    noon = {"due": iso(FIRST_SEND + 3 * HOUR)}
    same = correct_run.change("obligation", lambda line: line | {"text": "Hi"}).change(
        "delivery", lambda line: line | {"text": "Hi"}
    )
    run = same.change("obligation", lambda line: line | noon if line["customer"] == "C0000003" else line)
    lost = run.delivery_to(6)["message"]
    run = run.without("delivery", lambda line: line["message"] == lost)
    run = run.change_delivery_to(3, number="447999999999", send_at=noon["due"])

    assert wrong_results(run) == {(7001, "C0000003"): "wrong number", (7001, "C0000006"): "lost"}


def test_message_of_cancelled_campaign_is_unexpected_and_no_duplicate(correct_run):
    tomorrow = iso(FIRST_SEND + DAY)
    cancelled = correct_run.obligation_of(3) | {"campaign": 7002, "due": tomorrow, "owed": False, "reason": "cancelled"}
    sent = correct_run.delivery_to(3) | {"message": SECOND, "send_at": tomorrow}

    assert wrong_results(correct_run.plus(cancelled | {"text": None}, sent)) == {(7002, "C0000003"): "unexpected"}


@pytest.mark.parametrize(("page_of", "wrong"), [(7002, "unexpected"), (7001, "duplicated")])
def test_second_message_is_that_of_an_equal_campaign_that_was_cancelled(correct_run, page_of, wrong):
    """Unless the bridge never read that campaign: then it is a repetition."""
    cancelled = correct_run.obligation_of(3) | {"campaign": 7002, "owed": False, "reason": "cancelled", "text": None}
    page = next(line for line in correct_run.lines_of("request") if "summary" in line)
    read = page | {"summary": page["summary"] | {"campaign": page_of}}

    run = correct_run.plus(cancelled, read, correct_run.delivery_to(3) | {"message": SECOND})

    assert wrong_results(run) == {(page_of, "C0000003"): wrong}


def test_each_message_to_opted_out_customer_counts(correct_run):
    first = correct_run.obligation_of(1)
    sent = correct_run.delivery_to(4) | {"number": first["number"], "text": "Hi", "send_at": first["due"]}
    run = correct_run.plus(first | {"campaign": 7002}, sent | {"message": "x"}, sent | {"message": "y"})

    assert set(wrong_results(run)) == {(7001, "C0000001"), (7002, "C0000001")}


def test_missing_totals_count_as_zero(correct_run):
    run = correct_run.change(
        "metrics", lambda line: line | {"items": [i for i in line["items"] if i["TemplateID"] != 12]}
    )

    assert [(finding.cause, finding.expected) for finding in run.findings(totals.CHECKS)] == [
        ("the total of sent does not match the provider's records", "3"),
        ("the total of delivered does not match the provider's records", "3"),
    ]


def test_interactions_pass_if_customer_got_a_later_message_too(doubled_run):
    """The later message was delivered for both campaigns."""
    tomorrow = iso(FIRST_SEND + DAY)
    sent, status = (
        next(line for line in doubled_run.lines_of(kind) if line["message"] == FIRST)
        for kind in ("delivery", "delivery_status")
    )
    run = doubled_run.plus(
        doubled_run.lines_of("obligation")[6] | {"due": tomorrow},
        sent | {"message": "third", "send_at": tomorrow},
        status | {"message": "third"},
        interactions_line(7001, 1),
        interactions_line(7002, 1),
    )

    assert not [cause for cause, _ in causes(run) if cause.startswith("interactions")]


@pytest.mark.parametrize(("read", "lost"), [(7001, 7002), (7002, 7001)])
def test_messages_of_two_equal_campaigns_belong_to_the_one_that_was_read(doubled_run, read, lost):
    """Only one of them was read, so the other one is lost."""
    run = doubled_run.without("delivery", lambda line: str(line["message"]).startswith("second-")).change(
        "request", lambda line: line | {"summary": line["summary"] | {"campaign": read}} if "summary" in line else line
    )

    assert {
        recipient.obligation.campaign for recipient in ledger(run.history()).recipients if recipient.kind == "lost"
    } == {lost}


def with_clicks(run: HistoryBuilder, clicks: int = 2, **totals: int) -> HistoryBuilder:
    """Let customer 3 click in the first message; `totals` are reported for template 11 of each campaign."""
    webhook = {"kind": "webhook", "event": "clicked", "url": "http://127.0.0.1:9000/x", "attempt": 1, "status": 200,
               "error": None}  # fmt: skip
    found: list[Line] = []
    for n in range(991, 991 + clicks):
        click = {"n": n, "at": iso(FIRST_SEND + HOUR + n * MINUTE), "kind": "click", "service": "delivyr",
                 "message": FIRST, "number": "44"}  # fmt: skip
        found += [click, click | webhook | {"key": f"clicked:{FIRST}:{n}"}]
    template = {"TemplateID": 11, "ChannelID": 505, "MetricID": 3}
    items = [template | {"CampaignID": int(name[-4:]), "MetricValue": value} for name, value in totals.items()]
    last = run.lines_of("metrics")[-1]
    return run.plus(*found, last | {"items": [*last["items"], *items]})


@pytest.mark.parametrize(("first", "second"), [(1, 0), (0, 1), (2, 0), (0, 2), (0, 0)])
def test_clicks_may_count_for_either_campaign(doubled_run, first, second):
    run = with_totals(doubled_run, 7001, delivered=3, bounced=1)

    assert causes(with_clicks(run, of_7001=first, of_7002=second)) == []


def test_clicks_of_one_message_count_for_one_campaign(doubled_run):
    run = with_clicks(with_totals(doubled_run, 7001, delivered=3, bounced=1), of_7001=2, of_7002=2)

    (finding,) = run.findings(REPORT_CHECKS)
    assert (finding.cause, finding.expected) == ("the total of clicked is higher than the real number", "at most 2")
    assert finding.got == "4 for campaigns 7001 and 7002, pushed at 2026-03-09 09:00:00 UTC"


@pytest.mark.parametrize(("first", "second"), [(3, 0), (0, 3), (2, 2), (1, 2)])
def test_sum_of_clicks_counts_customers_or_clicks(doubled_run, first, second):
    """One customer clicked five times, on one day."""
    run = with_clicks(with_totals(doubled_run, 7001, delivered=3, bounced=1), 5, of_7001=first, of_7002=second)

    (finding,) = run.findings(REPORT_CHECKS)
    assert (
        finding.cause == "the total of clicked is neither the number of customers who clicked nor the number of clicks"
    )
    assert finding.expected == "1 customers, or 5 clicks"
    assert finding.got == f"{first + second} for campaigns 7001 and 7002, pushed at 2026-03-09 09:00:00 UTC"


@pytest.mark.parametrize(("first", "second"), [(1, 0), (0, 1), (5, 0), (0, 5), (2, 3)])
def test_five_clicks_may_count_for_either_campaign(doubled_run, first, second):
    run = with_totals(doubled_run, 7001, delivered=3, bounced=1)

    assert causes(with_clicks(run, 5, of_7001=first, of_7002=second)) == []


def test_sum_of_clicks_passes_without_the_total_of_one_campaign(doubled_run):
    run = with_totals(doubled_run, 7001, delivered=3, bounced=1)

    assert causes(with_clicks(run, 5, of_7001=3)) == []


def test_clicks_after_the_last_report_of_a_campaign_may_count_for_it(doubled_run):
    """The second campaign had a total before the clicks, and none after them."""
    run = with_clicks(with_totals(doubled_run, 7001, delivered=3, bounced=1), 5, of_7001=3)
    early = run.lines_of("metrics")[0]
    total = {"TemplateID": 11, "ChannelID": 505, "MetricID": 3, "CampaignID": 7002, "MetricValue": 0}

    assert causes(run.plus(early | {"items": [*early["items"], total]})) == []


def test_customers_who_clicked_in_a_duplicate_may_count_for_either_campaign(doubled_run):
    """Of three messages, two were clicked: each may belong to another campaign, or both to one."""
    first = next(line for line in doubled_run.lines_of("delivery") if line["message"] == FIRST)
    click = {"n": 999, "at": iso(FIRST_SEND + DAY), "kind": "click", "service": "delivyr", "number": "44"}
    run = with_clicks(doubled_run, 5, of_7001=1, of_7002=1)

    found = causes(run.plus(first | {"message": "third"}, click | {"message": "third"}))
    assert [cause for cause, _ in found if "clicked" in cause] == []


def time_to_judge_clicks(run: HistoryBuilder, pairs: int) -> float:
    """Return the processor time to judge the clicks of pairs of equal campaigns, each with one message."""
    owed, sent, last = run.obligation_of(3), run.delivery_to(3), run.lines_of("metrics")[-1]
    found: list[Line] = []
    for campaign in range(8000, 8000 + 2 * pairs):
        pair = {"number": f"4477{campaign // 2:08}", "text": f"Hi {campaign // 2}"}
        message = {"message": f"of-{campaign}"}
        found += [owed | pair | {"campaign": campaign}, sent | pair | message]
        found.append({"n": 990, "at": iso(FIRST_SEND + HOUR), "kind": "click", "service": "delivyr",
                      "number": "44"} | message)  # fmt: skip
    total = {"TemplateID": 11, "ChannelID": 505, "MetricID": 3, "MetricValue": 1}
    items = [total | {"CampaignID": campaign} for campaign in range(8000, 8000 + 2 * pairs)]
    history = run.plus(*found, last | {"items": [*last["items"], *items]}).history()
    assert len(clicked_messages(history).joint_campaigns) == pairs
    started = process_time()
    assert list(wrong_actions(history, "metrics.accurate")) == []
    return process_time() - started


def test_time_to_judge_clicks_grows_with_the_campaigns(correct_run):
    """Not with their square."""
    assert time_to_judge_clicks(correct_run, 500) < 30 * time_to_judge_clicks(correct_run, 50)
