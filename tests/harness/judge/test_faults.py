"""Runs with faults: the failures that a fault excuses, and those that it does not."""

import pytest

from fault_helpers import causes, fault_effect, injection_line, late_by, request_line, with_faults
from history_builder import FIRST_SEND, START, HistoryBuilder, Line
from sendproof_harness.certificate.differences import differences, provider_facts
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, SECOND, iso, parse_instant
from sendproof_harness.judge.checks import delivery, faults, paging, timing
from sendproof_harness.judge.checks.listeners import webhooks
from sendproof_harness.judge.checks.reports import metrics, totals
from sendproof_harness.judge.checks.requests import contract
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.recount.count import recount

SEND = {"fault": "connection_reset", "call": "textlocal.send"}
ANNOUNCED = START + 2 * HOUR


def counts(run: HistoryBuilder) -> dict[str, int]:
    """Return the counts of the ledger that are not 0."""
    return {kind: count for kind, count in ledger(run.history()).counts.items() if count}


def with_send_fault(run: HistoryBuilder, at: int, *, effect: bool = False) -> HistoryBuilder:
    """Add a fault in a send request."""
    call = fault_effect("connection_reset", "lost", effect=effect)
    return with_faults(run, SEND).plus(
        injection_line(at, 5_000, "connection_reset", "textlocal", "send"),
        request_line(at, 5_001, "textlocal", "send", status=0, fault=call),
    )


def with_provider(provider: str, run: HistoryBuilder) -> HistoryBuilder:
    """Replace the provider."""
    channels = [{"id": 505, "provider": provider, "kind": "scheduled"}]
    run = HistoryBuilder((run.lines[0] | {"channels": channels}, *run.lines[1:]))
    return run.change("delivery", lambda line: line | {"service": provider}).change(
        "delivery_status", lambda line: line | {"service": provider}
    )


def test_fault_without_matching_request_is_unknown(correct_run):
    (finding,) = with_faults(correct_run, SEND).findings(faults.CHECKS)

    assert (finding.level, finding.blame, finding.cause) == (
        "unknown",
        "harness",
        "a fault was never injected: there were no requests of textlocal.send",
    )


def test_fault_at_several_operations_names_them_all(correct_run):
    run = with_faults(correct_run, {"fault": "status", "call": "textlocal.bulk_json|send_get"})
    (finding,) = run.findings(faults.CHECKS)

    assert finding.cause == "a fault was never injected: there were no requests of textlocal.bulk_json or send_get"
    assert finding.got == "0 requests of textlocal.bulk_json or send_get in total"


def test_fault_in_required_request_that_was_never_made_is_blamed_on_bridge(correct_run):
    run = with_faults(correct_run, {"fault": "connection_reset", "call": "optimove.RegisterEventListener"})

    assert [finding.blame for finding in run.findings(faults.CHECKS)] == ["bridge"]


def test_missed_kill_is_unknown(correct_run):
    """The harness cannot kill a bridge that it did not start."""
    run = with_faults(correct_run, {"fault": "kill", "call": "textlocal.send"})
    missed = injection_line(FIRST_SEND, 5_000, "kill", "textlocal", "send", missed=True)

    assert [(finding.level, finding.cause) for finding in run.plus(missed).findings(faults.CHECKS)] == [
        ("unknown", "a fault was never injected: the bridge could not be killed")
    ]


def test_fault_beyond_last_request_is_unknown(correct_run):
    page = {"fault": "connection_reset", "call": "optimove.GetCustomerSendDetailsByChannel", "nth": 9}

    assert [(finding.level, finding.cause, finding.got) for finding in with_faults(correct_run, page).findings(
        faults.CHECKS)] == [
        ("unknown",
         "a fault was never injected: there were too few requests of optimove.GetCustomerSendDetailsByChannel",
         "3 requests of optimove.GetCustomerSendDetailsByChannel in total"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (
            "textlocal.receipt",
            "had another statement to forge, or nothing proves their origin (put `webhook_token` into",
        ),
        ("smtp.unsubscribe", "had a URL that could be another recipient's, because no other one stays subscribed"),
    ],
)
def test_webhook_that_was_never_forged_names_all_possible_reasons(correct_run, place, reason):
    """A bridge with a token in its URLs may have had only receipts of delivered messages."""
    service, _, event = place.partition(".")
    run = correct_run.change("webhook", lambda line: line | {"service": service, "event": event})
    (finding,) = with_faults(run, {"fault": "forged_webhook", "webhook": place}).findings(faults.CHECKS)

    assert f": no webhook of {place} {reason}" in finding.cause


