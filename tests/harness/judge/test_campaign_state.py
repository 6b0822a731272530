"""Cancelled campaigns, campaigns on hold, channels in testing mode, and triggers."""

import pytest

from campaign_on_hold import clearance_line, conditional, not_cleared_fields, on_hold_event
from fault_helpers import injection_line, with_faults, with_key_outage
from history_builder import FIRST_SEND, START, HistoryBuilder, Line
from sendproof_harness.certificate.differences import differences, provider_facts
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, SECOND, iso, parse_instant
from sendproof_harness.judge.checks import campaign_state, clearance, delivery, paging, timing, triggers
from sendproof_harness.judge.checks.listeners import webhooks
from sendproof_harness.judge.checks.reports import metrics, totals
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.facts.metrics import targeted_customers
from sendproof_harness.recount.count import recount

CANCELLED_AT = FIRST_SEND + 30 * MINUTE


def due(line: Line) -> int:
    """Return the due time of an obligation."""
    return parse_instant(str(line["due"]))


def counts(run: HistoryBuilder) -> dict[str, int]:
    """Return the counts of the ledger that are not 0."""
    return {kind: count for kind, count in ledger(run.history()).counts.items() if count}


def causes(run: HistoryBuilder) -> list[tuple[str, str | None]]:
    """Return cause and customer of each finding about messages and pages."""
    return [(finding.cause, finding.where.customer) for finding in run.findings((*delivery.CHECKS, *paging.CHECKS))]


def not_owed(line: Line, reason: str) -> Line:
    """Cancel an obligation, unless nothing was due anyway."""
    return line | {"owed": False, "reason": reason, "text": None} if line["owed"] else line


@pytest.fixture
def cancelled_run(correct_run) -> HistoryBuilder:
    """Return a campaign that was cancelled after the first of three send times; the bridge stopped."""
    numbers = {line["number"] for line in correct_run.lines_of("obligation") if due(line) > CANCELLED_AT}
    run = correct_run.change(
        "obligation", lambda line: not_owed(line, "cancelled") if due(line) > CANCELLED_AT else line
    ).change("campaign", lambda line: line | {"cancelled_at": iso(CANCELLED_AT)})
    return run.without("delivery", lambda line: line["number"] in numbers).plus(cancelled_event(correct_run))


def cancelled_event(correct_run: HistoryBuilder) -> Line:
    """Return event 4 of the campaign."""
    return correct_run.lines_of("webhook")[0] | {"event": "4", "key": "4:7001:505", "at": iso(CANCELLED_AT)}


@pytest.fixture
def cleared_run(correct_run) -> HistoryBuilder:
    """Return a campaign with clearance for customers 0, 3, 6 and 9 only; the bridge read and sent only those."""
    members = {line["number"]: index for index, line in enumerate(correct_run.lines_of("obligation"))}
    run = correct_run.change(
        "obligation", lambda line: line if members[line["number"]] % 3 == 0 else line | not_cleared_fields(line)
    ).change("campaign", lambda line: line | {"rows": 4})
    run = run.without("delivery", lambda line: members[line["number"]] % 3 > 0)
    run = run.without("request", lambda line: line.get("summary", {}).get("skip", 0) > 0)
    summary = {
        "campaign": 7001,
        "channel": 505,
        "skip": 0,
        "top": 5,
        "rows": 4,
        "first": "C0000000",
        "last": "C0000009",
    }
    return run.change("request", lambda line: line | {"summary": summary} if "summary" in line else line)


def triggered_run(correct_run: HistoryBuilder, sent_after: int | None) -> HistoryBuilder:
    """Add a trigger that customer 3 met an hour after the first send time."""
    at = FIRST_SEND + HOUR
    obligation = correct_run.obligation_of(3) | {
        "campaign": 8001, "channel": 250, "template": 21, "text": "Come back", "due": iso(at), "trigger": "Visit",
    }  # fmt: skip
    trigger = {"n": 900, "at": iso(at), "real": 0.0, "kind": "trigger", "trigger": "Visit", "campaign": 8001,
           "channel": 250, "customer": "C0000003", "template": 21, "request_id": "r"}  # fmt: skip
    run = correct_run.plus(obligation, trigger)
    if sent_after is None:
        return run
    sent = {"at": iso(at + sent_after), "send_at": iso(at + sent_after), "text": "Come back", "message": "t1"}
    return run.plus(correct_run.delivery_to(3) | sent)


