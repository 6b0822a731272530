"""`bulk_json`: a text of its own to each number."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instants import NINE

BOB, EVE = "447700900123", "447700900456"


def text(number: object, said: str = "Hi", **more: object) -> dict[str, object]:
    """One of `messages`."""
    return {"number": number, "text": said, **more}


def test_each_message_is_a_batch_of_its_own(account):
    """With its own id, cost and balance."""
    said = account.bulk(text(int(BOB)), text(EVE, "x" * 161), sender="Shop")
    first, second = said["messages"]
    assert (said["balance_pre_send"], said["total_cost"], said["balance_post_send"]) == (100_000_000, 3, 99_999_997)
    assert (first["balance"], second["balance"]) == (99_999_999, 99_999_997)
    assert second["batch_id"] == first["batch_id"] + 1
    assert second["message"] == {"num_parts": 2, "sender": "Shop", "content": "x" * 161}
    assert second["messages"] == [{"id": str(int(first["messages"][0]["id"]) + 1), "recipient": int(EVE)}]
    assert said["messages_not_sent"] == []


def test_what_cannot_be_sent_does_not_keep_the_rest_back(account):
    """Each refused message is listed with its reason."""
    said = account.bulk(text("12345"), text(BOB), text(EVE, "x" * 766), text(EVE, ""), {"text": "Hi"})
    assert [message["messages"][0]["recipient"] for message in said["messages"]] == [int(BOB)]
    assert [each["error"]["code"] for each in said["messages_not_sent"]] == [32, 6, 5, 4]
    assert [entry["code"] for entry in account.entries("rejection")] == [32, 6, 5, 4]


def test_nothing_sent_is_still_a_success_with_equal_balances(account):
    """Clients tell it from the balances."""
    said = account.bulk(text("12345"))
    assert said["status"] == "success"
    assert said["balance_pre_send"] == said["balance_post_send"]


def test_credits_last_as_far_as_they_last(account):
    """The first messages are sent, the others not."""
    account.state.credits = 1
    said = account.bulk(text(BOB), text(EVE))
    assert len(said["messages"]) == 1
    assert [each["error"]["code"] for each in said["messages_not_sent"]] == [7]


@pytest.mark.parametrize("written", ["50%25 off today", "50% off today", "50%25%20off%20today"])
def test_texts_may_be_percent_encoded_or_plain(account, written):
    """Both are in the documents' samples."""
    account.bulk(text(BOB, written))
    assert account.entries("delivery")[0]["text"] == "50% off today"


def test_custom_and_receipt_address_for_all_or_for_each(account):
    """What a message says counts before what the call says; both spellings of the address do."""
    url, other = "http://127.0.0.1:9000/a", "http://127.0.0.1:9000/b"
    account.bulk(text(BOB, custom="b1", receipt_url=other), text(EVE), custom=7, receiptUrl=url)
    deliveries = account.entries("delivery")
    assert [(entry["custom"], entry["receipt_url"]) for entry in deliveries] == [("b1", other), ("7", url)]


def test_a_test_costs_nothing(account):
    """The balances stay equal, and the reply says that it was one."""
    said = account.bulk(text(BOB), test=True)
    assert (said["test"], said["balance_post_send"], said["messages"][0]["balance"]) == (True, 100_000_000, 100_000_000)
    assert [entry["test"] for entry in account.entries("delivery")] == [True]
    assert account.state.credits == 100_000_000


@pytest.mark.parametrize("spelling", ["scheduled", "schedule_time"])
def test_a_call_can_be_scheduled(account, spelling):
    """Under either name."""
    account.bulk(text(BOB), **{spelling: NINE // 1000 + 60})
    assert account.entries("delivery")[0]["send_at"] == "2026-03-02T09:01:00.000Z"


@pytest.mark.parametrize(
    ("code", "data"),
    [
        (15, "{"),
        (15, '{"messages":[{"number":[],"text":"Hi"}]}'),
        (15, '{"messages":"all"}'),
        (4, '{"sender":"Shop"}'),
        (4, '{"messages":[]}'),
        (43, '{"sender":"!!","messages":[{"number":447700900123,"text":"Hi"}]}'),
        (9, '{"scheduled":1,"messages":[{"number":447700900123,"text":"Hi"}]}'),
    ],
)
def test_a_call_that_makes_no_sense_is_refused_as_a_whole(account, code, data):
    """Nothing is sent."""
    assert account.code("bulk_json", data=data) == code
    assert account.last.entries == ()


def test_without_data_there_is_no_json(account):
    """The parameter is required."""
    assert account.code("bulk_json") == 15


def test_a_remote_receipt_address_keeps_its_message_back(account):
    """As in `send`, but for one message alone."""
    said = account.bulk(text(BOB, receipt_url="http://192.0.2.1/"), text(EVE))
    assert [each["error"]["code"] for each in said["messages_not_sent"]] == [0]
    assert len(said["messages"]) == 1


def test_ten_thousand_messages_are_the_most(account):
    """500 are recommended; the hard limit is assumed."""
    messages = [text(447_700_000_000 + place) for place in range(10_001)]
    assert len(account.bulk(*messages[:10_000])["messages"]) == 10_000
    data = msgspec.json.encode({"messages": messages}).decode()
    assert account.code("bulk_json", data=data) == 33


numbers = st.one_of(st.integers(447_700_000_000, 447_700_000_099).map(str), st.sampled_from(["", "12345", "n/a"]))


@given(st.lists(st.tuples(numbers, st.text(max_size=400)), min_size=1, max_size=20), st.integers(0, 30))
def test_the_books_balance(contract, new_account, said, credits_left):
    """Credits go down by the sum of the costs, and each message is either sent once or listed as not sent."""
    account = new_account(contract)
    account.state.credits = credits_left
    response = account.bulk(*(text(number, words) for number, words in said))
    assert account.state.credits == credits_left - response["total_cost"] == response["balance_post_send"] >= 0
    assert response["total_cost"] == sum(batch["cost"] for batch in response["messages"])
    assert len(response["messages"]) + len(response["messages_not_sent"]) == len(said)
    ids = [batch["messages"][0]["id"] for batch in response["messages"]]
    assert [entry["message"] for entry in account.entries("delivery")] == ids
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("command", "field", "start"), [("bulk_json", "data", '{"a":'), ("create_contacts_bulk", "contacts", '[{"a":')]
)
def test_json_deeper_than_anybody_reads(account, command, field, start):
    """It is broken JSON like any other: code 15, and no failure of the simulator's own."""
    assert account.code(command, group_id=5, **{field: start + "[" * 100_000}) == 15
