"""The explanation of one customer, from the lines of a history alone."""

import pytest

from history_builder import FIRST_SEND, START, HistoryBuilder, Line
from sendproof_harness.explain.customer import Explanation, UnknownCustomerError, explain, find_customer
from sendproof_harness.explain.document import document
from sendproof_harness.explain.entry import TimelineEntry
from sendproof_harness.history.timestamps import HOUR, MINUTE, iso


def explained(run: HistoryBuilder, customer: str) -> Explanation:
    history = run.history()
    return explain(history, run.verdict(), find_customer(history, customer))


def actions(explanation: Explanation) -> list[tuple[str, str]]:
    return [(entry.actor, entry.text) for entry in explanation.timeline]


def entry_with(explanation: Explanation, start: str) -> TimelineEntry:
    """Return the only entry that begins with a text."""
    (found,) = [entry for entry in explanation.timeline if entry.text.startswith(start)]
    return found


def test_delivered_message_is_explained_from_obligation_to_report(correct_run):
    explanation = explained(correct_run, "C0000003")

    assert actions(explanation) == [
        (
            "optimove",
            "campaign 7001 on channel 505: template 11 (Welcome) is due to 447100000003 at 2026-03-02 09:00:00 UTC",
        ),
        ("optimove", "announces campaign 7001 on channel 505 to the bridge (event 13): status 200"),
        ("bridge", "reads rows 0 to 4 of campaign 7001 on channel 505; row 3 is the customer"),
        ("provider", "textlocal accepts message 0000000003 to 447100000003"),
        ("provider", "message 0000000003 gets the status delivered"),
        ("provider", "posts the receipt of message 0000000003: status 200"),
        ("bridge", "reports 4 sent of template 11"),
        ("bridge", "reports 4 delivered of template 11"),
    ]
    assert [(result.campaign, result.kind) for result in explanation.campaigns] == [(7001, "ok")]
    assert explanation.findings == ()


def test_explanation_for_programs_has_times_and_findings(correct_run):
    late = correct_run.change("delivery", lambda line: line | {"send_at": iso(FIRST_SEND - HOUR)})
    content = document(explained(late, "C0000003"))
    assert (content["customer"], content["numbers"]) == ("C0000003", ["447100000003"])
    assert (content["timeline"][0]["actor"], content["timeline"][0]["at"][-1]) == ("optimove", "Z")
    assert {"fail"} == {finding["level"] for finding in content["findings"]}


def test_entries_have_the_numbers_of_their_lines(correct_run):
    explanation = explained(correct_run, "C0000003")
    lines = {line["n"]: line["kind"] for line in correct_run.lines if line["n"]}

    assert [lines[entry.line] for entry in explanation.timeline if entry.line] == [
        "webhook", "request", "delivery", "delivery_status", "webhook", "metrics", "metrics",
    ]  # fmt: skip


def test_opted_out_customer_gets_nothing_and_counts_as_dropped(correct_run):
    """The first total of dropped customers after the due time counts them."""
    explanation = explained(correct_run, "C0000001")

    assert entry_with(explanation, "campaign 7001").text.endswith("no message may be sent (opted out)")
    assert entry_with(explanation, "reports").text == "reports 1 dropped of template 12"
    assert explanation.campaigns[0].kind == "withheld"


@pytest.mark.parametrize("reason", ["control_group", "not_cleared"])
def test_customer_without_row_is_in_no_page_and_no_total(correct_run, reason):
    """The rows of later customers move up."""
    left_out = {"owed": False, "reason": reason, "text": None}
    run = correct_run.change("obligation", lambda line: line | left_out if line["customer"] == "C0000002" else line)
    run = run.without("delivery", lambda line: line["number"] == run.obligation_of(2)["number"])

    texts = [text for _, text in actions(explained(run, "C0000002"))]
    assert [text for text in texts if text.startswith(("reads", "reports"))] == []
    assert "reads rows 0 to 4 of campaign 7001 on channel 505; row 2 is the customer" in [
        text for _, text in actions(explained(run, "C0000003"))
    ]


def test_lost_message_has_an_entry_at_its_due_time(correct_run):
    lost = correct_run.delivery_to(6)["message"]
    explanation = explained(correct_run.without("delivery", lambda line: line["message"] == lost), "C0000006")

    assert entry_with(explanation, "the message is due") == TimelineEntry(
        at=FIRST_SEND,
        actor="expected",
        text="the message is due, but none is sent",
        detail="the message was never sent to a provider",
        wrong=True,
    )
    assert [finding.cause for finding in explanation.findings] == ["lost: the message was never sent to a provider"]
    assert "the total of sent does not match the provider's records" in [
        finding.cause for finding in explanation.campaign_findings
    ]


