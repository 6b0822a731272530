"""Textlocal's commands, against a server with responses in its form."""

import json
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof_bridge.outbound.errors import NotSentError, OutcomeUnknownError, RejectedError, UnauthorizedError
from sendproof_bridge.outbound.http import HttpClient
from sendproof_bridge.outbound.providers import (
    ComposedMessage,
    ComposeRequest,
    OpenMessage,
    OptIn,
    OptOut,
    OutgoingMessage,
    Receipt,
    SendResult,
    Template,
    open_channel,
)
from sendproof_bridge.outbound.providers.textlocal import fill, same_text
from small_bridge import HELLO, bridge_config
from stand_in import Reply

A, B = "447100000001", "447100000002"


def outgoing(number, text):
    return OutgoingMessage(recipient=number, number=number, template=11, content=text)


MESSAGES = [outgoing(A, "100% off & more"), outgoing(B, "Zażółć")]


@pytest.fixture
def textlocal(services, tmp_path):
    return open_channel(bridge_config(tmp_path, services.url).clients[0].channels[0], HttpClient(read_seconds=60.0))


def failure(*errors):
    """Return a failure with these codes."""
    return Reply({"errors": [{"code": code, "message": text} for code, text in errors], "status": "failure"})


def accepted_part(number, message):
    """Return the part of a response about one message."""
    return {"balance": 1, "batch_id": 9, "messages": [{"id": message, "recipient": number}]}


def send(textlocal, messages=MESSAGES):
    return textlocal.send(messages, batch="505-7001-0-0", receipt_url="http://bridge.test/r")


def test_templates_have_id_title_and_body(textlocal):
    assert textlocal.list_templates() == [Template(**HELLO)]


def test_key_is_sent_in_the_form(textlocal, services):
    """Logs keep URLs."""
    textlocal.list_templates()

    assert (services.received[-1].query, services.received[-1].body) == ({}, {"apikey": "a-textlocal-key"})


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('Hi %%|FIRST_NAME^{"inputtype" : "text", "maxlength" : "30"}%%!', "Hi Ann!"),
        ("Hi %%|FIRST_NAME%% in %%|CITY%%", "Hi Ann in "),
        ("%%|FIRST_NAME%%%%|FIRST_NAME%%", "AnnAnn"),
        ("100%% of %%|NOBODY%%, %|FIRST_NAME%", "100%% of , %|FIRST_NAME%"),
    ],
)
def test_placeholders_are_filled(body, text):
    """Both forms; a missing value becomes empty, and other percent signs stay."""
    assert fill(body, {"FIRST_NAME": "Ann", "CITY": None}) == text


@given(st.text())
def test_value_is_inserted_unchanged(value):
    """A name may look like a placeholder or a pattern."""
    filled = fill("<%%|A%%|%%|B%%>", {"A": value, "B": "b"})
    assert filled == f"<{value}|b>"


def test_placeholders_are_unique_and_in_order(textlocal):
    assert textlocal.placeholders('%%|B%% %%|A^{"x":"y"}%% %%|B%%') == ["B", "A"]


def test_batch_is_one_call_with_plain_texts(textlocal, services):
    """Texts are URL-encoded inside the JSON, as in the vendor's sample."""
    send(textlocal)

    assert json.loads(services.calls("bulk_json")[0].body["data"]) == {
        "sender": "Sendproof",
        "messages": [
            {"number": "447100000001", "text": "100% off & more"},
            {"number": "447100000002", "text": "Zażółć"},
        ],
        "receiptUrl": "http://bridge.test/r",
        "receipt_url": "http://bridge.test/r",
        "unicode": True,
    }


def test_send_result_is_by_number(textlocal, services):
    """Numbers may be integers, ids text or integers; temporary reasons are separate."""
    services.respond(
        "bulk_json",
        Reply(
            {
                "messages": [accepted_part(447100000001, 1)],
                "messages_not_sent": [
                    {"number": "447100000002", "error": {"code": 32, "message": "Invalid number format"}},
                    {"number": "447100000003", "error": {"code": 7, "message": "Insufficient credits"}},
                ],
                "status": "success",
            }
        ),
    )

    assert send(textlocal) == SendResult(
        accepted={"447100000001": "1"},
        rejected={"447100000002": "32 Invalid number format"},
        postponed={"447100000003": "7 Insufficient credits"},
    )


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (failure((3, "Invalid login details")), UnauthorizedError),
        (failure((43, "Invalid sender name")), RejectedError),
        (failure((7, "Insufficient credits")), NotSentError),
        (failure((192, "You cannot send message at this time")), NotSentError),
        (Reply({"errors": [{"code": 43, "message": "no"}], "status": "failure"}, status=400), RejectedError),
        (Reply(status=404), NotSentError),
        (Reply(status=500), OutcomeUnknownError),
        (Reply(b"oops"), OutcomeUnknownError),
        (Reply({"status": "success"}), None),
        (Reply({"messages": [{"messages": [{"id": 1}]}], "status": "success"}), OutcomeUnknownError),
        (Reply({"status": "failure"}), OutcomeUnknownError),
    ],
)
def test_each_failure_raises_its_own_error(textlocal, services, reply, error):
    """The next step depends on it."""
    services.respond("bulk_json", reply)

    if error is None:
        assert send(textlocal) == SendResult()
        return
    with pytest.raises(error) as raised:
        send(textlocal)
    assert type(raised.value) is error


