"""Each open question, answered each way. `sendproof dialects` names the evidence of every answer."""

import pytest

from instants import NINE
from sendproof_simulators.core.clock.wall_clock import DAY, HOUR
from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME, number_for_code
from sendproof_simulators.services.textlocal.dialects import DIALECTS

BOB, EVE = "447700900123", "447700900456"
URL = "http://127.0.0.1:9000/receipts"
LONG = "x" * 766


def number_of_outcome(name):
    """The first number that dials a fate."""
    return number_for_code("GB", BY_NAME[name].code)


def at(hours):
    """A Unix time so many hours after nine in the morning, UTC."""
    return NINE // 1000 + hours * 3600


def sent_text(account, **fields):
    """What the journal says that the phone got; the refusal's code when it got nothing."""
    said = account.call("send", numbers=BOB, **fields)
    return account.entries("delivery")[0]["text"] if said["status"] == "success" else said["errors"][0]["code"]


def send(account, **fields):
    """What a send to one number answers, unless it is to others."""
    return account.call("send", **{"numbers": BOB, "message": "Hi", **fields})


def refused(account, **fields):
    """The code that a send is refused with."""
    return send(account, **fields)["errors"][0]["code"]


def in_group(account, *, number=BOB, **details):
    """A group with one contact."""
    group = account.call("create_group", name="Friends")["group"]["id"]
    contact = ",".join(f'"{name}":"{value}"' for name, value in {"number": number, **details}.items())
    account.call("create_contacts_bulk", group_id=group, contacts=f"[{{{contact}}}]")
    return group


def merged(account):
    """What a group's member Ann reads."""
    group = in_group(account, first_name="Ann")
    return account.call("send", group_id=group, message="Hi %%|first_name%%")["message"]["content"]


def first_test_ids(account):
    """The batch and the messages that a test send answers."""
    said = send(account, numbers=f"{BOB},{EVE}", test=1)
    return said["batch_id"], [message["id"] for message in said["messages"]]


def report(account):
    """What is told of a batch."""
    return account.call("status_batch", batch_id=send(account)["batch_id"])


def many_contacts(account):
    """What 10,001 numbers at once are answered."""
    return account.call("create_contacts", numbers=",".join(str(447_700_000_000 + place) for place in range(10_001)))


def letters_pushed(account):
    """What receipts said in four days of a message that expires."""
    account.call("send", numbers=number_of_outcome("expired after 72 h"), message="Hi", receipt_url=URL)
    return [webhook.about["status"] for _, led_to in account.live_until(NINE + 4 * DAY) for webhook in led_to.webhooks]


def retries(account):
    """How often a receipt is repeated."""
    account.call("send", numbers=number_of_outcome("delivered after 3 s"), message="Hi", receipt_url=URL)
    ((_, led_to),) = account.live_until(NINE + HOUR)
    return len(led_to.webhooks[0].retry.delays_ms)


def bulk_order(account, **keys):
    """The receipt address and the time that a `bulk_json` with such keys was understood to have."""
    account.bulk({"number": BOB, "text": "Hi"}, **keys)
    entry = account.entries("delivery")[0]
    return entry["receipt_url"] == URL, entry["send_at"].startswith("2026-03-02T10")


def bulk_customs(account):
    """The customs of a call with one for all and one for the message."""
    account.bulk({"number": BOB, "text": "Hi", "custom": "mine"}, {"number": EVE, "text": "Hi"}, custom="all")
    return [entry["custom"] for entry in account.entries("delivery")]


def indian_sender(account):
    """Whether a name of nine letters may send, and what the balance lists."""
    return account.call("send", numbers=BOB, message="Hi", sender="Sendproof")["status"], account.call("balance")[
        "balance"
    ].keys()


def opted_out(account):
    """How many messages an opted-out number gets."""
    account.call("create_contacts", numbers=EVE, group_id=6)
    return account.call("send", numbers=f"{BOB},{EVE}", message="Hi")["num_messages"]


def template_send(account):
    """What becomes of a group of customer ids and a template."""
    template = account.template("Hi {{CITY}}")
    group = account.call("create_group", name="Friends")["group"]["id"]
    customer = next(c for c in account.context.audience.customers(0, 100) if c.number and c.attributes["CITY"])
    account.call("create_contacts", numbers=customer.id, group_id=group)
    said = account.call("send", group_id=group, template_id=template)
    return said["status"] == "success" and said["message"]["content"] == f"Hi {customer.attributes['CITY']}"


CAMEL, SNAKE = {"receiptUrl": URL, "scheduled": at(1)}, {"receipt_url": URL, "schedule_time": at(1)}

