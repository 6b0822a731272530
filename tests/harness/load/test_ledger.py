"""Ledger of due and sent messages, in any order."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sendproof_harness.load.ledger import Ledger, Obligation

NINE = 1_772_442_000_000
TOLERANCE = (1_000, 60_000)


def sealed_ledger(*obligations: Obligation) -> Ledger:
    """Return a ledger that is ready for deliveries."""
    ledger = Ledger()
    for obligation in obligations:
        ledger.add(obligation)
    ledger.seal()
    return ledger


def obligation(customer: int, due: int = NINE) -> Obligation:
    """Return an obligation with a unique text."""
    return Obligation(f"C{customer:07d}", f"4471000{customer:05d}", f"Hello {customer}", due)


def opted_out(customer: int) -> Obligation:
    """Return the obligation to send nothing to a customer."""
    return Obligation(f"C{customer:07d}", f"4471000{customer:05d}", None, NINE)


def test_due_message_that_is_sent_has_no_defects():
    obligations = [obligation(1), obligation(2)]
    ledger = sealed_ledger(*obligations)
    assert ledger.check_delivery("447100000001", "Hello 1", NINE, TOLERANCE) == []
    assert ledger.lost() == 1
    assert [lost.customer for lost in ledger.lost_obligations(obligations)] == ["C0000002"]


def test_message_sent_again_is_a_duplicate():
    ledger = sealed_ledger(obligation(1))
    assert [ledger.check_delivery("447100000001", "Hello 1", NINE, TOLERANCE) for _ in range(3)] == [
        [],
        ["duplicated"],
        ["duplicated"],
    ]
    assert ledger.lost() == 0


def test_message_due_twice_may_be_sent_twice():
    """Two campaigns can have the same text for one customer."""
    ledger = sealed_ledger(obligation(1), obligation(1))
    assert ledger.check_delivery("447100000001", "Hello 1", NINE, TOLERANCE) == []
    assert ledger.lost() == 1
    assert ledger.check_delivery("447100000001", "Hello 1", NINE, TOLERANCE) == []
    assert ledger.lost() == 0


def test_message_that_is_not_due_is_classified_by_number_and_text():
    ledger = sealed_ledger(obligation(1), opted_out(2))
    assert ledger.check_delivery("447100000001", "Hello 2", NINE, TOLERANCE) == ["wrong text"]
    assert ledger.check_delivery("447100000002", "Hello 2", NINE, TOLERANCE) == ["sent to opted-out"]
    assert ledger.check_delivery("447100000003", "Hello 1", NINE, TOLERANCE) == ["unexpected"]
    assert (ledger.due, ledger.withheld, ledger.sent, ledger.lost()) == (1, 1, 3, 1)


def test_message_outside_tolerance_of_its_due_time_is_early_or_late():
    ledger = sealed_ledger(obligation(1), obligation(2, NINE + 3_600_000))
    assert ledger.check_delivery("447100000001", "Hello 1", NINE + 60_001, TOLERANCE) == ["late"]
    assert ledger.check_delivery("447100000002", "Hello 2", NINE, TOLERANCE) == ["early"]


@given(
    due=st.lists(st.integers(0, 30), max_size=40),
    sent=st.lists(st.integers(0, 40), max_size=60),
)
def test_any_messages_are_counted_as_by_a_counter(due, sent):
    """A plain Counter is the model of the compact tables."""
    ledger = sealed_ledger(*map(obligation, due))
    defects = Counter(
        defect
        for message in map(obligation, sent)
        for defect in ledger.check_delivery(message.number, message.text, NINE, TOLERANCE)
    )
    due_counts, sent_counts = Counter(due), Counter(sent)
    assert ledger.lost() == (due_counts - sent_counts).total()
    assert defects["duplicated"] == sum(max(0, sent_counts[key] - due_counts[key]) for key in due_counts)
    assert defects["unexpected"] == sum(sent_counts[key] for key in sent_counts if key not in due_counts)
