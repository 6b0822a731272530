"""Reported metrics: cadence, consistency and accuracy."""

import pytest

from fault_helpers import fault_effect, request_line
from history_builder import FIRST_SEND, HistoryBuilder, Line, build_correct_run
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso, parse_instant
from sendproof_harness.judge.checks.reports import metrics, totals

CHECKS = (*metrics.CHECKS, *totals.CHECKS)


def causes(run: HistoryBuilder, *levels: str) -> list[str]:
    """Return the cause of each finding."""
    return [finding.cause for finding in run.findings(CHECKS, *levels)]


def with_value(run: HistoryBuilder, template: int, metric: int, value: int, since: int = 0) -> HistoryBuilder:
    """Replace a total of one template, from some time on."""

    def change(line: Line) -> Line:
        if line["at"] < iso(since):
            return line
        items = [item | {"MetricValue": value} if (item["TemplateID"], item["MetricID"]) == (template, metric) else item
                 for item in line["items"]]  # fmt: skip
        return line | {"items": items}

    return run.change("metrics", change)


def interactions_line(*customers: str, event: int = 1, template: int = 11) -> Line:
    """Return a report about customers."""
    return {"n": 990, "at": iso(FIRST_SEND + DAY), "kind": "interactions", "campaign": 7001, "channel": 505,
            "template": template, "event_id": event, "date": "2026-03-02", "customers": list(customers)}  # fmt: skip


def test_correct_totals_pass(correct_run):
    assert causes(correct_run, "fail", "unknown", "note") == []
    assert [check.run(correct_run.history()).looked_at for check in CHECKS] == [7, 9, 9]


def click_webhook(message: str) -> Line:
    """Return the provider's webhook about a click."""
    return {"n": 991, "at": iso(FIRST_SEND + HOUR), "kind": "webhook", "service": "delivyr", "event": "clicked",
            "key": f"clicked:{message}:1", "url": "http://127.0.0.1:9000/x", "attempt": 1, "status": 200,
            "error": None}  # fmt: skip


def test_unreported_clicks_are_noted(correct_run):
    """No document requires reports of clicks."""
    run = correct_run.plus(click_webhook(correct_run.delivery_to(0)["message"]))

    assert causes(run, "fail", "unknown", "note") == ["the provider reported clicks, and the bridge reported none"]
    assert causes(run.plus(interactions_line("C0000000", event=3)), "note") == []


def test_days_before_a_late_announcement_need_no_pushes(correct_run):
    """The campaign was due for two days when it was announced."""
    announced = iso(FIRST_SEND + 2 * DAY)
    run = correct_run.without("metrics", lambda line: line["at"] < announced)
    late = run.change("campaign", lambda line: line | {"announced_at": announced})

    assert causes(run).count("no metrics for a whole day") == 2
    assert "no metrics for a whole day" not in causes(late)


def test_days_before_messages_that_all_go_out_late_need_no_pushes(correct_run):
    """The lateness is a finding of its own, or an excused failure of the provider."""
    sent = FIRST_SEND + DAY
    run = correct_run.without("metrics", lambda line: line["at"] < iso(sent))
    late = run.change("delivery", lambda line: line | {"send_at": iso(max(parse_instant(line["send_at"]), sent))})

    assert "no metrics for a whole day" in causes(run)
    assert "no metrics for a whole day" not in causes(late)


def test_each_day_without_pushes_fails(correct_run):
    run = correct_run.without("metrics", lambda line: line["at"] >= iso(FIRST_SEND + 5 * DAY))

    assert causes(run) == ["no metrics for a whole day: they stopped after day 5"] * 2


def test_one_push_a_day_fails(correct_run):
    days = {iso(FIRST_SEND + day * DAY + 6 * HOUR) for day in range(7)}
    run = correct_run.without("metrics", lambda line: line["at"] not in days)

    assert causes(run) == ["metrics pushed too rarely"] * 7


