"""Interactions where the client wants them: complete, and about the right campaign, template and event."""

import pytest

from fault_helpers import injection_line, with_faults
from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso, parse_instant
from sendproof_harness.judge.checks.reports import interactions, totals
from two_opt_outs import on_second_channel, stop_lines

CHECKS = (*totals.CHECKS, *interactions.CHECKS)
EVENTS = ((0, "sent"), (1, "delivered"), (5, "dropped"), (9, "bounced"))


def scenario_line(**wishes: object) -> Line:
    """Return the line of a scenario with wishes of the client."""
    return {"n": 0, "at": iso(FIRST_SEND + 7 * DAY), "real": 0.0, "kind": "scenario", "name": "Small", "file": "small",
            **wishes}  # fmt: skip


def report(event: int, template: object, customers: list[str], **fields: object) -> Line:
    """Return an accepted call of UpdateCampaignInteractions."""
    return {"n": 995, "at": iso(FIRST_SEND + 6 * HOUR), "real": 0.0, "kind": "interactions", "campaign": 7001,
            "channel": 505, "template": template, "event_id": event, "date": "2026-03-02",
            "customers": customers, **fields}  # fmt: skip


def events_of(index: int, line: Line) -> tuple[int, ...]:
    """Return the events of one customer of the correct run."""
    return (0, 9 if index % 6 == 5 else 1) if line["owed"] else (5,)


def reports_of(run: HistoryBuilder) -> list[Line]:
    """Return all interactions of the correct run, one customer a call."""
    return [
        report(event, line["template"], [str(line["customer"])])
        for index, line in enumerate(run.lines_of("obligation"))
        for event in events_of(index, line)
    ]


@pytest.fixture
def reported_run(correct_run: HistoryBuilder) -> HistoryBuilder:
    """Return a correct run of a client who wants interactions."""
    return correct_run.plus(*reports_of(correct_run), scenario_line(reports="campaign_metrics"))


def findings(run: HistoryBuilder) -> list[tuple[str, str | None]]:
    """Return cause and customer of each finding."""
    return [(finding.cause, finding.where.customer) for finding in run.findings(CHECKS)]


def test_complete_interactions_pass(reported_run):
    (check,) = interactions.CHECKS

    assert findings(reported_run) == []
    assert check.run(reported_run.history()).looked_at == len(reports_of(reported_run)) == 22


def test_check_applies_only_if_client_wants_interactions(correct_run, reported_run):
    def checks(run: HistoryBuilder) -> set[str]:
        return {result.check.id for result in run.verdict().results}

    assert "interactions.complete" in checks(reported_run)
    assert "interactions.complete" not in checks(correct_run.plus(scenario_line(reports="save_event")))
    assert "interactions.complete" not in checks(correct_run.plus(scenario_line()))


@pytest.mark.parametrize(("event", "name"), EVENTS)
def test_event_never_reported_fails(reported_run, event, name):
    run = reported_run.without("interactions", lambda line: line["event_id"] == event)

    assert {cause for cause, _ in findings(run)} == {
        f"UpdateCampaignInteractions: no customer was ever reported as {name}"
    }


def test_missing_customer_fails(reported_run):
    run = reported_run.without("interactions", lambda line: line["customers"] == ["C0000003"])

    assert findings(run) == [
        ("UpdateCampaignInteractions: a customer who was sent is missing", "C0000003"),
        ("UpdateCampaignInteractions: a customer who was delivered is missing", "C0000003"),
    ]


def test_missing_customer_is_unknown_if_a_request_got_no_response(reported_run):
    lost = {"n": 996, "at": iso(FIRST_SEND + HOUR), "real": 0.0, "kind": "request", "service": "optimove",
            "operation": "UpdateCampaignInteractions", "method": "POST", "path": "/x", "credential": "known",
            "status": 0, "violations": [],
            "fault": {"id": "f1", "fault": "no_response", "effect": False, "response": "lost"}}  # fmt: skip
    run = reported_run.without("interactions", lambda line: line["customers"] == ["C0000003"]).plus(lost)

    assert {finding.level for finding in run.findings(CHECKS)} == {"unknown"}