def test_lost_messages_fail_although_a_fault_was_never_reached(correct_run):
    """A bridge that stops sending never reaches the later faults; its lost messages stay proven."""
    run = with_faults(correct_run, SEND).without("delivery").without("delivery_status")
    verdict = run.verdict()

    assert (verdict.status, verdict.exit_status) == ("fail", 1)


def test_bridge_that_ended_before_a_fault_fails(correct_run):
    """The cause of the early end is the only trouble that was observed."""
    aborted = {"n": 999, "at": iso(START), "kind": "aborted", "blame": "bridge", "cause": "the bridge ended",
               "expected": "a bridge that keeps running", "got": "exit status 1"}  # fmt: skip
    verdict = with_faults(correct_run, SEND).plus(aborted).verdict()

    assert (verdict.status, verdict.groups[0].cause) == ("fail", "the bridge ended")
    assert "the run was aborted" in verdict.groups[0].consequences[0].examples[0].got


def test_fault_check_does_not_apply_without_faults(correct_run):
    assert "faults.injected" not in {result.check.id for result in correct_run.verdict().results}


@pytest.mark.parametrize(
    ("injected_at", "sent_after", "kind"),
    [
        (0, 10 * MINUTE, "ok"),
        (4 * MINUTE, 20 * MINUTE, "ok"),
        (0, 2 * HOUR, "late"),
        (6 * MINUTE, 7 * MINUTE, "late"),
        (-HOUR, 10 * MINUTE, "late"),
    ],
)
def test_fault_extends_deadline_only_if_message_was_in_time(correct_run, injected_at, sent_after, kind):
    run = with_send_fault(late_by(correct_run, sent_after), FIRST_SEND + injected_at)

    assert counts(run).get(kind, 0) == {"ok": 10, "late": 1}[kind]


def test_fault_in_reporting_does_not_extend_deadline(correct_run):
    run = with_faults(
        late_by(correct_run, 9 * MINUTE), {"fault": "connection_reset", "call": "optimove.UpdateCampaignMetrics"}
    ).plus(injection_line(FIRST_SEND + 4 * MINUTE, 5_000, "connection_reset", "optimove", "UpdateCampaignMetrics"))

    assert causes(run, timing) == ["late: sent more than 5 min after it was due"]


def test_rejected_key_extends_all_deadlines(correct_run):
    """The bridge reads pages with the same key."""
    run = with_faults(
        late_by(correct_run, 9 * MINUTE), {"fault": "unauthorized", "call": "optimove.UpdateCampaignMetrics"}
    )
    run = run.plus(injection_line(FIRST_SEND + 4 * MINUTE, 5_000, "unauthorized", "optimove", "UpdateCampaignMetrics"))

    assert causes(run, timing) == []


def test_exponential_backoff_extends_deadline(correct_run):
    minutes = (0, 1, 3, 7, 15)
    run = with_faults(late_by(correct_run, 31 * MINUTE), SEND).plus(
        *(injection_line(FIRST_SEND + m * MINUTE, 5_000 + m, "connection_reset", "textlocal", "send") for m in minutes)
    )

    assert causes(run, timing) == []


def test_kill_extends_deadline(correct_run):
    run = with_faults(late_by(correct_run, 64 * MINUTE), {"fault": "kill", "call": "textlocal.send", "down": HOUR})

    assert causes(run, timing) != []
    assert causes(run.plus(injection_line(FIRST_SEND, 5_000, "kill", "textlocal", "send")), timing) == []


def test_late_announcement_extends_deadline(correct_run):
    late = {"at": iso(FIRST_SEND + 8 * MINUTE), "fault": "f1"}
    run = late_by(correct_run, 12 * MINUTE).change(
        "webhook", lambda line: line | late if line["event"] == "13" else line
    )

    assert causes(run, timing) == []