def test_requests_in_quick_succession_are_one_push(correct_run):
    days = {iso(FIRST_SEND + day * DAY + 6 * HOUR) for day in range(7)}
    once = correct_run.without("metrics", lambda line: line["at"] not in days)

    assert causes(once.plus(*once.lines_of("metrics"), *once.lines_of("metrics"))) == ["metrics pushed too rarely"] * 7


def test_cadence_is_unknown_without_shared_clock(correct_run):
    header = correct_run.lines[0] | {"clock": {"mode": "virtual", "start": None, "rate": None, "participants": []}}
    run = HistoryBuilder((header, *correct_run.without("clock").without("metrics").lines[1:]))

    (finding,) = [finding for finding in run.findings(CHECKS) if finding.check == "metrics.cadence"]
    assert (finding.level, finding.got) == ("unknown", "a virtual clock without the bridge, and 0 pushes")


def test_days_after_end_of_history_are_not_judged(correct_run):
    header = correct_run.lines[0] | {"ended": iso(FIRST_SEND + 20 * HOUR)}
    run = HistoryBuilder((header, *correct_run.without("metrics").lines[1:]))
    cadence = next(result for result in run.verdict().results if result.check.id == "metrics.cadence")

    assert (cadence.status, cadence.looked_at) == ("unknown", 0)
    assert causes(run, "note") == ["the history ends before the seven days are over"]


def test_missing_dropped_customers_fail(correct_run):
    assert causes(with_value(correct_run, 12, 5, 0)) == ["sent plus dropped is not the number of targeted customers"]


def test_decreased_total_fails(correct_run):
    run = with_value(correct_run, 11, 1, 9)

    assert "the total of delivered decreased" not in causes(run)
    assert "the total of delivered decreased" in causes(with_value(run, 11, 1, 4, since=FIRST_SEND + DAY))


def test_two_totals_of_one_template_in_one_report_fail(correct_run):
    """The bridge has put the totals of another template under the same id."""
    run = correct_run.change(
        "metrics",
        lambda line: line | {"items": [*line["items"], *({**item, "MetricValue": 1} for item in line["items"])]},
    )

    cause = "one report has several totals of the same template and metric, as if of several templates"
    assert set(causes(run, "fail")) >= {cause}


def test_more_delivered_than_sent_fails(correct_run):
    assert causes(with_value(correct_run, 11, 1, 5)) == [
        "more delivered or bounced than sent",
        "the total of delivered does not match the provider's records",
    ]


def test_total_below_providers_records_fails(correct_run):
    (finding,) = with_value(correct_run, 11, 1, 3).findings(CHECKS)

    assert finding.cause == "the total of delivered does not match the provider's records"
    assert (finding.expected, finding.got) == ("4", "3, last pushed at 2026-03-09 09:00:00 UTC")


def test_receipt_of_last_minutes_may_be_missing(correct_run):
    late = correct_run.lines_of("delivery_status")[0]["message"]
    run = correct_run.change(
        "delivery_status", lambda line: line | {"at": iso(FIRST_SEND + 7 * DAY)} if line["message"] == late else line
    )

    assert causes(with_value(run, 11, 1, 3)) == []
    assert causes(with_value(with_value(run, 11, 1, 3), 11, 1, 4, since=FIRST_SEND + 7 * DAY)) == []
    assert causes(run) == ["the total of delivered was too high when it was pushed"]


def with_expired_message(run: HistoryBuilder) -> HistoryBuilder:
    """Let one of the two bounced messages of template 13 expire, without a receipt."""
    return run.change(
        "delivery_status", lambda line: line | {"status": "expired"} if line["message"] == "0000000005" else line
    ).without("webhook", lambda line: line["key"] == "receipt:0000000005")


@pytest.mark.parametrize("bounced", [0, 1])
def test_expired_message_without_a_receipt_may_count_as_bounced(correct_run, bounced):
    run = with_expired_message(correct_run)

    assert causes(with_value(run, 13, 9, 1 + bounced)) == []
    assert causes(with_value(run, 13, 9, 0)) == ["the total of bounced does not match the provider's records"]