def test_messages_after_cancellation_are_withheld(cancelled_run):
    """Neither pages nor reports are missing after it."""
    assert counts(cancelled_run) == {"ok": 4, "withheld": 8}
    assert causes(cancelled_run) == []


def test_cancellation_is_not_known_while_the_bridge_is_down(cancelled_run):
    """The first attempt of event 4 met no process; the message went out before the second."""
    event = cancelled_run.lines_of("webhook")[-1]
    failed = event | {"status": None, "error": "Connection refused"}
    again = event | {"attempt": 2, "at": iso(CANCELLED_AT + 40 * MINUTE)}
    kill = injection_line(CANCELLED_AT - MINUTE, 800, "kill", "optimove", "UpdateCampaignMetrics")
    run = with_faults(
        cancelled_run.without("webhook", lambda line: line["event"] == "4"),
        {"fault": "kill", "call": "optimove.UpdateCampaignMetrics", "down": 20 * MINUTE},
    )
    sent = run.delivery_to(0) | {"number": run.obligation_of(4)["number"], "send_at": iso(FIRST_SEND + HOUR)}

    assert counts(run.plus(kill, failed, again, sent | {"message": "x"})) == {"ok": 4, "withheld": 7, "indefinite": 1}


def test_bridge_that_is_killed_after_event_4_cannot_stop_messages_at_the_provider(cancelled_run):
    kill = injection_line(CANCELLED_AT + MINUTE, 5_000, "kill", "optimove", "UpdateCampaignMetrics")
    run = with_faults(
        cancelled_run, {"fault": "kill", "call": "optimove.UpdateCampaignMetrics", "down": 40 * MINUTE}
    ).plus(kill)
    sent = run.delivery_to(0) | {"number": run.obligation_of(4)["number"], "send_at": iso(FIRST_SEND + HOUR)}

    assert counts(run.plus(sent | {"message": "x"})) == {"ok": 4, "withheld": 7, "indefinite": 1}


def test_pages_of_cancelled_campaign_need_not_be_read(cancelled_run):
    assert causes(cancelled_run.without("request", lambda line: "summary" in line)) == []


def test_campaign_cancelled_when_nobody_had_got_a_message_needs_no_reports(correct_run):
    """Only customers who opted out were due before the cancellation."""
    run = correct_run.change(
        "obligation",
        lambda line: not_owed(line, "cancelled") | {"due": iso(CANCELLED_AT + line["owed"] * HOUR)},
    )
    run = run.without("metrics").without("delivery")
    run = run.change("campaign", lambda line: line | {"cancelled_at": iso(CANCELLED_AT)})

    assert run.findings((*metrics.CHECKS, *totals.CHECKS)) == []


def test_campaign_cancelled_before_first_send_needs_no_reports(correct_run):
    run = correct_run.change("obligation", lambda line: not_owed(line, "cancelled")).without("metrics")
    run = run.without("delivery").change("campaign", lambda line: line | {"cancelled_at": iso(START + 2 * HOUR)})

    assert run.findings(metrics.CHECKS[:1], "fail") == []


def test_only_cleared_customers_are_due_and_read(cleared_run):
    """The campaign began with more customers than the page has rows."""
    assert counts(cleared_run) == {"ok": 4, "withheld": 8}
    assert causes(cleared_run) == []


def test_message_without_clearance_is_unexpected(correct_run, cleared_run):
    run = cleared_run.plus(correct_run.delivery_to(4))

    assert causes(run) == [("unexpected: sent to a customer who was not cleared", "C0000004")]


def test_customers_without_clearance_are_not_targeted(cleared_run):
    assert sum(targeted_customers(cleared_run.history()).values()) == 4


def control_group(run: HistoryBuilder) -> HistoryBuilder:
    """Return the run of a campaign whose customers without clearance are its control group instead."""
    left_out = {"reason": "control_group"}
    run = run.change("obligation", lambda line: line | left_out if line["reason"] == "not_cleared" else line)
    return run.change("campaign", lambda line: line | {"control_group": 8})


def test_control_group_is_neither_due_nor_targeted(cleared_run):
    run = control_group(cleared_run)

    assert (counts(run), causes(run)) == ({"ok": 4, "withheld": 8}, [])
    assert sum(targeted_customers(run.history()).values()) == 4


