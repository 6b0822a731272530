"""The differences between what two bridges did, in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.comparison.observed import Observed, SentMessage
from sendproof_harness.comparison.topic import Area, Topic
from sendproof_harness.history.timestamps import MINUTE, span, spoken

#: Send times that differ by less are equal: when a request is made is open.
OPEN_TIME = 1 * MINUTE

_NOTHING, _NOTHING_ELSE = "nothing", "nothing else"
_SHOWN_CHARACTERS = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDifference:
    """One difference: what it is about, and what each side did, in words.

    `heading` groups differences of one sort. `customer` is empty for those about no customer. `is_time` is true if only
    the send time differs.
    """

    area: Area
    heading: str
    topic: Topic
    first: str
    second: str
    customer: str = ""
    is_time: bool = False


def differences(first: Observed, second: Observed, open_time: int = OPEN_TIME) -> list[RunDifference]:
    """Return all differences. Send times count if both runs have meaningful ones."""
    timed = first.timed and second.timed
    return [
        *_message_differences(first.messages, second.messages, open_time if timed else None),
        *_value_differences(first.values, second.values),
    ]


# -- messages ---------------------------------------------------------------------------------------

_MessagesByCustomer = Mapping[str, tuple[SentMessage, ...]]
_Pair = tuple[SentMessage | None, SentMessage | None]


def _message_differences(
    first: _MessagesByCustomer, second: _MessagesByCustomer, open_time: int | None
) -> Iterator[RunDifference]:
    for customer in sorted(first.keys() | second.keys()):
        for pair in _pairs(first.get(customer, ()), second.get(customer, ())):
            heading = _heading(pair, open_time)
            if heading:
                ours, theirs = _shown(pair, has_others=customer in first and customer in second)
                yield RunDifference(
                    area="recipient",
                    heading=heading,
                    topic=Topic(area="recipient", kind="messages", customer=customer),
                    first=ours,
                    second=theirs,
                    customer=customer,
                    is_time=heading.startswith(_OTHER_TIME),
                )


def _pairs(first: Sequence[SentMessage], second: Sequence[SentMessage]) -> Iterator[_Pair]:
    """Yield the messages of one customer in pairs: equal ones, then those with one text, one number, and the rest.

    Of several possible pairs, those nearest in time come first.
    """
    left, right = dict(enumerate(first)), dict(enumerate(second))
    for alike in (_same_content, _same_text, _same_number):
        nearest_first = sorted(
            (abs(message.send_at - other.send_at), position, place)
            for position, message in left.items()
            for place, other in right.items()
            if alike(message, other)
        )
        for _, position, place in nearest_first:
            if position in left and place in right:
                yield left.pop(position), right.pop(place)
    yield from ((message, None) for message in left.values())
    yield from ((None, message) for message in right.values())


def _same_content(message: SentMessage, other: SentMessage) -> bool:
    return (message.text, message.number, message.message_type) == (other.text, other.number, other.message_type)


def _same_text(message: SentMessage, other: SentMessage) -> bool:
    return message.text == other.text


def _same_number(message: SentMessage, other: SentMessage) -> bool:
    return message.number == other.number


_OTHER_TIME = "messages at another time"
# What can differ apart from the time, in the order in which it is named.
_FIELDS: Mapping[str, str] = {
    "text": "messages with another text",
    "number": "messages to another address",
    "message_type": "messages of another type",
}


def _heading(pair: _Pair, open_time: int | None) -> str:
    """Return what differs in a pair, empty if nothing does."""
    first, second = pair
    if first is None:
        return "messages that only B sent"
    if second is None:
        return "messages that only A sent"
    for field, words in _FIELDS.items():
        if getattr(first, field) != getattr(second, field):
            return words
    offset = second.send_at - first.send_at
    if open_time is None or abs(offset) <= open_time:
        return ""
    return f"{_OTHER_TIME}: B {span(offset)} {'later' if offset > 0 else 'earlier'}"


def _shown(pair: _Pair, *, has_others: bool) -> tuple[str, str]:
    """Return both messages in words, with what differs: the text, the address, the type, or the time.

    With `has_others`, the side without a message has sent the customer another one, which both have.
    """
    first, second = pair
    if first is None or second is None:
        nothing = _NOTHING_ELSE if has_others else _NOTHING
        return _whole(first, nothing), _whole(second, nothing)
    for field in _FIELDS:
        ours, theirs = getattr(first, field), getattr(second, field)
        if ours != theirs:
            return (_excerpt(ours), _excerpt(theirs)) if field == "text" else (ours, theirs)
    return spoken(first.send_at), spoken(second.send_at)


def _whole(message: SentMessage | None, nothing: str) -> str:
    return nothing if message is None else f"at {spoken(message.send_at)}: {_excerpt(message.text)}"


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")


# -- statements and calls ---------------------------------------------------------------------------


def _value_differences(first: Mapping[Topic, str], second: Mapping[Topic, str]) -> Iterator[RunDifference]:
    for topic in sorted(first.keys() | second.keys()):
        ours, theirs = first.get(topic, _NOTHING), second.get(topic, _NOTHING)
        if ours != theirs:
            yield RunDifference(
                area=topic.area,
                heading=topic.heading,
                topic=topic,
                first=ours,
                second=theirs,
                customer=topic.customer,
            )


def count_of(found: Sequence[RunDifference]) -> int:
    """Return the number of differences. Those of one recipient are one."""
    recipients = {difference.customer for difference in found if difference.area == "recipient"}
    return len(recipients) + sum(difference.area != "recipient" for difference in found)


def only_side(found: Sequence[RunDifference]) -> str:
    """Return `A` or `B` if the other side has none of what differs; empty if both have some."""
    without_first, without_second = (
        {getattr(difference, side) for difference in found} <= {_NOTHING, _NOTHING_ELSE} for side in ("first", "second")
    )
    return "B" if without_first else "A" if without_second else ""
