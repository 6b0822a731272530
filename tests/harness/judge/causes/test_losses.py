"""The causes of lost messages: rejections, and the calls that the bridge made instead."""

from collections.abc import Sequence

import pytest

from fault_helpers import fault_effect, injection_line, request_line, with_faults
from history_builder import FIRST_SEND, START, HistoryBuilder, Line, build_correct_run
from sendproof_harness.history.timestamps import HOUR, MINUTE, iso, parse_instant
from sendproof_harness.judge.checks.delivery import CHECKS
from sendproof_harness.judge.checks.triggers import check_send_latency
from sendproof_harness.judge.findings import Finding

NOTHING_SENT = "lost: no message of this campaign was ever sent"


def lost_findings(run: HistoryBuilder) -> list[Finding]:
    return [finding for finding in run.findings(CHECKS) if finding.cause.startswith("lost")]


def causes(run: HistoryBuilder) -> set[str]:
    return {finding.cause for finding in lost_findings(run)}


def ordered(run: HistoryBuilder) -> HistoryBuilder:
    """Return the run with its lines in order of time, as in a real history."""
    head = [line for line in run.lines if not line["n"]]
    events = sorted((line for line in run.lines if line["n"]), key=lambda line: str(line["at"]))
    return HistoryBuilder((*head, *(line | {"n": n} for n, line in enumerate(events, start=1))))


def call(at: int, service: str, operation: str, **fields: object) -> Line:
    head = {"n": 1, "at": iso(at), "kind": "request", "service": service, "operation": operation, "method": "POST"}
    return head | {"path": "/x", "credential": "known", "status": 200} | fields


def without_delivery_to(*customers: int) -> HistoryBuilder:
    run = build_correct_run()
    lost = {run.delivery_to(customer)["message"] for customer in customers}
    return run.without("delivery", lambda line: line["message"] in lost)


def rejection(run: HistoryBuilder, customer: int, **fields: object) -> Line:
    obligation = run.obligation_of(customer)
    return {"n": 900, "at": obligation["due"], "kind": "rejection", "service": "textlocal", "code": 32,
            "reason": "Invalid number format", "number": obligation["number"],
            "text": obligation["text"]} | fields  # fmt: skip


# -- rejections -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number_format", "cause"),
    [
        ("0{}", "country code missing"),
        ("44{}.0", "written as a floating-point number"),
        ("", "the number is empty"),
        ("4479999999", "the number of another person"),
    ],
)
def test_rejected_number_is_matched_to_its_customer(number_format, cause):
    run = without_delivery_to(4)
    number = number_format.format(str(run.obligation_of(4)["number"])[2:])

    (finding,) = lost_findings(run.plus(rejection(run, 4, number=number)))

    assert finding.cause == f"lost: textlocal refused the message (32 Invalid number format): {cause}"
    assert finding.where.customer == "C0000004"


def test_rejected_number_is_named_by_the_number_check_too():
    run = without_delivery_to(4)
    number = f"0{str(run.obligation_of(4)['number'])[2:]}"
    found = [
        (finding.check, finding.got)
        for finding in run.plus(rejection(run, 4, number=number)).findings(CHECKS)
        if finding.check == "delivery.number"
    ]

    assert found == [("delivery.number", f"textlocal refused '{number}' (32 Invalid number format)")]


def test_text_of_another_customer_with_the_same_text_explains_nothing(correct_run):
    """A template without placeholders is the same text for all."""
    run = correct_run.change("obligation", lambda line: line | {"text": "Sale today"})
    run = run.change("delivery", lambda line: line | {"text": "Sale today"})
    lost = {run.delivery_to(customer)["message"] for customer in (4, 7)}
    run = run.without("delivery", lambda line: line["message"] in lost)

    found = {
        finding.where.customer: finding.cause for finding in lost_findings(run.plus(rejection(run, 4, number="0")))
    }

    assert "refused" not in found["C0000007"]