def test_duplicate_after_lost_response_names_missing_lookup(correct_run):
    run = with_send_fault(correct_run, FIRST_SEND, effect=True)
    run = run.change_delivery_to(3, request=5_001).plus(
        correct_run.delivery_to(3) | {"n": 5_002, "message": "duplicate"}
    )

    (finding,) = run.findings(delivery.CHECKS)
    assert finding.cause == "duplicated: sent again without a lookup after the response was lost"
    assert "your HTTP library did" in finding.remedy


def test_duplicate_after_a_lookup_that_overlooked_the_message_is_named(correct_run):
    """The record has pages, and the message may be on a later one."""
    run = with_send_fault(correct_run, FIRST_SEND, effect=True)
    run = run.change_delivery_to(3, request=5_001).plus(
        request_line(FIRST_SEND, 5_002, "textlocal", "get_history_api"),
        correct_run.delivery_to(3) | {"n": 5_003, "message": "duplicate"},
    )

    (finding,) = run.findings(delivery.CHECKS)
    assert finding.cause == "duplicated: sent again after a lost response, and a lookup that overlooked the messages"
    assert "every page" in finding.remedy


def test_duplicate_after_lookup_before_messages_existed_is_named(correct_run):
    run = with_send_fault(correct_run, FIRST_SEND, effect=True)
    first = correct_run.delivery_to(3) | {"n": 5_004, "request": None}
    run = run.change_delivery_to(3, **first).plus(
        request_line(FIRST_SEND, 5_002, "textlocal", "get_history_api"),
        request_line(FIRST_SEND, 5_003, "textlocal", "send"),
        first | {"n": 5_005, "message": "duplicate"},
    )

    assert causes(run, delivery) == [
        "duplicated: sent again after a lookup that came before the messages of the first call existed"
    ]


def test_lookup_after_another_call_is_no_cause_of_a_message_sent_twice(correct_run):
    """The lost call had other messages, and the first message existed when its own call ended."""
    run = with_send_fault(correct_run, FIRST_SEND, effect=True)
    first = correct_run.delivery_to(3) | {"n": 5_004, "request": 5_003}
    run = run.change_delivery_to(3, **first).plus(
        request_line(FIRST_SEND, 5_002, "textlocal", "get_history_api"),
        request_line(FIRST_SEND, 5_003, "textlocal", "send"),
        request_line(FIRST_SEND, 5_005, "textlocal", "send"),
        first | {"n": 5_006, "request": 5_005, "message": "duplicate"},
    )

    assert causes(run, delivery) == ["duplicated: the same message was sent more than once"]


def test_lookup_of_another_batch_is_no_cause_of_a_message_sent_twice(correct_run):
    """Two calls lost their responses. The lookup between them was about the first, and the second was sent again."""
    run = with_send_fault(correct_run, FIRST_SEND, effect=True)
    first = correct_run.delivery_to(3) | {"n": 5_004, "request": None}
    hidden = fault_effect("status", "altered", effect=True)
    run = run.change_delivery_to(3, **first).plus(
        request_line(FIRST_SEND, 5_002, "textlocal", "get_history_api"),
        request_line(FIRST_SEND, 5_003, "textlocal", "send", status=504, fault=hidden),
        request_line(FIRST_SEND, 5_005, "textlocal", "send"),
        first | {"n": 5_006, "message": "duplicate"},
    )

    assert causes(run, delivery) == ["duplicated: sent again without a lookup after the response was lost"]


def test_message_of_another_call_is_not_lost_by_fault_in_one(correct_run):
    lost = with_provider("delivyr", correct_run).without(
        "delivery", lambda line: line["message"] == correct_run.delivery_to(3)["message"]
    )
    effect = fault_effect("connection_reset", "lost", effect=True)
    run = with_faults(lost, {"fault": "connection_reset", "call": "delivyr.sendSms"}).plus(
        injection_line(FIRST_SEND, 1, "connection_reset", "delivyr", "sendSms"),
        request_line(FIRST_SEND, 2, "delivyr", "sendSms", status=0, fault=effect),
    )

    assert not any("response was lost" in cause for cause in causes(run, delivery))
    assert any("never sent to a provider" in cause for cause in causes(run, delivery))