def test_status_of_the_last_hours_need_not_be_reported(reported_run):
    """The bridge may have reported for the last time before it knew."""
    message, late = reported_run.delivery_to(3)["message"], iso(FIRST_SEND + 7 * DAY - 8 * HOUR)
    run = reported_run.change(
        "delivery_status", lambda line: line | {"at": late} if line["message"] == message else line
    ).without("interactions", lambda line: line["customers"] == ["C0000003"] and line["event_id"] == 1)

    assert [cause for cause, _ in findings(run) if cause.startswith("UpdateCampaignInteractions")] == []


def test_status_that_never_reached_the_bridge_need_not_be_reported(reported_run):
    message = reported_run.delivery_to(3)["message"]
    run = reported_run.change(
        "webhook", lambda line: line | {"status": 500} if line["key"] == f"receipt:{message}" else line
    ).without("interactions", lambda line: line["customers"] == ["C0000003"] and line["event_id"] == 1)

    assert [cause for cause, _ in findings(run) if cause.startswith("UpdateCampaignInteractions")] == []


def changed(run: HistoryBuilder, **fields: object) -> HistoryBuilder:
    """Change the reports about customer 3."""
    return run.change("interactions", lambda line: line | fields if line["customers"] == ["C0000003"] else line)


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"campaign": 7002}, "interactions: a customer outside the campaign"),
        ({"channel": 506}, "interactions: a campaign on a channel that it does not use"),
        ({"template": 12}, "interactions: a customer was reported for another template than its own"),
        ({"event_id": 2}, "interactions: an event that no message of the run had"),
        ({"event_id": 9}, "interactions: a customer was reported as bounced but was not"),
        ({"event_id": 5}, "interactions: a customer was reported as dropped but was not"),
    ],
)
def test_wrong_dimension_of_interaction_fails(reported_run, fields, cause):
    found = findings(changed(reported_run, **fields))

    assert (cause, "C0000003") in found
    assert {customer for _, customer in found} == {"C0000003"}


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (1, set()),
        (2, set()),
        (3, {"interactions: a recipient group that the campaign does not have"}),
    ],
)
def test_group_of_ab_test_may_be_named_or_left_out(reported_run, group, expected):
    """Group 1 is the default, and no document promises that a bridge learns the group of a customer."""
    run = reported_run.change("campaign", lambda line: line | {"splits": [s | {"group": 2} for s in line["splits"]]})

    assert {cause for cause, _ in findings(changed(run, group=group))} == expected


def with_total(run: HistoryBuilder, metric: int, value: int) -> HistoryBuilder:
    """Add a total of template 11 to each push."""
    item = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 11, "MetricID": metric, "MetricValue": value}
    return run.change("metrics", lambda line: line | {"items": [*line["items"], item]})


def click_lines(message: object) -> tuple[Line, Line]:
    """Return a click, and the webhook about it."""
    head = {"n": 991, "at": iso(FIRST_SEND + HOUR), "real": 0.0, "service": "textlocal"}
    webhook = {"kind": "webhook", "event": "clicked", "key": f"clicked:{message}:1", "attempt": 1, "status": 200,
               "url": "http://127.0.0.1:9000/x", "error": None}  # fmt: skip
    return head | {"kind": "click", "message": message, "number": "44"}, head | webhook


def test_click_that_the_provider_reported_must_be_reported(reported_run):
    click, webhook = click_lines(reported_run.delivery_to(3)["message"])
    cause = "UpdateCampaignInteractions: no customer was ever reported as clicked"

    run = with_total(reported_run, 3, 1)

    assert findings(reported_run.plus(click)) == []
    assert findings(run.plus(click, webhook)) == [(cause, "C0000003")]
    assert findings(run.plus(click, webhook, report(3, 11, ["C0000003"]))) == []


def test_opt_out_that_the_provider_reported_must_be_reported(reported_run):
    run = reported_run.plus(*stop_lines(reported_run))
    cause = "UpdateCampaignInteractions: no customer was ever reported as unsubscribed"

    assert findings(with_total(run, 4, 1)) == [(cause, "C0000003")]
    assert findings(with_total(run, 4, 1).plus(report(4, 11, ["C0000003"]))) == []