@pytest.mark.parametrize(("text", "is_named"), [("Your order is here.", False), ("Your order", True)])
def test_rejection_of_another_message_to_the_customer_is_no_cause(text, is_named):
    """A message of another campaign was refused for the moment, and went out later."""
    run = without_delivery_to(3)
    other = {"campaign": 7002, "text": "Your order is here."}
    sent = build_correct_run().delivery_to(3) | {"text": other["text"], "message": "other"}
    run = run.plus(run.obligation_of(3) | other, sent, rejection(run, 3, text=text, code=8, reason="Busy"))

    (cause,) = causes(run)
    assert cause.startswith("lost: textlocal refused the message (8 Busy)") == is_named


def test_rejected_empty_text_names_the_missing_value():
    run = without_delivery_to(3)
    run = run.change("obligation", lambda line: line | {"text": str(line["text"] or "").replace("Dan3", "")})
    refused = rejection(run, 3, text="", code=5, reason="No message content")

    assert causes(run.plus(refused)) == {
        "lost: textlocal refused the message (5 No message content): the text is empty where a placeholder has no value"
    }


def test_refusal_of_a_whole_call_names_code_and_reason():
    run = without_delivery_to(3, 4)
    refused = (rejection(run, customer, code=43, reason="Invalid sender name", whole_call=True) for customer in (3, 4))

    assert causes(run.plus(*refused)) == {"lost: textlocal refused the call (43 Invalid sender name)"}


@pytest.mark.parametrize(
    ("imports", "cause"),
    [
        ([], "lost: users were not imported at xtremepush"),
        ([400], "lost: the import of users at xtremepush was refused"),
        ([200], "lost: the user was not among those imported at xtremepush"),
        ([202], "lost: the import of users at xtremepush runs in the background, and had not finished"),
    ],
)
def test_customer_unknown_to_the_provider_was_not_imported(imports, cause):
    run = without_delivery_to(3)
    unknown = {"service": "xtremepush", "customer": "C0000003", "reason": "no profile is known by this id"}
    refused = rejection(run, 3, number="", text="", code=None) | unknown
    summary = {"task": 1} if 202 in imports else {}
    calls = [call(START + HOUR, "xtremepush", "import_profile", status=status, summary=summary) for status in imports]

    assert causes(ordered(run.plus(refused, *calls))) == {cause}


# -- messages that reached no phone -----------------------------------------------------------------


def test_message_sent_as_a_test_is_named(correct_run):
    run = correct_run.change_delivery_to(3, test=True)

    assert causes(run) == {"lost: sent as a test, although the channel is not in testing mode"}


@pytest.mark.parametrize(("due_on_test_channel", "is_named"), [(FIRST_SEND, False), (FIRST_SEND + HOUR, True)])
def test_test_that_a_channel_in_testing_mode_asked_for_is_no_cause(correct_run, due_on_test_channel, is_named):
    """The test explains one message, the nearest."""
    channels = [*correct_run.lines[0]["channels"],
                {"id": 506, "provider": "textlocal", "kind": "scheduled", "testing": True}]  # fmt: skip
    run = correct_run.change("history", lambda line: line | {"channels": channels}).change_delivery_to(3, test=True)
    run = run.plus(run.obligation_of(3) | {"channel": 506, "due": iso(due_on_test_channel)})

    (cause,) = causes(run)
    assert (cause == "lost: sent as a test, although the channel is not in testing mode") == is_named


@pytest.mark.parametrize(("due_when_cancelled", "is_named"), [(FIRST_SEND, False), (FIRST_SEND + HOUR, True)])
def test_message_that_was_withdrawn_after_a_cancellation_is_no_cause(correct_run, due_when_cancelled, is_named):
    """A campaign with the same text was cancelled, and its message was withdrawn rightly."""
    cancelled = correct_run.obligation_of(3) | {"campaign": 7002, "owed": False, "reason": "cancelled"}
    sent = correct_run.delivery_to(3)
    withdrawal = {key: sent[key] for key in ("n", "at", "service", "message")} | {"kind": "withdrawal"}
    run = correct_run.plus(cancelled | {"due": iso(due_when_cancelled)}, withdrawal)

    (cause,) = causes(run)
    assert (cause == "lost: withdrawn by the bridge before it went out") == is_named


