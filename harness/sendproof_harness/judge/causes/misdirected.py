"""Messages that went to another recipient's number: surplus deliveries, matched to the lost messages of their time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sendproof_harness.history.records import Delivery, History, Obligation
from sendproof_harness.judge.facts.deliveries.deadlines import deadlines
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult, ledger
from sendproof_harness.judge.facts.deliveries.matching import EARLY_TOLERANCE
from sendproof_harness.judge.facts.templates import TemplateText, due_template
from sendproof_harness.judge.findings import cached_per_history

# Two messages are rather a message and its repetition.
_LEAST_MESSAGES = 3


@dataclass(frozen=True, kw_only=True)
class Misdirected:
    """The surplus delivery of each lost message, and the recipients who got such messages, by `id`."""

    surplus: Mapping[int, Delivery]
    receivers: frozenset[int]


@dataclass(slots=True)
class _Surplus:
    """The surplus deliveries to the numbers of other recipients, in order of time, and those of each template."""

    deliveries: Sequence[Delivery]
    of_template: dict[str, list[Delivery]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def take(self, text: TemplateText, start: int, end: int) -> Delivery | None:
        """Return a delivery with a text of this template from this time, only once."""
        if text.body not in self.of_template:
            self.of_template[text.body] = [
                delivery for delivery in self.deliveries if text.values(delivery.text) is not None
            ]
        fitting = self.of_template[text.body]
        while fitting and (fitting[0].send_at < start or fitting[0].message in self.taken):
            fitting.pop(0)
        if not fitting or fitting[0].send_at > end:
            return None
        found = fitting.pop(0)
        self.taken.add(found.message)
        return found


@cached_per_history
def misdirected(history: History) -> Misdirected:
    """Match the lost messages with surplus deliveries of their template and time to other recipients' numbers."""
    recipients = ledger(history).recipients
    owners = {
        delivery.message: id(recipient.obligation)
        for recipient in recipients
        if recipient.kind == "duplicated" and len(recipient.deliveries) >= _LEAST_MESSAGES
        for delivery in recipient.deliveries[1:]
    }
    if not owners:
        return Misdirected(surplus={}, receivers=frozenset())
    lost = [recipient.obligation for recipient in recipients if recipient.kind == "lost"]
    surplus = _Surplus(_in_order(recipients, owners))
    found: dict[int, Delivery] = {}
    for obligation in sorted(lost, key=lambda obligation: obligation.due):
        template = due_template(history, obligation)
        window = (obligation.due - EARLY_TOLERANCE, deadlines(history)(obligation))
        delivery = None if template is None else surplus.take(template.text, *window)
        if delivery is not None:
            found[id(obligation)] = delivery
    receivers = frozenset(owners[delivery.message] for delivery in found.values())
    return Misdirected(surplus=found, receivers=receivers)


def _in_order(recipients: Iterable[RecipientResult], owners: Mapping[str, int]) -> list[Delivery]:
    found = [delivery for recipient in recipients for delivery in recipient.deliveries if delivery.message in owners]
    return sorted(found, key=lambda delivery: (delivery.send_at, delivery.message))


def misdirected_delivery(history: History, obligation: Obligation) -> Delivery | None:
    """Return the delivery to another recipient's number that this lost message likely became."""
    return misdirected(history).surplus.get(id(obligation))
