"""Messages that a provider accepted and that reached nobody: tests, and those that the bridge withdrew in time.

Such a message explains a lost one with its address and text, unless it was right: a test on a channel in testing mode,
or a message of a campaign that was cancelled, or to a customer who opted out. Each explains one message, the nearest.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sendproof_harness.history.records import Delivery, History, Obligation
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult, ledger, testing_channels
from sendproof_harness.judge.facts.deliveries.message_types import message_type
from sendproof_harness.judge.findings import cached_per_history

_TEST = "sent as a test, although the channel is not in testing mode"
_WITHDRAWN = "withdrawn by the bridge before it went out"
# The reasons of messages that a bridge may have had to withdraw; None if the customer opted out in between.
_WITHDRAWN_RIGHTLY = frozenset({None, "cancelled"})

_Place = tuple[str, str, str, str]


@cached_per_history
def uncounted(history: History) -> Mapping[int, str]:
    """Return what happened to the accepted message of a lost one, by `id` of the obligation."""
    accepted, timed = _accepted(history), ledger(history).timed
    claims: defaultdict[_Place, list[RecipientResult]] = defaultdict(list)
    for recipient in ledger(history).recipients if accepted else ():
        for cause in _possible_causes(history, recipient):
            claims[_place(history, recipient.obligation, cause)].append(recipient)
    return {
        id(recipient.obligation): place[0]
        for place, deliveries in accepted.items()
        for recipient in _nearest(deliveries, claims[place], timed=timed)
        if recipient.kind == "lost"
    }


def _possible_causes(history: History, recipient: RecipientResult) -> Sequence[str]:
    """Return which accepted messages may belong to a recipient who got none."""
    if recipient.kind == "lost":
        return _TEST, _WITHDRAWN
    if recipient.kind != "withheld":
        return ()
    if recipient.obligation.channel in testing_channels(history):
        return (_TEST,)
    return (_WITHDRAWN,) if recipient.obligation.reason in _WITHDRAWN_RIGHTLY else ()


def _accepted(history: History) -> Mapping[_Place, Sequence[Delivery]]:
    withdrawn = {(withdrawal.service, withdrawal.message) for withdrawal in history.withdrawals}
    accepted: defaultdict[_Place, list[Delivery]] = defaultdict(list)
    for delivery in history.deliveries:
        if delivery.test or (delivery.service, delivery.message) in withdrawn:
            cause = _TEST if delivery.test else _WITHDRAWN
            accepted[cause, delivery.message_type, delivery.number, delivery.text].append(delivery)
    return accepted


def _place(history: History, obligation: Obligation, cause: str) -> _Place:
    return cause, message_type(history, obligation.channel), obligation.number or "", obligation.text or ""


def _nearest(
    deliveries: Sequence[Delivery], claims: Sequence[RecipientResult], *, timed: bool
) -> Iterator[RecipientResult]:
    """Give each message to the nearest recipient, and yield those with a message.

    Of two that are equally near, the one that was withheld rightly comes first. Without times, all of those do.
    """
    by_distance = sorted(
        (abs(delivery.send_at - recipient.obligation.due) if timed else 0, recipient.kind == "lost", place, number)
        for place, recipient in enumerate(claims)
        for number, delivery in enumerate(deliveries)
    )
    places, numbers = set[int](), set[int]()
    for _, _, place, number in by_distance:
        if place not in places and number not in numbers:
            places.add(place)
            numbers.add(number)
            yield claims[place]