def test_loss_at_provider_without_record_is_indefinite(correct_run):
    lost = with_provider("delivyr", correct_run).without(
        "delivery", lambda line: line["message"] == correct_run.delivery_to(3)["message"]
    )
    effect = fault_effect("connection_reset", "lost", effect=False)
    run = with_faults(lost, {"fault": "connection_reset", "call": "delivyr.sendSms"}).plus(
        injection_line(FIRST_SEND, 5_000, "connection_reset", "delivyr", "sendSms"),
        request_line(FIRST_SEND, 5_001, "delivyr", "sendSms", status=0, fault=effect),
    )

    (finding,) = run.findings(delivery.CHECKS)
    assert (finding.level, finding.blame, counts(run)["indefinite"]) == ("unknown", "network", 1)
    assert finding.cause.startswith("indefinite: no response")


@pytest.mark.parametrize(("status", "result"), [(503, "indefinite"), (429, "lost"), (401, "lost")])
def test_server_error_leaves_open_if_the_message_was_taken(correct_run, status, result):
    """A client error is a refusal: the bridge knows that nothing was sent, and has to send it again."""
    missing = correct_run.delivery_to(3)["message"]
    lost = with_provider("delivyr", correct_run).without("delivery", lambda line: line["message"] == missing)
    effect = fault_effect("status", "altered", effect=False)
    run = lost.plus(request_line(FIRST_SEND, 5_001, "delivyr", "sendSms", status=status, fault=effect))

    assert counts(run)[result] == 1


def test_loss_at_provider_with_record_fails(correct_run):
    run = correct_run.without("delivery", lambda line: line["message"] == correct_run.delivery_to(3)["message"])

    assert causes(with_send_fault(run, FIRST_SEND), delivery) == [
        "lost: the response was lost, and the bridge never looked up the result of the request"
    ]


def test_loss_after_a_look_at_the_record_is_named(correct_run):
    run = correct_run.without("delivery", lambda line: line["message"] == correct_run.delivery_to(3)["message"])
    look_up = request_line(FIRST_SEND + MINUTE, 6_000, "textlocal", "get_history_api")

    assert causes(with_send_fault(run, FIRST_SEND).plus(look_up), delivery) == [
        "lost: the response was lost, and the bridge overlooked that the provider's record has no message"
    ]


def test_one_lost_request_excuses_one_message(correct_run):
    missing = {correct_run.delivery_to(3)["message"], correct_run.delivery_to(6)["message"]}
    lost = with_provider("delivyr", correct_run).without("delivery", lambda line: line["message"] in missing)
    effect = fault_effect("connection_reset", "lost", effect=False)
    run = lost.plus(request_line(FIRST_SEND, 5_001, "delivyr", "sendSms", status=0, fault=effect))

    assert (counts(run)["indefinite"], counts(run)["lost"]) == (1, 1)


def killed_run(run: HistoryBuilder, lost: int) -> HistoryBuilder:
    """Return a run over a provider without a record, killed at the first send, with its first messages lost."""
    missing = {line["message"] for line in run.lines_of("delivery")[:lost]}
    due = {line["number"] for line in run.lines_of("delivery")[:lost]}
    run = run.change("obligation", lambda line: line | {"due": iso(FIRST_SEND)} if line["number"] in due else line)
    kill = injection_line(FIRST_SEND, 5_000, "kill", "optimove", "13", target="webhook")
    run = with_provider("delivyr", run).without("delivery", lambda line: line["message"] in missing)
    return with_faults(run, {"fault": "kill", "webhook": "optimove.13"}).plus(kill)


@pytest.mark.parametrize(("lost", "result"), [(2, {"indefinite": 2}), (9, {"indefinite": 8, "lost": 1})])
def test_kill_excuses_the_messages_that_were_being_sent_to_a_provider_without_record(correct_run, lost, result):
    """The bridge called another service when it was killed, and these calls did not arrive."""
    run = killed_run(correct_run, lost)
    found = counts(run)
    assert {kind: found[kind] for kind in ("indefinite", "lost") if found.get(kind)} == result
    assert differences(run.history(), recount(run.encoded(), provider_facts())) == []


