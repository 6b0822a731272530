"""The recount, against the judge: two implementations of one ledger agree on any history."""

import pytest

from disturbed_history import disturb
from fault_helpers import (
    fault_effect,
    injection_line,
    key_line,
    late_by,
    refused_line,
    request_line,
    with_faults,
    with_key_outage,
)
from history_builder import FIRST_SEND, HistoryBuilder, build_correct_run
from sendproof_harness.certificate.differences import differences, provider_facts
from sendproof_harness.history.timestamps import HOUR, MINUTE, iso
from sendproof_harness.recount.count import recount

CUSTOMER = 3
CHANGED = {
    "ok": {},
    "late": {"send_at": iso(FIRST_SEND + 6 * MINUTE)},
    "early": {"send_at": iso(FIRST_SEND - HOUR)},
    "wrong text": {"text": "Hello, welcome."},
    "wrong number": {"number": "07100000003"},
    "lost": {"test": True},
}


def recounted(builder: HistoryBuilder) -> dict[str, int]:
    """Return the counts of a history, on which the judge must agree."""
    counted = recount(builder.encoded(), provider_facts())
    assert differences(builder.history(), counted) == []
    return dict(counted.counts)


def test_correct_run_has_only_good_results():
    assert recounted(build_correct_run()) == {"ok": 10, "withheld": 2}


@pytest.mark.parametrize("kind", CHANGED)
def test_result_of_one_customer_is_found(kind):
    builder = build_correct_run().change_delivery_to(CUSTOMER, **CHANGED[kind])
    assert recounted(builder).get(kind) == (10 if kind == "ok" else 1)


def test_message_to_opted_out_customer_is_found():
    delivery = build_correct_run().delivery_to(CUSTOMER)
    opted_out = build_correct_run().obligation_of(1)
    sent = delivery | {"message": "x", "number": opted_out["number"], "text": opted_out["text"]}
    assert recounted(build_correct_run().plus(sent))["sent to opted-out"] == 1


def test_due_text_that_the_provider_refuses_is_refused():
    due = build_correct_run().delivery_to(CUSTOMER)
    message = {"number": due["number"], "text": due["text"], "code": 80, "reason": "No match"}
    rejection = {"n": 0, "at": due["at"], "kind": "rejection", "service": "textlocal", **message}
    run = build_correct_run().without("delivery", lambda line: line["message"] == due["message"]).plus(rejection)

    assert recounted(run) == {"ok": 9, "withheld": 2, "refused": 1}


@pytest.mark.parametrize(("refused", "kind"), [("sms", "refused"), ("push", "lost"), (None, "refused")])
def test_refusal_of_another_type_of_messages_is_not_that_of_the_due_one(refused, kind):
    """One user can get the same text as a push notification and in the inbox, and the provider may refuse one."""
    due = build_correct_run().delivery_to(CUSTOMER)
    message = {"number": due["number"], "text": due["text"], "code": 80, "message_type": refused}
    rejection = {"n": 0, "at": due["at"], "kind": "rejection", "service": "textlocal", **message}
    run = build_correct_run().without("delivery", lambda line: line["message"] == due["message"]).plus(rejection)

    assert recounted(run) == {"ok": 9, "withheld": 2, kind: 1}


def test_second_message_is_that_of_an_equal_campaign_that_was_cancelled():
    run = build_correct_run()
    cancelled = run.obligation_of(CUSTOMER) | {"campaign": 7002, "owed": False, "reason": "cancelled", "text": None}
    page = next(line for line in run.lines_of("request") if "summary" in line)
    read = page | {"summary": page["summary"] | {"campaign": 7002}}

    sent = run.delivery_to(CUSTOMER) | {"message": "x"}
    assert recounted(run.plus(cancelled, read, sent)) == {"ok": 10, "withheld": 2, "unexpected": 1}


def test_message_to_stranger_is_unexpected():
    stranger = build_correct_run().delivery_to(CUSTOMER) | {"message": "x", "number": "15550001111", "text": "Hi"}
    assert recounted(build_correct_run().plus(stranger)) == {"ok": 10, "withheld": 2, "unexpected": 1}


@pytest.mark.parametrize("mistakes", [1, 3, 8, 20])
@pytest.mark.parametrize("seed", range(25))
def test_recount_agrees_with_judge_on_any_mistakes(seed, mistakes):
    """The seeds make lost, doubled, exchanged, damaged and forbidden messages, and numbers of several customers."""
    recounted(disturb(build_correct_run(18), 1_000 * mistakes + seed, mistakes))


def test_provider_that_refuses_for_the_moment_delays_a_message():
    """Textlocal's code 192: no messages at night. The bridge tries again, and the deadline moves."""
    due = build_correct_run().obligation_of(CUSTOMER)
    builder = build_correct_run().change_delivery_to(CUSTOMER, send_at=iso(FIRST_SEND + 8 * MINUTE))
    refusal = {"n": 0, "at": iso(FIRST_SEND + 4 * MINUTE), "real": 0.0, "kind": "rejection", "service": "textlocal"}
    message = {"number": due["number"], "text": due["text"], "code": 192, "whole_call": True}
    assert recounted(builder)["late"] == 1
    assert "late" not in recounted(builder.plus(refusal | message))