def test_opt_out_after_an_opt_in_is_reported_again(reported_run):
    """Optimove adds up the reports, so a report without a second opt-out is one too many."""
    first = reported_run.plus(*stop_lines(reported_run), report(4, 11, ["C0000003"]))
    twice = with_total(first, 4, 1).plus(report(4, 11, ["C0000003"]))
    number = {"service": "textlocal", "number": reported_run.obligation_of(3)["number"], "source": "reply"}
    start, stop = ({"n": 994, "at": iso(FIRST_SEND + hours * HOUR), "real": 0.0} | number for hours in (1, 2))

    assert findings(twice) == [("interactions: a customer was reported twice as unsubscribed", "C0000003")]
    assert findings(twice.plus(start | {"kind": "opt_in"}, stop | {"kind": "opt_out"})) == []


def test_opt_out_need_not_be_reported_where_only_the_provider_knows_whose_number_it_is(reported_run):
    run = reported_run.plus(*stop_lines(reported_run)).change(
        "history", lambda line: line | {"channels": [{**line["channels"][0], "recipients": "customer_ids"}]}
    )

    assert findings(run) == []


def test_customer_who_opts_out_at_two_providers_may_count_once(reported_run):
    item = {"ChannelID": 506, "CampaignID": 7006, "TemplateID": 21, "MetricID": 0, "MetricValue": 1}
    totals_without = reported_run.lines_of("metrics")[-1] | {"channel": 506, "items": [item]}
    first = reported_run.plus(*stop_lines(reported_run), report(4, 11, ["C0000003"]))
    run = on_second_channel(first).plus(totals_without)
    cause = "the total of unsubscribed is lower than the provider reported"

    assert cause in [finding.cause for finding in with_total(run, 4, 0).findings(CHECKS)]
    assert cause not in [finding.cause for finding in with_total(run, 4, 1).findings(CHECKS)]


def test_customer_who_clicks_in_two_messages_of_a_trigger_may_count_once(reported_run):
    sent = reported_run.delivery_to(3)
    again = {"due": iso(FIRST_SEND + 30 * MINUTE), "trigger": "Visit"}
    run = reported_run.plus(
        reported_run.obligation_of(3) | again,
        sent | {"message": "second", "at": again["due"], "send_at": again["due"], "n": 990},
        *click_lines(sent["message"]),
        *click_lines("second"),
    )
    cause = "the total of clicked is lower than the provider reported"

    assert cause in [finding.cause for finding in with_total(run, 3, 0).findings(CHECKS)]
    assert cause not in [finding.cause for finding in with_total(run, 3, 1).findings(CHECKS)]


@pytest.mark.parametrize(("value", "cause"), [(0, "lower than the provider reported"), (None, "ever reported")])
def test_missing_total_of_opt_outs_fails(reported_run, value, cause):
    run = reported_run.plus(*stop_lines(reported_run), report(4, 11, ["C0000003"]))
    run = run if value is None else with_total(run, 4, value)
    (finding,) = run.findings(CHECKS)

    assert finding.cause.endswith(cause)


@pytest.mark.parametrize(
    ("day", "cause"),
    [
        ("2026-03-01", "interactions: delivered dated before it happened"),
        ("2026-03-03", "interactions: delivered dated in the future"),
    ],
)
def test_interaction_dated_on_another_day_fails(reported_run, day, cause):
    run = reported_run.change(
        "interactions",
        lambda line: line | {"date": day} if line["customers"] == ["C0000003"] and line["event_id"] == 1 else line,
    )

    assert findings(run) == [(cause, "C0000003")]


def test_interaction_dated_on_the_day_of_the_report_fails(reported_run):
    """The bridge received the receipt on the day before."""
    run = changed(reported_run, at=iso(FIRST_SEND + 16 * HOUR), date="2026-03-03")

    assert findings(run) == [
        ("interactions: sent dated after it happened", "C0000003"),
        ("interactions: delivered dated after it happened", "C0000003"),
    ]


def test_interaction_of_polled_status_may_be_dated_on_the_day_of_the_report(reported_run):
    """Not every provider says when a message was delivered."""
    key = f"receipt:{reported_run.delivery_to(3)['message']}"
    run = reported_run.without("webhook", lambda line: line["key"] == key).change(
        "interactions",
        lambda line: (
            line | {"at": iso(FIRST_SEND + 16 * HOUR), "date": "2026-03-03"}
            if line["customers"] == ["C0000003"] and line["event_id"] == 1
            else line
        ),
    )

    assert findings(run) == []