def test_campaign_with_all_announcements_dropped_is_indefinite(correct_run):
    lost = {"status": None, "error": "lost", "dropped": True, "fault": "f1"}
    run = correct_run.change("webhook", lambda line: line | lost if line["event"] == "13" else line).without("delivery")

    assert set(causes(run, delivery)) == {"indefinite: no event ever reached the bridge"}


def test_loss_after_kill_at_a_receipt_names_the_work_that_was_not_resumed(correct_run):
    """The campaign's own event arrived long before."""
    missing = correct_run.delivery_to(3)["message"]
    lost = correct_run.without("delivery", lambda line: line["message"] == missing)
    run = with_faults(lost, {"fault": "kill", "webhook": "textlocal.receipt"}).plus(
        injection_line(FIRST_SEND - MINUTE, 5_000, "kill", "textlocal", "receipt", target="webhook")
    )

    assert causes(run, delivery) == ["lost: the bridge did not resume its work after it was killed"]


def test_loss_after_kill_names_acknowledged_webhook(correct_run):
    run = with_faults(correct_run, {"fault": "kill", "webhook": "optimove.13", "when": "after"}).without("delivery")
    run = run.without("request", lambda line: "summary" in line).plus(
        injection_line(ANNOUNCED, 5_000, "kill", "optimove", "13", target="webhook", when="after")
    )

    assert set(causes(run, delivery)) == {
        "lost: an acknowledged webhook was not stored, and was gone after the bridge was killed"
    }


def test_loss_after_kill_does_not_blame_the_store_if_the_rows_were_read_later(correct_run):
    """A bridge that reads the campaign after its restart knows of the webhook."""
    run = with_faults(correct_run, {"fault": "kill", "webhook": "optimove.13", "when": "after"}).without("delivery")
    run = run.plus(injection_line(ANNOUNCED, 1, "kill", "optimove", "13", target="webhook", when="after"))

    assert {"killed" in cause for cause in causes(run, delivery)} == {False}


def test_webhooks_during_outage_are_not_judged(correct_run):
    unreachable = {"status": None, "error": "connection refused"}
    run = correct_run.change("webhook", lambda line: line | unreachable if line["event"] == "13" else line)
    run = with_faults(run, {"fault": "kill", "call": "textlocal.send", "down": HOUR})

    assert causes(run, webhooks) != []
    assert causes(run.plus(injection_line(ANNOUNCED - MINUTE, 1, "kill", "textlocal", "send")), webhooks) == []


def test_webhooks_between_two_outages_are_judged(correct_run):
    """The harness joins the clock for each kill, and the bridge never does."""
    unreachable = {"status": None, "error": "connection refused"}
    run = correct_run.change("webhook", lambda line: line | unreachable if line["event"] == "13" else line)
    run = with_faults(run, {"fault": "kill", "call": "textlocal.send", "down": MINUTE}).without("clock")
    joined = {"n": 2, "at": iso(ANNOUNCED + HOUR), "kind": "clock", "action": "joined", "participant": "sendproof"}
    run = run.plus(injection_line(ANNOUNCED - HOUR, 1, "kill", "textlocal", "send"), joined)

    assert causes(run, webhooks) != []
    assert differences(run.history(), recount(run.encoded(), provider_facts())) == []


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_response_of_a_fault_is_not_blamed_on_bridge(correct_run, status):
    effect = fault_effect("status", "altered", effect=False)
    run = correct_run.plus(
        request_line(FIRST_SEND, 5_001, "optimove", "AddChannelTemplates", status=status, fault=effect)
    )

    assert causes(run, contract) == []


def test_rejection_by_service_counts_although_response_was_lost(correct_run):
    effect = fault_effect("connection_reset", "lost", effect=True)
    run = correct_run.plus(request_line(FIRST_SEND, 5_001, "optimove", "AddChannelTemplates", status=404, fault=effect))

    assert causes(run, contract) == ["optimove AddChannelTemplates: rejected"]