def test_expired_message_that_the_bridge_knows_must_count_as_bounced(correct_run):
    """A receipt came, or the bridge asked for the statuses of the batch."""
    run = with_value(with_expired_message(correct_run), 13, 9, 1)
    (receipt,) = [line for line in correct_run.lines_of("webhook") if line["key"] == "receipt:0000000005"]
    summary = {"expired": ["0000000005"]}
    answer = request_line(FIRST_SEND + DAY, 8_000, "textlocal", "status_batch", status=200, summary=summary)
    cause = "the total of bounced does not match the provider's records, as if expired messages were left out"

    assert causes(run.plus(receipt)) == [cause]
    assert causes(run.plus(answer)) == [cause]
    assert causes(with_value(run.plus(answer), 13, 9, 2)) == []


@pytest.mark.parametrize(("service", "hint"), [("smtp", ", as if no receipts were requested"), ("textlocal", "")])
def test_receipts_that_were_never_requested_are_named(correct_run, service, hint):
    """A bridge can ask Textlocal for the states of messages, and a mail relay only for receipts."""
    run = correct_run.without("webhook", lambda line: line["service"] == "textlocal")
    for kind in ("delivery", "delivery_status"):
        run = run.change(kind, lambda line: line | {"service": service})

    assert causes(with_value(run, 11, 1, 0)) == [f"the total of delivered does not match the provider's records{hint}"]


def test_lost_receipt_that_came_before_the_response_is_named(correct_run):
    sent = correct_run.delivery_to(3)

    def at_once(line: Line) -> Line:
        is_about = sent["message"] in {line.get("message"), str(line.get("key")).removeprefix("receipt:")}
        return line | {"at": sent["at"]} if is_about else line

    run = correct_run.change("delivery_status", at_once).change("webhook", at_once)
    hint = ", as if receipts were lost that came before the response to the send"

    assert causes(run) == []
    assert causes(with_value(run, 11, 1, 3)) == [f"the total of delivered does not match the provider's records{hint}"]
    assert causes(with_value(with_value(run, 11, 1, 3), 11, 1, 4, since=FIRST_SEND + 3 * DAY)) == [
        f"the total of delivered was out of date when it was pushed{hint}"
    ]


def repeated(run: HistoryBuilder, status: str) -> HistoryBuilder:
    """Add a second message to customer 3, who got the first of template 11, with another status."""
    sent = run.delivery_to(3)
    (first,) = [line for line in run.lines_of("delivery_status") if line["message"] == sent["message"]]
    return run.plus(sent | {"n": 900, "message": "again"}, first | {"n": 901, "message": "again", "status": status})


def test_customer_who_got_a_message_twice_counts_once(correct_run):
    """The second message is a finding of its own, and the totals of a bridge count customers."""
    run = repeated(correct_run, "delivered")

    assert causes(run) == []
    assert causes(with_value(run, 11, 1, 3)) == ["the total of delivered does not match the provider's records"]


@pytest.mark.parametrize("delivered", [3, 4])
def test_customer_whose_messages_have_two_results_may_count_for_either(correct_run, delivered):
    run = repeated(correct_run, "undelivered")

    assert causes(with_value(run, 11, 1, delivered)) == []


def delivered_later(run: HistoryBuilder, after: int) -> HistoryBuilder:
    """Add a later status of the bounced message to customer 5: delivered."""
    first = next(line for line in run.lines_of("delivery_status") if line["message"] == "0000000005")
    return run.plus(first | {"at": iso(parse_instant(str(first["at"])) + after), "status": "delivered"})


@pytest.mark.parametrize(("bounced", "delivered"), [(2, 1), (1, 2), (2, 2)])
def test_replaced_status_may_still_count(correct_run, bounced, delivered):
    """It may have been reported already, and totals never decrease."""
    run = delivered_later(correct_run, HOUR)

    assert causes(with_value(with_value(run, 13, 9, bounced), 13, 1, delivered)) == (
        ["more delivered or bounced than sent"] if bounced + delivered > 3 else []
    )
    assert causes(run.plus(interactions_line("C0000005", event=9, template=13))) == []
    assert causes(run.plus(interactions_line("C0000005", event=1, template=13))) == []