def late_mail(wait: int) -> HistoryBuilder:
    """Return a run over SMTP with one message that went out so much later than it was due."""
    builder = build_correct_run().change_delivery_to(CUSTOMER, send_at=iso(FIRST_SEND + wait))
    for kind in ("delivery", "delivery_status"):
        builder = builder.change(kind, lambda line: line | {"service": "smtp"})
    return builder.change(
        "history", lambda line: line | {"channels": [row | {"provider": "smtp"} for row in line["channels"]]}
    )


@pytest.mark.parametrize(("wait", "late"), [(45 * MINUTE, 0), (2 * HOUR, 1)])
def test_sender_waits_half_an_hour_after_a_fault_of_a_relay(wait, late):
    fault = {"fault": "rate_limited", "call": "smtp.submitMessage"}
    injection = injection_line(FIRST_SEND, 900, "rate_limited", "smtp", "submitMessage")
    effect = fault_effect("rate_limited", "altered", effect=False)
    refused = request_line(FIRST_SEND, 901, "smtp", "submitMessage", status=429, fault=effect)
    builder = with_faults(late_mail(wait), fault).plus(injection, refused)
    assert recounted(builder).get("late", 0) == late


@pytest.mark.parametrize(("wait", "late"), [(45 * MINUTE, 0), (2 * HOUR, 1)])
def test_sender_waits_half_an_hour_for_a_busy_mailbox(wait, late):
    """RFC 5321: the retry interval should be at least 30 minutes."""
    due, builder = build_correct_run().obligation_of(CUSTOMER), late_mail(wait)
    refusal = {"n": 0, "at": iso(FIRST_SEND), "real": 0.0, "kind": "rejection", "service": "smtp", "code": "4.2.0"}
    message = {"number": due["number"], "text": due["text"], "whole_call": True}
    assert recounted(builder.plus(refusal | message)).get("late", 0) == late


@pytest.mark.parametrize(("opted_out_from", "kind"), [("sms", "sent to opted-out"), ("push", "ok")])
def test_opt_out_from_another_type_of_messages_forbids_nothing(opted_out_from, kind):
    number = build_correct_run().obligation_of(CUSTOMER)["number"]
    opt_out = {"n": 0, "at": iso(FIRST_SEND - 13 * HOUR), "real": 0.0, "kind": "opt_out", "service": "textlocal"}
    other = {"id": 506, "provider": "xtremepush", "kind": "scheduled", "message": "push"}
    builder = build_correct_run().change("history", lambda line: line | {"channels": [*line["channels"], other]})
    counts = recounted(builder.plus(opt_out | {"number": number, "message_type": opted_out_from}))
    assert counts == ({"ok": 10, "withheld": 2} if kind == "ok" else {"ok": 9, "withheld": 2, kind: 1})


@pytest.mark.parametrize(
    ("text", "kind"), [("Hello Dan3, welcome.\0", "wrong text"), ("Hello Dan3, welcome.\\u0000", "wrong text")]
)
def test_character_nul_in_a_text_counts(text, kind):
    """SQLite would compare only what is before it."""
    assert recounted(build_correct_run().change_delivery_to(3, text=text)) == {"ok": 9, "withheld": 2, kind: 1}


def test_due_text_with_nul_is_right():
    text = {"text": "a\\\0b"}
    run = build_correct_run().change_delivery_to(3, **text)
    due = run.change("obligation", lambda line: line | text if line["customer"] == "C0000003" else line)
    assert recounted(due) == {"ok": 10, "withheld": 2}


@pytest.mark.parametrize(("minutes", "kind"), [(245, "ok"), (246, "late")])
def test_message_behind_a_disabled_key_may_go_out_when_the_key_is_tried_again(minutes, kind):
    run = with_key_outage(build_correct_run(), FIRST_SEND - HOUR, FIRST_SEND + 3 * HOUR)
    run = run.change("request", lambda line: line | ({"at": iso(FIRST_SEND + 4 * HOUR)} if "summary" in line else {}))

    assert recounted(late_by(run, minutes * MINUTE)).get(kind) == (10 if kind == "ok" else 1)


@pytest.mark.parametrize(
    ("tried", "kind"), [("GetCustomerSendDetailsByChannel", "ok"), ("AddChannelTemplates", "late")]
)
def test_key_without_which_a_message_went_out_delays_none(tried, kind):
    """The bridge had read the row before. If it tries to read it again, it waits for the key."""
    run = with_key_outage(build_correct_run(), FIRST_SEND - HOUR, FIRST_SEND + 3 * HOUR)
    run = run.plus(refused_line(FIRST_SEND, 3_000, tried))

    assert recounted(late_by(run, HOUR)).get(kind) == (10 if kind == "ok" else 1)


@pytest.mark.parametrize(("accepted", "kind"), [(50, "ok"), (15, "late")])
def test_rotated_key_delays_a_message_until_another_one_is_accepted(accepted, kind):
    pages = [refused_line(FIRST_SEND + at * MINUTE, 3_000 + at, "GetCustomerSendDetailsByChannel") for at in (10, 40)]
    call = request_line(FIRST_SEND + accepted * MINUTE, 3_000 + accepted, "optimove", "GetChannelTemplates")
    run = build_correct_run().plus(key_line(FIRST_SEND, 2_000, "rotated"), *pages, call)

    assert recounted(late_by(run, 50 * MINUTE)).get(kind) == (10 if kind == "ok" else 1)
