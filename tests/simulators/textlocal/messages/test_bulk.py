"""`bulk_json`: each number gets its own text."""

import gc

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instants import NINE

BOB, EVE = "447700900123", "447700900456"


def message(number: object, result: str = "Hi", **more: object) -> dict[str, object]:
    """Return one item of `messages`."""
    return {"number": number, "text": result, **more}


def test_each_message_has_its_own_batch_cost_and_balance(account):
    result = account.bulk(message(int(BOB)), message(EVE, "x" * 161), sender="Shop")
    first, second = result["messages"]
    assert (result["balance_pre_send"], result["total_cost"], result["balance_post_send"]) == (
        100_000_000,
        3,
        99_999_997,
    )
    assert (first["balance"], second["balance"]) == (99_999_999, 99_999_997)
    assert second["batch_id"] == first["batch_id"] + 1
    assert second["message"] == {"num_parts": 2, "sender": "Shop", "content": "x" * 161}
    assert second["messages"] == [{"id": str(int(first["messages"][0]["id"]) + 1), "recipient": int(EVE)}]
    assert result["messages_not_sent"] == []


def test_refused_messages_are_listed_and_others_are_sent(account):
    result = account.bulk(message("12345"), message(BOB), message(EVE, "x" * 766), message(EVE, ""), {"text": "Hi"})
    assert [message["messages"][0]["recipient"] for message in result["messages"]] == [int(BOB)]
    assert [message["error"]["code"] for message in result["messages_not_sent"]] == [32, 6, 5, 4]
    assert [entry["code"] for entry in account.entries("rejection")] == [32, 6, 5, 4]


def test_refusal_of_the_whole_call_is_a_rejection_of_each_message(account):
    account.bulk(message(BOB), message(EVE, "1%2B1"), sender="!")
    rejections = [(entry["number"], entry["text"], entry["code"]) for entry in account.entries("rejection")]
    assert rejections == [(BOB, "Hi", 43), (EVE, "1+1", 43)]
    assert all(entry["whole_call"] for entry in account.entries("rejection"))


def test_long_custom_value_of_a_call_is_refused(account):
    """The journal and the response have it for each message: megabytes would fill memory and disk."""
    result = account.bulk(message(BOB), {**message(EVE), "custom": "c7"}, custom="x" * 256)
    assert [row["error"]["message"] for row in result["messages_not_sent"]] == [
        "Invalid parameter: custom: expected at most 255 characters, got 256"
    ]
    assert [row["custom"] for row in result["messages"]] == ["c7"]


def test_refused_messages_leave_no_cycle(account):
    """Full collections are rare, and each such call left 50 MB until the next one."""
    account.bulk(message("12345"))
    gc.collect()
    account.bulk(*[message("12345")] * 5_000)
    assert gc.collect() < 5_000


def test_rejections_of_an_endless_call_are_bounded(account):
    account.bulk(*[{}] * 100_001)
    assert len(account.entries("rejection")) == 100_000


def test_call_without_sent_messages_succeeds_with_equal_balances(account):
    """Clients detect it by the balances."""
    result = account.bulk(message("12345"))
    assert result["status"] == "success"
    assert result["balance_pre_send"] == result["balance_post_send"]


def test_messages_beyond_credits_are_refused(account):
    account.state.credits = 1
    result = account.bulk(message(BOB), message(EVE))
    assert len(result["messages"]) == 1
    assert [message["error"]["code"] for message in result["messages_not_sent"]] == [7]


@pytest.mark.parametrize("raw_text", ["50% off today", "50%25%20off%20today"])
def test_text_is_accepted_percent_encoded_and_plain(account, raw_text):
    """The samples in the documents show both."""
    account.bulk(message(BOB, raw_text))
    assert account.entries("delivery")[0]["text"] == "50% off today"


