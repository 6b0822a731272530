"""The differences between what two bridges did, in words."""

from dataclasses import replace

import pytest

from sendproof_harness.comparison.differences import differences, only_side
from sendproof_harness.comparison.observed import Observed, SentMessage
from sendproof_harness.comparison.text import difference_lines
from sendproof_harness.comparison.topic import Topic
from sendproof_harness.history.timestamps import HOUR, MINUTE, parse_instant

NINE = parse_instant("2026-03-02T09:00:00.000Z")
HELLO = SentMessage(send_at=NINE, number="447100000001", text="Hello Ana")
AGAIN = SentMessage(send_at=NINE + HOUR, number="447100000001", text="Hello Ana")
TOTAL = Topic(area="statement", kind="total of", name="sent", campaign=7001, channel=505, template="News")


def messages(*own: SentMessage) -> Observed:
    return Observed(messages={"C0000001": own})


def headings(first: Observed, second: Observed) -> list[str]:
    return [difference.heading for difference in differences(first, second)]


def test_equal_messages_do_not_differ():
    assert differences(messages(HELLO), messages(HELLO)) == []


@pytest.mark.parametrize(
    ("first", "second", "heading"),
    [
        ((HELLO,), (), "messages that only A sent"),
        ((HELLO,), (HELLO, HELLO), "messages that only B sent"),
        ((HELLO,), (SentMessage(send_at=NINE, number=HELLO.number, text="Hello Ben"),), "messages with another text"),
        (
            (HELLO,),
            (replace(HELLO, number="447100000002"),),
            "messages to another address",
        ),
        ((HELLO,), (replace(HELLO, message_type="inbox"),), "messages of another type"),
        ((HELLO,), (AGAIN,), "messages at another time: B 1 h later"),
        ((AGAIN,), (HELLO,), "messages at another time: B 1 h earlier"),
    ],
)
def test_difference_of_messages_names_what_differs(first, second, heading):
    assert headings(messages(*first), messages(*second)) == [heading]


def test_repeated_message_is_compared_with_the_one_nearest_in_time():
    assert headings(messages(HELLO, AGAIN), messages(AGAIN, HELLO)) == []
    assert headings(messages(HELLO, AGAIN), messages(AGAIN)) == ["messages that only A sent"]


def test_message_within_a_minute_is_at_the_same_time():
    later = SentMessage(send_at=NINE + MINUTE, number=HELLO.number, text=HELLO.text)
    assert differences(messages(HELLO), messages(later)) == []


def test_send_times_without_meaning_do_not_differ():
    untimed = Observed(messages={"C0000001": (AGAIN,)}, timed=False)
    assert differences(messages(HELLO), untimed) == []


def test_difference_shows_both_sides():
    (found,) = differences(messages(HELLO), Observed())
    assert (found.customer, found.first, found.second) == (
        "C0000001",
        "at 2026-03-02 09:00:00 UTC: 'Hello Ana'",
        "nothing",
    )


def test_message_that_goes_out_again_is_one_recipient_with_several_messages():
    """Three messages to one customer are no three customers, and the other bridge has sent something."""
    found = differences(messages(HELLO), messages(HELLO, HELLO, AGAIN))
    assert [*difference_lines(found, "")] == [
        "1 recipient: messages that only B sent (2 messages)",
        "  C0000001: A nothing else",
        "            B at 2026-03-02 09:00:00 UTC: 'Hello Ana'",
    ]


@pytest.mark.parametrize(
    ("first", "second", "side"),
    [(Observed(), Observed(values={TOTAL: "3"}), "B"), (Observed(values={TOTAL: "3"}), Observed(), "A")],
)
def test_difference_is_on_the_side_that_has_something(first, second, side):
    assert only_side(differences(first, second)) == side


def test_two_values_are_on_both_sides():
    assert only_side(differences(Observed(values={TOTAL: "3"}), Observed(values={TOTAL: "4"}))) == ""


def test_statement_that_only_one_bridge_makes_is_a_difference():
    (found,) = differences(Observed(values={TOTAL: "3"}), Observed())
    assert (found.heading, found.first, found.second) == (
        "total of sent, campaign 7001, channel 505, template News",
        "3",
        "nothing",
    )
