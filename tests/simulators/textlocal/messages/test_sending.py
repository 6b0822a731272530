"""`send`: accepted and refused calls, and their cost."""

from time import process_time

import pytest

from instants import NINE

BOB, EVE = "447700900123", "447700900456"


def numbers(count: int) -> str:
    """Return this many distinct numbers, separated by commas."""
    return ",".join(str(447_700_000_000 + index) for index in range(count))


def test_response_has_shape_that_clients_read(account):
    """Message ids are text, recipients and batches are numbers, and the balance is the remaining credits."""
    result = account.call(
        "send", numbers=f"{BOB},{EVE}", sender="Jims Autos", message="This is your message", custom="c7"
    )
    batch, (first, second) = result.pop("batch_id"), result.pop("messages")
    assert result == {
        "balance": 99_999_998,
        "cost": 2,
        "num_messages": 2,
        "message": {"num_parts": 1, "sender": "Jims Autos", "content": "This is your message"},
        "receipt_url": "",
        "custom": "c7",
        "status": "success",
    }
    assert (first["recipient"], second["recipient"]) == (int(BOB), int(EVE))
    assert int(second["id"]) == int(first["id"]) + 1
    assert 2**32 < batch < 2**53


def test_accepted_number_is_journalled_as_delivery(account):
    result = account.call("send", numbers=BOB, message="Hi", sender="Shop", custom="c7")
    assert account.entries("delivery") == [
        {
            "service": "textlocal",
            "message": result["messages"][0]["id"],
            "batch": str(result["batch_id"]),
            "number": BOB,
            "text": "Hi",
            "sender": "Shop",
            "custom": "c7",
            "receipt_url": "",
            "send_at": "2026-03-02T09:00:00.000Z",
            "test": False,
        }
    ]


def test_invalid_number_is_warning_if_others_are_valid(account):
    result = account.call("send", numbers=f"{BOB},12345,07700900123", message="Hi")
    assert result["num_messages"] == 1
    assert result["warnings"] == [{"code": 3, "message": "Invalid number"}]
    assert [(entry["number"], entry["code"]) for entry in account.entries("rejection")] == [
        ("12345", 3),
        ("07700900123", 3),
    ]


def test_call_without_valid_number_is_error_with_warning(account):
    result = account.call("send", numbers="12345", message="Hi")
    assert [error["code"] for error in result["errors"]] == [51]
    assert [warning["code"] for warning in result["warnings"]] == [3]
    assert len(account.entries("rejection")) == 1


def test_journal_has_raw_number_if_spelled_differently(account):
    """documented: digits only, http://api.txtlocal.com/docs/sendsms."""
    account.call("send", numbers=f"{BOB},+447700900456", message="Hi")
    first, second = account.entries("delivery")
    assert "raw_number" not in first
    assert (second["number"], second["raw_number"]) == (EVE, "+447700900456")
    account.bulk({"number": "+447700900456", "text": "Hi"})
    assert account.entries("delivery")[0]["raw_number"] == "+447700900456"


def cpu_seconds(account, count):
    """Return the CPU time of a send to `count` numbers."""
    fields = {"numbers": numbers(count), "message": "Hi", "receipt_url": "http://127.0.0.1:9000/receipts"}
    started = process_time()
    assert account.call("send", **fields)["num_messages"] == count
    return process_time() - started


def test_send_to_many_numbers_takes_linear_time(account):
    """A search among all numbers for each of them would take a hundred times as long for ten times the numbers."""
    assert cpu_seconds(account, 10_000) < 40 * cpu_seconds(account, 1_000)


def test_plus_zeros_and_spaces_are_accepted_in_numbers(account):
    result = account.call("send", numbers="+44 7700 900123,00447700900123", message="Hi")
    assert [message["recipient"] for message in result["messages"]] == [int(BOB), int(BOB)]


def test_more_than_10000_numbers_are_refused(account):
    """Every number of the call is journalled as rejected."""
    assert account.call("send", numbers=numbers(10_000), message="Hi")["num_messages"] == 10_000
    assert account.error_code("send", numbers=numbers(10_001), message="Hi") == 33
    assert len(account.entries("rejection")) == 10_001


