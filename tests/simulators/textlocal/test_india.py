"""The Indian variant: approved senders and texts, and only by day."""

from datetime import datetime, timedelta, timezone

import pytest

BOB = "919812345678"
INDIA = timezone(timedelta(hours=5, minutes=30))


def indian_time(text):
    """Return an instant of 2 March, by Indian time."""
    time = datetime.strptime(text, "%H:%M:%S").replace(tzinfo=INDIA)
    return int(time.replace(year=2026, month=3, day=2).timestamp() * 1000)


@pytest.fixture
def account(account_with):
    """Return an account at noon, with the sender SNDPRF and one text approved."""
    account = account_with(variant="india")
    account.now = indian_time("12:00:00")
    account.set(sender_names=["SNDPRF"], default_sender="SNDPRF")
    account.template('Dear %%|name^{"inputtype":"text","maxlength":"5"}%%, your code is %%|code%%.')
    return account


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Dear Asha, your code is 42.", True),
        ("Dear , your code is .", True),
        ("Dear Ashak, your code is 42.", True),
        ("Dear Ashaka, your code is 42.", False),
        ("Dear Asha, your code is 42", False),
        ("Hello", False),
    ],
)
def test_text_without_approved_template_is_refused(account, text, sent):
    """Placeholders have a maximum length (observed: code 80, SMS::Send::IN::Textlocal)."""
    result = account.call("send", numbers=BOB, message=text)
    assert result["status"] == ("success" if sent else "failure")
    assert sent or result["errors"][0]["code"] == 80


@pytest.mark.parametrize(
    ("sender", "code"), [("SNDPRF", None), ("OTHERS", 43), ("SNDPR", 43), ("SNDPRFX", 43), ("123456", 43)]
)
def test_sender_must_be_six_approved_letters(account, sender, code):
    """documented: http://www.sms7.biz/sms-api/asp_api.aspx."""
    result = account.call("send", numbers=BOB, message="Dear A, your code is 1.", sender=sender)
    assert [error["code"] for error in result.get("errors", [])] == ([code] if code else [])


@pytest.mark.parametrize(
    ("time", "sent"), [("08:59:59", False), ("09:00:00", True), ("20:59:59", True), ("21:00:00", False)]
)
def test_send_at_night_is_refused_now_and_scheduled(account, time, sent):
    """observed: the text of code 192."""
    fields = {"numbers": BOB, "message": "Dear A, your code is 1."}
    tomorrow = indian_time(time) + 86_400_000
    assert account.call("send", **fields, schedule_time=tomorrow // 1000)["status"] == (
        "success" if sent else "failure"
    )
    account.now = indian_time(time)
    assert account.call("send", **fields)["status"] == ("success" if sent else "failure")


@pytest.mark.parametrize(("length", "code"), [(766, 80), (767, 6)])
def test_text_of_more_than_766_characters_is_refused(account, length, code):
    """The length is checked before the template."""
    assert account.error_code("send", numbers=BOB, message="x" * length) == code


def test_bulk_text_without_approved_template_is_refused_alone(account):
    result = account.bulk({"number": BOB, "text": "Dear A, your code is 1."}, {"number": BOB, "text": "Hello"})
    assert len(result["messages"]) == 1
    assert [message["error"]["code"] for message in result["messages_not_sent"]] == [80]


def test_national_numbers_get_indian_country_code(account_with):
    """A zero and ten digits (assumed)."""
    account = account_with(variant="india", national_numbers="understood")
    contacts = account.call("create_contacts", numbers="09812345678,098123 45679")["contacts"]
    assert [row["number"] for row in contacts] == [919_812_345_678, 919_812_345_679]


def test_text_is_matched_with_a_template_of_placeholders_alone(account):
    """There are more ways to divide a text between them than anyone could try."""
    account.template("%%|a%%" * 40 + "!")
    results = [account.call("send", numbers=BOB, message="a" * 150 + end)["status"] for end in ("!", "?")]
    assert results == ["success", "failure"]
