"""Every option of every dialect. `sendproof dialects` names the evidence of each."""

import pytest

from instants import NINE
from sendproof_simulators.core.clock.wall_clock import DAY, HOUR
from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME, number_for_code
from sendproof_simulators.services.textlocal.dialects import DIALECTS

BOB, EVE = "447700900123", "447700900456"
URL = "http://127.0.0.1:9000/receipts"
LONG = "x" * 766


def number_of_outcome(name):
    """Return the first test number with an outcome."""
    return number_for_code("GB", BY_NAME[name].code)


def unix_time(hours):
    """Return the Unix time this many hours after 9 am, UTC."""
    return NINE // 1000 + hours * 3600


def sent_text_or_code(account, **fields):
    """Return the text of the delivery, or the code that refuses the send."""
    result = account.call("send", numbers=BOB, **fields)
    return account.entries("delivery")[0]["text"] if result["status"] == "success" else result["errors"][0]["code"]


def send(account, **fields):
    """Return the response to a send, by default to one number."""
    return account.call("send", **{"numbers": BOB, "message": "Hi", **fields})


def error_code(account, **fields):
    """Return the code that refuses a send."""
    return send(account, **fields)["errors"][0]["code"]


def group_with_contact(account, *, number=BOB, **details):
    """Return the id of a new group with one contact."""
    group = account.call("create_group", name="Friends")["group"]["id"]
    contact = ",".join(f'"{name}":"{value}"' for name, value in {"number": number, **details}.items())
    account.call("create_contacts_bulk", group_id=group, contacts=f"[{{{contact}}}]")
    return group


def merged_text(account):
    """Return the text that the member Ann of a group gets."""
    group = group_with_contact(account, first_name="Ann")
    return account.call("send", group_id=group, message="Hi %%|first_name%%")["message"]["content"]


def ids_in_test_mode(account):
    """Return the batch id and message ids of a send in test mode."""
    result = send(account, numbers=f"{BOB},{EVE}", test=1)
    return result["batch_id"], [message["id"] for message in result["messages"]]


def batch_status(account):
    """Return the status of a batch."""
    return account.call("status_batch", batch_id=send(account)["batch_id"])


def create_many_contacts(account):
    """Return the response to 10,001 numbers in one call."""
    return account.call("create_contacts", numbers=",".join(str(447_700_000_000 + index) for index in range(10_001)))


def pushed_status_codes(account):
    """Return the status codes in the receipts of a message that expires."""
    account.call("send", numbers=number_of_outcome("expired after 72 h"), message="Hi", receipt_url=URL)
    return [webhook.about["status"] for _, effects in account.run_until(NINE + 4 * DAY) for webhook in effects.webhooks]


def retry_count(account):
    """Return how often a receipt is retried."""
    account.call("send", numbers=number_of_outcome("delivered after 3 s"), message="Hi", receipt_url=URL)
    ((_, effects),) = account.run_until(NINE + HOUR)
    return len(effects.webhooks[0].retry.delays_ms)


def bulk_fields_read(account, **keys):
    """Return True for the receipt URL and for the send time, if `bulk_json` read them under these keys."""
    account.bulk({"number": BOB, "text": "Hi"}, **keys)
    entry = account.entries("delivery")[0]
    return entry["receipt_url"] == URL, entry["send_at"].startswith("2026-03-02T10")


def types_in_bulk_response(account):
    """Return the types of a message's id and recipient."""
    (batch,) = account.bulk({"number": BOB, "text": "Hi"})["messages"]
    return tuple(type(batch["messages"][0][name]) for name in ("id", "recipient"))


def bulk_customs(account):
    """Return the custom values of a call with one for all and one for a message."""
    account.bulk({"number": BOB, "text": "Hi", "custom": "mine"}, {"number": EVE, "text": "Hi"}, custom="all")
    return [entry["custom"] for entry in account.entries("delivery")]


def long_sender_and_balance(account):
    """Return the status of a send by a name of nine letters, and the keys of the balance."""
    return account.call("send", numbers=BOB, message="Hi", sender="Sendproof")["status"], account.call("balance")[
        "balance"
    ].keys()


def messages_with_one_opt_out(account):
    """Return the number of messages to two numbers, one of them opted out."""
    account.call("create_contacts", numbers=EVE, group_id=6)
    return account.call("send", numbers=f"{BOB},{EVE}", message="Hi")["num_messages"]


