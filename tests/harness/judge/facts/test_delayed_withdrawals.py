"""Messages that wait at the provider after a cancellation or an opt-out, and faults that delay their withdrawal."""

import pytest

from fault_helpers import causes, fault_effect, injection_line, request_line, with_faults
from history_builder import FIRST_SEND, START, HistoryBuilder, Line
from sendproof_harness.certificate.differences import differences, provider_facts
from sendproof_harness.history.timestamps import HOUR, MINUTE, SECOND, iso, parse_instant
from sendproof_harness.judge.checks import campaign_state, delivery
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.recount.count import recount

CANCELLED_AT = FIRST_SEND + 30 * MINUTE
REFUSED_AT = CANCELLED_AT + SECOND
LIMITED: Line = {"fault": "rate_limited", "call": "textlocal.cancel_scheduled", "retry_after": 300}
NOT_WITHDRAWN = "sent after the campaign was cancelled: it was scheduled at the provider, and not cancelled there"


def found(run: HistoryBuilder) -> list[str]:
    """Return the causes about cancelled messages; ledger and recount must agree with them."""
    history, found_causes = run.history(), causes(run, campaign_state)
    assert differences(history, recount(run.encoded(), provider_facts())) == []
    assert ledger(history).counts["unexpected"] == len(found_causes)
    return found_causes


def cancelled_run(run: HistoryBuilder, due_after: int, *, accepted: int = FIRST_SEND) -> HistoryBuilder:
    """Cancel the campaign after its first send time; the message to customer 4 is due, and goes out, `due_after`."""
    due = iso(CANCELLED_AT + due_after)
    number, message = run.obligation_of(4)["number"], run.delivery_to(4)
    later = {line["number"] for line in run.lines_of("obligation") if parse_instant(line["due"]) > CANCELLED_AT}

    def cancel(line: Line) -> Line:
        is_cancelled = line["owed"] and line["number"] in later
        line = line | ({"owed": False, "reason": "cancelled"} if is_cancelled else {})
        return line | {"due": due} if line["number"] == number else line

    run = run.without("delivery", lambda line: line["number"] in later).change("obligation", cancel)
    run = run.change("campaign", lambda line: line | {"cancelled_at": iso(CANCELLED_AT)})
    event = run.lines_of("webhook")[0] | {"event": "4", "key": "4:7001:505", "at": iso(CANCELLED_AT), "n": 8_000}
    return run.plus(event, message | {"at": iso(accepted), "send_at": due})


def refused(at: int, fault: str = "rate_limited", operation: str = "cancel_scheduled", n: int = 8_001) -> list[Line]:
    """Return a call that a fault refused."""
    effect, status = fault_effect(fault, "intact", effect=False), 429 if fault == "rate_limited" else 503
    return [
        injection_line(at, n, fault, "textlocal", operation),
        request_line(at, n + 1, "textlocal", operation, status=status, fault=effect),
    ]


@pytest.mark.parametrize("operation", ["cancel_scheduled", "get_history_api"])
@pytest.mark.parametrize(
    ("due_after", "expected"), [(150 * SECOND, []), (7 * MINUTE, []), (8 * MINUTE, [NOT_WITHDRAWN])]
)
def test_withdrawal_may_wait_as_long_as_the_provider_demands(correct_run, due_after, expected, operation):
    """The fault limits the call, or another one with the same key. After the delay, the bridge has its usual time."""
    run = with_faults(cancelled_run(correct_run, due_after), LIMITED).plus(*refused(REFUSED_AT, operation=operation))

    assert found(run) == expected


@pytest.mark.parametrize(("second_at", "count"), [(REFUSED_AT + 6 * MINUTE, 0), (REFUSED_AT + 9 * MINUTE, 1)])
def test_repeated_withdrawal_may_meet_the_next_fault(correct_run, second_at, count):
    """The second fault delays it only if the bridge repeated the call in time."""
    run = with_faults(cancelled_run(correct_run, 10 * MINUTE), LIMITED)

    assert len(found(run.plus(*refused(REFUSED_AT), *refused(second_at, n=8_003)))) == count


@pytest.mark.parametrize(("operation", "count"), [("cancel_scheduled", 0), ("get_templates", 1)])
def test_error_of_a_call_that_withdraws_nothing_excuses_nothing(correct_run, operation, count):
    run = with_faults(cancelled_run(correct_run, 150 * SECOND), {"fault": "status", "call": f"textlocal.{operation}"})

    assert len(found(run.plus(*refused(CANCELLED_AT + MINUTE, "status", operation)))) == count


def test_providers_own_limit_delays_a_withdrawal(correct_run):
    run = cancelled_run(correct_run, 7 * MINUTE)
    limited = request_line(REFUSED_AT, 8_001, "textlocal", "cancel_scheduled", status=429, retry_after=300)

    assert found(run.plus(limited)) == []
    assert found(run.plus(limited | {"service": "optimove"})) == [NOT_WITHDRAWN]


