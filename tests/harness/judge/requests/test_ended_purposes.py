"""Calls that got a 429 response, and whose purpose has ended before the bridge had to repeat them."""

import pytest

from fault_helpers import causes, fault_effect, injection_line, request_line, with_faults
from history_builder import FIRST_SEND, START, HistoryBuilder, Line
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, SECOND, iso
from sendproof_harness.judge.checks.requests import retry_after

ANNOUNCED = START + 2 * HOUR
CANCELLED = ANNOUNCED + 5 * MINUTE
PAGE = "GetCustomerSendDetailsByChannel"


def limited(service: str, operation: str, at: int = ANNOUNCED, **fields: object) -> Line:
    """Return a call that has to wait for ten minutes, and is never repeated."""
    return request_line(at, 5_000, service, operation, status=429, retry_after=600, **fields)


def cancelled_run(run: HistoryBuilder, known_at: int = CANCELLED) -> HistoryBuilder:
    """Return the run of a campaign that was cancelled before any page was read or message sent."""
    run = run.without("request", lambda line: "summary" in line).without("delivery").without("metrics")
    run = run.change("campaign", lambda line: line | {"cancelled_at": iso(CANCELLED)})
    run = run.change("obligation", lambda line: line | {"owed": False, "reason": "cancelled", "text": None})
    return run.plus(run.lines_of("webhook")[0] | {"n": 6_000, "event": "4", "key": "4:7001:505", "at": iso(known_at)})


def is_excused(run: HistoryBuilder, call: Line) -> bool:
    """Return True if a limited call need not be repeated."""
    never = f"429 ignored: {call['service']} {call['operation']}: the request was never retried"
    found = causes(run.plus(call), retry_after)
    assert set(found) <= {never}
    return not found


@pytest.mark.parametrize(("known_at", "excused"), [(CANCELLED, True), (ANNOUNCED + 3 * HOUR, False)])
def test_page_of_a_cancelled_campaign_need_not_be_requested_again(correct_run, known_at, excused):
    """The bridge can only know that from event 4, and has repeated the call before, if that comes late."""
    assert is_excused(cancelled_run(correct_run, known_at), limited("optimove", PAGE)) is excused


def test_page_of_another_campaign_must_be_requested_again(correct_run):
    other = correct_run.lines_of("campaign")[0] | {"campaign": 7002}

    assert not is_excused(cancelled_run(correct_run).plus(other), limited("optimove", PAGE))
    assert not is_excused(cancelled_run(correct_run), limited("optimove", "GetChannelTemplates"))


def test_send_is_repeated_only_for_a_message_that_is_missing(correct_run):
    send = limited("textlocal", "bulk_json", FIRST_SEND)
    missing = correct_run.delivery_to(3)["message"]

    assert is_excused(cancelled_run(correct_run), send)
    assert not is_excused(correct_run.without("delivery", lambda line: line["message"] == missing), send)


@pytest.mark.parametrize(("deadline", "excused"), [(HOUR + 10 * MINUTE, True), (HOUR + 11 * MINUTE, False)])
@pytest.mark.parametrize("operation", ["UpdateCustomerPromotionStatus", "GetProcessedCampaignCustomers"])
def test_clearance_without_time_for_a_retry_need_not_be_repeated(correct_run, operation, deadline, excused):
    """A careful bridge tries again within an hour after the delay."""
    required = {"n": 900, "at": iso(START), "kind": "clearance", "campaign": 7001, "action": "required",
                "required_by": iso(ANNOUNCED + deadline), "named": 0, "cleared": 0}  # fmt: skip

    assert is_excused(correct_run.plus(required), limited("optimove", operation)) is excused
    assert is_excused(cancelled_run(correct_run).plus(required), limited("optimove", operation))
    other = required | {"campaign": 7002, "required_by": iso(START + DAY)}
    assert not is_excused(correct_run.plus(required, other), limited("optimove", operation))


@pytest.mark.parametrize(("out_after", "excused"), [(12 * MINUTE, True), (13 * MINUTE, False)])
def test_message_that_went_out_before_a_retry_need_not_be_withdrawn(correct_run, out_after, excused):
    """After the ten minutes, the bridge has the two minutes of a call that is on its way."""
    run = correct_run.change_delivery_to(3, at=iso(FIRST_SEND), send_at=iso(FIRST_SEND + SECOND + out_after))

    assert is_excused(run, limited("textlocal", "cancel_scheduled", FIRST_SEND + SECOND)) is excused


def test_customer_who_gets_no_message_any_more_need_not_be_looked_up(correct_run):
    look_up = limited("optimove", "GetCustomerAttributes", method="GET", path="/current/customers/C0000003/Attributes")

    assert is_excused(cancelled_run(correct_run), look_up)
    assert not is_excused(correct_run, look_up)


@pytest.mark.parametrize(("delay", "excused"), [(DAY, True), (20 * HOUR, False)])
def test_delay_beyond_the_end_of_the_run_leaves_no_time_for_a_retry(correct_run, delay, excused):
    ended = FIRST_SEND + 7 * DAY + HOUR
    call = limited("optimove", "GetChannelTemplates", ended - DAY) | {"retry_after": delay // SECOND}

    assert is_excused(correct_run, call) is excused


def test_call_that_was_limited_before_a_kill_may_come_again_at_once(correct_run):
    """No document demands that a bridge stores the delay."""
    at, effect = START + HOUR, fault_effect("rate_limited", "altered", effect=False)
    limited = {"status": 429, "retry_after": 600, "content": "a" * 16, "fault": effect}
    call = "textlocal", "get_templates"
    first, second = request_line(at, 801, *call, **limited), request_line(at + SECOND, 804, *call, content="a" * 16)
    again = correct_run.plus(first, second)
    fault = {"fault": "rate_limited", "call": "textlocal.get_templates", "retry_after": 600}
    kill = {"fault": "kill", "call": "optimove.GetChannelTemplates", "down": 0}
    run = with_faults(again, fault, kill)
    killed = injection_line(at, 802, "kill", "optimove", "GetChannelTemplates", id="f2")

    assert len(run.findings(retry_after.CHECKS)) == 1
    assert run.plus(killed).findings(retry_after.CHECKS) == []
