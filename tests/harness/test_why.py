"""One customer's story, from the lines of a history alone."""

import pytest

from history_builder import FIRST_SEND, START, Line, Story
from sendproof_harness.explain.customer import Explanation, UnknownCustomerError, explain, find_customer
from sendproof_harness.explain.entry import TimelineEntry
from sendproof_harness.history.timestamps import HOUR, MINUTE, iso


def told(lines: Story, wanted: str) -> Explanation:
    """The story as the command tells it."""
    history = lines.history()
    return explain(history, lines.verdict(), find_customer(history, wanted))


def said(told: Explanation) -> list[tuple[str, str]]:
    """Who did what, in order."""
    return [(moment.actor, moment.text) for moment in told.timeline]


def moment_of(told: Explanation, start: str) -> TimelineEntry:
    """The only one that begins like this."""
    (found,) = [moment for moment in told.timeline if moment.text.startswith(start)]
    return found


def test_a_message_that_arrived(sound):
    """From what was owed to the report that counts it: each moment with its line, in order."""
    tale = told(sound, "C0000003")
    assert said(tale) == [
        (
            "platform",
            "campaign 7001 on channel 505: template 11 (Welcome) is owed to 447100000003, due 2026-03-02 09:00:00 UTC",
        ),
        ("platform", "tells the bridge of campaign 7001 on channel 505 (event 13): answered 200"),
        ("bridge", "reads rows 0 to 4 of campaign 7001; row 3 is the customer"),
        ("provider", "textlocal takes message 0000000003 to 447100000003"),
        ("provider", "message 0000000003 ends as delivered"),
        ("provider", "posts the receipt of message 0000000003: answered 200"),
        ("bridge", "reports 4 sent of template 11"),
        ("bridge", "reports 4 delivered of template 11"),
    ]
    assert [(chapter.campaign, chapter.kind) for chapter in tale.campaigns] == [(7001, "ok")]
    assert tale.findings == ()
    lines = {line["n"]: line["kind"] for line in sound.lines if line["n"]}
    assert [lines[moment.line] for moment in tale.timeline if moment.line] == [
        "webhook", "request", "delivery", "delivery_status", "webhook", "metrics", "metrics",
    ]  # fmt: skip


def test_a_customer_who_opted_out(sound):
    """Nothing is sent, and the first total of dropped customers after the due time counts them."""
    tale = told(sound, "C0000001")
    assert moment_of(tale, "campaign 7001").text.endswith("nothing may be sent (opted out)")
    assert moment_of(tale, "reports").text == "reports 1 dropped of template 12"
    assert tale.campaigns[0].kind == "withheld"


def test_a_message_that_was_lost(sound):
    """What should have happened stands where it should have, and the finding about it says why."""
    lost = sound.delivery_to(6)["message"]
    tale = told(sound.without("delivery", lambda line: line["message"] == lost), "C0000006")
    assert moment_of(tale, "the message is due") == TimelineEntry(
        at=FIRST_SEND, actor="nobody", text="the message is due, and nothing is sent", wrong=True
    )
    assert [finding.cause for finding in tale.findings] == ["lost: no provider was ever given the message"]
    assert "the total of sent is not what the provider said" in [finding.cause for finding in tale.campaign_findings]


def test_an_hour_too_early(sound):
    """The due time stands beside the time at which it went out."""
    tale = told(sound.change_delivery_to(3, send_at=iso(FIRST_SEND - HOUR)), "C0000003")
    assert moment_of(tale, "the message is due").text == "the message is due; it goes out 1 h early"
    assert "to go out 2026-03-02 08:00:00 UTC" in moment_of(tale, "textlocal takes").text


def test_the_call_that_sent_it_and_how_many_with_it(sound):
    """A call stands before what it caused."""
    before = int(str(sound.delivery_to(0)["n"])) - 1
    call: Line = {"n": before, "at": iso(FIRST_SEND), "real": 0.0, "kind": "request", "service": "textlocal"} | {
        "operation": "bulk_json", "method": "POST", "path": "/bulk_json/", "credential": "known", "status": 200,
    }  # fmt: skip
    tale = told(sound.plus(call), "C0000000")
    assert moment_of(tale, "calls").text == "calls bulk_json of textlocal, which takes 4 messages"


def test_receipts_that_had_to_be_tried_again(sound):
    """Every attempt is told, and those that failed are marked."""
    receipt = next(line for line in sound.of("webhook") if line["key"] == "receipt:0000000003")
    first = receipt | {"status": None, "error": "timed out", "at": iso(FIRST_SEND + MINUTE), "n": 0}
    tale = told(sound.plus(first).change("webhook", again("receipt:0000000003")), "C0000003")
    attempts = [(moment.text, moment.wrong) for moment in tale.timeline if moment.text.startswith("posts")]
    assert attempts == [
        ("posts the receipt of message 0000000003: timed out", True),
        ("posts the receipt of message 0000000003: answered 200, attempt 2", False),
    ]


