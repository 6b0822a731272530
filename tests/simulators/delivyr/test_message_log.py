"""The Message Log: its existence is documented (https://docs.delivyr.net/docs/optimove), its form is assumed."""

import pytest


@pytest.fixture
def account_with_messages(account):
    """Return an account with five messages to two numbers."""
    for index in range(5):
        account.send(f"+1212565010{index % 2}")
    return account


def test_pages_contain_every_message_once(account_with_messages):
    """`next` of a page is `after` of the following one."""
    seen, after = [], ()
    for _ in range(3):
        page = account_with_messages.get("/messages", ("limit", "2"), *after)
        seen += [message["message_id"] for message in page["messages"]]
        after = (("after", page["next"]),) if page["next"] else ()
    assert seen == [message.id for message in account_with_messages.state.log]
    assert after == ()


def test_full_last_page_has_no_next(account_with_messages):
    assert account_with_messages.get("/messages", ("limit", "5"))["next"] is None


def test_log_is_filtered_by_number(account_with_messages):
    """The number is spelled as in the send."""
    page = account_with_messages.get("/messages", ("phone_number", "+12125650101"))
    assert [message["phone_number"] for message in page["messages"]] == ["+12125650101"] * 2


@pytest.mark.parametrize(
    ("query", "code"),
    [
        *[(("limit", limit), "invalid_request") for limit in ("0", "501", "many")],
        (("after", "x"), "invalid_request"),
        (("after", "0" * 20), "not_found"),
    ],
)
def test_invalid_page_is_refused(account_with_messages, query, code):
    assert account_with_messages.get("/messages", query)["error"]["code"] == code


def test_page_of_maximum_limit_is_accepted(account_with_messages):
    assert len(account_with_messages.get("/messages", ("limit", "500"))["messages"]) == 5