@pytest.mark.parametrize(("day", "count"), [("2026-03-02", 0), ("2026-03-03", 0), ("2026-03-04", 1)])
def test_interaction_may_be_dated_on_the_day_on_which_a_late_receipt_came(reported_run, day, count):
    """A bridge may have asked for the status before, and the answer had no time."""
    key = f"receipt:{reported_run.delivery_to(3)['message']}"
    late = iso(FIRST_SEND + 16 * HOUR)
    run = reported_run.change("webhook", lambda line: line | {"at": late} if line["key"] == key else line)
    reports = changed(run, at=iso(FIRST_SEND + 40 * HOUR), date=day).lines_of("interactions")
    (delivered,) = (line for line in reports if line["customers"] == ["C0000003"] and line["event_id"] == 1)
    others = run.without("interactions", lambda line: (line["customers"], line["event_id"]) == (["C0000003"], 1))

    cause = "interactions: delivered dated after it happened"
    assert findings(others.plus(delivered)).count((cause, "C0000003")) == count


def test_interaction_before_the_event_fails(reported_run):
    run = reported_run.change(
        "interactions",
        lambda line: line | {"at": iso(FIRST_SEND + HOUR)} if line["event_id"] == 1 else line,
    )

    assert findings(run) == [
        ("interactions: a customer was reported as delivered before it happened", customer)
        for customer in ("C0000004", "C0000007", "C0000008", "C0000010")
    ]


@pytest.mark.parametrize(("hours", "count"), [(17, 0), (18, 2)])
def test_interaction_reported_a_day_later_fails(reported_run, hours, count):
    run = changed(reported_run, at=iso(FIRST_SEND + hours * HOUR))

    assert len(findings(run)) == count
    assert {cause for cause, _ in findings(run)} <= {
        f"UpdateCampaignInteractions: {name} was reported too late" for name in ("sent", "delivered")
    }


def test_late_interaction_is_not_judged_without_shared_clock(reported_run):
    header = reported_run.lines[0] | {"clock": reported_run.lines[0]["clock"] | {"participants": []}}
    run = changed(reported_run.without("clock"), at=iso(FIRST_SEND + 2 * DAY), date="2026-03-09")

    assert findings(HistoryBuilder((header, *run.lines[1:]))) == []


@pytest.mark.parametrize("spelling", ["c0000003", "3", "0000003", " C0000003"])
def test_id_in_another_spelling_is_named(reported_run, spelling):
    """Optimove's ids are text."""
    run = reported_run.plus(report(1, 11, [spelling]))

    cause = "interactions: the id of a customer is spelled in another way than Optimove's"
    assert (cause, spelling) in findings(run)


def named(run: HistoryBuilder, id_: str) -> HistoryBuilder:
    """Give customer 3 this id, also in the reports."""
    own = {"customer": id_}
    renamed = run.change("obligation", lambda line: line | own if line["customer"] == "C0000003" else line)
    return changed(renamed, customers=[id_])


@pytest.mark.parametrize(
    ("id_", "reported", "cause"),
    [
        ("0042", "42", "the leading zeros of an id were lost"),
        ("A-0042", "A-42", "the leading zeros of an id were lost"),
        ("6f1f0b1e-0f5c-4c5b", "6f1f0b1e-0f5c", "the id of a customer was cut off"),
        ("6f1f0b1e-0f5c-4c5b", "6f1", "a customer outside the campaign"),
        ("C00010", "C10", "a customer outside the campaign"),
    ],
)
def test_damaged_id_is_named_if_it_can_only_be_that_of_one_customer(reported_run, id_, reported, cause):
    run = named(reported_run, id_).plus(report(1, 11, [reported]))

    assert (f"interactions: {cause}", reported) in findings(run)


@pytest.mark.parametrize(("killed_at", "count"), [(FIRST_SEND - HOUR, 1), (None, 0)])
def test_kill_before_a_report_is_no_reason_to_repeat_it(reported_run, killed_at, count):
    first = next(line for line in reported_run.lines_of("interactions") if line["customers"] == ["C0000003"])
    at = killed_at or parse_instant(str(first["at"])) + MINUTE
    kill = injection_line(at, 7_001, "kill", "optimove", "GetChannelTemplates")
    run = with_faults(reported_run, {"fault": "kill", "call": "optimove.GetChannelTemplates"}).plus(kill)

    again = run.plus(first | {"at": iso(FIRST_SEND + 2 * DAY), "n": 7_100})
    assert [cause for cause, _ in findings(again) if "reported twice" in cause] == [
        "interactions: a customer was reported twice as sent"
    ] * count
