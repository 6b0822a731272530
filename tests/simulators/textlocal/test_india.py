"""The Indian variant: approved names and texts, by day."""

from datetime import datetime, timedelta, timezone

import pytest

BOB = "919812345678"
INDIA = timezone(timedelta(hours=5, minutes=30))


def on_the_clock(text):
    """An instant of the second of March, by Indian time."""
    time = datetime.strptime(text, "%H:%M:%S").replace(tzinfo=INDIA)
    return int(time.replace(year=2026, month=3, day=2).timestamp() * 1000)


@pytest.fixture
def account(speaking):
    """Noon; the name SNDPRF and one text are approved."""
    account = speaking(variant="india")
    account.now = on_the_clock("12:00:00")
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
def test_a_text_must_match_an_approved_template(account, text, sent):
    """Placeholders have a greatest length (observed: code 80, SMS::Send::IN::Textlocal)."""
    said = account.call("send", numbers=BOB, message=text)
    assert said["status"] == ("success" if sent else "failure")
    assert sent or said["errors"][0]["code"] == 80


@pytest.mark.parametrize(
    ("sender", "code"), [("SNDPRF", None), ("OTHERS", 43), ("SNDPR", 43), ("SNDPRFX", 43), ("123456", 43)]
)
def test_a_sender_is_six_approved_letters(account, sender, code):
    """documented: http://www.sms7.biz/sms-api/asp_api.aspx."""
    said = account.call("send", numbers=BOB, message="Dear A, your code is 1.", sender=sender)
    assert [error["code"] for error in said.get("errors", [])] == ([code] if code else [])


@pytest.mark.parametrize(
    ("time", "sent"), [("08:59:59", False), ("09:00:00", True), ("20:59:59", True), ("21:00:00", False)]
)
def test_nothing_goes_out_at_night(account, time, sent):
    """Neither now nor scheduled for then (observed: the text of code 192)."""
    fields = {"numbers": BOB, "message": "Dear A, your code is 1."}
    tomorrow = on_the_clock(time) + 86_400_000
    assert account.call("send", **fields, schedule_time=tomorrow // 1000)["status"] == (
        "success" if sent else "failure"
    )
    account.now = on_the_clock(time)
    assert account.call("send", **fields)["status"] == ("success" if sent else "failure")


@pytest.mark.parametrize(("length", "code"), [(766, 80), (767, 6)])
def test_a_text_may_have_one_character_more(account, length, code):
    """766; one more is too long before anybody looks for a template."""
    assert account.code("send", numbers=BOB, message="x" * length) == code


def test_bulk_texts_must_match_one_by_one(account):
    """The others go out."""
    said = account.bulk({"number": BOB, "text": "Dear A, your code is 1."}, {"number": BOB, "text": "Hello"})
    assert len(said["messages"]) == 1
    assert [each["error"]["code"] for each in said["messages_not_sent"]] == [80]


def test_national_numbers_are_indian_where_they_are_understood(speaking):
    """Ten digits after a zero (assumed)."""
    account = speaking(variant="india", national_numbers="understood")
    contacts = account.call("create_contacts", numbers="09812345678,098123 45679")["contacts"]
    assert [row["number"] for row in contacts] == [919_812_345_678, 919_812_345_679]