def test_text_of_more_than_765_characters_is_refused(account):
    """765 characters are five parts."""
    assert account.call("send", numbers=BOB, message="x" * 765)["cost"] == 5
    assert account.error_code("send", numbers=BOB, message="x" * 766) == 6


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        (4, {"message": "Hi"}),
        (4, {"message": "Hi", "numbers": ","}),
        (5, {"numbers": BOB}),
        (5, {"numbers": BOB, "message": " "}),
        (8, {"numbers": BOB, "message": "Hi", "schedule_time": "tomorrow"}),
        (9, {"numbers": BOB, "message": "Hi", "schedule_time": NINE // 1000 - 1}),
        (10, {"group_id": 77, "message": "Hi"}),
        (10, {"group_id": "friends", "message": "Hi"}),
        (11, {"group_id": 5, "message": "Hi"}),
        (34, {"group_id": 5, "numbers": BOB, "message": "Hi"}),
        (43, {"numbers": BOB, "message": "Hi", "sender": "Me"}),
        (43, {"numbers": BOB, "message": "Hi", "sender": "TwelveLetter"}),
        (43, {"numbers": BOB, "message": "Hi", "sender": "12345678901234"}),
        (0, {"numbers": BOB, "message": "Hi", "test": "perhaps"}),
        (0, {"numbers": BOB, "message": "Hi", "receipt_url": "http://192.0.2.1/receipts"}),
        (0, {"numbers": BOB, "message": "Hi", "receipt_url": "receipts"}),
        (0, {"numbers": BOB, "message": "Hi", "validity": NINE // 1000 + 72 * 3600 + 1}),
        (0, {"numbers": BOB, "message": "Hi", "validity": NINE // 1000}),
    ],
)
def test_invalid_send_is_refused_with_its_code(account, code, fields):
    """Nothing is charged."""
    assert account.error_code("send", **fields) == code
    assert account.state.credits == 100_000_000
    assert account.entries("delivery") == []


@pytest.mark.parametrize("sender", ["Abc", "Eleven char", "1234567890123"])
def test_sender_of_minimum_or_maximum_length_is_accepted(account, sender):
    """3 to 11 letters, digits or spaces, or up to 13 digits."""
    assert account.call("send", numbers=BOB, message="Hi", sender=sender)["message"]["sender"] == sender


def test_call_beyond_credits_is_refused_whole(account):
    """The last credit can be spent."""
    account.state.credits = 1
    assert account.error_code("send", numbers=f"{BOB},{EVE}", message="Hi") == 7
    assert account.call("send", numbers=BOB, message="Hi")["balance"] == 0
    assert account.error_code("send", numbers=BOB, message="Hi") == 7


def test_test_mode_send_is_free_and_in_no_history(account):
    """It is a delivery with `test`, without a status."""
    result = account.call("send", numbers=BOB, message="Hi", test="true")
    assert (result["test_mode"], result["balance"]) == (True, 100_000_000)
    assert [entry["test"] for entry in account.entries("delivery")] == [True]
    assert account.timers == []
    assert account.call("get_history_api")["total"] == 0


def test_opted_out_number_is_left_out_only_with_optouts(account):
    """The default is easy to overlook."""
    _, opted_out = next(account.context.audience.provider_opt_outs())
    assert account.call("send", numbers=opted_out, message="Hi")["num_messages"] == 1
    assert account.call("send", numbers=f"{opted_out},{BOB}", message="Hi", optouts="true")["num_messages"] == 1
    assert [entry["reason"] for entry in account.entries("rejection")] == ["opted out"]
    assert account.error_code("send", numbers=opted_out, message="Hi", optouts="true") == 51


def test_group_send_reaches_all_members(account):
    group = account.call("create_group", name="Friends")["group"]["id"]
    account.call("create_contacts", numbers=f"{BOB},{EVE}", group_id=group)
    result = account.call("send", group_id=group, message="Hi")
    assert [message["recipient"] for message in result["messages"]] == [int(BOB), int(EVE)]


def test_scheduled_text_goes_out_at_its_time(account):
    """Until then it is in no history."""
    account.call("send", numbers=BOB, message="Hi", schedule_time=NINE // 1000 + 3600)
    assert account.entries("delivery")[0]["send_at"] == "2026-03-02T10:00:00.000Z"
    assert account.call("get_history_api")["total"] == 0
    assert min(timer.at for timer in account.timers) > NINE + 3_600_000


def test_schedule_time_in_current_second_is_accepted(account):
    """Times have whole seconds."""
    account.now = NINE + 999
    account.call("send", numbers=BOB, message="Hi", schedule_time=NINE // 1000)
    assert account.entries("delivery")[0]["send_at"] == "2026-03-02T09:00:00.999Z"


@pytest.mark.parametrize(
    ("text", "options", "cost"),
    [("x" * 160, {}, 1), ("x" * 161, {}, 2), ("日" * 70, {}, 1), ("日" * 71, {}, 2), ("x" * 71, {"unicode": "1"}, 2)],
)
def test_cost_is_number_of_parts(account, text, options, cost):
    """The encoding is GSM or UCS-2: as the text needs, or as the caller says."""
    assert account.call("send", numbers=BOB, message=text, **options)["cost"] == cost


def test_percent_n_is_newline(account):
    """So a text that contains it literally is changed."""
    account.call("send", numbers=BOB, message="One%nTwo")
    assert account.entries("delivery")[0]["text"] == "One\nTwo"


def test_simple_reply_replaces_sender_with_number(account):
    result = account.call("send", numbers=BOB, message="Hi", sender="Shop", simple_reply="true")
    assert result["message"]["sender"].isdigit()


def test_ids_do_not_depend_on_order_of_calls(account, same_account):
    """They follow from the content of a call, and from the number of equal calls before it."""
    sends = [{"numbers": BOB, "message": "Hi"}, {"numbers": EVE, "message": "Ho"}]
    forward = [account.call("send", **send)["messages"] for send in sends]
    backward = [same_account.call("send", **send)["messages"] for send in reversed(sends)]
    assert forward == backward[::-1]
    assert account.call("send", **sends[0])["messages"] not in forward


def test_rejected_text_is_journalled_in_part(account):
    """The journal has an entry for each number, so that a long text to many numbers would fill the disk."""
    result = account.call("send", numbers=numbers(3), message="x" * 1_000_000)
    assert result["errors"] == [{"code": 6, "message": "Message too long"}]
    assert [len(entry["text"]) for entry in account.entries("rejection")] == [2_000] * 3


@pytest.mark.parametrize(("many", "counted"), [("4,," * 99_999, "99999"), (" 4 ," * 100_001, "100001")])
def test_numbers_beyond_the_limit_are_counted(account, many: str, counted: str) -> None:
    """Of more than 100,000, only the first ones are kept and journalled."""
    result = account.call("send", numbers=many, message="Hi")
    assert result["errors"] == [{"code": 33, "message": f"Too many numbers: {counted} of 10000 at most"}]
    entries = account.entries("rejection")
    assert (len(entries), entries[-1]["number"]) == (min(int(counted), 100_000), "4")
