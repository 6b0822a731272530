"""The messages for which a bridge may count each opt-out at a provider.

An opt-out answers a message. A webhook may name it; otherwise the customer's last message before is the natural one. A
bridge may count the last message before it noticed the opt-out, and order messages as it likes: when they were due,
accepted or delivered. So an older message is only wrong if a later one of the provider is later in every order.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.customer_records import OptOut
from sendproof_harness.history.records import Delivery, History
from sendproof_harness.history.timestamps import MINUTE
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult, ledger
from sendproof_harness.judge.facts.fault_effects import downtime, hidden_successful_sends
from sendproof_harness.judge.facts.metrics import DELIVERED
from sendproof_harness.judge.facts.observation import times_are_meaningful
from sendproof_harness.judge.facts.provider_totals import METRIC_OF_STATUS
from sendproof_harness.judge.facts.reports.learned_statuses import learned_statuses
from sendproof_harness.judge.facts.reports.opt_out_lists import POLL_WITHIN
from sendproof_harness.judge.facts.reports.opt_out_webhooks import first_reports, named_messages
from sendproof_harness.judge.findings import cached_per_history

#: With two messages within this time, a STOP may mean either.
EITHER_WITHIN = 15 * MINUTE


@dataclass(frozen=True, kw_only=True, slots=True)
class _Message:
    """A message to the number of a recipient.

    `settled_at` is when the bridge knew its last status: when it was sent if it has none, None if that is uncertain.
    `delivered_at` is when the bridge knew that it arrived. A message that `may_be_last` belongs to this recipient only.
    """

    recipient: RecipientResult
    delivery: Delivery
    settled_at: int | None
    delivered_at: int | None
    may_be_last: bool

    def follows(self, other: "_Message") -> bool:
        """Return True if this message is the later one of a customer, in whatever order a bridge has them."""
        own, others = self.recipient.obligation, other.recipient.obligation
        if not self.may_be_last or own.customer != others.customer or other.settled_at is None:
            return False
        ended = max(other.delivery.send_at, other.settled_at)
        return own.due > others.due and self.delivery.at >= ended + EITHER_WITHIN


@cached_per_history
def opt_outs_of_recipients(history: History) -> Mapping[int, Sequence[int]]:
    """Return the opt-outs that may count for each recipient of the ledger: their places, by the recipient's `id`."""
    places: defaultdict[int, list[int]] = defaultdict(list)
    recipients = _recipients_by_number(history)
    for place, (opt_out, reported_at) in enumerate(zip(history.opt_outs, first_reports(history), strict=True)):
        for recipient in _counted(history, opt_out, reported_at, recipients.get(opt_out.number, ())):
            places[id(recipient)].append(place)
    return places


def _recipients_by_number(history: History) -> Mapping[str, Sequence[RecipientResult]]:
    numbers = {opt_out.number for opt_out in history.opt_outs}
    found: defaultdict[str, list[RecipientResult]] = defaultdict(list)
    for recipient in ledger(history).recipients if numbers else ():
        if recipient.obligation.number in numbers:
            found[recipient.obligation.number].append(recipient)
    return found


def _counted(
    history: History, opt_out: OptOut, reported_at: int | None, recipients: Sequence[RecipientResult]
) -> Sequence[RecipientResult]:
    """Return the recipients for whom an opt-out may count; those without a message only if no message may count."""
    messages = [
        message
        for message in _messages(history, recipients)
        if reported_at is None or message.delivery.at <= reported_at + POLL_WITHIN
    ]
    last = [message for message in messages if _is_before(history, message, opt_out, reported_at)]
    possible = {
        id(message.recipient)
        for message in messages
        if _is_named(history, message, opt_out) or not any(other.follows(message) for other in last)
    }
    return [
        recipient
        for recipient in recipients
        if id(recipient) in possible or recipient.kind == "indefinite" or not (possible or recipient.deliveries)
    ]


def _messages(history: History, recipients: Iterable[RecipientResult]) -> Iterator[_Message]:
    statuses, hidden, shared = learned_statuses(history), hidden_successful_sends(history), _shared_recipients(history)
    for recipient in recipients:
        for delivery in recipient.deliveries:
            learned = statuses.get(delivery.message, ())
            known = [status.known_at for status in learned if status.known_at is not None]
            delivered = [
                status.known_at for status in learned if METRIC_OF_STATUS.get(status.status.status) == DELIVERED
            ]
            yield _Message(
                recipient=recipient,
                delivery=delivery,
                settled_at=max(known, default=delivery.send_at) if len(known) == len(learned) else None,
                delivered_at=delivered[0] if len(delivered) == len(learned) == 1 else None,
                may_be_last=delivery.request not in hidden and id(recipient) not in shared,
            )


@cached_per_history
def _shared_recipients(history: History) -> frozenset[int]:
    """Return the recipients whose messages may be those of others."""
    return frozenset(id(recipient) for group in ledger(history).interchangeable for recipient in group)


def _is_before(history: History, message: _Message, opt_out: OptOut, reported_at: int | None) -> bool:
    """Return True if the bridge knew that a message of the provider had arrived before the opt-out.

    After an interruption, a bridge may process both in any order. Outside virtual time it may always do so.
    """
    own, arrived_at = message.delivery, message.delivered_at
    is_of_provider = (own.service, own.message_type) == (opt_out.service, opt_out.message_type)
    if not is_of_provider or arrived_at is None or arrived_at > opt_out.at or not times_are_meaningful(history):
        return False
    return not downtime(history, own.at, opt_out.at if reported_at is None else reported_at)


def _is_named(history: History, message: _Message, opt_out: OptOut) -> bool:
    named_at = named_messages(history).get((message.delivery.service, message.delivery.message))
    return named_at is not None and named_at >= opt_out.at
