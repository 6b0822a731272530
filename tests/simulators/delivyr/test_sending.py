"""`send_sms`: accepted, refused and rejected messages."""

import pytest

from sendproof_simulators.core.messaging.delivery_outcomes import number_for_code

ADA = "+12125650100"
# Tests without a page check assumptions: nothing is published about the responses.
SEND_PAGE = "https://docs.delivyr.net/docs/customer-io"
OPTIMOVE_PAGE = "https://docs.delivyr.net/docs/optimove"


def test_text_is_made_from_template_and_variables(account):
    """Documented (SEND_PAGE)."""
    result = account.send(ADA, template_id=account.template, variables={"FIRST_NAME": "Ada", "BALANCE": "12.50"})
    assert result == {"message_id": account.newest_message()["message_id"], "status": "queued"}
    assert account.newest_message()["text"] == "Hi Ada, you have 12.50."


def test_accepted_message_is_journalled_as_delivery(account):
    """Its short link is separate from the text."""
    result = account.send(ADA, url="https://example.com/offer")
    (entry,) = account.entries("delivery")
    link = entry.pop("link")
    assert entry == {
        "service": "delivyr",
        "message": result["message_id"],
        "number": "12125650100",
        "text": "Hello there.",
        "template": account.plain,
        "url": "https://example.com/offer",
        "template_url": None,
        "send_at": "2026-03-02T09:00:00.000Z",
        "test": False,
    }
    assert account.newest_message()["text"] == f"Hello there. {link}"


def test_test_mode_message_is_logged_but_not_sent(account):
    """Documented (OPTIMOVE_PAGE): the Message Log contains it like any other."""
    assert account.send(ADA, testing=True)["status"] == "test"
    assert [entry["test"] for entry in account.entries("delivery")] == [True]
    assert (account.newest_message()["status"], account.timers) == ("test", [])


@pytest.mark.parametrize(
    ("status", "code", "changes"),
    [
        (400, "invalid_request", {"template_id": None}),
        (400, "invalid_request", {"template_id": "SHORT"}),
        (400, "invalid_request", {"template_id": "NINECHARS"}),
        (400, "invalid_request", {"number": ""}),
        (400, "invalid_request", {"number": "+" + "1" * 40}),
        (400, "invalid_request", {"url": "example.com"}),
        (400, "invalid_request", {"url": "https://example.com/" + "x" * 2029}),
        (400, "invalid_request", {"variables": ["Ada"]}),
        (400, "invalid_request", {"variables": {"FIRST_NAME": {"text": "Ada"}}}),
        (400, "invalid_request", {"variables": {f"v{n}": "" for n in range(101)}}),
        (400, "invalid_request", {"variables": {"FIRST_NAME": "x" * 1601}}),
        (400, "invalid_request", {"testing": "yes"}),
        (404, "template_not_found", {"template_id": "AAAAAAAA"}),
        (503, "queue_full", {"number": "+" + number_for_code("US", "23")}),
    ],
)
def test_invalid_send_is_refused_with_status_and_code(account, status, code, changes):
    """Assumed."""
    assert account.refusal(**changes) == (status, code)
    assert (account.state.log, account.timers) == ([], [])
    assert {entry.fields["code"] for entry in account.last.entries} <= {code}


def test_full_queue_accepts_the_next_call(account):
    """Assumed. A queue that stays full would keep every bridge from sending."""
    number = "+" + number_for_code("US", "23")
    account.refusal(number=number)
    account.send(number=number)
    assert len(account.state.log) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "https://example.com/" + "x" * 2028},
        {"variables": {f"v{n}": "" for n in range(100)}},
        {"variables": {"FIRST_NAME": "x" * 1600}},
        {"variables": {"FIRST_NAME": None}},
        {"unheard": "of"},
    ],
)
def test_send_at_limits_is_accepted(account, changes):
    """Assumed, also for an unused variable and an unknown field."""
    assert account.send(ADA, **changes)["status"] == "queued"