def test_message_through_another_clients_account_is_named():
    run = without_delivery_to(3)
    number = run.obligation_of(3)["number"]
    other = {"n": 0, "at": iso(START), "real": 0.0, "kind": "other_client", "client": "beta", "templates": []}

    (finding,) = lost_findings(run.plus(other | {"misdirected": [number]}))

    assert finding.cause == "lost: sent through another client's account"
    assert finding.got == "sent through the account of beta instead"


def test_campaign_that_only_another_client_got_is_named(correct_run):
    """Both clients have a campaign 7001, and the bridge took the second for the first."""
    other = {"n": 0, "at": iso(START), "real": 0.0, "kind": "other_client", "client": "beta", "templates": []}
    run = correct_run.without("delivery").without("request", lambda line: "summary" in line)

    assert causes(run.plus(other | {"campaigns": [[7001, 505]], "sent": [[7001, 505]]})) == {
        f"{NOTHING_SENT} for this client, but for beta: its audience was never read"
    }


def opted_out_at_beta(*customers: tuple[str, object], at: int = START) -> Line:
    """Return another client with opt-outs of these customers and numbers."""
    opt_outs = [{"at": iso(at), "customer": customer, "number": number} for customer, number in customers]
    other = {"n": 0, "at": iso(START), "real": 0.0, "kind": "other_client", "client": "beta", "templates": []}
    return other | {"opt_outs": opt_outs}


def test_opt_out_of_the_number_at_another_client_is_named():
    run = without_delivery_to(3)
    other = opted_out_at_beta(("C0000099", run.obligation_of(3)["number"]))

    (finding,) = lost_findings(run.plus(other))

    assert finding.cause == "lost: withheld because of an opt-out at another client"
    assert finding.got == "no delivery, after an opt-out at beta 2026-03-02 06:00:00 UTC, of the same number"


def test_opt_outs_of_the_customer_ids_at_another_client_are_named():
    run = without_delivery_to(3, 4).plus(opted_out_at_beta(("C0000003", "4411"), ("C0000004", "4412")))

    assert causes(run) == {"lost: withheld because of an opt-out at another client"}


def test_one_customer_id_at_another_client_is_only_a_likely_cause():
    run = without_delivery_to(3).plus(opted_out_at_beta(("C0000003", "4411")))

    assert "likely because of the id of a customer who opted out at another client" in causes(run).pop()


@pytest.mark.parametrize(("customer", "at"), [(5, START), (3, FIRST_SEND + HOUR)])
def test_opt_out_at_another_client_is_no_cause_without_its_effect(customer, at):
    """A customer with such an opt-out got the message, or it came after the message was due."""
    run = without_delivery_to(3)
    numbers = [run.obligation_of(3)["number"], run.obligation_of(customer)["number"]]
    other = opted_out_at_beta(*(("C0000099", number) for number in numbers), at=at)

    assert all("another client" not in cause for cause in causes(run.plus(other)))


def test_messages_to_the_number_of_one_customer_are_named(correct_run):
    """One look-up was used for all customers."""
    first = correct_run.delivery_to(4)
    own = {"number": first["number"], "text": first["text"]}
    messages = {correct_run.delivery_to(customer)["message"] for customer in (4, 7, 10)}
    run = correct_run.change("delivery", lambda line: line | own if line["message"] in messages else line)

    found = {(finding.where.customer, finding.cause) for finding in run.findings(CHECKS)}

    assert found == {
        ("C0000004", "duplicated: messages of other customers went to this number"),
        ("C0000007", "lost: the message went to the number of another customer"),
        ("C0000010", "lost: the message went to the number of another customer"),
    }