def test_message_to_the_control_group_is_unexpected(correct_run, cleared_run):
    run = control_group(cleared_run).plus(correct_run.delivery_to(4))

    assert causes(run) == [("unexpected: sent to a customer of the control group", "C0000004")]


def test_control_group_reported_as_dropped_is_outside_the_campaign(cleared_run):
    dropped = {"n": 990, "at": iso(FIRST_SEND + HOUR), "real": 0.0, "kind": "interactions", "campaign": 7001,
               "channel": 505, "template": 11, "event_id": 5, "customers": ["C0000004"]}  # fmt: skip
    run = control_group(cleared_run).plus(dropped)

    found = {finding.cause for finding in run.findings(totals.CHECKS) if finding.where.customer == "C0000004"}
    assert found == {"interactions: a customer outside the campaign"}


def test_message_on_its_way_at_cancellation_is_tolerated(cancelled_run):
    run = sent_at(cancelled_run, CANCELLED_AT + MINUTE, accepted=CANCELLED_AT)

    assert (causes(run), run.findings(campaign_state.CHECKS)) == ([], [])


def test_message_given_to_the_provider_in_the_last_moment_may_go_out_or_not(cancelled_run):
    """The call may have begun before event 4 was stored."""
    run = sent_at(cancelled_run, CANCELLED_AT + MINUTE, accepted=CANCELLED_AT + MINUTE)

    assert run.findings(campaign_state.CHECKS) == []
    assert [finding.level for finding in run.findings(campaign_state.CHECKS, "note")] == ["note"]
    assert counts(run)["indefinite"] == 1


def sent_at(run: HistoryBuilder, at: int, accepted: int) -> HistoryBuilder:
    """Add a message to customer 4, which the provider accepted at a time and sent at another."""
    message = {"number": run.obligation_of(4)["number"], "at": iso(accepted), "send_at": iso(at), "message": "late"}
    due = run.change("obligation", lambda line: line | {"due": iso(at)} if line["customer"] == "C0000004" else line)
    return due.plus(run.delivery_to(3) | message)


def test_message_that_stays_scheduled_at_the_provider_fails(cancelled_run):
    run = sent_at(cancelled_run, CANCELLED_AT + HOUR, accepted=START)

    assert [finding.cause for finding in run.findings(campaign_state.CHECKS)] == [
        "sent after the campaign was cancelled: it was scheduled at the provider, and not cancelled there"
    ]
    withdrawn = {"n": 902, "at": iso(CANCELLED_AT), "real": 0.0, "kind": "withdrawal", "service": "textlocal",
                 "message": "late"}  # fmt: skip
    assert run.plus(withdrawn).findings(campaign_state.CHECKS) == []


@pytest.mark.parametrize(
    ("fields", "level"), [({"dropped": True}, "unknown"), ({"at": iso(CANCELLED_AT + HOUR)}, None)]
)
def test_cancellation_counts_from_its_event_on(correct_run, cancelled_run, fields, level):
    """A fault may drop or delay event 4."""
    run = sent_at(cancelled_run.without("webhook", lambda line: line["event"] == "4"), CANCELLED_AT + HOUR, START)
    event = cancelled_event(correct_run) | fields

    levels = [finding.level for finding in run.plus(event).findings(campaign_state.CHECKS)]
    assert levels == ([] if level is None else [level])


def test_message_delayed_beyond_the_cancellation_need_not_go_out(cancelled_run):
    """It was due four minutes before, and still in time when the campaign was cancelled."""
    due = iso(CANCELLED_AT - 4 * MINUTE)
    number = cancelled_run.obligation_of(3)["number"]
    run = cancelled_run.without("delivery", lambda line: line["number"] == number)
    run = run.change("obligation", lambda line: line | {"due": due} if line["customer"] == "C0000003" else line)

    assert causes(run) == []


def test_message_long_after_cancellation_fails(correct_run, cancelled_run):
    run = cancelled_run.plus(correct_run.delivery_to(4))

    assert [finding.cause for finding in run.findings(campaign_state.CHECKS)] == [
        "sent after the campaign was cancelled"
    ]


@pytest.mark.parametrize(
    ("has_listener", "since"), [(True, "after the bridge knew"), (False, "after the cancellation")]
)
def test_bridge_without_a_listener_never_knew_of_the_cancellation(correct_run, cancelled_run, has_listener, since):
    run = cancelled_run.plus(correct_run.delivery_to(4))
    heard = run if has_listener else run.without("webhook", lambda line: line["event"] == "4")

    assert [finding.expected for finding in heard.findings(campaign_state.CHECKS)] == [
        f"no message later than 2026-03-02 09:32:00 UTC: 2 min {since}"
    ]