def test_page_with_lost_response_must_be_read_again(correct_run):
    lost = fault_effect("truncated_response", "lost", effect=True)
    second = next(line for line in correct_run.lines_of("request") if line.get("summary", {}).get("skip") == 5)
    repeated = correct_run.plus(second | {"n": 5_001, "fault": lost})
    not_repeated = correct_run.change(
        "request", lambda line: line | {"fault": lost} if line["n"] == second["n"] else line
    )

    assert causes(repeated, paging) == []
    assert causes(not_repeated, paging) == ["rows never read"]


def test_push_that_a_fault_prevented_counts(correct_run):
    last_day = [line for line in correct_run.lines_of("metrics") if line["at"] > iso(FIRST_SEND + 6 * DAY)][:3]
    prevented = {line["at"] for line in last_day}
    run = correct_run.without("metrics", lambda line: line["at"] in prevented)
    effect = fault_effect("status", "altered", effect=False)
    attempts = [
        request_line(parse_instant(str(at)), 5_001, "optimove", "UpdateCampaignMetrics", status=503, fault=effect)
        for at in prevented
    ]

    assert causes(run, metrics) == ["metrics pushed too rarely"]
    assert causes(run.plus(*attempts), metrics) == []


def test_day_of_an_outage_needs_no_pushes(correct_run):
    first, last = iso(FIRST_SEND + DAY), iso(FIRST_SEND + 2 * DAY)
    run = with_faults(correct_run, {"fault": "kill", "call": "textlocal.send", "down": DAY})
    run = run.without("metrics", lambda line: first <= line["at"] < last)

    assert causes(run, metrics) == ["no metrics for a whole day"]
    assert causes(run.plus(injection_line(FIRST_SEND + DAY, 5_000, "kill", "textlocal", "send")), metrics) == []


def with_dropped_receipt(line: Line, message: object) -> Line:
    """Drop the receipt of one message."""
    lost = {"status": None, "error": "lost", "dropped": True, "fault": "f1"}
    return line | lost if line["key"] == f"receipt:{message}" else line


def test_total_may_leave_out_dropped_receipt(correct_run):
    message = correct_run.delivery_to(3)["message"]
    short = correct_run.change(
        "metrics", lambda line: line | {"items": [with_less_delivered(item) for item in line["items"]]}
    )

    assert causes(short, totals) == ["the total of delivered does not match the provider's records"]
    assert causes(short.change("webhook", lambda line: with_dropped_receipt(line, message)), totals) == []


def with_less_delivered(item: Line) -> Line:
    """Reduce the delivered total of template 11 by one."""
    return (
        item | {"MetricValue": item["MetricValue"] - 1} if (item["TemplateID"], item["MetricID"]) == (11, 1) else item
    )


def test_excess_total_after_resent_receipt_names_double_counting(correct_run):
    (receipt,) = [
        line
        for line in correct_run.lines_of("webhook")
        if line["key"] == f"receipt:{correct_run.delivery_to(3)['message']}"
    ]
    run = correct_run.change(
        "metrics", lambda line: line | {"items": [with_more_delivered(item) for item in line["items"]]}
    )

    assert "as if repeated receipts were counted twice" in causes(run.plus(receipt | {"resend": 1}), totals)[0]


@pytest.mark.parametrize(("status", "is_named"), [(200, True), (404, False), (None, False)])
def test_excess_total_after_forged_receipt_names_the_forgery(correct_run, status, is_named):
    run = correct_run.change(
        "metrics", lambda line: line | {"items": [with_more_delivered(item) for item in line["items"]]}
    )
    forged = {
        "kind": "forged_webhook",
        "service": "textlocal",
        "event": "receipt",
        "key": "receipt:1",
        "url": "http://b",
    }
    run = run.plus(
        forged | {"n": 999, "at": run.lines_of("metrics")[0]["at"], "wrong": "token", "status": status, "error": None}
    )
    assert ("as if forged receipts were counted" in causes(run, totals)[0]) == is_named


def with_more_delivered(item: Line) -> Line:
    """Raise the delivered total of template 12 by one."""
    return (
        item | {"MetricValue": item["MetricValue"] + 1} if (item["TemplateID"], item["MetricID"]) == (12, 1) else item
    )


