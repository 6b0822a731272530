"""Planning batches, for whatever messages there are."""

from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from sendproof_bridge.domain.batches import plan_batches


@dataclass(frozen=True)
class Message:
    customer: int
    recipient: str
    send_at: int
    group: str


@st.composite
def messages(draw):
    """Few recipients and times, so that they meet."""
    parts = st.tuples(st.sampled_from(["1", "2", "3"]), st.sampled_from([10, 20]), st.booleans())
    return [Message(index, *part) for index, part in enumerate(draw(st.lists(parts, max_size=60)))]


@given(messages(), st.integers(1, 7))
def test_every_message_is_in_exactly_one_batch(wanted, limit):
    """Nothing is lost and nothing is sent twice."""
    planned = [message for batch in plan_batches(wanted, limit) for message in batch.messages]

    assert Counter(planned) == Counter(wanted)


@given(messages(), st.integers(1, 7))
def test_no_batch_is_empty_or_too_large(wanted, limit):
    """The provider's limit is kept."""
    assert all(1 <= len(batch.messages) <= limit for batch in plan_batches(wanted, limit))


@given(messages(), st.integers(1, 7))
def test_no_recipient_is_twice_in_a_batch(wanted, limit):
    """A receipt names only the recipient, so it must be clear whose it is."""
    for batch in plan_batches(wanted, limit):
        assert max(Counter(message.recipient for message in batch.messages).values()) == 1


@given(messages(), st.integers(1, 7))
def test_a_batch_has_one_time_and_one_alphabet(wanted, limit):
    """All of a batch goes out at the same moment, and unicode is paid for only where it is needed."""
    for batch in plan_batches(wanted, limit):
        assert {(message.send_at, message.group) for message in batch.messages} == {(batch.send_at, batch.group)}


def test_batches_are_as_full_as_can_be():
    """Eleven recipients at five a batch make three calls, not more."""
    wanted = [Message(index, str(index), 10, group="") for index in range(11)]

    assert [len(batch.messages) for batch in plan_batches(wanted, 5)] == [5, 5, 1]