def test_cancellation_that_never_reached_the_bridge_allows_no_time_after_it(correct_run, cancelled_run):
    dropped = {"status": None, "error": "lost", "dropped": True}
    run = cancelled_run.plus(correct_run.delivery_to(4))
    lost = run.change("webhook", lambda line: line | dropped if line["event"] == "4" else line)

    assert [finding.expected for finding in lost.findings(campaign_state.CHECKS)] == [
        "no message after the cancellation at 2026-03-02 09:30:00 UTC"
    ]


def test_clearance_before_deadline_passes(correct_run):
    assert clearance_causes(conditional(correct_run, "C0000001")) == []


def clearance_causes(run: HistoryBuilder) -> list[tuple[str, str | None]]:
    """Return cause and customer of each finding about clearance."""
    return [(finding.cause, finding.where.customer) for finding in run.findings(clearance.CHECKS)]


def test_customer_without_number_may_be_cleared_or_not(correct_run):
    """Customer 2 has no usable number, and the documents add nothing."""
    assert clearance_causes(conditional(correct_run, "C0000001", "C0000002")) == []


def test_clearance_that_was_refused_as_too_late_is_named(correct_run):
    run = conditional(correct_run, "C0000001").without("clearance", lambda line: line["action"] == "given")
    call = correct_run.lines_of("request")[0] | {"operation": "UpdateCustomerPromotionStatus", "status": 400}
    late = call | {"n": 901, "at": iso(FIRST_SEND), "summary": {"late_clearance": 7001}}

    cause = "a campaign on hold was cleared after the deadline, so none of its customers get a message"
    assert clearance_causes(run.plus(late)) == [(cause, None)]


def test_event_about_a_hold_that_came_after_the_deadline_excuses_a_missing_clearance(correct_run):
    run = conditional(correct_run, "C0000001").without("clearance", lambda line: line["action"] == "given")
    late = on_hold_event(correct_run, at=iso(FIRST_SEND + MINUTE))
    run = run.without("webhook", lambda line: line["event"] == "5").plus(late)

    assert [(f.level, f.blame, f.got) for f in run.findings(clearance.CHECKS, "fail", "unknown")] == [
        ("unknown", "network", "an event that arrived after the deadline")
    ]


def test_bridge_that_was_down_for_every_attempt_knows_no_hold(correct_run):
    run = conditional(correct_run, "C0000001").without("clearance", lambda line: line["action"] == "given")
    run = with_faults(run, {"fault": "kill", "call": "optimove.GetChannelTemplates", "down": 10 * MINUTE})
    kill = injection_line(START + 2 * HOUR - MINUTE, 5_000, "kill", "optimove", "GetChannelTemplates")
    failed = {"status": None, "error": "Connection refused"}
    run = run.plus(kill).change("webhook", lambda line: line | (failed if line["event"] == "5" else {}))

    assert [(f.level, f.cause) for f in run.findings(clearance.CHECKS, "fail", "unknown")] == [
        ("unknown", "the bridge never received the event about a campaign on hold")
    ]


def test_customer_who_opts_out_between_two_calls_may_have_been_cleared_by_the_first(correct_run):
    changes = [{"customer": "C0000004", "field": "SMS_OPT_IN", "value": "0"}]
    opted_out = {"n": 0, "at": iso(START + 70 * MINUTE), "kind": "attributes", "source": "api", "changes": changes}
    run = conditional(correct_run, "C0000001").plus(opted_out, clearance_line("given", START + 2 * HOUR))

    assert clearance_causes(run) == []


@pytest.mark.parametrize(("changed_at", "field", "missing"), [
    (FIRST_SEND - SECOND, "SMS_OPT_IN", []),
    (START + 90 * MINUTE, "SMS_OPT_IN", []),
    (START + 30 * MINUTE, "SMS_OPT_IN", ["a customer who may get a message was not cleared"]),
    (FIRST_SEND - SECOND, "FIRST_NAME", ["a customer who may get a message was not cleared"]),
])  # fmt: skip
def test_customer_who_opted_in_after_the_look_up_need_not_be_cleared(correct_run, changed_at, field, missing):
    """The bridge clears two hours after the hold, and looks up every customer in the hour before that."""
    change = {"n": 890, "at": iso(changed_at), "kind": "attributes", "source": "batch_file",
              "changes": [{"customer": "C0000004", "field": field, "value": "1"}]}  # fmt: skip
    run = conditional(correct_run, "C0000001", "C0000004").without("clearance", lambda line: line["action"] == "given")
    run = run.plus(change, clearance_line("given", START + 2 * HOUR))

    assert [cause for cause, _ in clearance_causes(run)] == missing