def retry_causes(run: HistoryBuilder) -> list[str]:
    return [group.cause for group in run.verdict().groups if group.check == "contract.retry_after"]


def test_retry_before_retry_after_fails(correct_run):
    effect = fault_effect("rate_limited", "altered", effect=False)
    limited = request_line(START + 5 * MINUTE, 5_001, "optimove", "GetChannelTemplates", status=429, fault=effect)
    run = with_faults(correct_run, {"fault": "rate_limited", "call": "optimove.GetChannelTemplates", "retry_after": 30})
    early, late = (
        limited | {"n": 5_002, "at": iso(START + 5 * MINUTE + after), "status": 200, "fault": None}
        for after in (SECOND, 30 * SECOND)
    )

    assert retry_causes(run.plus(limited, early)) == ["429 ignored: optimove GetChannelTemplates: retried too early"]
    assert retry_causes(run.plus(limited, late)) == []


def limited_at_five(**more: object) -> Line:
    """Return a call with a 429 response that demands 30 s, with a content."""
    return request_line(START + 5 * MINUTE, 5_001, "optimove", "AddChannelTemplates", status=429, content="a" * 16,
                        retry_after=30, credential_name="api_key", path="/x", **more)  # fmt: skip


def a_second_later(limited: Line, **changes: object) -> Line:
    """Return a successful call one second after a limited one."""
    return limited | {"n": 5_002, "at": iso(START + 5 * MINUTE + SECOND), "status": 200, "fault": None,
                      "retry_after": None} | changes  # fmt: skip


def test_other_call_of_same_path_need_not_wait_for_a_fault(correct_run):
    """The templates of one channel are limited, those of another are not."""
    effect = fault_effect("rate_limited", "altered", effect=False)
    run = with_faults(correct_run, {"fault": "rate_limited", "call": "optimove.AddChannelTemplates", "retry_after": 30})
    limited = limited_at_five(fault=effect)

    assert retry_causes(run.plus(limited, a_second_later(limited, content="b" * 16))) == []
    assert retry_causes(run.plus(limited, a_second_later(limited))) == [
        "429 ignored: optimove AddChannelTemplates: retried too early"
    ]


def test_limit_of_a_key_holds_for_every_call_with_this_key(correct_run):
    limited = limited_at_five()
    other = {"operation": "GetChannelTemplates", "path": "/y", "content": None}

    assert retry_causes(correct_run.plus(limited, a_second_later(limited, **other))) == [
        "429 ignored: optimove AddChannelTemplates: optimove GetChannelTemplates called too early with the same key",
        "429 ignored: optimove AddChannelTemplates: the request was never retried",
    ]
    for elsewhere in ({"credential_name": "second_key"}, {"service": "textlocal"}):
        early = a_second_later(limited, **{**other, **elsewhere})
        assert "called too early" not in str(retry_causes(correct_run.plus(limited, early)))


def test_limited_request_never_retried_fails(correct_run):
    limited = request_line(START, 5_001, "optimove", "GetChannelTemplates", status=429)

    assert retry_causes(correct_run.plus(limited)) == [
        "429 ignored: optimove GetChannelTemplates: the request was never retried"
    ]


def test_limited_look_up_of_a_message_need_not_be_retried_after_its_receipt(correct_run):
    sent = correct_run.delivery_to(0)
    look_up = {"method": "GET", "path": f"/messages/{sent['message']}", "status": 429}

    assert retry_causes(correct_run.plus(request_line(FIRST_SEND, 5_001, "textlocal", "getMessage", **look_up))) == []
    unknown = look_up | {"path": "/messages/x"}
    assert retry_causes(correct_run.plus(request_line(FIRST_SEND, 5_001, "textlocal", "getMessage", **unknown))) == [
        "429 ignored: textlocal getMessage: the request was never retried"
    ]


def test_limited_login_need_not_be_retried(correct_run):
    """The bridge still has a valid token."""
    limited = request_line(START, 5_001, "optimove", "Login", status=429)

    assert "contract.retry_after" not in {result.check.id for result in correct_run.plus(limited).verdict().results}
