"""The metrics that the bridge reported, and the customers that they should count."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.records import History, Request
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE
from sendproof_harness.judge.facts.deliveries.cancellations import cancellation_times
from sendproof_harness.judge.facts.deliveries.deadlines import deadlines, first_notified
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult, count_of, ledger, testing_channels
from sendproof_harness.judge.facts.fault_effects import (
    hidden_successful_sends,
    is_result_hidden,
    providers_without_record,
)
from sendproof_harness.judge.facts.keys import CampaignKey, TemplateKey, campaign_key, template_key
from sendproof_harness.judge.facts.observation import times_are_meaningful
from sendproof_harness.judge.facts.pages import WITHOUT_ROW
from sendproof_harness.judge.facts.wishes import reports_a_day, wants_events, wants_interactions
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

SENT, DELIVERED, OPENED, CLICKED, UNSUBSCRIBED, DROPPED, SPAM, BOUNCED = 0, 1, 2, 3, 4, 5, 6, 9
METRIC_NAMES: Mapping[int, str] = {
    SENT: "sent",
    DELIVERED: "delivered",
    OPENED: "opened",
    CLICKED: "clicked",
    UNSUBSCRIBED: "unsubscribed",
    DROPPED: "dropped",
    SPAM: "spam reports",
    BOUNCED: "bounced",
}

#: In an obligation: the visitor of the client's site is no customer, so no message is due.
VISITOR = "visitor"

#: The service with the operation saveEvent.
EVENTS_SERVICE = "optimove-metrics"

# The dialect that decides if a reported value replaces the previous one or adds to it.
_VALUES_DIALECT = "optimove.metric_values"
_TOTALS = "UpdateCampaignMetrics"
_REPORTS = frozenset({_TOTALS, "UpdateCampaignInteractions"})
# Faults whose response says that the call had no effect.
_REFUSALS = frozenset({"rate_limited", "unauthorized"})

#: The period after the first send in which metrics must be reported.
REPORTING_DAYS = 7
# Less than this does not matter for a number of reports a day.
_LATE = HOUR
# A campaign with many templates needs several requests for one push; requests within this time are one.
PUSH_DURATION = 1 * MINUTE


def report_within(history: History) -> int:
    """Return how soon a bridge reports what it knows, in milliseconds; the hour is for receipts that are retried."""
    return DAY // reports_a_day(history) + HOUR


@cached_per_history
def fresh_within(history: History) -> int:
    """Return the greatest age of what a report leaves out, in milliseconds.

    A bridge may poll statuses and report them in two separate rhythms.
    """
    return 2 * DAY // reports_a_day(history) + HOUR


def metric_name(metric: int) -> str:
    """Return the name of a metric, also of an undocumented one."""
    return METRIC_NAMES.get(metric, f"metric {metric}")


# -- reported values --------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportedValue:
    """The total of one metric of one template after one report."""

    at: int
    value: int


@cached_per_history
def reported_values(history: History) -> Mapping[TemplateKey, Mapping[int, Sequence[ReportedValue]]]:
    """Return the reported totals in order, by template and metric; additive values are summed up."""
    reported: defaultdict[TemplateKey, defaultdict[int, list[ReportedValue]]] = defaultdict(lambda: defaultdict(list))
    additive = values_add_up(history)
    for push in history.metrics:
        for item in push.items:
            values = reported[template_key(item)][item.metric]
            previous = last_value(values) if additive else 0
            values.append(ReportedValue(at=push.at, value=previous + item.value))
    return reported


def values_add_up(history: History) -> bool:
    """Return True if a reported value adds to the previous one, instead of replacing it."""
    return history.header.dialects.get(_VALUES_DIALECT) == "additive"


@cached_per_history
def lost_growth(history: History) -> Request | None:
    """Return the first report of totals whose result was hidden from the bridge, if values add up; None without one.

    The bridge cannot find out if the report counted, so that neither a repetition nor a gap is its fault. After a
    refusal, it knows that it did not count.
    """
    if not values_add_up(history):
        return None
    reports = (request for request in history.requests if request.operation == _TOTALS)
    return next((report for report in reports if is_result_hidden(report) and not _is_refused(report)), None)


def _is_refused(report: Request) -> bool:
    return report.fault is not None and report.fault.fault in _REFUSALS


def last_value(values: Sequence[ReportedValue]) -> int:
    """Return the last reported total; 0 if there was none."""
    return values[-1].value if values else 0


@cached_per_history
def pushes(history: History) -> Mapping[CampaignKey, Sequence[int]]:
    """Return the times of the metric pushes of each campaign."""
    pushed: defaultdict[CampaignKey, list[int]] = defaultdict(list)
    for push in history.metrics:
        for key in {campaign_key(item) for item in push.items}:
            if not pushed[key] or push.at - pushed[key][-1] > PUSH_DURATION:
                pushed[key].append(push.at)
    return pushed


def reports_events_only(history: History) -> bool:
    """Return True if the bridge reports single customers by saveEvent, and no totals.

    A rejected event counts as well. A bridge that reports nothing takes the way that its client wants.
    """
    if history.metrics or wants_interactions(history):
        return False
    return (
        wants_events(history)
        or bool(history.engagements)
        or any(request.service == EVENTS_SERVICE for request in history.requests)
    )


def must_report_totals(history: History) -> bool:
    """Return True if the bridge must report totals: it does not report events, and a channel is not in testing mode."""
    return not reports_events_only(history) and must_report(history)


def misses_reports_unseen(history: History) -> bool:
    """Return True if the bridge never tried to report, and could not see the required time pass."""
    if times_are_meaningful(history) or history.metrics or history.interactions or history.engagements:
        return False
    tried = any(request.operation in _REPORTS or request.service == EVENTS_SERVICE for request in history.requests)
    return not tried and bool(reporting_periods(history))


def must_report(history: History) -> bool:
    """Return True if any channel must be reported."""
    return not all(channel.testing for channel in history.header.channels)


# -- customers to count -----------------------------------------------------------------------------


@cached_per_history
def targeted_customers(history: History) -> Mapping[TemplateKey, int]:
    """Return the number of customers of each template of each announced campaign, without those who have no row."""
    count = Counter[TemplateKey]()
    for obligation in history.obligations:
        has_row = obligation.reason not in WITHOUT_ROW
        count[template_key(obligation)] += has_row * history.alike.customers.get(obligation.customer, 1)
    return count


@cached_per_history
def last_send_times(history: History) -> Mapping[TemplateKey, int]:
    """Return until when the last message of each template could go out in time; when it was due, without such times."""
    last: defaultdict[TemplateKey, int] = defaultdict(int)
    deadline = deadlines(history) if times_are_meaningful(history) else None
    for obligation in history.obligations:
        key = template_key(obligation)
        last[key] = max(last[key], obligation.due if deadline is None else deadline(obligation))
    return last


@cached_per_history
def reporting_periods(history: History) -> Mapping[CampaignKey, tuple[int, int]]:
    """Return when the reports of each campaign begin and end: seven days after its messages.

    A scheduled campaign begins when its first message is due, and ends seven days later. If all of its messages went
    out much later, both move with the first of them: there was nothing to report before. If it was announced later, it
    begins then: no bridge can report it before. One that was cancelled has reports only if a message went out that was
    due before: the documents leave open whether its dropped customers count. A triggered one begins with the first
    message that went out, and ends seven days after the last. A channel in testing mode has no reports.
    """
    first_sent: dict[CampaignKey, int] = {}
    triggered = triggered_campaigns(history)
    for recipient in _reported_recipients(history):
        key = campaign_key(recipient.obligation)
        if recipient.deliveries:
            sent_at = recipient.deliveries[0].send_at
            first_sent[key] = min(sent_at, first_sent.get(key, sent_at))
    announced = {campaign_key(campaign): campaign.announced_at or 0 for campaign in history.campaigns}
    times = execution_times(history)
    begins = {key: _beginning(of_campaign[0], first_sent.get(key, 0)) for key, of_campaign in times.items()}
    return {
        key: (
            max(begins[key], announced.get(key, 0)),
            (of_campaign[-1] if key in triggered else begins[key]) + REPORTING_DAYS * DAY,
        )
        for key, of_campaign in times.items()
    }


@cached_per_history
def triggered_campaigns(history: History) -> frozenset[CampaignKey]:
    """Return the campaigns whose messages go out because of triggers."""
    return frozenset(campaign_key(obligation) for obligation in history.obligations if obligation.trigger is not None)


@cached_per_history
def execution_times(history: History) -> Mapping[CampaignKey, Sequence[int]]:
    """Return when the messages of each campaign were due, or went out because of a trigger, in order."""
    times: defaultdict[CampaignKey, set[int]] = defaultdict(set)
    for recipient in _reported_recipients(history):
        at = _executed_at(recipient)
        if at is not None:
            times[campaign_key(recipient.obligation)].add(at)
    return {key: sorted(found) for key, found in times.items()}


def _reported_recipients(history: History) -> Iterator[RecipientResult]:
    """Yield the recipients whose messages the bridge has to report."""
    cancelled, testing = cancellation_times(history), testing_channels(history)
    for recipient in ledger(history).recipients:
        key, at = campaign_key(recipient.obligation), _executed_at(recipient)
        is_open = key not in cancelled or (bool(recipient.deliveries) and at is not None and at <= cancelled[key])
        if at is not None and recipient.obligation.channel not in testing and is_open:
            yield recipient


def _beginning(first_due: int, first_sent: int) -> int:
    return first_sent if first_sent > first_due + _LATE else first_due


def _executed_at(recipient: RecipientResult) -> int | None:
    """Return when the message was due, or went out because of a trigger; None if the bridge need not report it."""
    if recipient.obligation.trigger is not None:
        return recipient.deliveries[0].send_at if recipient.deliveries else None
    return None if recipient.obligation.reason in WITHOUT_ROW else recipient.obligation.due


@cached_per_history
def undetermined_customers(history: History) -> Mapping[TemplateKey, int]:
    """Return how many customers of each template may count as sent or not.

    Their responses were lost, the provider may still reject the message, or no event about them ever arrived. The
    documents leave open if visitors count.
    """
    count = Counter(template_key(obligation) for obligation in history.obligations if obligation.reason == VISITOR)
    may_reject_later = any(provider(channel.provider).rejects_late for channel in history.header.channels)
    if not history.faults and not may_reject_later:
        return count
    hidden, without_record = hidden_successful_sends(history), providers_without_record(history)
    notified = first_notified(history)
    with_status = {
        status.message
        for status in history.delivery_statuses
        if provider(status.service).rejects_late and status.status != "unknown"
    }
    for recipient in ledger(history).recipients:
        undetermined = any(
            (delivery.service in without_record and delivery.request in hidden)
            or (provider(delivery.service).rejects_late and delivery.message not in with_status)
            for delivery in recipient.deliveries
        )
        is_unheard = recipient.kind == "indefinite" or notified(recipient.obligation) is None
        if undetermined or (is_unheard and not recipient.deliveries):
            count[template_key(recipient.obligation)] += count_of(history, recipient)
    return count
