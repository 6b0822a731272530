"""The events of each customer that a report may contain: by customer and metric, with the time each became known.

A report need not contain events that the bridge could not know. It may contain a status that the provider withdrew
later.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.records import DeliveryStatus, History
from sendproof_harness.judge.facts.acknowledgement import is_acknowledged
from sendproof_harness.judge.facts.consent import customers_of_opt_outs, opt_outs
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult, ledger
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE, message_of_webhook
from sendproof_harness.judge.facts.metrics import BOUNCED, CLICKED, DROPPED, UNSUBSCRIBED
from sendproof_harness.judge.facts.provider_totals import METRIC_OF_STATUS
from sendproof_harness.judge.findings import cached_per_history

#: Customer and metric.
EventKey = tuple[str, int]

# No document says that customers who were not cleared, or whose campaign was cancelled, count as dropped.
_DROP_REASONS = frozenset({"opted_out", "unusable_number"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportableEvent:
    """One event of a customer at `at`; `required` if a bridge that reports events must know it by the end.

    `known_at` is when the bridge knew: the provider posted it, or the bridge decided it. None means it had to ask.
    """

    at: int
    required: bool
    known_at: int | None = None


@cached_per_history
def reportable_events(history: History) -> Mapping[EventKey, tuple[ReportableEvent, ...]]:
    """Return all events by customer and metric, in order of time."""
    events: defaultdict[EventKey, list[ReportableEvent]] = defaultdict(list)
    for key, event in _delivery_events(history):
        events[key].append(event)
    for key, actions in customer_actions(history).items():
        events[key] += actions
    return {key: tuple(sorted(of_key, key=lambda event: event.at)) for key, of_key in events.items()}


@cached_per_history
def customer_actions(history: History) -> Mapping[EventKey, tuple[ReportableEvent, ...]]:
    """Return clicks and opt-outs by customer; not every provider reports them to the bridge."""
    clicked = {click.message for click in history.clicks}
    customer_of_message = {
        delivery.message: recipient.obligation.customer
        for recipient in (ledger(history).recipients if clicked else ())
        for delivery in recipient.deliveries
        if delivery.message in clicked
    }
    actions: defaultdict[EventKey, list[ReportableEvent]] = defaultdict(list)
    for click in history.clicks:
        if click.message in customer_of_message:
            actions[customer_of_message[click.message], CLICKED].append(ReportableEvent(at=click.at, required=False))
    customers = customers_of_opt_outs(history)
    for opt_out in history.opt_outs:
        for customer in customers.get(opt_out.number, ()):
            actions[customer, UNSUBSCRIBED].append(ReportableEvent(at=opt_out.at, required=False))
    return {key: tuple(of_key) for key, of_key in actions.items()}


def _delivery_events(history: History) -> Iterator[tuple[EventKey, ReportableEvent]]:
    statuses: defaultdict[str, list[DeliveryStatus]] = defaultdict(list)
    for status in history.delivery_statuses:
        statuses[status.message].append(status)
    rejected = {rejection.number for rejection in history.rejections if not rejection.whole_call}
    known_at = _first_webhooks(history)
    for recipient in ledger(history).recipients:
        customer, due = recipient.obligation.customer, recipient.obligation.due
        for metric, event in _status_events(recipient, statuses, known_at):
            yield (customer, metric), event
        if not recipient.deliveries and recipient.kind != "pending":
            required = must_report_drop(history, recipient)
            known = due if required else None
            yield (customer, DROPPED), ReportableEvent(at=due, required=required, known_at=known)
            if recipient.kind == "refused":
                yield (customer, BOUNCED), ReportableEvent(at=due, required=False)
        elif recipient.obligation.number in rejected:
            yield (customer, DROPPED), ReportableEvent(at=due, required=False)


def must_report_drop(history: History, recipient: RecipientResult) -> bool:
    """Return True if a report of single customers must count this one as dropped."""
    obligation = recipient.obligation
    opted_out_in_run = obligation.customer in opt_outs(history)
    return recipient.kind == "withheld" and not opted_out_in_run and obligation.reason in _DROP_REASONS


def _first_webhooks(history: History) -> Mapping[str, int]:
    """Return, by message, when the bridge first acknowledged a webhook about it."""
    first: dict[str, int] = {}
    for attempt in history.webhooks:
        if attempt.service != OPTIMOVE and is_acknowledged(attempt):
            first.setdefault(message_of_webhook(attempt.key), attempt.at)
    return first


def _status_events(
    recipient: RecipientResult, statuses: Mapping[str, Sequence[DeliveryStatus]], first_webhooks: Mapping[str, int]
) -> Iterator[tuple[int, ReportableEvent]]:
    for delivery in recipient.deliveries:
        of_message, webhook_at = statuses.get(delivery.message, ()), first_webhooks.get(delivery.message)
        for status in of_message:
            metric = METRIC_OF_STATUS.get(status.status)
            if metric is not None:
                required = webhook_at is not None and len(of_message) == 1
                known_at = None if webhook_at is None else max(webhook_at, status.at)
                yield metric, ReportableEvent(at=status.at, required=required, known_at=known_at)