def test_limit_of_a_provider_that_withdraws_nothing_excuses_nothing(correct_run):
    run = cancelled_run(correct_run, 7 * MINUTE)
    limited = request_line(REFUSED_AT, 8_001, "delivyr", "send", status=429, retry_after=300)
    run = run.change("campaign", lambda line: line | {"provider": "delivyr"})
    for kind in ("delivery", "delivery_status"):
        run = run.change(kind, lambda line: line | {"service": "delivyr"})

    assert len(found(run.plus(limited))) == 1


def test_message_that_the_bridge_sends_after_the_cancellation_waits_for_no_withdrawal(correct_run):
    run = cancelled_run(correct_run, 5 * MINUTE, accepted=CANCELLED_AT + 5 * MINUTE)
    run = with_faults(run, LIMITED).plus(*refused(REFUSED_AT))

    assert found(run) == ["sent after the campaign was cancelled"]


@pytest.mark.parametrize("at", [CANCELLED_AT - 6 * MINUTE, CANCELLED_AT + 3 * MINUTE])
def test_fault_that_was_over_before_the_cancellation_or_came_too_late_excuses_nothing(correct_run, at):
    run = with_faults(cancelled_run(correct_run, 4 * MINUTE), LIMITED).plus(*refused(at))

    assert found(run) == [NOT_WITHDRAWN]


def test_bridge_without_a_listener_waits_for_no_withdrawal(correct_run):
    run = with_faults(cancelled_run(correct_run, 4 * MINUTE), LIMITED).plus(*refused(REFUSED_AT))

    assert len(found(run.without("webhook", lambda line: line["event"] == "4"))) == 1


def test_finding_names_the_time_after_the_last_fault(correct_run):
    run = with_faults(cancelled_run(correct_run, HOUR), LIMITED).plus(*refused(CANCELLED_AT))

    assert [finding.expected for finding in run.findings(campaign_state.CHECKS)] == [
        "no message later than 2026-03-02 09:37:00 UTC: 2 min after the last fault that delayed its withdrawal"
    ]


# -- after an opt-out -------------------------------------------------------------------------------

STOPPED_AT = FIRST_SEND + 30 * MINUTE
LONG_LIMIT: Line = LIMITED | {"retry_after": 1200}


def stopped_run(run: HistoryBuilder, sent_after: int, *, accepted: int = START) -> HistoryBuilder:
    """Return a run where customer 4 says STOP, and a message goes out `sent_after`."""
    number, at = run.obligation_of(4)["number"], iso(STOPPED_AT)
    line = {"n": 7_000, "at": at, "real": 0.0, "service": "textlocal", "number": number}
    reported = run.lines_of("webhook")[0] | {"service": "textlocal", "event": "inbound", "key": "inbound:1"}
    run = run.change_delivery_to(4, at=iso(accepted), send_at=iso(STOPPED_AT + sent_after))
    return run.plus(
        line | {"kind": "inbound", "text": "STOP"}, line | {"kind": "opt_out"}, reported | {"n": 7_001, "at": at}
    )


def violations(run: HistoryBuilder) -> int:
    """Return the number of messages against the consent; ledger and recount must agree."""
    history, found = run.history(), run.findings(delivery.CHECKS[2:3], "fail")
    assert differences(history, recount(run.encoded(), provider_facts())) == []
    assert ledger(history).counts["sent to opted-out"] == len(found)
    return len(found)


@pytest.mark.parametrize("operation", ["cancel_scheduled", "get_history_api"])
@pytest.mark.parametrize(("sent_after", "count"), [(26 * MINUTE, 0), (27 * MINUTE, 1)])
def test_withdrawal_after_an_opt_out_may_wait_as_long_as_the_provider_demands(
    correct_run, sent_after, count, operation
):
    """After the delay of 20 minutes, the bridge has the five minutes that it has after an opt-out."""
    run = with_faults(stopped_run(correct_run, sent_after), LONG_LIMIT)

    assert violations(run.plus(*refused(STOPPED_AT + MINUTE, operation=operation))) == count


@pytest.mark.parametrize("accepted_after", [-HOUR, 6 * MINUTE])
@pytest.mark.parametrize("refused_after", [-HOUR, 6 * MINUTE])
def test_message_after_an_opt_out_fails_if_no_fault_delayed_its_withdrawal(correct_run, accepted_after, refused_after):
    run = stopped_run(correct_run, 10 * MINUTE, accepted=STOPPED_AT + accepted_after)

    assert violations(with_faults(run, LONG_LIMIT).plus(*refused(STOPPED_AT + refused_after))) == 1


def test_message_that_the_bridge_sends_after_an_opt_out_waits_for_no_withdrawal(correct_run):
    run = stopped_run(correct_run, 10 * MINUTE, accepted=STOPPED_AT + 10 * MINUTE)

    assert violations(with_faults(run, LONG_LIMIT).plus(*refused(STOPPED_AT + MINUTE))) == 1