def again(key: str):
    """Make the attempt that got through the second one."""
    return lambda line: line | {"attempt": 2} if line["key"] == key and line["status"] else line


def test_what_the_customer_did(sound):
    """A click, an answer and an opt-out are the customer's own."""
    done = {"n": 900, "at": iso(FIRST_SEND + HOUR), "real": 0.0, "service": "textlocal", "number": "447100000003"}
    tale = told(
        sound.plus(
            done | {"kind": "click", "message": "0000000003"},
            done | {"kind": "inbound", "text": "STOP", "n": 901},
            done | {"kind": "opt_out", "source": "STOP", "n": 902},
        ),
        "C0000003",
    )
    assert [what for who, what in said(tale) if who == "customer"] == [
        "follows the link of message 0000000003",
        "writes to textlocal: STOP",
        "opts out at textlocal (STOP)",
    ]


def test_a_trigger(sound):
    """What the customer did, that the bridge was told, and what is owed for it."""
    common = {"n": 950, "at": iso(FIRST_SEND), "real": 0.0, "customer": "C0000003"}
    met = {"campaign": 9001, "channel": 506, "template": 11, "trigger": "Welcome"}
    hook = {"service": "optimove", "event": "11", "key": "11:Welcome:C0000003:0", "url": "http://127.0.0.1:9000/"} | {
        "attempt": 1, "status": 200, "error": None, "about": met | {"customer": "C0000003"},
    }  # fmt: skip
    owed = met | {"n": 0, "number": "447100000003", "text": "Hi", "due": iso(FIRST_SEND), "owed": True, "reason": None}
    tale = told(
        sound.plus(
            common | {"kind": "obligation"} | owed,
            common | {"kind": "customer_event", "event": "registration", "parameters": {"bonus": 5}},
            common | {"kind": "webhook", "n": 951} | hook,
        ),
        "C0000003",
    )
    assert moment_of(tale, "does").text == "does registration"
    assert moment_of(tale, "tells the bridge of trigger").text == (
        "tells the bridge of trigger Welcome (event 11): answered 200"
    )
    assert moment_of(tale, "trigger Welcome, campaign 9001 on channel 506: template 11 is owed to").line == 0


def test_reports_that_name_the_customer(sound):
    """Interactions are lists of customers; only those with this one are told."""
    report = {"n": 990, "at": iso(FIRST_SEND + HOUR), "real": 0.0, "kind": "interactions", "campaign": 7001} | {
        "channel": 505, "template": 11, "event_id": 1, "date": "2026-03-02",
    }  # fmt: skip
    both = sound.plus(report | {"customers": ["C0000003", "C0000000"]}, report | {"customers": ["C0000000"]})
    tale = told(both, "C0000003")
    assert moment_of(tale, "names").text == "names the customer among 2 who were delivered"


@pytest.mark.parametrize("spelling", ["447100000003", "+44 7100 000003", "0044 7100-000003", "07100000003"])
def test_a_number_finds_its_customer(sound, spelling):
    """However it is spelled."""
    assert find_customer(sound.history(), spelling).customer == "C0000003"


def test_a_number_that_is_nobodys_has_a_story_when_something_was_sent_to_it(sound):
    """A stray message belongs to no customer, and its finding is found by the number."""
    stray = sound.delivery_to(0) | {"n": 950, "message": "9", "number": "447999999999", "text": "Hello?"}
    tale = told(sound.plus(stray), "447999999999")
    assert (tale.subject.customer, tale.campaigns) == (None, ())
    assert [(moment.text, moment.wrong) for moment in tale.timeline if moment.actor == "provider"] == [
        ("textlocal takes message 9 to 447999999999", True)
    ]
    assert [finding.cause for finding in tale.findings] == ["unexpected: a message that nobody was owed"]


def test_an_unknown_customer_is_told_the_nearest(sound):
    """A slip of the finger is easily mended."""
    with pytest.raises(UnknownCustomerError) as refused:
        find_customer(sound.history(), "C0000042")
    assert str(refused.value) == (
        "no customer 'C0000042' in 12 customers; the nearest are C0000011, C0000010, C0000009"
        " (expected an id, or a phone number of at least ten digits)"
    )


def test_a_history_without_customers_says_so(sound):
    """Nothing is near when there is nobody."""
    with pytest.raises(UnknownCustomerError, match="the history knows of no customer at all, as no campaign was"):
        find_customer(sound.without("obligation").history(), "C0000003")


def test_moments_stand_in_the_order_of_virtual_time(sound):
    """Whatever happened at one instant stands as it stands in the history."""
    moments = told(sound, "C0000005").timeline
    assert [(moment.at, moment.line) for moment in moments] == sorted((moment.at, moment.line) for moment in moments)
    assert moments[0].at == START
