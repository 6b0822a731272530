"""The metrics that the bridge reported, and the customers that they should count."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE
from sendproof_harness.judge.facts.deliveries.cancellations import cancellation_times
from sendproof_harness.judge.facts.deliveries.ledger import ledger, testing_channels
from sendproof_harness.judge.facts.fault_effects import hidden_successful_sends, providers_without_record
from sendproof_harness.judge.facts.keys import CampaignKey, TemplateKey, campaign_key, template_key
from sendproof_harness.judge.facts.pages import NOT_CLEARED
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

# The dialect that decides if a reported value replaces the previous one or adds to it.
_VALUES_DIALECT = "optimove.metric_values"

#: The period after the first send in which metrics must be reported.
REPORTING_DAYS = 7
# The guide says "several times a day". A lenient reader may call two several; for three, every reader does.
PUSHES_A_DAY_MIN = 3
#: A bridge with this number of reports a day meets the limit; the hour is for receipts that are retried.
REPORT_WITHIN = DAY // PUSHES_A_DAY_MIN + HOUR
#: The greatest age of what a push of totals leaves out: a bridge may poll statuses and push totals in two separate
#: rhythms of a third of a day each.
FRESH_WITHIN = 2 * DAY // PUSHES_A_DAY_MIN + HOUR
# A campaign with many templates needs several requests for one push; requests within this time are one.
PUSH_DURATION = 1 * MINUTE


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
    additive = history.header.dialects.get(_VALUES_DIALECT) == "additive"
    for push in history.metrics:
        for item in push.items:
            values = reported[template_key(item)][item.metric]
            previous = last_value(values) if additive else 0
            values.append(ReportedValue(at=push.at, value=previous + item.value))
    return reported


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
    """Return True if the bridge reports single customers by saveEvent, and no totals."""
    return bool(history.engagements) and not history.metrics


def must_report_totals(history: History) -> bool:
    """Return True if the bridge must report totals: it does not report events, and a channel is not in testing mode."""
    return not reports_events_only(history) and must_report(history)


def must_report(history: History) -> bool:
    """Return True if any channel must be reported."""
    return not all(channel.testing for channel in history.header.channels)


# -- customers to count -----------------------------------------------------------------------------


@cached_per_history
def targeted_customers(history: History) -> Mapping[TemplateKey, int]:
    """Return the number of customers of each template of each announced campaign, without those not cleared."""
    count = Counter[TemplateKey]()
    for obligation in history.obligations:
        count[template_key(obligation)] += obligation.reason != NOT_CLEARED
    return count


@cached_per_history
def last_due_times(history: History) -> Mapping[TemplateKey, int]:
    """Return when the last message of each template was due."""
    last: defaultdict[TemplateKey, int] = defaultdict(int)
    for obligation in history.obligations:
        key = template_key(obligation)
        last[key] = max(last[key], obligation.due)
    return last


@cached_per_history
def first_due_times(history: History) -> Mapping[CampaignKey, int]:
    """Return when the first message of each scheduled campaign was due, unless it was cancelled before.

    The guide demands no pace of reports for triggered campaigns. A channel in testing mode has no reports.
    """
    cancelled, testing = cancellation_times(history), testing_channels(history)
    first: dict[CampaignKey, int] = {}
    for obligation in history.obligations:
        key = campaign_key(obligation)
        if obligation.channel in testing or obligation.trigger is not None or obligation.reason == NOT_CLEARED:
            continue
        if obligation.due <= cancelled.get(key, obligation.due):
            first[key] = min(first.get(key, obligation.due), obligation.due)
    return first


@cached_per_history
def undetermined_customers(history: History) -> Mapping[TemplateKey, int]:
    """Return how many customers of each template may count as sent or not.

    Their responses were lost, or the provider may still reject the message.
    """
    may_reject_later = any(provider(channel.provider).rejects_late for channel in history.header.channels)
    if not history.faults and not may_reject_later:
        return Counter[TemplateKey]()
    hidden, without_record = hidden_successful_sends(history), providers_without_record(history)
    with_status = {
        status.message
        for status in history.delivery_statuses
        if provider(status.service).rejects_late and status.status != "unknown"
    }
    count = Counter[TemplateKey]()
    for recipient in ledger(history).recipients:
        undetermined = any(
            (delivery.service in without_record and delivery.request in hidden)
            or (provider(delivery.service).rejects_late and delivery.message not in with_status)
            for delivery in recipient.deliveries
        )
        if undetermined or recipient.kind == "indefinite":
            count[template_key(recipient.obligation)] += 1
    return count
