"""Textlocal's commands, against a server that answers in its forms."""

import json
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof_bridge.channels import (
    Composed,
    Open,
    OptOut,
    Order,
    Outgoing,
    Receipt,
    SendReply,
    Template,
    open_channel,
)
from sendproof_bridge.channels.textlocal import fill, same_text
from sendproof_bridge.errors import CredentialsRefusedError, NotDoneError, RefusedError, UnknownOutcomeError
from sendproof_bridge.wire import Wire
from small_bridge import HELLO, settings
from stand_in import Says

A, B = "447100000001", "447100000002"


def outgoing(number, text):
    """A message as it was composed."""
    return Outgoing(recipient=number, number=number, template=11, content=text)


MESSAGES = [outgoing(A, "100% off & more"), outgoing(B, "Zażółć")]


@pytest.fixture
def textlocal(outside, tmp_path):
    """An account at the stand-in."""
    return open_channel(settings(tmp_path, outside.url).clients[0].channels[0], Wire(read_seconds=60.0))


def failure(*errors):
    """An answer with these codes."""
    return Says({"errors": [{"code": code, "message": text} for code, text in errors], "status": "failure"})


def accepted(number, message):
    """The part of a reply that speaks of one message."""
    return {"balance": 1, "batch_id": 9, "messages": [{"id": message, "recipient": number}]}


def send(textlocal, messages=MESSAGES):
    """Send both messages."""
    return textlocal.send(messages, batch="505-7001-0-0", receipt_url="http://bridge.test/r")


def test_templates_are_read_with_id_title_and_body(textlocal):
    """The other members are of no use here."""
    assert textlocal.templates() == [Template(**HELLO)]


def test_the_key_travels_in_the_form(textlocal, outside):
    """Addresses are kept in logs on the way."""
    textlocal.templates()

    assert (outside.seen[-1].query, outside.seen[-1].body) == ({}, {"apikey": "a-textlocal-key"})


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
    """Both forms; what has no value becomes nothing, and what is no placeholder stays."""
    assert fill(body, {"FIRST_NAME": "Ann", "CITY": None}) == text


@given(st.text())
def test_a_value_is_put_in_as_it_is(value):
    """A name that looks like a placeholder, or like a pattern, changes nothing else."""
    filled = fill("<%%|A%%|%%|B%%>", {"A": value, "B": "b"})
    assert filled == f"<{value}|b>"


def test_placeholders_are_named_once_and_in_order(textlocal):
    """They are what Optimove is asked for."""
    assert textlocal.placeholders('%%|B%% %%|A^{"x":"y"}%% %%|B%%') == ["B", "A"]


def test_a_batch_goes_out_in_one_call(textlocal, outside):
    """Texts are URL-encoded inside the JSON, as in the vendor's sample."""
    send(textlocal)

    assert json.loads(outside.calls("bulk_json")[0].body["data"]) == {
        "sender": "Sendproof",
        "messages": [
            {"number": "447100000001", "text": "100%25%20off%20%26%20more"},
            {"number": "447100000002", "text": quote("Zażółć")},
        ],
        "receiptUrl": "http://bridge.test/r",
        "unicode": True,
    }


def test_what_became_of_each_message_is_told_by_number(textlocal, outside):
    """Recipients come as numbers, ids as text or number; reasons that will pass are kept apart."""
    outside.say(
        "bulk_json",
        Says(
            {
                "messages": [accepted(447100000001, 1)],
                "messages_not_sent": [
                    {"number": "447100000002", "error": {"code": 32, "message": "Invalid number format"}},
                    {"number": "447100000003", "error": {"code": 7, "message": "Insufficient credits"}},
                ],
                "status": "success",
            }
        ),
    )

    assert send(textlocal) == SendReply(
        accepted={"447100000001": "1"},
        rejected={"447100000002": "32 Invalid number format"},
        postponed={"447100000003": "7 Insufficient credits"},
    )


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (failure((3, "Invalid login details")), CredentialsRefusedError),
        (failure((43, "Invalid sender name")), RefusedError),
        (failure((7, "Insufficient credits")), NotDoneError),
        (failure((192, "You cannot send message at this time")), NotDoneError),
        (Says(status=404), NotDoneError),
        (Says(status=500), UnknownOutcomeError),
        (Says(b"oops"), UnknownOutcomeError),
        (Says({"status": "success"}), None),
        (Says({"messages": [{"messages": [{"id": 1}]}], "status": "success"}), UnknownOutcomeError),
        (Says({"status": "failure"}), UnknownOutcomeError),
    ],
)
def test_each_way_to_fail_is_told_apart(textlocal, outside, answer, error):
    """Surely not sent, or perhaps: what is done next depends on it."""
    outside.say("bulk_json", answer)

    if error is None:
        assert send(textlocal) == SendReply()
        return
    with pytest.raises(error) as raised:
        send(textlocal)
    assert type(raised.value) is error