@pytest.mark.parametrize(("before_deadline", "service", "operation", "level"), [
    (45 * MINUTE, "optimove", "GetProcessedCampaignCustomers", "unknown"),
    (65 * MINUTE, "optimove", "GetProcessedCampaignCustomers", "fail"),
    (45 * MINUTE, "textlocal", "get_optouts", "unknown"),
    (65 * MINUTE, "textlocal", "get_optouts", "fail"),
    (45 * MINUTE, "textlocal", "get_templates", "fail"),
])  # fmt: skip
def test_fault_in_the_last_hour_excuses_a_missing_clearance(correct_run, before_deadline, service, operation, level):
    """A careful bridge tries again within an hour."""
    run = conditional(correct_run, "C0000001").without("clearance", lambda line: line["action"] == "given")
    run = with_faults(run, {"fault": "status", "call": f"{service}.{operation}", "status": 503})
    run = run.plus(injection_line(FIRST_SEND - before_deadline, 5_000, "status", service, operation))

    cause = "a campaign on hold was never cleared, so none of its customers get a message"
    findings = [(f.level, f.cause) for of in ("fail", "unknown") for f in run.findings(clearance.CHECKS, of)]
    assert findings == [(level, cause)]


@pytest.mark.parametrize(("before_deadline", "level"), [(45 * MINUTE, "unknown"), (65 * MINUTE, "fail")])
def test_disabled_key_in_the_last_hour_excuses_a_missing_clearance(correct_run, before_deadline, level):
    run = conditional(correct_run, "C0000001").without("clearance", lambda line: line["action"] == "given")
    run = with_key_outage(run, START, FIRST_SEND - before_deadline)

    assert [finding.level for finding in run.findings(clearance.CHECKS, "fail", "unknown")] == [level]


def test_deadline_that_the_rate_limit_does_not_allow_excuses_a_missing_clearance(correct_run):
    """The attributes of twelve customers take five seconds at half of the rate limit."""
    late = {"at": iso(FIRST_SEND - 4 * SECOND)}
    run = conditional(correct_run, "C0000001").without("clearance", lambda line: line["action"] == "given")
    run = run.change("clearance", lambda line: line | late)

    assert [(f.level, f.blame) for f in run.findings(clearance.CHECKS, "unknown")] == [("unknown", "config")]


@pytest.mark.parametrize(("time_stamp", "count"), [
    (START, 0),
    (START + HOUR, 0),
    (START + 3 * HOUR, 1),
    (START - 5 * HOUR, 1),
])  # fmt: skip
def test_time_stamp_of_clearance_is_between_hold_and_call(correct_run, time_stamp, count):
    stamped = {"time_stamp": iso(time_stamp)[:19].replace("T", " ")}
    run = conditional(correct_run, "C0000001").change("clearance", lambda line: line | stamped)

    cause = "the TimeStamp of a clearance is not a time in UTC"
    assert clearance_causes(run) == [(cause, None)] * count


def test_customer_left_out_of_clearance_fails(correct_run):
    run = conditional(correct_run, "C0000001", "C0000004")

    assert clearance_causes(run) == [("a customer who may get a message was not cleared", "C0000004")]


def test_customer_left_out_for_an_opt_out_at_another_client_is_named(correct_run):
    opt_out = {"at": iso(START), "customer": "C0000031", "number": correct_run.obligation_of(4)["number"]}
    other = {"n": 0, "at": iso(START), "real": 0.0, "kind": "other_client", "client": "beta", "templates": []}
    run = conditional(correct_run, "C0000001", "C0000004").plus(other | {"opt_outs": [opt_out]})

    cause = "a customer who may get a message was not cleared, because of an opt-out at another client"
    assert clearance_causes(run) == [(cause, "C0000004")]


def test_clearance_of_no_customer_fails(correct_run):
    run = conditional(correct_run, *(str(line["customer"]) for line in correct_run.lines_of("obligation")))

    assert {cause for cause, _ in clearance_causes(run)} == {"no customer was cleared, although they may get messages"}