@pytest.mark.parametrize(
    ("content", "status", "is_named"), [("a", 200, False), ("b", 200, True), ("a", 500, True), (None, 200, True)]
)
def test_failed_call_that_was_repeated_with_success_is_no_cause(content, status, is_named):
    """Its messages went out, so that the lost one was not among them."""
    run = with_faults(without_delivery_to(3), {"fault": "status", "call": "textlocal.send", "status": 503})
    effect = fault_effect("status", "altered", effect=False)
    run = run.plus(
        injection_line(FIRST_SEND, 5_000, "status", "textlocal", "send"),
        request_line(FIRST_SEND, 5_001, "textlocal", "send", status=503, fault=effect, content="a"),
        request_line(FIRST_SEND + MINUTE, 5_002, "textlocal", "send", status=status, content=content),
    )

    (cause,) = causes(run)
    assert (cause == "lost: the request failed and was not retried") == is_named


# -- a campaign without any message -----------------------------------------------------------------


def silent_run(*, pages: bool = True, event: int | None = 200) -> HistoryBuilder:
    """Return a run where nothing is sent; `event` is the status of the event, None if it was never posted."""
    run = build_correct_run().without("delivery").without("delivery_status")
    run = run.without("webhook", lambda line: line["service"] == "textlocal" or event is None)
    run = run.change("webhook", lambda line: line | {"status": event})
    return run if pages else run.without("request", lambda line: "summary" in line)


def templates_read() -> Line:
    return call(START + MINUTE, "textlocal", "get_templates")


@pytest.mark.parametrize(
    ("run", "cause"),
    [
        (silent_run(pages=False, event=None), "no event announced it to the bridge"),
        (silent_run(pages=False, event=500), "the bridge did not accept its event"),
        (silent_run(pages=False), "its audience was never read"),
        (silent_run(), "the provider's templates were never read"),
        (silent_run().plus(templates_read()), "its audience was read, and nothing followed"),
    ],
)
def test_campaign_without_messages_names_the_missing_step(run, cause):
    assert causes(ordered(run)) == {f"{NOTHING_SENT}: {cause}"}


def test_campaign_that_is_lost_on_one_of_two_channels_names_the_channel(correct_run):
    """The other channel's messages went out, so the whole campaign was not lost."""
    copies = [
        line | {"channel": 506, "n": 5_000}
        for kind in ("campaign", "obligation")
        for line in correct_run.lines_of(kind)
    ]
    lost = {cause for cause in causes(ordered(correct_run.plus(*copies))) if cause.startswith("lost")}

    assert lost == {f"{NOTHING_SENT} on channel 506, but on channel 505: no event announced it to the bridge"}


def test_campaign_that_was_read_after_its_send_times_is_named():
    """Its event came late, and the bridge discarded what was overdue."""
    day = 24 * HOUR
    late = silent_run().change("request", lambda line: line | {"at": iso(parse_instant(str(line["at"])) + day)})

    assert causes(ordered(late)) == {f"{NOTHING_SENT}: it was read late, as if overdue messages were discarded"}


def test_refused_audience_is_named_with_times_and_status():
    at = START + 3 * HOUR
    refused = [
        call(at + minute, "optimove", "GetCustomerSendDetailsByChannel", status=403, response_excerpt="no access")
        for minute in range(3)
    ]

    (first, *_) = lost_findings(ordered(silent_run(pages=False).plus(*refused)))

    assert first.cause == f"{NOTHING_SENT}: its audience could not be read"
    assert first.got == "optimove GetCustomerSendDetailsByChannel was refused 3 times (403: no access)"


def test_refused_sends_are_named():
    send = call(FIRST_SEND, "textlocal", "bulk_json", summary={"errors": [3]})

    (first, *_) = lost_findings(ordered(silent_run().plus(templates_read(), send)))

    assert (first.cause, first.got) == (
        f"{NOTHING_SENT}: textlocal refused every call",
        "textlocal bulk_json was refused once (200: code 3)",
    )


