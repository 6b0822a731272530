"""The Message Log: documented that there is one (https://docs.delivyr.net/docs/optimove), assumed in form."""

import pytest


@pytest.fixture
def busy(account):
    """An account with five messages to two numbers."""
    for place in range(5):
        account.send(f"+1212565010{place % 2}")
    return account


def test_the_log_is_read_page_by_page(busy):
    """`next` of a page is `after` of the following one; every message once, oldest first."""
    seen, after = [], ()
    for _ in range(3):
        page = busy.get("/messages", ("limit", "2"), *after)
        seen += [message["message_id"] for message in page["messages"]]
        after = (("after", page["next"]),) if page["next"] else ()
    assert seen == [message.id for message in busy.state.log]
    assert after == ()


def test_a_full_last_page_is_the_last(busy):
    """Nobody is sent for a page that is empty."""
    assert busy.get("/messages", ("limit", "5"))["next"] is None


def test_the_log_of_one_number(busy):
    """Spelled as it was sent."""
    page = busy.get("/messages", ("phone_number", "+12125650101"))
    assert [message["phone_number"] for message in page["messages"]] == ["+12125650101"] * 2


@pytest.mark.parametrize(
    "query", [("limit", "0"), ("limit", "501"), ("limit", "many"), ("after", "0" * 20), ("after", "x")]
)
def test_bad_pages_are_refused(busy, query):
    """One to 500 messages, after one that there is."""
    assert busy.get("/messages", query)["error"]["code"] == "invalid_request"


def test_500_messages_are_a_page(busy):
    """At the limit."""
    assert len(busy.get("/messages", ("limit", "500"))["messages"]) == 5