def test_clearance_of_customer_who_opted_out_fails(correct_run):
    assert clearance_causes(conditional(correct_run)) == [("a customer who opted out was cleared", "C0000001")]


def test_customer_who_may_get_another_type_of_messages_may_be_cleared(correct_run):
    """The event about the hold does not say which channel the campaign is on."""
    channel = correct_run.lines[0]["channels"][0] | {"id": 504, "message": "email"}
    run = correct_run.change("history", lambda line: line | {"channels": [*line["channels"], channel]})

    assert clearance_causes(conditional(run)) == []


@pytest.mark.parametrize(("service", "count"), [("textlocal", 1), ("delivyr", 0)])
def test_clearance_against_the_providers_list_fails_if_there_is_one(correct_run, service, count):
    """Delivyr only rejects messages, so a bridge cannot know who opted out before."""
    channels = [{"id": 505, "provider": service, "kind": "scheduled"}]
    run = HistoryBuilder((correct_run.lines[0] | {"channels": channels}, *correct_run.lines[1:])).change(
        "obligation", lambda line: line | {"opted_out_by": "provider"} if line["reason"] == "opted_out" else line
    )

    assert len(clearance_causes(conditional(run))) == count


def test_campaign_cancelled_on_hold_needs_no_clearance(correct_run):
    cancelled = {"n": 901, "at": iso(START + HOUR), "real": 0.0, "kind": "cancelled", "campaign": 7001,
                 "channels": [505], "previous_state": "on_hold", "customers": 12}  # fmt: skip

    assert clearance_causes(correct_run.plus(clearance_line("required", START), cancelled)) == []


@pytest.mark.parametrize(
    ("event_fields", "level", "blame"),
    [({}, "fail", "bridge"), ({"dropped": True}, "unknown", "network"), (None, "fail", "config")],
)
def test_missing_clearance_is_blamed_by_reach_of_event(correct_run, event_fields, level, blame):
    run = correct_run.plus(clearance_line("required", START), clearance_line("given", FIRST_SEND))
    run = run if event_fields is None else run.plus(on_hold_event(correct_run, **event_fields))

    assert [(finding.level, finding.blame) for finding in run.findings(clearance.CHECKS)] == [(level, blame)]


@pytest.fixture
def testing_run(correct_run) -> HistoryBuilder:
    """Return a run in testing mode: the bridge sent tests and reported nothing."""
    channels = [{"id": 505, "provider": "textlocal", "kind": "scheduled", "testing": True}]
    run = HistoryBuilder((correct_run.lines[0] | {"channels": channels}, *correct_run.lines[1:])).without("metrics")
    return run.change("delivery", lambda line: line | {"test": True})


def test_testing_mode_withholds_all_messages(testing_run):
    verdict = testing_run.verdict()

    assert (verdict.status, counts(testing_run)) == ("pass", {"withheld": 12})


def test_real_messages_in_testing_mode_fail(correct_run, testing_run):
    run = testing_run.change("delivery", lambda line: line | {"test": False})

    assert [finding.cause for finding in run.findings(campaign_state.CHECKS)] == [
        "a real message on a channel in testing mode"
    ] * 10


def test_reports_in_testing_mode_fail(correct_run, testing_run):
    run = testing_run.plus(correct_run.lines_of("metrics")[0])

    assert [finding.cause for finding in run.findings(campaign_state.CHECKS)] == [
        "UpdateCampaignMetrics for a channel in testing mode"
    ]


def test_triggered_message_is_ok_late_or_lost(correct_run):
    for sent_after, expected in ((0, "ok"), (HOUR, "late"), (None, "lost")):
        recipients = ledger(triggered_run(correct_run, sent_after).history()).recipients
        assert [recipient.kind for recipient in recipients if recipient.obligation.trigger == "Visit"] == [expected]


@pytest.mark.parametrize(("sent_after", "count"), [(0, 0), (MINUTE, 0), (MINUTE + 1, 1), (4 * MINUTE, 1)])
def test_triggered_message_must_be_sent_within_a_minute(correct_run, sent_after, count):
    """Four minutes are in time for a campaign."""
    run = triggered_run(correct_run, sent_after)

    assert [finding.cause for finding in run.findings(triggers.CHECKS)] == [
        "a triggered message was sent too late"
    ] * count
    assert run.findings(timing.CHECKS) == []