def test_refused_send_with_the_text_of_another_message_is_no_cause():
    """The only refused call was for a customer who met a trigger, and the campaign was never sent."""
    refused = call(FIRST_SEND, "textlocal", "bulk_json", status=422, content="a" * 16)
    rejection = {"n": 1, "at": iso(FIRST_SEND), "kind": "rejection", "service": "textlocal", "request": None,
                 "number": "447999000001", "text": "Your basket waits.", "code": "opted_out"}  # fmt: skip
    run = ordered(silent_run().plus(templates_read(), refused))
    (line,) = [line["n"] for line in run.lines_of("request") if line.get("status") == 422]

    assert causes(run) == {f"{NOTHING_SENT}: textlocal refused every call"}
    assert causes(run.plus(rejection | {"request": line})) == {
        f"{NOTHING_SENT}: its audience was read, and nothing followed"
    }


def test_campaign_that_a_restart_made_forgotten_is_named():
    clock = {"n": 1, "at": iso(START + 2 * HOUR + MINUTE), "kind": "clock", "participant": "bridge"}
    run = silent_run().plus(templates_read(), clock | {"action": "left"}, clock | {"action": "joined"})

    assert causes(ordered(run)) == {f"{NOTHING_SENT}: forgotten at a restart of the bridge"}


def test_campaign_that_was_cancelled_with_the_token_of_another_client_is_named():
    forged = {"n": 1, "at": iso(START + 2 * HOUR), "kind": "forged_webhook", "service": "optimove", "event": "13",
              "key": "13:7001:505", "url": "http://b", "wrong": "token", "status": 200, "error": None}  # fmt: skip
    refused = forged | {"status": 404}
    run = silent_run(pages=False).plus(templates_read(), refused, forged | {"of_other_client": True})

    cause = f"{NOTHING_SENT}: as if a forged cancellation was obeyed, with the token of another client"
    assert causes(ordered(run)) == {cause}


@pytest.mark.parametrize(("status", "is_named"), [(200, True), (404, False)])
def test_campaign_that_a_stranger_cancelled_is_named(status, is_named):
    forged = {"n": 1, "at": iso(START + 2 * HOUR), "kind": "forged_webhook", "service": "optimove", "event": "13",
              "key": "13:7001:505", "url": "http://b", "wrong": "token", "status": status, "error": None}  # fmt: skip
    run = silent_run(pages=False).plus(templates_read(), forged)

    assert (causes(ordered(run)) == {f"{NOTHING_SENT}: as if a forged cancellation was obeyed"}) == is_named


# -- partial losses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("customers", "likely"),
    [
        ((4, 7, 10), "the template 'Bonus' or of the send time 2026-03-02 10:00:00 UTC"),
        ((8,), "a text beyond GSM-7"),
        ((5, 6, 7, 8, 9), "page 2"),
        ((10, 11), "page 3 or of a row from 10 to 11"),
    ],
)
def test_lost_messages_with_a_common_property_name_it(customers, likely):
    run = without_delivery_to(*customers).change(
        "obligation", lambda line: line | {"text": str(line["text"]).replace("é", "ć" if "8" in str(line) else "e")}
    )
    assert likely in next(iter(causes(run)))


def test_lost_messages_without_a_common_property_name_none():
    assert causes(without_delivery_to(3, 7, 11)) == {"lost: the message was never sent to a provider"}


def test_lost_numbers_in_the_national_form_are_named():
    run = without_delivery_to(4, 9)
    lost = {run.obligation_of(customer)["customer"] for customer in (4, 9)}
    run = run.change(
        "obligation", lambda line: line | {"raw_number": "07100000004"} if line["customer"] in lost else line
    )

    (cause,) = causes(run)
    assert "likely because of a number written in the national form or of a number written without +" in cause