def template_is_sent(account):
    """Return True if a template is sent to a group of customer ids."""
    template = account.template("Hi {{CITY}}")
    group = account.call("create_group", name="Friends")["group"]["id"]
    customer = next(c for c in account.context.audience.customers(0, 100) if c.number and c.attributes["CITY"])
    account.call("create_contacts", numbers=customer.id, group_id=group)
    result = account.call("send", group_id=group, template_id=template)
    return result["status"] == "success" and result["message"]["content"] == f"Hi {customer.attributes['CITY']}"


def bulk_sends_and_tests(account):
    """Return the status of a `bulk_json` with `test` next to `data`, and whether it was a test."""
    data = f'{{"messages":[{{"number":"{BOB}","text":"Hi"}}]}}'
    result = account.call("bulk_json", data=data, test="1")
    return result["status"], result.get("test", False)


CAMEL, SNAKE = {"receiptUrl": URL, "scheduled": unix_time(1)}, {"receipt_url": URL, "schedule_time": unix_time(1)}

# By dialect and option: a check of its effect.
CHECKS = {
    "variant": {
        "uk": lambda a: long_sender_and_balance(a) == ("success", {"sms", "mms"}),
        "india": lambda a: long_sender_and_balance(a) == ("failure", {"sms"}),
    },
    "template_send": {"none": lambda a: not template_is_sent(a), "brochure": template_is_sent},
    "group_merge": {
        "literal": lambda a: merged_text(a) == "Hi %%|first_name%%",
        "merged": lambda a: merged_text(a) == "Hi Ann",
    },
    "text_decoding": {
        "twice": lambda a: sent_text_or_code(a, message="save%20now", sender="Jims+Autos") == "save now",
        "once": lambda a: (
            (sent_text_or_code(a, message="save%20now"), sent_text_or_code(a, message="Hi", sender="Jims+Autos"))
            == ("save%20now", 43)
        ),
    },
    "long_text": {
        "refused": lambda a: sent_text_or_code(a, message=LONG) == 6,
        "cut": lambda a: sent_text_or_code(a, message=LONG) == "x" * 765,
    },
    "plain_unicode": {
        "ucs2": lambda a: sent_text_or_code(a, message="Привет") == "Привет",
        "question_marks": lambda a: (
            (sent_text_or_code(a, message="Привет €1"), sent_text_or_code(a, message="Привет", unicode=1))
            == ("?????? €1", "Привет")
        ),
    },
    "unicode_parts": {
        "67": lambda a: send(a, message="Ы" * 140)["cost"] == 3,
        "70": lambda a: send(a, message="Ы" * 140)["cost"] == 2,
    },
    "plus_numbers": {
        "understood": lambda a: send(a, numbers=f"+{BOB}")["num_messages"] == 1,
        "refused": lambda a: (error_code(a, numbers=f"+{BOB}"), error_code(a, numbers=f"00{BOB}")) == (51, 51),
    },
    "national_numbers": {
        "refused": lambda a: error_code(a, numbers="07700 900123") == 51,
        "understood": lambda a: send(a, numbers="07700 900123")["messages"][0]["recipient"] == int(BOB),
    },
    "repeated_numbers": {
        "each": lambda a: send(a, numbers=f"{BOB},+{BOB}")["num_messages"] == 2,
        "once": lambda a: send(a, numbers=f"{BOB},+{BOB}")["num_messages"] == 1,
    },
    "no_valid_numbers": {
        "51": lambda a: error_code(a, numbers="123") == 51,
        "4": lambda a: error_code(a, numbers="123") == 4,
    },
    "warning_numbers": {
        "absent": lambda a: send(a, numbers=f"{BOB},123")["warnings"] == [{"code": 3, "message": "Invalid number"}],
        "present": lambda a: send(a, numbers=f"{BOB},123,45")["warnings"][0]["numbers"] == "123,45",
    },
    "optouts_default": {
        "sent": lambda a: messages_with_one_opt_out(a) == 2,
        "left_out": lambda a: messages_with_one_opt_out(a) == 1,
    },
    "test_ids": {
        "as_sent": lambda a: ids_in_test_mode(a)[0] > 2**32,
        "ones": lambda a: ids_in_test_mode(a) == (99, [1, 2]),
    },
    "bulk_keys": {
        "any": lambda a: (bulk_fields_read(a, **CAMEL), bulk_fields_read(a, **SNAKE)) == ((True, True), (True, True)),
        "camel": lambda a: (
            (bulk_fields_read(a, **CAMEL), bulk_fields_read(a, **SNAKE)) == ((True, True), (False, False))
        ),
        "snake": lambda a: (
            (bulk_fields_read(a, **CAMEL), bulk_fields_read(a, **SNAKE)) == ((False, False), (True, True))
        ),
    },
    "bulk_ids": {
        "as_sent": lambda a: types_in_bulk_response(a) == (str, int),
        "swapped": lambda a: types_in_bulk_response(a) == (int, str),
    },
    "bulk_custom": {
        "message": lambda a: bulk_customs(a) == ["mine", "all"],
        "call": lambda a: bulk_customs(a) == ["all", "all"],
        "ignored": lambda a: bulk_customs(a) == ["", ""],
    },
    "bulk_form_fields": {
        "honoured": lambda a: bulk_sends_and_tests(a) == ("success", True),
        "refused": lambda a: bulk_sends_and_tests(a) == ("failure", False),
    },
    "receipt_retries": {"repeated": lambda a: retry_count(a) == 3, "once": lambda a: retry_count(a) == 0},
    "expired_receipts": {
        "asked": lambda a: pushed_status_codes(a) == [],
        "pushed": lambda a: pushed_status_codes(a) == ["E"],
    },
    "batch_counters": {
        "num_expired": lambda a: "num_expired" in batch_status(a),
        "without": lambda a: "num_expired" not in batch_status(a),
    },
    "scheduled_status": {
        "present": lambda a: a.call("get_scheduled") == {"scheduled": [], "status": "success"},
        "absent": lambda a: a.call("get_scheduled") == {"scheduled": []},
    },
    "schedule_limits": {
        "none": lambda a: send(a, schedule_time=unix_time(10_000))["status"] == "success",
        "limited": lambda a: (
            error_code(a, schedule_time=unix_time(10_000)) == 191
            and send(a, schedule_time=unix_time(1))["status"] == "success"
        ),
    },
    "optouts_reply": {
        "optouts": lambda a: "optouts" in a.call("get_optouts"),
        "contacts": lambda a: a.call("get_optouts")["group_id"] == 6,
    },
    "shorturl_reply": {
        "text": lambda a: isinstance(a.call("create_shorturl", url=URL)["shorturl"], str),
        "object": lambda a: a.call("create_shorturl", url=URL)["shorturl"].keys() == {"url", "shorturl"},
    },
    "histories": {
        "origin": lambda a: send(a) and a.call("get_history_single")["total"] == 0,
        "kind": lambda a: send(a) and a.call("get_history_single")["total"] == 1,
    },
    "error_status": {
        "200": lambda a: a.call("send", 200, numbers=BOB)["errors"][0]["code"] == 5,
        "400": lambda a: a.call("send", 400, numbers=BOB)["errors"] and a.call("create_group", 400)["errors"],
    },
    "bulk_most": {
        "10000": lambda a: bulk_status(a, 10_000) == bulk_status(a, 501) == "success",
        "500": lambda a: (bulk_status(a, 500), bulk_status(a, 501)) == ("success", "failure"),
    },
    "contacts_most": {
        "15000": lambda a: create_many_contacts(a)["status"] == "success",
        "10000": lambda a: create_many_contacts(a)["errors"][0]["code"] == 33,
    },
}


def bulk_status(account, count: int) -> str:
    """Return the status of a bulk send of this number of messages."""
    return account.bulk(*[{"number": BOB, "text": "Hi"}] * count, sender="Sendproof")["status"]


OPTIONS = [(d.name, option.value) for d in DIALECTS for option in d.options if d.name != "rate_limit"]


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_option_has_its_effect(account_with, name, option):
    assert CHECKS[name][option](account_with(**{name: option}))


def test_every_option_is_tested():
    """`test_client_libraries.py` tests the rate limit, which the server checks before the command."""
    assert {name: tuple(checks) for name, checks in CHECKS.items()} == {
        dialect.name: tuple(option.value for option in dialect.options)
        for dialect in DIALECTS
        if dialect.name != "rate_limit"
    }
