"""The ledger: what is owed against what came, in any order."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sendproof_harness.load.ledger import Ledger, Obligation

NINE = 1_772_442_000_000
IN_TIME = (1_000, 60_000)


def ledger(*owed: Obligation) -> Ledger:
    """All of what is owed."""
    made = Ledger()
    for one in owed:
        made.owe(one)
    made.close()
    return made


def hello(customer: int, due: int = NINE) -> Obligation:
    """A text of one's own."""
    return Obligation(f"C{customer:07d}", f"4471000{customer:05d}", f"Hello {customer}", due)


def opted_out(customer: int) -> Obligation:
    """Somebody who is to get nothing."""
    return Obligation(f"C{customer:07d}", f"4471000{customer:05d}", None, NINE)


def test_a_message_that_is_owed_and_comes_is_right():
    """And nothing is lost then."""
    one = ledger(hello(1), hello(2))
    assert one.take("447100000001", "Hello 1", NINE, IN_TIME) == []
    assert (one.lost(), [lost.customer for lost in one.lost_ones([hello(1), hello(2)])]) == (1, ["C0000002"])


def test_the_second_of_one_is_a_duplicate():
    """However often it comes."""
    one = ledger(hello(1))
    assert [one.take("447100000001", "Hello 1", NINE, IN_TIME) for _ in range(3)] == [
        [],
        ["duplicated"],
        ["duplicated"],
    ]
    assert one.lost() == 0


def test_what_is_owed_twice_may_come_twice():
    """Two campaigns with one text for one person."""
    one = ledger(hello(1), hello(1))
    assert one.take("447100000001", "Hello 1", NINE, IN_TIME) == []
    assert one.lost() == 1
    assert one.take("447100000001", "Hello 1", NINE, IN_TIME) == []
    assert one.lost() == 0


def test_texts_and_numbers_that_nobody_was_owed_are_told_apart():
    """Somebody else's text, somebody who is to get nothing, and somebody who is not known at all."""
    one = ledger(hello(1), opted_out(2))
    assert one.take("447100000001", "Hello 2", NINE, IN_TIME) == ["wrong text"]
    assert one.take("447100000002", "Hello 2", NINE, IN_TIME) == ["sent to opted-out"]
    assert one.take("447100000003", "Hello 1", NINE, IN_TIME) == ["unexpected"]
    assert (one.owed, one.withheld, one.came, one.lost()) == (1, 1, 3, 1)


def test_early_and_late_are_told_by_each_ones_own_due_time():
    """A second early and a minute late are still in time here."""
    one = ledger(hello(1), hello(2, NINE + 3_600_000))
    assert one.take("447100000001", "Hello 1", NINE + 60_001, IN_TIME) == ["late"]
    assert one.take("447100000002", "Hello 2", NINE, IN_TIME) == ["early"]


@given(
    owed=st.lists(st.integers(0, 30), max_size=40),
    sent=st.lists(st.integers(0, 40), max_size=60),
)
def test_it_counts_as_a_counter_does(owed, sent):
    """For whatever is owed and whatever comes, in whatever order: a plain Counter says the same."""
    one = ledger(*map(hello, owed))
    said = Counter(wrong for who in sent for wrong in one.take(hello(who).number, hello(who).text, NINE, IN_TIME))
    due, came = Counter(owed), Counter(sent)
    assert one.lost() == (due - came).total()
    assert said["duplicated"] == sum(max(0, came[who] - due[who]) for who in due)
    assert said["unexpected"] == sum(came[who] for who in came if who not in due)