@pytest.mark.parametrize(("bounced", "delivered"), [(2, 1), (1, 2)])
def test_status_of_which_the_bridge_was_told_late_may_count_or_not(correct_run, bounced, delivered):
    """The provider replaced a status after a minute. The receipt was dropped for an hour, so a report came first."""
    run = delivered_later(correct_run, MINUTE)
    receipt = next(line for line in run.lines_of("webhook") if line["key"] == "receipt:0000000005")
    second = receipt | {"key": "delivered:0000000005"}
    told_at = parse_instant(str(receipt["at"])) + HOUR
    run = run.plus(second | {"status": None, "dropped": True}, second | {"attempt": 2, "at": iso(told_at)})

    assert causes(with_value(with_value(run, 13, 9, bounced), 13, 1, delivered)) == []


def test_status_replaced_within_a_minute_must_not_count(correct_run):
    run = delivered_later(correct_run, MINUTE)

    assert causes(with_value(with_value(run, 13, 9, 1), 13, 1, 2)) == []
    assert set(causes(run)) == {
        "the total of bounced does not match the provider's records",
        "the total of delivered does not match the provider's records",
    }


@pytest.mark.parametrize(
    ("field", "value", "cause"),
    [
        ("CampaignID", 7999, "metrics of a campaign that does not exist on this channel"),
        ("ChannelID", 506, "totals of a template on another channel than its own"),
        ("TemplateID", 99, "metrics of a template that the campaign does not use"),
        ("MetricID", 77, "an unknown metric"),
    ],
)
def test_totals_of_unknown_items_fail(correct_run, field, value, cause):
    extra = correct_run.lines_of("metrics")[-1]
    run = correct_run.plus(extra | {"items": [extra["items"][0] | {field: value}]})

    assert causes(run) == [cause]


def test_correct_interactions_pass(correct_run):
    run = correct_run.plus(
        interactions_line("C0000000", "C0000003"), interactions_line("C0000005", event=9, template=13)
    )

    assert causes(run) == []


def test_interaction_about_bounced_customer_fails(correct_run):
    (finding,) = correct_run.plus(interactions_line("C0000005", template=13)).findings(CHECKS)

    assert (finding.cause, finding.where.customer, finding.got) == (
        "interactions: a customer was reported as delivered but was not", "C0000005", "undelivered",
    )  # fmt: skip


def test_interaction_about_unknown_customer_fails(correct_run):
    """An id without its letter is another customer."""
    assert causes(correct_run.plus(interactions_line("0000000"))) == ["interactions: a customer outside the campaign"]


def test_additive_values_are_summed_up(correct_run):
    header = correct_run.lines[0] | {"dialects": {"optimove.metric_values": "additive"}}
    first, *others = correct_run.lines_of("metrics")
    zeros = [item | {"MetricValue": 0} for item in first["items"]]
    run = HistoryBuilder((header, *correct_run.without("metrics").lines[1:])).plus(
        first, *(push | {"items": zeros} for push in others)
    )

    assert causes(run) == []
    cause = "sent plus dropped is not the number of targeted customers, as if each was counted twice"
    assert cause in causes(run.plus(first))


@pytest.mark.parametrize(
    ("fault", "level"), [("connection_reset", "unknown"), ("rate_limited", "fail")], ids=["lost", "refused"]
)
def test_additive_report_is_not_judged_after_a_lost_one(correct_run, fault, level):
    """No call can find out if the lost report counted. A refused one did not, and could be repeated."""
    header = correct_run.lines[0] | {"dialects": {"optimove.metric_values": "additive"}}
    zeros = HistoryBuilder((header, *correct_run.lines[1:])).change(
        "metrics", lambda line: line | {"items": [item | {"MetricValue": 0} for item in line["items"]]}
    )
    lost = fault_effect(fault, "lost", effect=False)
    run = zeros.plus(request_line(FIRST_SEND, 6_999, "optimove", "UpdateCampaignMetrics", status=0, fault=lost))

    assert {finding.level for finding in run.findings(CHECKS) if finding.level != "note"} == {level}