def test_history_is_read_by_page_from_the_oldest(textlocal, services):
    """New messages then do not shift unread pages."""
    rows = [{"id": "1", "number": "447100000001", "message": "a"}, {"id": 2, "recipient": 447100000002, "content": "b"}]
    pages = [Reply({"messages": [row], "status": "success"}) for row in rows]
    services.respond("get_history_api", *pages, Reply({"messages": [], "status": "success"}))

    found = textlocal.find_sent([outgoing(A, "a"), outgoing(B, "b")], 1_700_000_600_999)

    assert found == {A: ["1"], B: ["2"]}
    queries = [
        (call.body["start"], call.body["sort_order"], call.body["min_time"])
        for call in services.calls("get_history_api")
    ]
    assert queries == [("0", "asc", "1700000000"), ("1", "asc", "1700000000"), ("2", "asc", "1700000000")]


def test_truncated_text_is_recognized():
    """The record ends after 765 characters."""
    assert same_text("x" * 765, "x" * 900)
    assert not same_text("x" * 764, "x" * 900)


def test_receipt_form_is_parsed(textlocal):
    body = b"number=447100000001&status=%3F&customID=&datetime=2026-03-02+09%3A00%3A07"

    assert textlocal.parse_webhook(body, {}, "b") == [
        Receipt(recipient=A, status_code="?", provider_time="2026-03-02 09:00:07", batch="b")
    ]


def test_message_status_is_polled(textlocal, services):
    """Textlocal never posts that a message expired."""
    status = {"id": 7, "recipient": 447100000001, "type": "sms", "status": "E", "date": "2026-03-05 09:00:00"}
    services.respond("status_message", Reply({"message": status, "status": "success"}))

    assert list(textlocal.poll_statuses([OpenMessage(recipient=A, message="7", template=11, sent_at=0)])) == [
        Receipt(recipient=A, status_code="E", provider_time="2026-03-05 09:00:00")
    ]
    assert services.calls("status_message")[0].body["message_id"] == "7"


def test_compose_returns_text_and_unchecked_number(textlocal):
    """Texts that need Unicode use separate calls."""
    request = ComposeRequest(customer="C1", template=Template(**HELLO), values={"PHONE": "x", "FIRST_NAME": "Łucja"})

    assert textlocal.compose(request) == ComposedMessage(phone="x", content="Hello Łucja", group="unicode")


@pytest.mark.parametrize("text", ["STOP", "stop", "Stop please", "ACME STOP.", "unsubscribe"])
def test_stop_is_an_opt_out(textlocal, text):
    """At the beginning, or after the keyword of a shared number."""
    body = f"sender=%2B447100000001&keyword=ACME&content={quote(text)}&comments={quote(text.removeprefix('ACME '))}"

    assert textlocal.parse_webhook(body.encode(), {}, "") == [OptOut(number=A, source="reply")]


@pytest.mark.parametrize("text", ["START", "start", "Unstop"])
def test_start_is_an_opt_in(textlocal, text):
    assert textlocal.parse_webhook(f"sender=447100000001&content={text}".encode(), {}, "") == [OptIn(number=A)]


def test_other_customer_messages_are_ignored(textlocal):
    """A word that contains STOP is no opt-out."""
    assert textlocal.parse_webhook(b"sender=447100000001&content=Nonstop+fun", {}, "") == []


@pytest.mark.parametrize("row", [{"number": int(A)}, {"number": f"+{A}"}, {"number": int(A), "name": "Ann"}])
def test_opt_out_list_is_read(textlocal, services, row):
    """In the assumed form, and in similar forms."""
    services.respond("get_optouts", Reply({"num_optouts": 1, "optouts": [row], "status": "success"}))

    assert textlocal.list_opt_outs() == [A]


def test_opt_out_list_with_an_error_status_is_an_error(textlocal, services):
    """Else all opt-outs would seem to be withdrawn."""
    services.respond("get_optouts", Reply({"optouts": [], "status": "success"}, status=500))

    with pytest.raises(OutcomeUnknownError, match="the service failed"):
        textlocal.list_opt_outs()


def test_opt_out_list_is_read_page_by_page(textlocal, services):
    """The first contacts of the group; get_contacts has the others."""
    pages = [[447100000001 + index for index in range(100)], [447200000000], []]
    first, *others = (Reply({"contacts": [{"number": n} for n in page], "status": "success"}) for page in pages)
    services.respond("get_optouts", first)
    services.respond("get_contacts", *others)

    numbers = textlocal.list_opt_outs()

    assert (len(numbers), numbers[0], numbers[-1]) == (101, A, "447200000000")
    assert [call.body["start"] for call in services.calls("get_contacts")] == ["100", "101"]


def test_testing_mode_is_sent(services, tmp_path):
    config = replace(bridge_config(tmp_path, services.url).clients[0].channels[0], testing=True)
    send(open_channel(config, HttpClient(read_seconds=60.0)))

    assert json.loads(services.calls("bulk_json")[0].body["data"])["test"] is True


@pytest.mark.parametrize("part", ["%%|A^{", "%%|", "%%|A^{} "])
def test_template_that_begins_many_placeholders_is_read_once(textlocal, part):
    """Each of them looked for its end in all of the rest, which took hours."""
    assert textlocal.placeholders(part * 1_000_000) == []