# Question -> answer -> what is seen of it.
SEEN = {
    "variant": {
        "uk": lambda a: indian_sender(a) == ("success", {"sms", "mms"}),
        "india": lambda a: indian_sender(a) == ("failure", {"sms"}),
    },
    "template_send": {"none": lambda a: not template_send(a), "brochure": template_send},
    "group_merge": {
        "literal": lambda a: merged(a) == "Hi %%|first_name%%",
        "merged": lambda a: merged(a) == "Hi Ann",
    },
    "long_text": {
        "refused": lambda a: sent_text(a, message=LONG) == 6,
        "cut": lambda a: sent_text(a, message=LONG) == "x" * 765,
    },
    "plain_unicode": {
        "ucs2": lambda a: sent_text(a, message="Привет") == "Привет",
        "question_marks": lambda a: (
            (sent_text(a, message="Привет €1"), sent_text(a, message="Привет", unicode=1)) == ("?????? €1", "Привет")
        ),
    },
    "unicode_parts": {
        "67": lambda a: send(a, message="Ы" * 140)["cost"] == 3,
        "70": lambda a: send(a, message="Ы" * 140)["cost"] == 2,
    },
    "plus_numbers": {
        "understood": lambda a: send(a, numbers=f"+{BOB}")["num_messages"] == 1,
        "refused": lambda a: (refused(a, numbers=f"+{BOB}"), refused(a, numbers=f"00{BOB}")) == (51, 51),
    },
    "national_numbers": {
        "refused": lambda a: refused(a, numbers="07700 900123") == 51,
        "understood": lambda a: send(a, numbers="07700 900123")["messages"][0]["recipient"] == int(BOB),
    },
    "repeated_numbers": {
        "each": lambda a: send(a, numbers=f"{BOB},+{BOB}")["num_messages"] == 2,
        "once": lambda a: send(a, numbers=f"{BOB},+{BOB}")["num_messages"] == 1,
    },
    "no_valid_numbers": {
        "51": lambda a: refused(a, numbers="123") == 51,
        "4": lambda a: refused(a, numbers="123") == 4,
    },
    "optouts_default": {"sent": lambda a: opted_out(a) == 2, "left_out": lambda a: opted_out(a) == 1},
    "test_ids": {
        "as_sent": lambda a: first_test_ids(a)[0] > 2**32,
        "ones": lambda a: first_test_ids(a) == (99, [1, 2]),
    },
    "bulk_keys": {
        "any": lambda a: (bulk_order(a, **CAMEL), bulk_order(a, **SNAKE)) == ((True, True), (True, True)),
        "camel": lambda a: (bulk_order(a, **CAMEL), bulk_order(a, **SNAKE)) == ((True, True), (False, False)),
        "snake": lambda a: (bulk_order(a, **CAMEL), bulk_order(a, **SNAKE)) == ((False, False), (True, True)),
    },
    "bulk_custom": {
        "message": lambda a: bulk_customs(a) == ["mine", "all"],
        "call": lambda a: bulk_customs(a) == ["all", "all"],
        "ignored": lambda a: bulk_customs(a) == ["", ""],
    },
    "receipt_retries": {"repeated": lambda a: retries(a) == 3, "once": lambda a: retries(a) == 0},
    "expired_receipts": {"asked": lambda a: letters_pushed(a) == [], "pushed": lambda a: letters_pushed(a) == ["E"]},
    "batch_counters": {
        "num_expired": lambda a: "num_expired" in report(a),
        "without": lambda a: "num_expired" not in report(a),
    },
    "scheduled_status": {
        "present": lambda a: a.call("get_scheduled") == {"scheduled": [], "status": "success"},
        "absent": lambda a: a.call("get_scheduled") == {"scheduled": []},
    },
    "schedule_limits": {
        "none": lambda a: send(a, schedule_time=at(10_000))["status"] == "success",
        "limited": lambda a: (
            refused(a, schedule_time=at(10_000)) == 191 and send(a, schedule_time=at(1))["status"] == "success"
        ),
    },
    "optouts_reply": {
        "optouts": lambda a: "optouts" in a.call("get_optouts"),
        "contacts": lambda a: a.call("get_optouts")["group_id"] == 6,
    },
    "histories": {
        "origin": lambda a: send(a) and a.call("get_history_single")["total"] == 0,
        "kind": lambda a: send(a) and a.call("get_history_single")["total"] == 1,
    },
    "error_status": {
        "200": lambda a: a.call("send", 200, numbers=BOB)["errors"][0]["code"] == 5,
        "400": lambda a: a.call("send", 400, numbers=BOB)["errors"] and a.call("create_group", 400)["errors"],
    },
    "contacts_most": {
        "15000": lambda a: many_contacts(a)["status"] == "success",
        "10000": lambda a: many_contacts(a)["errors"][0]["code"] == 33,
    },
}

ANSWERS = [(d.name, answer.value) for d in DIALECTS for answer in d.options if d.name != "rate_limit"]


@pytest.mark.parametrize(("name", "answer"), ANSWERS)
def test_what_is_seen_of_an_answer(speaking, name, answer):
    """An account speaks as its sandbox was told to."""
    assert SEEN[name][answer](speaking(**{name: answer}))


def test_no_answer_is_left_untried():
    """The limit of calls is kept by the service in front of the account, see `test_http.py`."""
    assert {name: tuple(ways) for name, ways in SEEN.items()} == {
        dialect.name: tuple(answer.value for answer in dialect.options)
        for dialect in DIALECTS
        if dialect.name != "rate_limit"
    }
