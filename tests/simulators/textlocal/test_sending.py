"""`send`: what is accepted, what is refused, and what it costs."""

from time import process_time

import pytest

from instants import NINE

BOB, EVE = "447700900123", "447700900456"


def numbers(count: int) -> str:
    """That many different numbers."""
    return ",".join(str(447_700_000_000 + place) for place in range(count))


def test_the_reply_has_the_shape_that_clients_read(account):
    """Ids of messages are text, recipients and batches numbers, the balance is what is left."""
    said = account.call(
        "send", numbers=f"{BOB},{EVE}", sender="Jims Autos", message="This is your message", custom="c7"
    )
    batch, (first, second) = said.pop("batch_id"), said.pop("messages")
    assert said == {
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


def test_every_accepted_number_is_a_delivery(account):
    """The journal learns number, text, sender, custom, and when it goes out."""
    said = account.call("send", numbers=BOB, message="Hi", sender="Shop", custom="c7")
    assert account.entries("delivery") == [
        {
            "service": "textlocal",
            "message": said["messages"][0]["id"],
            "batch": str(said["batch_id"]),
            "number": BOB,
            "text": "Hi",
            "sender": "Shop",
            "custom": "c7",
            "receipt_url": "",
            "send_at": "2026-03-02T09:00:00.000Z",
            "test": False,
        }
    ]


def test_an_invalid_number_is_a_warning_while_a_valid_one_remains(account):
    """The rest is sent."""
    said = account.call("send", numbers=f"{BOB},12345,07700900123", message="Hi")
    assert said["num_messages"] == 1
    assert said["warnings"] == [{"code": 3, "message": "Invalid number", "numbers": "12345,07700900123"}]
    assert [(entry["number"], entry["code"]) for entry in account.entries("rejection")] == [
        ("12345", 3),
        ("07700900123", 3),
    ]


def test_no_valid_number_at_all_is_an_error(account):
    """The warning stands beside it."""
    said = account.call("send", numbers="12345", message="Hi")
    assert [error["code"] for error in said["errors"]] == [51]
    assert [warning["code"] for warning in said["warnings"]] == [3]
    assert len(account.entries("rejection")) == 1


def test_the_journal_keeps_a_number_as_it_was_spelled(account):
    """When that is not how Textlocal documents it: digits only (documented: http://api.txtlocal.com/docs/sendsms)."""
    account.call("send", numbers=f"{BOB},+447700900456", message="Hi")
    first, second = account.entries("delivery")
    assert "raw_number" not in first
    assert (second["number"], second["raw_number"]) == (EVE, "+447700900456")
    account.bulk({"number": "+447700900456", "text": "Hi"})
    assert account.entries("delivery")[0]["raw_number"] == "+447700900456"


def test_ten_thousand_numbers_take_well_under_a_second(account):
    """Checked, charged, entered and told to the journal."""
    fields = {"numbers": numbers(10_000), "message": "Hi", "receipt_url": "http://127.0.0.1:9000/receipts"}
    started = process_time()
    assert account.call("send", **fields)["num_messages"] == 10_000
    assert process_time() - started < 0.8


def test_spellings_of_a_number_with_its_country_are_one_number(account):
    """A plus, two zeros and blanks are understood."""
    said = account.call("send", numbers="+44 7700 900123,00447700900123", message="Hi")
    assert [message["recipient"] for message in said["messages"]] == [int(BOB), int(BOB)]


def test_ten_thousand_numbers_are_the_most(account):
    """One more is refused, and every number of the call is recorded as rejected."""
    assert account.call("send", numbers=numbers(10_000), message="Hi")["num_messages"] == 10_000
    assert account.code("send", numbers=numbers(10_001), message="Hi") == 33
    assert len(account.entries("rejection")) == 10_001


def test_765_characters_are_the_most(account):
    """They are five parts; one character more is refused."""
    assert account.call("send", numbers=BOB, message="x" * 765)["cost"] == 5
    assert account.code("send", numbers=BOB, message="x" * 766) == 6


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
def test_each_refusal_has_its_code(account, code, fields):
    """Nothing is charged or sent."""
    assert account.code("send", **fields) == code
    assert account.state.credits == 100_000_000
    assert account.entries("delivery") == []


@pytest.mark.parametrize("sender", ["Abc", "Eleven char", "1234567890123"])
def test_the_longest_and_shortest_senders_pass(account, sender):
    """3 to 11 letters, digits or blanks, or up to 13 digits."""
    assert account.call("send", numbers=BOB, message="Hi", sender=sender)["message"]["sender"] == sender


def test_too_few_credits_refuse_the_whole_call(account):
    """The last credit can be spent; then nothing can."""
    account.state.credits = 1
    assert account.code("send", numbers=f"{BOB},{EVE}", message="Hi") == 7
    assert account.call("send", numbers=BOB, message="Hi")["balance"] == 0
    assert account.code("send", numbers=BOB, message="Hi") == 7


def test_a_test_sends_nothing_and_costs_nothing(account):
    """It is a delivery that says so, without an outcome, and in no report."""
    said = account.call("send", numbers=BOB, message="Hi", test="true")
    assert (said["test_mode"], said["balance"]) == (True, 100_000_000)
    assert [entry["test"] for entry in account.entries("delivery")] == [True]
    assert account.timers == []
    assert account.call("get_history_api")["total"] == 0


def test_opted_out_numbers_are_sent_to_unless_told_otherwise(account):
    """The default is the trap: only `optouts=true` leaves them out."""
    opted_out = next(account.context.audience.opt_outs())
    assert account.call("send", numbers=opted_out, message="Hi")["num_messages"] == 1
    assert account.call("send", numbers=f"{opted_out},{BOB}", message="Hi", optouts="true")["num_messages"] == 1
    assert [entry["reason"] for entry in account.entries("rejection")] == ["opted out"]
    assert account.code("send", numbers=opted_out, message="Hi", optouts="true") == 51


def test_a_group_is_sent_to_as_a_whole(account):
    """Instead of numbers."""
    group = account.call("create_group", name="Friends")["group"]["id"]
    account.call("create_contacts", numbers=f"{BOB},{EVE}", group_id=group)
    said = account.call("send", group_id=group, message="Hi")
    assert [message["recipient"] for message in said["messages"]] == [int(BOB), int(EVE)]


def test_a_scheduled_text_goes_out_at_its_time(account):
    """It is accepted now, and sent then; until then it is in no history."""
    account.call("send", numbers=BOB, message="Hi", schedule_time=NINE // 1000 + 3600)
    assert account.entries("delivery")[0]["send_at"] == "2026-03-02T10:00:00.000Z"
    assert account.call("get_history_api")["total"] == 0
    assert min(timer.at for timer in account.timers) > NINE + 3_600_000


def test_the_second_that_has_begun_is_not_the_past(account):
    """A time given in whole seconds may be the present one."""
    account.now = NINE + 999
    account.call("send", numbers=BOB, message="Hi", schedule_time=NINE // 1000)
    assert account.entries("delivery")[0]["send_at"] == "2026-03-02T09:00:00.999Z"


@pytest.mark.parametrize(
    ("text", "options", "cost"),
    [("x" * 160, {}, 1), ("x" * 161, {}, 2), ("日" * 70, {}, 1), ("日" * 71, {}, 2), ("x" * 71, {"unicode": "1"}, 2)],
)
def test_credits_are_counted_by_the_part(account, text, options, cost):
    """GSM or UCS-2, as the text needs or the caller says."""
    assert account.call("send", numbers=BOB, message=text, **options)["cost"] == cost


def test_a_percent_n_is_a_newline(account):
    """As the documents say; so a text that means it literally arrives changed."""
    account.call("send", numbers=BOB, message="One%nTwo")
    assert account.entries("delivery")[0]["text"] == "One\nTwo"


def test_replies_go_to_a_number_when_asked(account):
    """`simple_reply` overrides the sender."""
    said = account.call("send", numbers=BOB, message="Hi", sender="Shop", simple_reply="true")
    assert said["message"]["sender"].isdigit()


def test_ids_do_not_depend_on_the_order_of_calls(account, same_account):
    """They follow from what is said, and from how often the same was said before."""
    sends = [{"numbers": BOB, "message": "Hi"}, {"numbers": EVE, "message": "Ho"}]
    forward = [account.call("send", **send)["messages"] for send in sends]
    backward = [same_account.call("send", **send)["messages"] for send in reversed(sends)]
    assert forward == backward[::-1]
    assert account.call("send", **sends[0])["messages"] not in forward