def test_text_of_more_than_1600_characters_is_refused(account):
    """Assumed: counted after the variables are filled in."""
    template = account.add_template("Long", "x" * 1590 + "{{MORE}}")
    assert account.send(ADA, template_id=template, variables={"MORE": "y" * 10})["status"] == "queued"
    assert account.refusal(template_id=template, variables={"MORE": "y" * 11}) == (422, "text_too_long")


def test_numbers_and_booleans_are_written_as_in_json(account):
    """Assumed: a bridge that wants two decimals sends text."""
    account.send(ADA, template_id=account.template, variables={"FIRST_NAME": True, "BALANCE": 12.5})
    assert account.newest_message()["text"] == "Hi true, you have 12.5."


def test_missing_variable_follows_dialect(account, account_with):
    """Documented (SEND_PAGE): variables are required if the template has some."""
    assert account.refusal(template_id=account.template, variables={"FIRST_NAME": "Ada"}) == (422, "missing_variables")
    lenient = account_with(missing_variable="blank")
    lenient.send(ADA, template_id=lenient.template, variables={"FIRST_NAME": "Ada"})
    assert lenient.newest_message()["text"] == "Hi Ada, you have ."


REJECTED = [
    ("2125650100", "incorrect_format"),
    ("12125650100", "incorrect_format"),
    ("+1 212 565 0100", "incorrect_format"),
    ("+11115650100", "incorrect_format"),
    ("Ada", "incorrect_format"),
    ("+447123456789", "unsupported_country"),
    ("+18765550123", "unsupported_country"),
    ("+" + number_for_code("US", "20"), "opted_out"),
    ("+" + number_for_code("US", "21"), "cannot_receive"),
    ("+" + number_for_code("CA", "22"), "blocked"),
]


@pytest.mark.parametrize(("number", "code"), REJECTED)
def test_undeliverable_message_is_rejected_later(account, number, code):
    """Documented (OPTIMOVE_PAGE): opted out, incorrect format, cannot receive. By default the call succeeds."""
    account.set(webhook_url="http://127.0.0.1:9000/delivyr")
    assert account.send(number)["status"] == "queued"
    assert account.entries("delivery") == []
    ((seconds, webhook),) = account.webhooks_until(account.now + 10_000)
    assert (seconds, webhook["event"], webhook["code"]) == (2, "rejected", code)
    assert account.newest_message()["status"] == "rejected"


@pytest.mark.parametrize(("number", "code"), REJECTED)
def test_undeliverable_message_is_refused_immediately_in_dialect(account_with, number, code):
    """The log has no entry, but the journal has a rejection."""
    account = account_with(rejections="at_once")
    assert account.refusal(number) == (422, code)
    assert [entry["code"] for entry in account.entries("rejection")] == [code]
    assert account.state.log == []


def test_opted_out_customers_are_rejected(account_with):
    """Delivyr's own list contains their numbers from the start."""
    account = account_with(rejections="at_once")
    for customer in account.context.audience.customers(0, 100):
        response = account.send_response(f"+{customer.number}")
        assert response.status == (422 if customer.opted_out else 200)


def test_ten_digits_follow_dialect(account, account_with):
    """The call requires E.164 (SEND_PAGE), but the sample of event 11 has ten digits."""
    account.send("2125650100")
    assert account.entries("delivery") == []
    lenient = account_with(ten_digits="completed")
    lenient.send("2125650100")
    assert [entry["number"] for entry in lenient.entries("delivery")] == ["12125650100"]
    lenient.send("1125650100")
    assert lenient.entries("delivery") == []


def test_response_without_id_in_dialect(account_with):
    """No document shows a response. Without an id, only number and template identify a receipt."""
    account = account_with(reply="bare")
    assert account.send(ADA) == {"success": True}


def test_ids_do_not_depend_on_order_of_calls(account, account_with):
    """They follow from the content of a call, and from the number of equal calls before it."""
    numbers = ["+12125650100", "+12125650101"]
    forward = {number: account.send(number)["message_id"] for number in numbers}
    other = account_with()
    assert {number: other.send(number)["message_id"] for number in reversed(numbers)} == forward
    assert account.send(numbers[0])["message_id"] not in forward.values()