# -- triggers ---------------------------------------------------------------------------------------


def trigger_run(*lost: int, status: int = 200, delay: int = 0, minutes: Sequence[int] = (0, 30)) -> HistoryBuilder:
    """Return a run where customer 3 meets a trigger at some `minutes`, and the messages `lost` are not sent."""
    run = build_correct_run()
    lines: list[Line] = []
    for position, minute in enumerate(minutes):
        at = START + 30 * HOUR + minute * MINUTE
        due = run.obligation_of(3) | {"at": iso(at), "due": iso(at), "campaign": 8001, "trigger": "visit"}
        key = f"11:visit:C0000003:{position + 1}"
        trigger = {"n": 1, "at": iso(at), "kind": "trigger", "trigger": "visit", "campaign": 8001, "channel": 505}
        event = {"n": 1, "at": iso(at + delay), "kind": "webhook", "service": "optimove", "event": "11", "key": key,
                 "url": "http://x", "attempt": 1, "status": status, "error": None}  # fmt: skip
        sent = run.delivery_to(3) | {"at": iso(at), "send_at": iso(at), "message": f"t{position}"}
        lines += [due, trigger | {"customer": "C0000003", "template": 11, "request_id": key}, event]
        lines += [] if position in lost else [sent]
    return ordered(run.plus(*lines))


def refused_send(minute: int) -> Line:
    """Return a send that Textlocal refuses after the trigger at a minute."""
    return call(START + 30 * HOUR + minute * MINUTE + 1, "textlocal", "bulk_json", summary={"refused": 3})


DUPLICATE = "lost: a second trigger of the customer within an hour was taken for a duplicate"


@pytest.mark.parametrize(
    ("run", "cause"),
    [
        (trigger_run(1), DUPLICATE),
        (trigger_run(3, minutes=(0, 30, 60, 90)), "lost: as if a customer got at most 3 messages a day"),
        (
            trigger_run(3, minutes=(0, 30, 60, 70)),
            f"{DUPLICATE}, or exceeded a limit of 3 messages a day",
        ),
        (
            trigger_run(1, minutes=(0, 30, 60, 90)),
            DUPLICATE,
        ),
        (trigger_run(2, minutes=(0, 30, 60)), DUPLICATE),
        (
            ordered(trigger_run(3, minutes=(0, 30, 60, 90)).plus(refused_send(90))),
            "lost: textlocal refused the call",
        ),
        (trigger_run(0, 1, status=500), "lost: the bridge did not accept the event of the trigger"),
        (trigger_run(0, 1), "lost: the event of the trigger was accepted, and no call followed"),
        (trigger_run(0, 1, delay=5 * MINUTE), "lost: an event that came late was dropped"),
    ],
)
def test_lost_message_of_a_trigger_names_what_became_of_the_event(run, cause):
    assert causes(run) == {cause}


def test_later_message_with_the_text_of_an_earlier_one_is_named():
    """The second message is due with another value, and goes out in time with the old one."""
    later = iso(START + 30 * HOUR + 30 * MINUTE)
    run = trigger_run().change("obligation", lambda line: line | {"text": "New"} if line["due"] == later else line)

    cause = "a later message had the old text of an earlier one, as if the customer's values were kept"
    assert {finding.cause for finding in run.findings(CHECKS)} == {f"lost: {cause}", f"duplicated: {cause}"}


@pytest.mark.parametrize(("lost", "looked_at"), [((), 2), ((1,), 1), ((0, 1), 0)])
def test_lost_message_of_a_trigger_has_no_send_time_to_look_at(lost, looked_at):
    assert check_send_latency(trigger_run(*lost).history()).looked_at == looked_at


