"""One message a call: what is taken, what is refused, what is rejected."""

import pytest

from sendproof_simulators.core.messaging.delivery_outcomes import number_for_code

ADA = "+12125650100"
# Assumed where no page is named: nothing is published about the answers.
SEND_PAGE = "https://docs.delivyr.net/docs/customer-io"
OPTIMOVE_PAGE = "https://docs.delivyr.net/docs/optimove"


def test_a_send_names_template_number_and_variables(account):
    """Documented (SEND_PAGE): so the text is made by Delivyr, not by the caller."""
    said = account.send(ADA, template_id=account.template, variables={"FIRST_NAME": "Ada", "BALANCE": "12.50"})
    assert said == {"message_id": account.entry()["message_id"], "status": "queued"}
    assert account.entry()["text"] == "Hi Ada, you have 12.50."


def test_what_is_taken_is_a_delivery(account):
    """The journal learns digits, text and time; the short link stands apart from the text that was owed."""
    said = account.send(ADA, url="https://example.com/offer")
    (entry,) = account.entries("delivery")
    link = entry.pop("link")
    assert entry == {
        "service": "delivyr",
        "message": said["message_id"],
        "number": "12125650100",
        "text": "Hello there.",
        "template": account.plain,
        "send_at": "2026-03-02T09:00:00.000Z",
        "test": False,
    }
    assert account.entry()["text"] == f"Hello there. {link}"


def test_a_test_is_logged_and_not_sent(account):
    """Documented (OPTIMOVE_PAGE): it is in the Message Log like any other, and nothing becomes of it."""
    assert account.send(ADA, testing=True)["status"] == "test"
    assert [entry["test"] for entry in account.entries("delivery")] == [True]
    assert (account.entry()["status"], account.timers) == ("test", [])


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
        (422, "template_not_found", {"template_id": "AAAAAAAA"}),
        (503, "queue_full", {"number": "+" + number_for_code("US", "23")}),
    ],
)
def test_each_refusal_has_its_status_and_code(account, status, code, changes):
    """Assumed. Nothing is logged, and nothing sent."""
    assert account.refused(**changes) == (status, code)
    assert (account.state.log, account.last.entries, account.timers) == ([], (), [])


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
def test_what_is_at_the_limit_passes(account, changes):
    """Assumed: a length that is allowed, a variable that the text does not have, a field that nobody knows."""
    assert account.send(ADA, **changes)["status"] == "queued"


def test_the_longest_text_passes_and_one_character_more_does_not(account):
    """Assumed: 1,600 characters, after the variables are filled in."""
    template = account.holds("Long", "x" * 1590 + "{{MORE}}")
    assert account.send(ADA, template_id=template, variables={"MORE": "y" * 10})["status"] == "queued"
    assert account.refused(template_id=template, variables={"MORE": "y" * 11}) == (422, "text_too_long")


def test_numbers_and_truth_values_stand_in_a_text_as_in_json(account):
    """Assumed: whoever wants two decimals sends text."""
    account.send(ADA, template_id=account.template, variables={"FIRST_NAME": True, "BALANCE": 12.5})
    assert account.entry()["text"] == "Hi true, you have 12.5."


def test_a_variable_that_is_left_out_is_refused_or_blank(account, account_that):
    """Documented (SEND_PAGE): variables are needed if the template has some. What else happens is a dialect."""
    assert account.refused(template_id=account.template, variables={"FIRST_NAME": "Ada"}) == (422, "missing_variables")
    lenient = account_that(missing_variable="blank")
    lenient.send(ADA, template_id=lenient.template, variables={"FIRST_NAME": "Ada"})
    assert lenient.entry()["text"] == "Hi Ada, you have ."


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
def test_what_cannot_be_sent_is_rejected_later(account, number, code):
    """Documented (OPTIMOVE_PAGE): opted out, incorrect format, cannot receive. By default the call succeeds."""
    account.set(webhook_url="http://127.0.0.1:9000/delivyr")
    assert account.send(number)["status"] == "queued"
    assert account.entries("delivery") == []
    ((seconds, told),) = account.told_until(account.now + 10_000)
    assert (seconds, told["event"], told["code"]) == (2, "rejected", code)
    assert account.entry()["status"] == "rejected"


@pytest.mark.parametrize(("number", "code"), REJECTED)
def test_or_it_is_refused_at_once(account_that, number, code):
    """The other answer to the same question: 422, nothing in the log, and a rejection in the journal."""
    account = account_that(rejections="at_once")
    assert account.refused(number) == (422, code)
    assert [entry["code"] for entry in account.entries("rejection")] == [code]
    assert account.state.log == []


def test_customers_who_opted_out_are_rejected_from_the_start(account_that):
    """Their numbers stand in Delivyr's own list; the numbers of all others go out."""
    account = account_that(rejections="at_once")
    for customer in account.context.audience.customers(0, 100):
        response = account.try_to_send(f"+{customer.number}")
        assert response.status == (422 if customer.opted_out else 200)


def test_ten_digits_are_rejected_or_completed(account, account_that):
    """The send call asks for E.164 (SEND_PAGE), and the sample of event 11 has ten digits: so it is a dialect."""
    account.send("2125650100")
    assert account.entries("delivery") == []
    lenient = account_that(ten_digits="completed")
    lenient.send("2125650100")
    assert [entry["number"] for entry in lenient.entries("delivery")] == ["12125650100"]
    lenient.send("1125650100")
    assert lenient.entries("delivery") == []


def test_the_reply_may_be_bare(account_that):
    """Nobody shows a reply; without an id in it, receipts can be told apart by number and template only."""
    account = account_that(reply="bare")
    assert account.send(ADA) == {"success": True}


def test_ids_do_not_depend_on_the_order_of_calls(account, account_that):
    """They follow from what is said, and from how often the same was said before."""
    numbers = ["+12125650100", "+12125650101"]
    forward = {number: account.send(number)["message_id"] for number in numbers}
    other = account_that()
    assert {number: other.send(number)["message_id"] for number in reversed(numbers)} == forward
    assert account.send(numbers[0])["message_id"] not in forward.values()