def test_interrupted_run_says_so(correct_run):
    """Otherwise the reader looks for the reason of a missing message at the bridge."""
    aborted = {"n": 0, "at": iso(FIRST_SEND), "real": 0.0, "kind": "aborted", "reason": "unobserved", "blame": "config"}
    why = {"cause": "the run was interrupted", "expected": "a run to its end", "got": "a signal to end it"}
    explanation = explained(correct_run.plus(aborted | why), "C0000003")

    assert [(finding.level, finding.cause) for finding in explanation.run_findings] == [
        ("unknown", "the run was interrupted")
    ]


def test_early_message_shows_due_time_and_send_time(correct_run):
    explanation = explained(correct_run.change_delivery_to(3, send_at=iso(FIRST_SEND - HOUR)), "C0000003")

    assert entry_with(explanation, "the message is due").text == "the message is due; it goes out 1 h early"
    assert "to go out 2026-03-02 08:00:00 UTC" in entry_with(explanation, "textlocal accepts").text


def test_send_request_shows_its_number_of_messages(correct_run):
    """The line of a request precedes its effects."""
    before = int(str(correct_run.delivery_to(0)["n"])) - 1
    request: Line = {"n": before, "at": iso(FIRST_SEND), "real": 0.0, "kind": "request", "service": "textlocal"} | {
        "operation": "bulk_json", "method": "POST", "path": "/bulk_json/", "credential": "known", "status": 200,
    }  # fmt: skip
    explanation = explained(correct_run.plus(request), "C0000000")

    assert entry_with(explanation, "calls").text == "calls bulk_json of textlocal, which accepts 4 messages"


def test_all_attempts_of_a_receipt_are_shown(correct_run):
    receipt = next(line for line in correct_run.lines_of("webhook") if line["key"] == "receipt:0000000003")
    failed = receipt | {"status": None, "error": "timed out", "at": iso(FIRST_SEND + MINUTE), "n": 0}
    run = correct_run.plus(failed).change("webhook", as_second_attempt("receipt:0000000003"))
    explanation = explained(run, "C0000003")

    assert [(entry.text, entry.wrong) for entry in explanation.timeline if entry.text.startswith("posts")] == [
        ("posts the receipt of message 0000000003: timed out", True),
        ("posts the receipt of message 0000000003: status 200, attempt 2", False),
    ]


def as_second_attempt(key: str):
    """Return a change that makes the acknowledged attempt the second one."""
    return lambda line: line | {"attempt": 2} if line["key"] == key and line["status"] else line


def test_click_reply_and_opt_out_are_the_customers(correct_run):
    action = {"n": 900, "at": iso(FIRST_SEND + HOUR), "real": 0.0, "service": "textlocal", "number": "447100000003"}
    explanation = explained(
        correct_run.plus(
            action | {"kind": "click", "message": "0000000003"},
            action | {"kind": "inbound", "text": "STOP", "n": 901},
            action | {"kind": "opt_out", "source": "STOP", "n": 902},
        ),
        "C0000003",
    )

    assert [text for actor, text in actions(explanation) if actor == "customer"] == [
        "opens the link of message 0000000003",
        "writes to textlocal: STOP",
        "opts out at textlocal (STOP)",
    ]


@pytest.mark.parametrize("customer", ["C0000003", "Ann:1"])
def test_trigger_shows_customer_event_announcement_and_due_message(correct_run, customer):
    common = {"n": 950, "at": iso(FIRST_SEND), "real": 0.0, "customer": customer}
    trigger = {"campaign": 9001, "channel": 506, "template": 11, "trigger": "Welcome"}
    event = {"service": "optimove", "event": "11", "key": f"11:Welcome:{customer}:0", "url": "http://x"} | {
        "attempt": 1, "status": 200, "error": None, "about": trigger | {"customer": customer},
    }  # fmt: skip
    due = {"n": 0, "number": "447100000003", "text": "Hi", "due": iso(FIRST_SEND), "owed": True, "reason": None}
    explanation = explained(
        correct_run.plus(
            common | {"kind": "obligation"} | trigger | due,
            common | {"kind": "customer_event", "event": "registration", "parameters": {"bonus": 5}},
            common | {"kind": "webhook", "n": 951} | event,
        ),
        customer,
    )

    assert entry_with(explanation, "causes").text == "causes the event registration"
    assert entry_with(explanation, "announces trigger").text == (
        "announces trigger Welcome to the bridge (event 11): status 200"
    )
    assert entry_with(explanation, "trigger Welcome, campaign 9001 on channel 506: template 11 is due").line == 0


