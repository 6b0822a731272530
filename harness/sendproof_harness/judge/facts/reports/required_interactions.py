"""The customers of each metric that a bridge must report, by interactions or events, because it knew them early enough.

A customer with several messages needs one report of the metric in the campaign, or one a day if they met a trigger on
several days. Customers who are interchangeable with
others are left out. The documents leave open how to report customers of a cancelled campaign, so they are left out.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import DAY
from sendproof_harness.judge.facts.acknowledgement import is_acknowledged
from sendproof_harness.judge.facts.clients.key_outages import with_key_before
from sendproof_harness.judge.facts.consent import customers_of_opt_outs, opt_outs
from sendproof_harness.judge.facts.deliveries.cancellations import cancellation_times
from sendproof_harness.judge.facts.deliveries.ledger import (
    RecipientResult,
    ledger,
    reported_kind,
    testing_channels,
)
from sendproof_harness.judge.facts.fault_effects import message_of_webhook
from sendproof_harness.judge.facts.keys import CampaignKey, TemplateKey, campaign_key, template_key
from sendproof_harness.judge.facts.metrics import (
    CLICKED,
    DROPPED,
    OPENED,
    UNSUBSCRIBED,
    fresh_within,
    reporting_periods,
)
from sendproof_harness.judge.facts.provider_totals import StatusReader, status_reader
from sendproof_harness.judge.facts.reports.clicks import is_click
from sendproof_harness.judge.facts.reports.occurrences import is_opening
from sendproof_harness.judge.facts.reports.opt_out_webhooks import first_reports
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

# No document says that customers who were not cleared, or whose campaign was cancelled, count as dropped.
_DROP_REASONS = frozenset({"opted_out", "unusable_number", "unusable_address", "unknown_customer"})


@dataclass(frozen=True, kw_only=True, slots=True)
class RequiredInteraction:
    """One customer to report for a metric of the message in `recipient`, which the bridge knew at `known_at`."""

    recipient: RecipientResult
    metric: int
    known_at: int

    @property
    def campaign(self) -> CampaignKey:
        """Campaign and channel."""
        return campaign_key(self.recipient.obligation)

    @property
    def customer(self) -> str:
        """Id of the customer."""
        return self.recipient.obligation.customer


@cached_per_history
def required_interactions(history: History) -> tuple[RequiredInteraction, ...]:
    """Return the interactions that had to be reported before the end, by campaign, customer and metric."""
    required: dict[tuple[CampaignKey, str, int, int], RequiredInteraction] = {}
    for interaction in _known_in_time(history):
        day = interaction.known_at // DAY if interaction.recipient.obligation.trigger is not None else 0
        key = interaction.campaign, interaction.customer, interaction.metric, day
        required[key] = min(required.get(key, interaction), interaction, key=lambda found: found.known_at)
    return tuple(required.values())


@cached_per_history
def required_clicks(history: History) -> Mapping[str, tuple[int, ...]]:
    """Return when the bridge knew each click that needs an event of its own, by customer, in order.

    Only for providers that document an event for each click.
    """
    clicks: defaultdict[str, list[int]] = defaultdict(list)
    for interaction in _known_in_time(history):
        service = interaction.recipient.deliveries[0].service if interaction.recipient.deliveries else None
        if interaction.metric == CLICKED and service is not None and provider(service).reports_each_click:
            clicks[interaction.customer].append(interaction.known_at)
    return {customer: tuple(sorted(times)) for customer, times in clicks.items()}


@cached_per_history
def _known_in_time(history: History) -> tuple[RequiredInteraction, ...]:
    """Return everything that the bridge knew early enough, with every click of a customer."""
    mixed_groups = (group for group in ledger(history).interchangeable if len(set(map(_message_key, group))) > 1)
    excluded = frozenset(id(recipient) for group in mixed_groups for recipient in group)
    testing, cancelled = testing_channels(history), cancellation_times(history)
    recipients = [
        recipient
        for recipient in ledger(history).recipients
        if id(recipient) not in excluded
        and recipient.obligation.channel not in testing
        and campaign_key(recipient.obligation) not in cancelled
    ]
    latest = _latest(history)
    return tuple(
        interaction
        for interaction in _all_interactions(history, recipients)
        if interaction.known_at <= latest[interaction.campaign]
    )


def _message_key(recipient: RecipientResult) -> tuple[str, TemplateKey]:
    return recipient.obligation.customer, template_key(recipient.obligation)


def _all_interactions(history: History, recipients: list[RecipientResult]) -> Iterator[RequiredInteraction]:
    reports_of, clicks, opens = status_reader(history), _reported_clicks(history), _reported_opens(history)
    for recipient in recipients:
        yield from _by_status(recipient, reports_of)
        if _must_report_drop(history, recipient) and not recipient.deliveries:
            yield RequiredInteraction(recipient=recipient, metric=DROPPED, known_at=recipient.obligation.due)
        for delivery in recipient.deliveries:
            for clicked_at in clicks.get((delivery.service, delivery.message), ()):
                yield RequiredInteraction(recipient=recipient, metric=CLICKED, known_at=clicked_at)
            if (opened_at := opens.get((delivery.service, delivery.message))) is not None:
                yield RequiredInteraction(recipient=recipient, metric=OPENED, known_at=opened_at)
    yield from _unsubscribed(history, recipients)


def _must_report_drop(history: History, recipient: RecipientResult) -> bool:
    """Return True if a report of single customers must count this one as dropped."""
    obligation = recipient.obligation
    opted_out_in_run = obligation.customer in opt_outs(history)
    is_withheld = reported_kind(history, recipient) == "withheld"
    return is_withheld and not opted_out_in_run and obligation.reason in _DROP_REASONS


def _by_status(recipient: RecipientResult, reports_of: StatusReader) -> Iterator[RequiredInteraction]:
    """Yield sent, delivered and bounced; a customer with several messages of one campaign is left out."""
    if len(recipient.deliveries) != 1:
        return
    for report in reports_of(recipient):
        if not report.pulled:
            yield RequiredInteraction(recipient=recipient, metric=report.metric, known_at=report.certain_at)


def _reported_clicks(history: History) -> Mapping[tuple[str, str], Sequence[int]]:
    """Return when the bridge first acknowledged each click, by provider and message."""
    first: dict[tuple[str, str], int] = {}
    for attempt in history.webhooks:
        if is_click(attempt) and is_acknowledged(attempt):
            first.setdefault((attempt.service, attempt.key), attempt.at)
    clicks: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for (service, key), at in first.items():
        clicks[service, message_of_webhook(key)].append(at)
    return clicks


def _reported_opens(history: History) -> Mapping[tuple[str, str], int]:
    """Return when the bridge acknowledged that a message was opened, by provider and message."""
    opens: dict[tuple[str, str], int] = {}
    for attempt in history.webhooks:
        if is_opening(attempt) and is_acknowledged(attempt):
            opens.setdefault((attempt.service, message_of_webhook(attempt.key)), attempt.at)
    return opens


def _unsubscribed(history: History, recipients: list[RecipientResult]) -> Iterator[RequiredInteraction]:
    """Yield the opt-outs that a provider reported to the bridge, with the customer's last message before.

    Numbers with several customers are left out, because an opt-out does not say who made it. So are channels of
    customer ids: only the provider has to know whose number it is.
    """
    customers, reported = customers_of_opt_outs(history), _first_reported(history)
    without_numbers = {channel.id for channel in history.header.channels if channel.recipients == "customer_ids"}
    numbered = [recipient for recipient in recipients if recipient.obligation.channel not in without_numbers]
    last: dict[_Place, RecipientResult] = {}
    for recipient in sorted(numbered, key=lambda recipient: recipient.obligation.due):
        for delivery in recipient.deliveries:
            place = delivery.service, delivery.number, delivery.message_type
            opted_out_at, _ = reported.get(place, (-1, -1))
            if delivery.send_at <= opted_out_at and len(customers[delivery.number]) == 1:
                last[place] = recipient
    # A bridge that stops a number at every provider need not count its opt-out at the next one as another.
    first: dict[tuple[str, str], _Place] = {}
    for place in sorted(last, key=lambda place: reported[place][1]):
        first.setdefault(place[1:], place)
    for place in first.values():
        yield RequiredInteraction(recipient=last[place], metric=UNSUBSCRIBED, known_at=reported[place][1])


#: Provider, number and type of messages.
_Place = tuple[str, str, str]


def _first_reported(history: History) -> Mapping[_Place, tuple[int, int]]:
    """Return the first opt-out of each number that was reported to the bridge: its time, and that of the report."""
    found: dict[_Place, tuple[int, int]] = {}
    for opt_out, reported_at in zip(history.opt_outs, first_reports(history), strict=True):
        if reported_at is not None:
            found.setdefault((opt_out.service, opt_out.number, opt_out.message_type), (opt_out.at, reported_at))
    return found


def _latest(history: History) -> Mapping[CampaignKey, int]:
    """Return the latest time at which the bridge could learn of an event and had to report it, by campaign."""
    periods, ended = reporting_periods(history), history.header.ended
    campaigns = {campaign_key(recipient.obligation) for recipient in ledger(history).recipients}
    ends = {campaign: min(ended, periods.get(campaign, (0, ended))[1]) for campaign in campaigns}
    return {campaign: with_key_before(history, end, fresh_within(history)) for campaign, end in ends.items()}