def test_triggers_in_testing_mode_have_no_send_time_to_look_at():
    """No message is due, so the check would be unknown in each run before go-live."""
    run = trigger_run().change("delivery", lambda line: line | {"test": True})
    channel = {"id": 505, "provider": "textlocal", "kind": "triggered"}
    live, testing = (
        HistoryBuilder((run.lines[0] | {"channels": [channel | {"testing": mode}]}, *run.lines[1:]))
        for mode in (False, True)
    )
    checks = [{result.check.id for result in history.verdict().results} for history in (live, testing)]

    assert ["triggers.send_latency" in names for names in checks] == [True, False]


def test_refused_look_up_after_a_trigger_is_named():
    first = parse_instant(str(trigger_run().lines_of("trigger")[0]["at"]))
    look_up = call(first + MINUTE // 2, "optimove", "GetCustomerAttributes", status=403, response_excerpt="no scope")

    found = {finding.got for finding in lost_findings(ordered(trigger_run(0, 1).plus(look_up)))}

    assert "optimove GetCustomerAttributes was refused once (403: no scope)" in found


@pytest.mark.parametrize("operation", ["GetCustomerAttributes", "bulk_json"])
@pytest.mark.parametrize(("content", "is_named"), [("a", False), ("b", True)])
def test_refused_call_that_was_repeated_with_success_is_no_cause_of_a_lost_trigger(operation, content, is_named):
    first = parse_instant(str(trigger_run().lines_of("trigger")[0]["at"]))
    service = "textlocal" if operation == "bulk_json" else "optimove"
    refused = call(first + 1, service, operation, status=503, content="a")
    run = trigger_run(0, 1).plus(refused, call(first + 2, service, operation, content=content))

    named = any("could not be looked up" in cause or "refused the call" in cause for cause in causes(ordered(run)))
    assert named == is_named


@pytest.mark.parametrize(("content", "is_named"), [("a", False), ("b", True)])
def test_refused_call_that_was_repeated_with_success_is_no_cause_of_a_lost_campaign(content, is_named):
    look_up = call(START + 2 * HOUR + MINUTE, "textlocal", "get_templates", status=503, content="a")
    again = look_up | {"at": iso(START + 2 * HOUR + 2 * MINUTE), "status": 200, "content": content}
    found = causes(ordered(silent_run().plus(look_up, again)))

    assert (found == {f"{NOTHING_SENT}: textlocal get_templates was refused"}) == is_named


NO_CALL_FOR_IT = "lost: the event of the trigger was accepted, and no message followed"


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        ("447100000004", NO_CALL_FOR_IT),  # customer 4
        ("5", "lost: textlocal refused the call"),  # of nobody, so perhaps a damaged one
    ],
)
def test_refused_call_is_the_cause_unless_all_its_messages_are_of_other_customers(number, cause):
    run = trigger_run(0, 1)
    at = parse_instant(str(run.lines_of("trigger")[0]["at"])) + MINUTE // 2
    request = call(at, "textlocal", "send", summary={"errors": [7]}, n=8_000)
    refused = rejection(run, 3, at=iso(at), number=number, text="another text", request=8_000)

    assert cause in causes(ordered(run).plus(request, refused))


@pytest.mark.parametrize(
    ("customer", "cause"),
    [
        ("V0000001", NO_CALL_FOR_IT),
        ("C0000004", NO_CALL_FOR_IT),
        ("C0000003", "lost: the customer's attributes could not be looked up"),
        ("c0000003", "lost: the customer's attributes could not be looked up"),
        ("0000003", "lost: the customer's attributes could not be looked up"),
    ],
)
def test_refused_look_up_is_the_cause_if_it_may_be_of_the_customer(customer, cause):
    """A visitor is a person of whom Optimove has no attributes."""
    run = trigger_run(0, 1)
    at = parse_instant(str(run.lines_of("trigger")[0]["at"])) + MINUTE // 2
    path = f"/current/customers/{customer}/Attributes"
    look_up = call(at, "optimove", "GetCustomerAttributes", status=404, path=path)

    assert cause in causes(ordered(run.plus(look_up)))