def test_the_record_is_read_page_by_page_from_the_oldest(textlocal, outside):
    """So that messages sent meanwhile do not shift what was not read yet."""
    rows = [{"id": "1", "number": "447100000001", "message": "a"}, {"id": 2, "recipient": 447100000002, "content": "b"}]
    pages = [Says({"messages": [row], "status": "success"}) for row in rows]
    outside.say("get_history_api", *pages, Says({"messages": [], "status": "success"}))

    found = textlocal.find([outgoing(A, "a"), outgoing(B, "b")], 1_700_000_600_999)

    assert found == {A: ["1"], B: ["2"]}
    asked = [
        (call.body["start"], call.body["sort_order"], call.body["min_time"])
        for call in outside.calls("get_history_api")
    ]
    assert asked == [("0", "asc", "1700000000"), ("1", "asc", "1700000000"), ("2", "asc", "1700000000")]


def test_a_text_is_recognised_though_it_was_cut():
    """The record ends after 765 characters."""
    assert same_text("x" * 765, "x" * 900)
    assert not same_text("x" * 764, "x" * 900)


def test_a_receipt_is_read_from_its_form(textlocal):
    """Number, letter and time; the rest says nothing."""
    body = b"number=447100000001&status=%3F&customID=&datetime=2026-03-02+09%3A00%3A07"

    assert textlocal.read(body, {}, "b") == [Receipt(recipient=A, letter="?", stamp="2026-03-02 09:00:07", batch="b")]


def test_a_message_can_be_asked_about(textlocal, outside):
    """Expired messages are never posted."""
    told = {"id": 7, "recipient": 447100000001, "type": "sms", "status": "E", "date": "2026-03-05 09:00:00"}
    outside.say("status_message", Says({"message": told, "status": "success"}))

    assert list(textlocal.outcomes([Open(recipient=A, message="7", template=11, sent_at=0)])) == [
        Receipt(recipient=A, letter="E", stamp="2026-03-05 09:00:00")
    ]
    assert outside.calls("status_message")[0].body["message_id"] == "7"


def test_a_message_is_composed_before_it_is_known_whether_its_number_is_one(textlocal):
    """Texts that need Unicode go out in calls of their own."""
    order = Order(customer="C1", template=Template(**HELLO), values={"PHONE": "x", "FIRST_NAME": "Łucja"})

    assert textlocal.compose(order) == Composed(phone="x", content="Hello Łucja", group="unicode")


@pytest.mark.parametrize("text", ["STOP", "stop", "Stop please", "ACME STOP.", "unsubscribe"])
def test_a_stop_is_an_opt_out(textlocal, text):
    """At the beginning, or after the keyword of a shared number."""
    body = f"sender=%2B447100000001&keyword=ACME&content={quote(text)}&comments={quote(text.removeprefix('ACME '))}"

    assert textlocal.read(body.encode(), {}, "") == [OptOut(number=A, how="reply")]


def test_what_else_customers_write_is_nothing_to_the_bridge(textlocal):
    """A word that only holds STOP is none."""
    assert textlocal.read(b"sender=447100000001&content=Nonstop+fun", {}, "") == []


def test_who_opted_out_there_is_listed(textlocal, outside):
    """Numbers come as numbers."""
    outside.say("get_optouts", Says({"optouts": [{"number": 447100000001}], "status": "success"}))

    assert textlocal.opt_outs() == [A]


def test_testing_mode_is_told_to_textlocal(outside, tmp_path):
    """Which then sends nothing."""
    config = replace(settings(tmp_path, outside.url).clients[0].channels[0], testing=True)
    send(open_channel(config, Wire(read_seconds=60.0)))

    assert json.loads(outside.calls("bulk_json")[0].body["data"])["test"] is True