@pytest.mark.parametrize(("value", "expected"), [(0, []), (1, ["the total of clicked is higher than the real number"])])
def test_more_clicks_than_real_fail(correct_run, value, expected):
    push = correct_run.lines_of("metrics")[-1]
    clicks = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 11, "MetricID": 3, "MetricValue": value}

    assert causes(correct_run.plus(push | {"items": [*push["items"], clicks]})) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, []),
        (2, ["the total of clicked is neither the number of customers who clicked nor the number of clicks"]),
        (3, []),
    ],
)
def test_total_of_clicks_counts_customers_or_clicks(correct_run, value, expected):
    """No document says which of the two Optimove expects, but a number in between is wrong."""
    message, push = correct_run.delivery_to(3)["message"], correct_run.lines_of("metrics")[-1]
    webhook = click_webhook(message)
    posted = [webhook | {"n": 991 + nth, "key": f"clicked:{message}:{nth}"} for nth in (1, 2, 3)]
    clicks = [line | {"kind": "click", "message": message, "number": "44"} for line in posted]
    total = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 11, "MetricID": 3, "MetricValue": value}

    assert causes(correct_run.plus(*posted, *clicks, push | {"items": [*push["items"], total]})) == expected


def clicked_run(run: HistoryBuilder, *totals: int) -> HistoryBuilder:
    """Return a run with three clicks of customer 0, two of customer 3 and one of 6 and 9; `totals` are the pushes."""
    times = [FIRST_SEND + HOUR + minute * MINUTE for minute in range(7)]
    messages = [run.delivery_to(customer)["message"] for customer in (0, 0, 0, 3, 3, 6, 9)]
    found: list[Line] = []
    for nth, (at, message) in enumerate(zip(times, messages, strict=True)):
        webhook = click_webhook(str(message)) | {"n": 991 + nth, "at": iso(at), "key": f"clicked:{message}:{nth}"}
        found += [webhook, webhook | {"kind": "click", "message": message, "number": "44"}]
    clicks = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 11, "MetricID": 3}
    pushes = run.lines_of("metrics")
    values = (*totals, *[totals[-1]] * (len(pushes) - len(totals)))
    reports = [
        push | {"items": [*push["items"], clicks | {"MetricValue": value}]}
        for push, value in zip(pushes, values, strict=True)
    ]
    return run.without("metrics").plus(*found, *reports)


@pytest.mark.parametrize("totals", [(4,), (7,), (3, 4), (0, 7), (0, 0, 0)])
def test_clicks_counted_in_one_way_pass(correct_run, totals):
    """A bridge may count customers or clicks, and need not know all of them."""
    assert causes(clicked_run(correct_run, *totals)) == []


def test_clicks_of_customers_in_one_report_and_all_clicks_in_another_fail(correct_run):
    assert causes(clicked_run(correct_run, 4, 4, 4, 4, 7)) == [
        "the total of clicked is the number of customers in one report and of their clicks in another"
    ]


@pytest.mark.parametrize(("total", "most"), [(14, "at most 7"), (8, "at most 7")])
def test_more_clicks_than_there_were_are_counted_twice_at_most(correct_run, total, most):
    (finding,) = clicked_run(correct_run, total).findings(CHECKS)

    assert (finding.cause.endswith(", as if each was counted twice"), finding.expected) == (total == 14, most)


def test_clicks_reported_before_they_happened_fail(correct_run):
    """The last total is right, and the first one came before any click."""
    early = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 11, "MetricID": 3, "MetricValue": 4}
    first = correct_run.lines_of("metrics")[0] | {"at": iso(FIRST_SEND + MINUTE), "items": [early]}

    assert causes(clicked_run(correct_run, 4).plus(first)) == ["the total of clicked is higher than the real number"]


def multiplied(item: dict[str, int], factors: dict[int, int]) -> dict[str, int]:
    """Return an item of a report with its total times the factor of its metric."""
    return item | {"MetricValue": item["MetricValue"] * factors.get(item["MetricID"], 1)}