@pytest.mark.parametrize("channel", [250, 251])
def test_burst_of_triggers_extends_deadlines(correct_run, channel):
    """The rate limit allows five attribute requests a second, for all channels together."""
    trigger = {"n": 800, "at": iso(FIRST_SEND + HOUR), "kind": "trigger", "trigger": "Visit", "campaign": 8001,
           "channel": channel, "template": 21, "request_id": "r"}  # fmt: skip
    others = [trigger | {"customer": f"X{index}"} for index in range(999)]
    run = triggered_run(correct_run, 4 * MINUTE)
    burst = HistoryBuilder((*run.lines[:-2], *others, *run.lines[-2:]))

    assert burst.findings(triggers.CHECKS) == []
    assert differences(burst.history(), recount(burst.encoded(), provider_facts())) == []


def event_11(correct_run: HistoryBuilder, after: int, **fields: object) -> Line:
    """Return the event of the trigger."""
    event = {"event": "11", "key": "11:Visit:C0000003:1", "at": iso(FIRST_SEND + HOUR + after)}
    return correct_run.lines_of("webhook")[0] | event | fields


@pytest.mark.parametrize(("after", "count"), [(100, 0), (101, 1)])
def test_trigger_event_later_than_promised_is_noted(correct_run, after, count):
    run = triggered_run(correct_run, after).plus(event_11(correct_run, after))

    assert len(run.findings(triggers.CHECKS, "note")) == count


def test_late_trigger_event_extends_deadline(correct_run):
    run = triggered_run(correct_run, 10 * MINUTE).plus(event_11(correct_run, 9 * MINUTE + 30_000))

    assert run.findings(triggers.CHECKS) == []


def test_duplicate_after_resent_event_names_it(correct_run):
    run = triggered_run(correct_run, 0).plus(event_11(correct_run, 0), event_11(correct_run, 0, resend=1))
    duplicate = run.lines_of("delivery")[-1] | {"message": "t2", "n": 999}

    assert [finding.cause for finding in run.plus(duplicate).findings(delivery.CHECKS)] == [
        "duplicated: the event arrived more than once, and was processed more than once"
    ]


def test_triggers_need_no_pages(correct_run):
    assert triggered_run(correct_run, 0).findings(paging.CHECKS) == []


def test_triggered_campaign_needs_pushes_for_seven_days(correct_run):
    run = triggered_run(correct_run, 0)
    run = HistoryBuilder((run.lines[0] | {"ended": iso(FIRST_SEND + 8 * DAY)}, *run.lines[1:]))

    assert [(finding.cause, finding.where.campaign) for finding in run.findings(metrics.CHECKS[:1])] == [
        ("no metrics for a whole day", 8001)
    ] * 7


def test_trigger_without_listener_is_blamed_on_the_bridge(correct_run):
    run = triggered_run(correct_run, 0)
    (finding,) = run.findings(webhooks.CHECKS)
    assert (finding.blame, finding.where.campaign, "event 11 and channel 250" in finding.expected) == (
        "bridge",
        8001,
        True,
    )

    listening = run.plus(correct_run.lines_of("listener")[0] | {"event_type": 11, "channel": 250})
    assert listening.findings(webhooks.CHECKS) == []


def test_dropped_webhooks_are_not_judged(correct_run):
    dropped = {"status": None, "error": "lost on the way", "dropped": True}
    run = correct_run.change("webhook", lambda line: line | dropped if line["event"] == "13" else line)

    assert run.findings(webhooks.CHECKS) == []


def test_history_has_customer_events_cancellations_and_clearances(correct_run):
    common = {"n": 900, "at": iso(FIRST_SEND), "real": 0.0}
    history = correct_run.plus(
        common | {"kind": "customer_event", "customer": "C0000003", "event": "visit", "parameters": {"page": "/"}},
        common | {"kind": "cancelled", "campaign": 7001, "channels": [505], "previous_state": "announced",
                "customers": 12},
        common | {"kind": "clearance", "campaign": 7001, "action": "given", "required_by": iso(FIRST_SEND), "named": 2,
                "cleared": 1},
    ).history()  # fmt: skip

    assert history.customer_events[0].parameters == {"page": "/"}
    assert history.cancellations[0].channels == (505,)
    assert (history.clearances[0].named, history.clearances[0].required_by) == (2, FIRST_SEND)
