"""JSON inside form fields, with scalars as PHP writes them, and fields next to it."""

import msgspec
import pytest

from instants import NINE

BOB = "447700900123"
HELLO = {"number": BOB, "text": "Hi"}
TEN = NINE // 1000 + 3600


@pytest.mark.parametrize("nothing", ["", None, False, 0, "0"])
def test_time_that_is_nothing_means_now(account, nothing):
    """observed: a client that writes `"scheduled":""` whenever it does not schedule."""
    account.bulk(HELLO, scheduled=nothing)
    assert account.entries("delivery")[0]["send_at"] == "2026-03-02T09:00:00.000Z"


@pytest.mark.parametrize("time", [TEN, str(TEN), float(TEN), f" {TEN} "])
def test_time_may_be_text_or_float(account, time):
    account.bulk(HELLO, schedule_time=time)
    assert account.entries("delivery")[0]["send_at"] == "2026-03-02T10:00:00.000Z"


@pytest.mark.parametrize(
    ("flag", "is_test"),
    [(1, True), ("1", True), ("true", True), ("TRUE", True), (0, False), ("0", False), ("false", False), ("", False),
     (None, False)],
)  # fmt: skip
def test_loose_scalars_in_json_are_understood(account, flag, is_test):
    assert account.bulk(HELLO, test=flag, unicode=flag).get("test", False) is is_test


def test_numbers_and_nothing_are_understood_as_text(account):
    account.bulk({"number": float(BOB), "text": 100, "custom": 7, "receiptUrl": None}, sender=None)
    (entry,) = account.entries("delivery")
    assert (entry["number"], entry["text"], entry["custom"]) == (BOB, "100", "7")


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        ({"scheduled": "tomorrow"}, 8, 'scheduled: expected a Unix time from 0 to 32503679999, got "tomorrow"'),
        (
            {"schedule_time": 10**15},
            8,
            "schedule_time: expected a Unix time from 0 to 32503679999, got 10000000000000",
        ),
        ({"test": "maybe"}, 0, 'test: expected true or false, got "maybe"'),
        ({"sender": {}}, 43, "sender: expected text, got an object"),
        ({"messages": "all"}, 0, 'messages: expected an array of objects, got "all"'),
        ({"messages": [HELLO, {"number": BOB, "text": []}]}, 0, "messages[1].text: expected text, got an array"),
        ({"messages": [7]}, 0, "messages[0]: expected an object, got 7"),
    ],
)
def test_wrong_value_is_refused_by_its_name(account, data, code, message):
    text = msgspec.json.encode({"messages": [HELLO], **data}).decode()
    (error,) = account.call("bulk_json", data=text)["errors"]
    assert error["code"] == code
    assert f": {message}" in error["message"]
    assert account.entries("delivery") == []


@pytest.mark.parametrize("text", ["{", "nope", '{"a":', "[" * 10_000, '{"test":1,"x":' + "[" * 10_000])
def test_invalid_json_has_its_own_code(account, text):
    assert account.error_code("bulk_json", data=text) == 15
    assert account.error_code("create_contacts_bulk", contacts=text) == 15


def test_loose_scalars_of_contacts_are_understood(account):
    contacts = [{"number": int(BOB), "first_name": None, "custom1": 42}]
    account.call("create_contacts_bulk", contacts=msgspec.json.encode(contacts).decode())
    (row,) = account.call("get_contacts", group_id=5)["contacts"]
    assert (row["first_name"], row["custom1"]) == ("", "42")


def test_array_with_gaps_may_be_an_object(account):
    """PHP writes it that way when a script has removed an item."""
    result = account.call("bulk_json", data=msgspec.json.encode({"messages": {"0": HELLO, "2": HELLO}}).decode())
    assert len(result["messages"]) == 2
    account.call("create_contacts_bulk", contacts=msgspec.json.encode({"3": {"number": BOB}}).decode())
    assert account.call("get_contacts", group_id=5)["num_contacts"] == 1


def test_fields_next_to_data_fill_its_gaps(account):
    """observed: a campaign script in Django puts `sender` and `test` there."""
    data = msgspec.json.encode({"messages": [HELLO], "sender": "Inside"}).decode()
    result = account.call("bulk_json", data=data, sender="Outside", custom="c1", schedule_time=TEN, test="true")
    (entry,) = account.entries("delivery")
    assert (result["test"], entry["sender"], entry["custom"]) == (True, "Inside", "c1")
    assert entry["send_at"] == "2026-03-02T10:00:00.000Z"


@pytest.mark.parametrize("name", ["message", "numbers", "optouts", "validity"])
def test_field_of_send_next_to_data_is_refused_by_its_name(account, name):
    data = msgspec.json.encode({"messages": [HELLO]}).decode()
    (error,) = account.call("bulk_json", data=data, **{name: "1"})["errors"]
    assert (error["code"], error["message"]) == (
        0,
        f"Invalid parameter: {name}: expected in send only, got it next to data",
    )
    assert account.entries("delivery") == []


def test_json_that_is_nested_too_deeply_is_refused_in_plain_words(account):
    response = account.call("bulk_json", data='{"messages":' * 9_999)
    assert response["errors"] == [{"code": 15, "message": "Invalid JSON string: nested too deeply"}]