def test_interactions_are_shown_if_they_name_the_customer(correct_run):
    report = {"n": 990, "at": iso(FIRST_SEND + HOUR), "real": 0.0, "kind": "interactions", "campaign": 7001} | {
        "channel": 505, "template": 11, "event_id": 1, "date": "2026-03-02",
    }  # fmt: skip
    run = correct_run.plus(report | {"customers": ["C0000003", "C0000000"]}, report | {"customers": ["C0000000"]})
    explanation = explained(run, "C0000003")

    assert entry_with(explanation, "reports the").text == "reports the customer among 2 who were delivered"


@pytest.mark.parametrize("number", ["447100000003", "+44 7100 000003", "0044 7100-000003", "07100000003"])
def test_number_in_any_format_finds_its_customer(correct_run, number):
    assert find_customer(correct_run.history(), number).customer == "C0000003"


def test_number_without_customer_is_explained_if_messages_went_to_it(correct_run):
    unmatched = correct_run.delivery_to(0) | {"n": 950, "message": "9", "number": "447999999999", "text": "Hello?"}
    explanation = explained(correct_run.plus(unmatched), "447999999999")

    assert (explanation.subject.customer, explanation.campaigns) == (None, ())
    assert [(entry.text, entry.wrong) for entry in explanation.timeline if entry.actor == "provider"] == [
        ("textlocal accepts message 9 to 447999999999", True)
    ]
    assert [finding.cause for finding in explanation.findings] == ["unexpected: a message that no recipient was due"]


def test_refused_message_is_in_the_story_of_its_customer(correct_run):
    """The bridge wrote the number in a form that the provider refused."""
    lost = correct_run.delivery_to(6)
    refused = {"n": 950, "at": iso(FIRST_SEND), "kind": "rejection", "service": "textlocal", "code": 32}
    run = correct_run.without("delivery", lambda line: line["message"] == lost["message"])
    explanation = explained(run.plus(refused | {"number": "07100000006", "text": lost["text"]}), "C0000006")

    assert entry_with(explanation, "textlocal refuses").text == (
        "textlocal refuses a message to 07100000006 (32): country code missing"
    )
    assert entry_with(explanation, "the message is due").detail == (
        "textlocal refused the message (32): country code missing"
    )


def test_message_to_an_unusable_number_is_in_the_story_of_its_customer(correct_run):
    run = correct_run.change(
        "obligation", lambda line: line | {"raw_number": "0207946"} if line["number"] is None else line
    )
    stray = correct_run.delivery_to(0) | {"n": 950, "message": "9", "number": "44207946", "text": "Hello , welcome."}
    explanation = explained(run.plus(stray), "44207946")

    assert explanation.subject.customer == "C0000002"
    assert entry_with(explanation, "campaign 7001").text.endswith("no message may be sent (unusable number 0207946)")
    assert [(finding.cause, finding.got.partition(":")[0]) for finding in explanation.findings] == [
        (
            "unexpected: a message to the unusable number of a customer, with 44 in front",
            "the unusable number 0207946 of C0000002, with 44 in front",
        )
    ]


def test_unknown_customer_error_names_nearest_ids(correct_run):
    """The reader may have mistyped the id."""
    with pytest.raises(UnknownCustomerError) as error:
        find_customer(correct_run.history(), "C0000042")
    assert str(error.value) == (
        "expected the id of one of 12 customers, or a phone number of at least ten digits, got 'C0000042';"
        " the nearest ids are C0000011, C0000010, C0000009"
    )


def test_unknown_customer_error_without_customers_gives_reason(correct_run):
    with pytest.raises(UnknownCustomerError, match="it has no customers, because no campaign was announced"):
        find_customer(correct_run.without("obligation").history(), "C0000003")


def test_timeline_is_in_order_of_time_and_lines(correct_run):
    timeline = explained(correct_run, "C0000005").timeline

    assert [(entry.at, entry.line) for entry in timeline] == sorted((entry.at, entry.line) for entry in timeline)
    assert timeline[0].at == START


@pytest.mark.parametrize(
    ("reason", "headline", "meaning"),
    [
        (
            "unknown_customer",
            "unknown to the provider: not in the client's last import",
            "unknown to the provider, because its last import did not have the customer",
        ),
        ("unusable_number", "no usable number", "the client has no usable number"),
        ("control_group", "no number in this run", "in the control group of the campaign"),
        ("opted_out", "no number in this run", "opted out"),
    ],
)
def test_headline_has_the_one_reason_for_no_message(
    correct_run: HistoryBuilder, reason: str, headline: str, meaning: str
) -> None:
    fields = {"owed": False, "reason": reason, "number": None, "text": None}
    run = correct_run.change("obligation", lambda line: line | fields if line["customer"] == "C0000001" else line)
    explanation = explained(run, "C0000001")
    assert explanation.number == headline
    assert [result.meaning for result in explanation.campaigns] == [f"correctly got no message: {meaning}"]