@pytest.mark.parametrize(
    ("factors", "hint"),
    [({0: 2, 5: 2}, "each was counted twice"), ({0: 2}, "each customer was counted twice as sent")],
)
def test_targeted_customers_counted_twice_are_named(factors, hint):
    run = build_correct_run(customers=60)
    doubled = run.change(
        "metrics", lambda line: line | {"items": [multiplied(item, factors) for item in line["items"]]}
    )

    found = {cause for cause in causes(doubled) if cause.startswith("sent plus dropped")}
    assert f"sent plus dropped is not the number of targeted customers, as if {hint}" in found


def test_delivered_counted_twice_is_named():
    run = build_correct_run(customers=60)
    doubled = run.change("metrics", lambda line: line | {"items": [multiplied(item, {1: 2}) for item in line["items"]]})

    assert causes(doubled).count(
        "the total of delivered does not match the provider's records, as if each was counted twice"
    ) == len({line["template"] for line in run.lines_of("obligation")})


def test_outdated_receipt_that_replaces_the_final_one_is_named(correct_run):
    """Providers post receipts out of order."""
    message, push = correct_run.delivery_to(3)["message"], correct_run.lines_of("metrics")[-1]
    (delivered,) = [item["MetricValue"] for item in push["items"] if (item["TemplateID"], item["MetricID"]) == (11, 1)]
    posted = {"service": "textlocal", "event": "receipt", "at": iso(FIRST_SEND + HOUR)}
    webhooks = [click_webhook(message) | posted | {"n": n, "key": f"receipt:{message}:{status}"}
                for n, status in ((991, "delivered"), (992, "undelivered"))]  # fmt: skip
    run = with_value(correct_run.plus(*webhooks), 11, 1, delivered - 1)

    assert causes(run)[0] == (
        "the total of delivered does not match the provider's records"
        ", as if an outdated receipt that came after the final one replaced it"
    )


def test_interaction_about_missing_opt_out_fails(correct_run):
    run = correct_run.plus(interactions_line("C0000003", event=4))

    assert causes(run) == ["interactions: a customer was reported as unsubscribed but was not"]


def test_repeated_interaction_fails(correct_run):
    """Optimove adds up all requests."""
    run = correct_run.plus(interactions_line("C0000003"), interactions_line("C0000003"))

    assert causes(run) == ["interactions: a customer was reported twice as delivered"]


def test_zeros_until_the_last_push_fail(correct_run):
    last = correct_run.lines_of("metrics")[-1]["at"]

    def zeros(line: Line) -> Line:
        return line if line["at"] == last else line | {"items": [item | {"MetricValue": 0} for item in line["items"]]}

    assert set(causes(correct_run.change("metrics", zeros))) == {
        f"the total of {name} was out of date when it was pushed"
        for name in ("sent", "delivered", "bounced", "dropped")
    }


def delivered_at(run: HistoryBuilder, at: int) -> HistoryBuilder:
    """Let the provider deliver the message to customer 0 at another time; pushes before do not count it."""
    message = run.delivery_to(0)["message"]
    times = {"delivery_status": message, "webhook": f"receipt:{message}"}
    for kind, key in times.items():
        run = run.change(
            kind,
            lambda line, key=key: line | {"at": iso(at)} if key in (line.get("message"), line.get("key")) else line,
        )
    return run


@pytest.mark.parametrize(("hours", "count"), [(8, 0), (24, 1)])
def test_status_missing_in_a_later_push_is_stale_after_nine_hours(correct_run, hours, count):
    def change(line: Line) -> Line:
        if parse_instant(line["at"]) >= FIRST_SEND + 2 * DAY + hours * HOUR:
            return line
        items = [item | {"MetricValue": item["MetricValue"] - 1} if (item["TemplateID"], item["MetricID"]) == (11, 1)
                 else item for item in line["items"]]  # fmt: skip
        return line | {"items": items}

    run = delivered_at(correct_run, FIRST_SEND + 2 * DAY).change("metrics", change)

    assert causes(run) == ["the total of delivered was out of date when it was pushed"] * count


