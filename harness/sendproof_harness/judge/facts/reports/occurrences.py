"""The real events of each customer of a campaign: when each happened, and when the bridge learned of it.

A statement about a customer is judged by them: it must come after the event, carry its day, and not repeat it. An event
that the bridge had to ask for has no `known_at`: its statement may carry any time until the report.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.records import History, Webhook
from sendproof_harness.history.timestamps import MINUTE
from sendproof_harness.judge.facts.acknowledgement import is_acknowledged
from sendproof_harness.judge.facts.consent import customers_of_opt_outs
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult, ledger, reported_kind
from sendproof_harness.judge.facts.fault_effects import (
    OPTIMOVE,
    downtime,
    hidden_successful_sends,
    message_of_webhook,
)
from sendproof_harness.judge.facts.keys import CampaignKey, TemplateKey, campaign_key, template_key
from sendproof_harness.judge.facts.metrics import BOUNCED, CLICKED, DELIVERED, DROPPED, OPENED, SENT, UNSUBSCRIBED
from sendproof_harness.judge.facts.provider_totals import METRIC_OF_STATUS, RECEIPT_DELAY
from sendproof_harness.judge.facts.reports.clicks import is_click
from sendproof_harness.judge.facts.reports.learned_statuses import learned_statuses
from sendproof_harness.judge.facts.reports.opt_out_messages import opt_outs_of_recipients
from sendproof_harness.judge.facts.reports.opt_out_webhooks import first_reports
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

# Clocks of providers may show a time up to a minute before the status, because they round it.
_ROUNDING = MINUTE
# A refused recipient counts as dropped, or as sent and bounced.
_REFUSED_METRICS = frozenset({SENT, BOUNCED, DROPPED})
_ANY_METRIC = frozenset({SENT, DELIVERED, BOUNCED, DROPPED, OPENED, CLICKED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Occurrence:
    """One event at `at`. From `known_at` on, the bridge knew of it; None if it had to ask or a fault hid it.

    A provider that is asked may only state when the message was sent, at `sent_at`.
    """

    at: int
    known_at: int | None
    sent_at: int | None = None

    def may_be_dated(self, history: History, reported_at: int) -> tuple[int, int]:
        """Return the earliest and the latest time that a report at `reported_at` may give.

        The receipt of an event may come late, after the bridge has asked for it: most answers have no time of the
        event. So the bridge may date it by when it learned of it, although the receipt has a time.
        """
        if self.known_at is None:
            earliest = self.at if self.sent_at is None else min(self.at, self.sent_at)
            return earliest - _ROUNDING, max(self.at, reported_at)
        latest = self.known_at + RECEIPT_DELAY + downtime(history, self.known_at, reported_at)
        return self.at - _ROUNDING, max(self.at, min(reported_at, latest))


OccurrenceReader = Callable[[RecipientResult, int], Iterator[Occurrence]]


@cached_per_history
def occurrence_reader(history: History) -> OccurrenceReader:
    """Return a function that yields the events of one recipient for one metric."""
    statuses, actions = learned_statuses(history), {CLICKED: _clicks(history), OPENED: _opens(history)}
    hidden, opted_out, counted = hidden_successful_sends(history), _opt_outs(history), opt_outs_of_recipients(history)
    rejected = {rejection.number for rejection in history.rejections if not rejection.whole_call}

    def of_delivery(recipient: RecipientResult, metric: int) -> Iterator[Occurrence]:
        for delivery in recipient.deliveries:
            if metric == SENT:
                is_uncertain = delivery.request in hidden or provider(delivery.service).rejects_late
                sent_at = max(delivery.at, delivery.send_at)
                yield Occurrence(at=delivery.at, known_at=None if is_uncertain else sent_at)
            elif metric in actions:
                yield from actions[metric].get(delivery.message, ())
            for learned in statuses.get(delivery.message, ()):
                if METRIC_OF_STATUS.get(learned.status.status) == metric:
                    yield Occurrence(at=learned.status.at, known_at=learned.known_at, sent_at=delivery.at)

    def occurrences(recipient: RecipientResult, metric: int) -> Iterator[Occurrence]:
        obligation = recipient.obligation
        if metric == UNSUBSCRIBED:
            yield from (opted_out[position] for position in counted.get(id(recipient), ()))
        elif metric in _metrics_without_delivery(history, recipient, was_rejected=obligation.number in rejected):
            yield Occurrence(at=obligation.at, known_at=None)
        else:
            yield from of_delivery(recipient, metric)

    return occurrences


def _metrics_without_delivery(history: History, recipient: RecipientResult, *, was_rejected: bool) -> Collection[int]:
    """Return the metrics that may count a recipient for no delivery."""
    if recipient.deliveries:
        return (DROPPED,) if was_rejected else ()
    if recipient.kind == "indefinite":
        return _ANY_METRIC
    return _REFUSED_METRICS if reported_kind(history, recipient) == "refused" else (DROPPED,)


def _clicks(history: History) -> Mapping[str, Sequence[Occurrence]]:
    """Return the clicks by message; the nth posted click is the nth click."""
    posted: defaultdict[str, list[int]] = defaultdict(list)
    for attempt in history.webhooks if history.clicks else ():
        if is_click(attempt) and is_acknowledged(attempt):
            posted[message_of_webhook(attempt.key)].append(attempt.at)
    clicks: defaultdict[str, list[Occurrence]] = defaultdict(list)
    for click in history.clicks:
        of_message = clicks[click.message]
        later = [at for at in posted[click.message][len(of_message) :] if at >= click.at]
        of_message.append(Occurrence(at=click.at, known_at=min(later, default=None)))
    return clicks


def _opens(history: History) -> Mapping[str, Sequence[Occurrence]]:
    """Return the opening of each message, which happens once."""
    posted: dict[str, int] = {}
    for attempt in history.webhooks if history.opens else ():
        if is_opening(attempt) and is_acknowledged(attempt):
            posted.setdefault(message_of_webhook(attempt.key), attempt.at)
    return {
        opened.message: (Occurrence(at=opened.at, known_at=posted.get(opened.message)),) for opened in history.opens
    }


def is_opening(attempt: Webhook) -> bool:
    """Return True for a webhook about a message that was opened."""
    return attempt.service != OPTIMOVE and attempt.event in provider(attempt.service).open_events


@cached_per_history
def _opt_outs(history: History) -> Sequence[Occurrence]:
    """Return the opt-outs at providers, in the order of the history."""
    reports = zip(history.opt_outs, first_reports(history), strict=True)
    return [Occurrence(at=opt_out.at, known_at=known_at) for opt_out, known_at in reports]


# -- customers --------------------------------------------------------------------------------------

_Recipients = tuple[RecipientResult, ...]


@cached_per_history
def recipients_by_customer(history: History) -> Mapping[CampaignKey, Mapping[str, _Recipients]]:
    """Return the recipients that each customer of a campaign is, or may be if they are interchangeable."""
    found: defaultdict[CampaignKey, dict[str, _Recipients]] = defaultdict(dict)
    for recipient in ledger(history).recipients:
        _add(found, recipient, (recipient,))
    for group in ledger(history).interchangeable:
        for recipient in group:
            _add(found, recipient, (peer for peer in group if peer is not recipient))
    return found


def _add(
    found: Mapping[CampaignKey, dict[str, _Recipients]], recipient: RecipientResult, more: Iterable[RecipientResult]
) -> None:
    of_campaign, customer = found[campaign_key(recipient.obligation)], recipient.obligation.customer
    known = of_campaign.get(customer, ())
    of_campaign[customer] = known + tuple(peer for peer in more if not any(peer is other for other in known))


OccurrencesOf = Callable[[CampaignKey, str, int], tuple[Occurrence, ...]]


@cached_per_history
def customer_occurrences(history: History) -> OccurrencesOf:
    """Return a function for the events of a customer of a campaign for one metric, in order of time."""
    occurrences, by_customer = occurrence_reader(history), recipients_by_customer(history)

    def of_customer(campaign: CampaignKey, customer: str, metric: int) -> tuple[Occurrence, ...]:
        recipients = by_customer.get(campaign, {}).get(customer, ())
        found = [occurrence for recipient in recipients for occurrence in occurrences(recipient, metric)]
        if metric == UNSUBSCRIBED:
            # It may count for any of the messages, but only once.
            found = list({id(occurrence): occurrence for occurrence in found}.values())
        return tuple(sorted(found, key=lambda occurrence: occurrence.at) if len(found) > 1 else found)

    return of_customer


# -- single events ----------------------------------------------------------------------------------

#: Customer and metric.
EventKey = tuple[str, int]

# There is no event for sent.
_EVENT_METRICS = (DELIVERED, BOUNCED, DROPPED, OPENED, CLICKED, UNSUBSCRIBED)


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerEvent:
    """One event of a customer, and the campaigns, channels and templates that it may belong to."""

    occurrence: Occurrence
    templates: Collection[TemplateKey]


@cached_per_history
def reportable_events(history: History) -> Mapping[EventKey, tuple[CustomerEvent, ...]]:
    """Return all events that saveEvent may report, by customer and metric, in order of time."""
    occurrences = occurrence_reader(history)
    # Those of each opt-out of a customer, by its identity: a number may opt out again.
    templates: defaultdict[tuple[str, int], set[TemplateKey]] = defaultdict(set)
    events: defaultdict[EventKey, list[CustomerEvent]] = defaultdict(list)
    for of_campaign in recipients_by_customer(history).values():
        for customer, recipients in of_campaign.items():
            own = frozenset(template_key(recipient.obligation) for recipient in recipients)
            for opt_out in (event for recipient in recipients for event in occurrences(recipient, UNSUBSCRIBED)):
                templates[customer, id(opt_out)] |= own
            for metric in _EVENT_METRICS[:-1]:
                found = (occurrence for recipient in recipients for occurrence in occurrences(recipient, metric))
                events[customer, metric] += (CustomerEvent(occurrence=event, templates=own) for event in found)
    for reported, occurrence in zip(history.opt_outs, _opt_outs(history), strict=True):
        for customer in customers_of_opt_outs(history).get(reported.number, ()):
            of_opt_out = templates[customer, id(occurrence)]
            events[customer, UNSUBSCRIBED].append(CustomerEvent(occurrence=occurrence, templates=of_opt_out))
    return {
        key: tuple(sorted(of_key, key=lambda event: event.occurrence.at)) for key, of_key in events.items() if of_key
    }
