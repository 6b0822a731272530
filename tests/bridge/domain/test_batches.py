"""Batches, for generated messages."""

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
    """Generate few recipients and times, so that they collide."""
    parts = st.tuples(st.sampled_from(["1", "2", "3"]), st.sampled_from([10, 20]), st.booleans())
    return [Message(index, *part) for index, part in enumerate(draw(st.lists(parts, max_size=60)))]


@given(messages(), st.integers(1, 7))
def test_every_message_is_in_exactly_one_batch(planned_messages, limit):
    batched = [message for batch in plan_batches(planned_messages, limit) for message in batch.messages]

    assert Counter(batched) == Counter(planned_messages)


@given(messages(), st.integers(1, 7))
def test_batch_size_is_within_limit(planned_messages, limit):
    assert all(1 <= len(batch.messages) <= limit for batch in plan_batches(planned_messages, limit))


@given(messages(), st.integers(1, 7))
def test_recipient_is_at_most_once_in_a_batch(planned_messages, limit):
    """A receipt only names the recipient."""
    for batch in plan_batches(planned_messages, limit):
        assert max(Counter(message.recipient for message in batch.messages).values()) == 1


@given(messages(), st.integers(1, 7))
def test_batch_has_one_time_and_one_group(planned_messages, limit):
    """Unicode costs more, so only the batches that need it use it."""
    for batch in plan_batches(planned_messages, limit):
        assert {(message.send_at, message.group) for message in batch.messages} == {(batch.send_at, batch.group)}


def test_batches_are_filled_up():
    planned_messages = [Message(index, str(index), 10, group="") for index in range(11)]

    assert [len(batch.messages) for batch in plan_batches(planned_messages, 5)] == [5, 5, 1]