@pytest.mark.parametrize("offset", [HOUR, 3 * HOUR])
def test_pushes_at_other_times_pass(correct_run, offset):
    run = correct_run.change("metrics", lambda line: line | {"at": iso(parse_instant(line["at"]) - offset)})

    assert causes(run) == []


def pushes_a_day(run: HistoryBuilder, count: int) -> HistoryBuilder:
    """Leave out pushes; the correct run has four a day."""
    hours = 24 // count
    return run.without("metrics", lambda line: (parse_instant(str(line["at"])) - FIRST_SEND) // HOUR % hours != 0)


def test_scenario_sets_the_number_of_pushes_a_day(correct_run):
    scenario = {"n": 0, "at": iso(FIRST_SEND), "real": 0.0, "kind": "scenario", "name": "Small", "file": "small"}
    run = pushes_a_day(correct_run, 2)

    assert set(causes(run)) == {"metrics pushed too rarely"}
    assert causes(run.plus(scenario | {"reports_a_day": 2})) == []


def once_a_day(run, *days):
    """Return a run for a client who wants one report a day, with pushes at the end of these days only."""
    scenario = {"n": 0, "at": iso(FIRST_SEND), "kind": "scenario", "name": "Any", "file": "any", "reports_a_day": 1}
    push = run.lines_of("metrics")[-1]
    at_end = [push | {"at": iso(FIRST_SEND + day * DAY)} for day in days]
    return run.without("metrics").plus(scenario, *at_end)


def cadence_causes(run):
    return [finding.cause for finding in run.findings(metrics.CHECKS) if finding.check == "metrics.cadence"]


def test_reports_at_the_end_of_each_of_seven_days_are_once_a_day(correct_run):
    """The brochure of Textlocal and Optimove: once each day, for a week following the send."""
    assert cadence_causes(once_a_day(correct_run, *range(1, 8))) == []


@pytest.mark.parametrize("missing", [1, 4, 7])
def test_reports_on_six_days_are_too_few(correct_run, missing):
    assert cadence_causes(once_a_day(correct_run, *(day for day in range(1, 8) if day != missing))) != []


def test_polled_status_of_the_last_hours_may_be_missing_in_the_last_push(correct_run):
    """The bridge may poll in another rhythm."""
    run = delivered_at(correct_run, FIRST_SEND + 7 * DAY - 8 * HOUR)

    assert causes(with_value(run, 11, 1, 3)) == []


def test_drops_left_out_of_a_push_are_stale(correct_run):
    run = with_value(correct_run, 12, 5, 0)

    assert causes(with_value(run, 12, 5, 1, since=FIRST_SEND + 2 * DAY)) == [
        "the total of dropped was out of date when it was pushed"
    ]


def test_rejected_pushes_are_no_missing_pushes(correct_run):
    """The rejections are findings of their own."""
    rejected = [
        request_line(parse_instant(str(line["at"])), n, "optimove", "UpdateCampaignMetrics", status=400)
        for n, line in enumerate(correct_run.lines_of("metrics"), start=2_000)
    ]

    assert causes(correct_run.without("metrics").plus(*rejected)) == []


def test_push_every_eight_hours_from_the_first_send_passes(correct_run):
    """The third push of a day is then moments after its end."""
    first = correct_run.lines_of("metrics")[0]
    times = [FIRST_SEND + count * 8 * HOUR + 5_000 for count in range(1, 22)]
    run = correct_run.without("metrics").plus(*(first | {"at": iso(at), "n": 3_000} for at in times))

    assert [finding.cause for finding in run.findings(metrics.CHECKS[:1])] == []


@pytest.mark.parametrize(("metric", "name"), [(2, "opened"), (6, "spam reports")])
def test_total_that_no_provider_reports_fails(correct_run, metric, name):
    item = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 11, "MetricID": metric, "MetricValue": 1}
    run = correct_run.change("metrics", lambda line: line | {"items": [*line["items"], item]})

    assert causes(run) == [f"the total of {name} is higher than the real number"]
    assert causes(with_value(run, 11, metric, 0)) == []