def test_custom_and_receipt_url_of_message_override_those_of_call(account):
    """Both spellings of the URL are accepted."""
    url, other = "http://127.0.0.1:9000/a", "http://127.0.0.1:9000/b"
    account.bulk(message(BOB, custom="b1", receipt_url=other), message(EVE), custom=7, receiptUrl=url)
    deliveries = account.entries("delivery")
    assert [(entry["custom"], entry["receipt_url"]) for entry in deliveries] == [("b1", other), ("7", url)]


def test_test_mode_send_is_free(account):
    result = account.bulk(message(BOB), test=True)
    assert (result["test"], result["balance_post_send"], result["messages"][0]["balance"]) == (
        True,
        100_000_000,
        100_000_000,
    )
    assert [entry["test"] for entry in account.entries("delivery")] == [True]
    assert account.state.credits == 100_000_000


@pytest.mark.parametrize("spelling", ["scheduled", "schedule_time"])
def test_call_is_scheduled_with_either_field(account, spelling):
    account.bulk(message(BOB), **{spelling: NINE // 1000 + 60})
    assert account.entries("delivery")[0]["send_at"] == "2026-03-02T09:01:00.000Z"


@pytest.mark.parametrize(
    ("code", "data"),
    [
        (15, "{"),
        (15, "[]"),
        (0, '{"messages":[{"number":[],"text":"Hi"}]}'),
        (0, '{"messages":"all"}'),
        (4, '{"sender":"Shop"}'),
        (4, '{"messages":[]}'),
        (43, '{"sender":"!!","messages":[{"number":447700900123,"text":"Hi"}]}'),
        (9, '{"scheduled":1,"messages":[{"number":447700900123,"text":"Hi"}]}'),
    ],
)
def test_invalid_call_is_refused_without_sending(account, code, data):
    assert account.error_code("bulk_json", data=data) == code
    assert account.entries("delivery") == []


def test_call_without_data_is_refused_as_invalid_json(account):
    """The parameter is required."""
    assert account.error_code("bulk_json") == 15


def test_remote_receipt_url_refuses_only_its_message(account):
    """In `send` it refuses the whole call."""
    result = account.bulk(message(BOB, receipt_url="http://192.0.2.1/"), message(EVE))
    assert [message["error"]["code"] for message in result["messages_not_sent"]] == [0]
    assert len(result["messages"]) == 1


def test_call_with_more_than_10000_messages_is_refused(account):
    """500 are recommended; the hard limit is assumed."""
    messages = [message(447_700_000_000 + index) for index in range(10_001)]
    assert len(account.bulk(*messages[:10_000])["messages"]) == 10_000
    data = msgspec.json.encode({"messages": messages}).decode()
    assert account.error_code("bulk_json", data=data) == 33


numbers = st.one_of(st.integers(447_700_000_000, 447_700_000_099).map(str), st.sampled_from(["", "12345", "n/a"]))


@given(st.lists(st.tuples(numbers, st.text(max_size=400)), min_size=1, max_size=20), st.integers(0, 30))
def test_credits_match_costs_and_each_message_is_sent_or_listed(contract, account_class, result, credits_left):
    account = account_class(contract)
    account.state.credits = credits_left
    response = account.bulk(*(message(number, words) for number, words in result))
    assert account.state.credits == credits_left - response["total_cost"] == response["balance_post_send"] >= 0
    assert response["total_cost"] == sum(batch["cost"] for batch in response["messages"])
    assert len(response["messages"]) + len(response["messages_not_sent"]) == len(result)
    ids = [batch["messages"][0]["id"] for batch in response["messages"]]
    assert [entry["message"] for entry in account.entries("delivery")] == ids
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("command", "field", "start"), [("bulk_json", "data", '{"a":'), ("create_contacts_bulk", "contacts", '[{"a":')]
)
def test_deeply_nested_json_is_refused_as_invalid_json(account, command, field, start):
    """It must not cause an internal error of the simulator."""
    assert account.error_code(command, group_id=5, **{field: start + "[" * 100_000}) == 15
