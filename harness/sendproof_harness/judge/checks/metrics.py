"""Whether the bridge keeps reporting, and whether its totals add up."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sendproof_harness.history.records import Campaign, History, Metric, TemplateId
from sendproof_harness.history.timestamps import DAY, MINUTE, spoken
from sendproof_harness.judge.checks.paging import NOT_CLEARED, CampaignKey
from sendproof_harness.judge.checks.timing import not_observed
from sendproof_harness.judge.facts.delivery_ledger import ledger, time_was_observed
from sendproof_harness.judge.facts.fault_effects import outages, services_without_record, unseen_replies
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location, cached_per_history
from sendproof_harness.judge.requirements import METRICS_CADENCE, METRICS_CONSISTENT
from sendproof_harness.providers import provider

_CADENCE = "metrics.cadence"
_CONSERVED = "metrics.consistent"

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

# The dialect that says whether a value replaces the one before or adds to it.
_VALUES = "optimove.metric_values"

REPORTING_DAYS = 7
# The guide says "several times a day"; two might be called several by a lenient reader, three by everybody.
PUSHES_A_DAY_MIN = 3
# A campaign with many templates needs several calls for one push.
_ONE_PUSH = 1 * MINUTE

TemplateKey = tuple[int, int, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reported:
    """Every value that was reported of one metric of one template, in order."""

    at: int
    value: int


@cached_per_history
def reports(history: History) -> Mapping[TemplateKey, Mapping[int, Sequence[Reported]]]:
    """What was reported: by campaign, channel and template, then by metric; totals, however they were told."""
    found: defaultdict[TemplateKey, defaultdict[int, list[Reported]]] = defaultdict(lambda: defaultdict(list))
    additive = history.header.dialects.get(_VALUES) == "additive"
    for push in history.metrics:
        for item in push.items:
            values = found[_key(item)][item.metric]
            before = last_value(values) if additive else 0
            values.append(Reported(at=push.at, value=before + item.value))
    return found


def reports_events_only(history: History) -> bool:
    """Whether the bridge reports single customers by saveEvent, and no totals."""
    return bool(history.engagements) and not history.metrics


def reports_totals(history: History) -> bool:
    """Whether totals have to be reported: not by a bridge that reports events, nor of channels in testing mode."""
    return not reports_events_only(history) and has_reports(history)


def has_reports(history: History) -> bool:
    """Whether there is a channel of which anything has to be reported."""
    return not all(channel.testing for channel in history.header.channels)


@cached_per_history
def pushes(history: History) -> Mapping[CampaignKey, Sequence[int]]:
    """When metrics of each campaign were pushed; calls within a minute are one push."""
    found: defaultdict[CampaignKey, list[int]] = defaultdict(list)
    for push in history.metrics:
        for key in {(item.campaign, item.channel) for item in push.items}:
            if not found[key] or push.at - found[key][-1] > _ONE_PUSH:
                found[key].append(push.at)
    return found


@cached_per_history
def targeted(history: History) -> Mapping[TemplateKey, int]:
    """How many customers each template of each announced campaign was meant for, those not cleared left out."""
    count = Counter[TemplateKey]()
    for owed in history.obligations:
        count[owed.campaign, owed.channel, str(owed.template)] += owed.reason != NOT_CLEARED
    return count


@cached_per_history
def last_due(history: History) -> Mapping[TemplateKey, int]:
    """When the last message of each template was due."""
    last: defaultdict[TemplateKey, int] = defaultdict(int)
    for owed in history.obligations:
        key = owed.campaign, owed.channel, str(owed.template)
        last[key] = max(last[key], owed.due)
    return last


@cached_per_history
def unknowable(history: History) -> Mapping[TemplateKey, int]:
    """How many customers of each template nobody can know of whether they were sent to.

    Replies were lost, or the provider may still reject what it took.
    """
    unseen, without = unseen_replies(history), services_without_record(history)
    last_words = (
        one for one in history.delivery_statuses if provider(one.service).rejects_late and one.status != "unknown"
    )
    ended = {outcome.message for outcome in last_words}
    late = any(provider(channel.provider).rejects_late for channel in history.header.channels)
    count = Counter[TemplateKey]()
    for fate in ledger(history).fates if history.faults or late else ():
        sent = any(
            (one.service in without and one.request in unseen)
            or (provider(one.service).rejects_late and one.message not in ended)
            for one in fate.deliveries
        )
        if sent or fate.name == "indefinite":
            owed = fate.obligation
            count[owed.campaign, owed.channel, str(owed.template)] += 1
    return count


def last_value(values: Sequence[Reported]) -> int:
    """The total as it was reported last; what was never reported is 0."""
    return values[-1].value if values else 0


def template_id(key: TemplateKey) -> TemplateId:
    """The id as it was on the wire, for display."""
    return int(key[2]) if key[2].isdigit() else key[2]


def first_sends(history: History) -> Mapping[CampaignKey, int]:
    """When the first message of each scheduled campaign was due, as far as it came to that.

    Of triggered campaigns the guide says nothing about a pace of reports, and of a channel in testing mode there are
    none.
    """
    cancelled = _cancelled(history)
    testing = {channel.id for channel in history.header.channels if channel.testing}
    first: dict[CampaignKey, int] = {}
    for owed in history.obligations:
        key = owed.campaign, owed.channel
        if owed.channel in testing:
            continue
        if owed.trigger is None and owed.reason != NOT_CLEARED and owed.due <= cancelled.get(key, owed.due):
            first[key] = min(first.get(key, owed.due), owed.due)
    return first


def _cancelled(history: History) -> Mapping[CampaignKey, int]:
    return {
        (campaign.campaign, campaign.channel): campaign.cancelled_at
        for campaign in history.campaigns
        if campaign.cancelled_at is not None
    }


def cadence(history: History) -> CheckResult:
    """Days after the first send on which metrics were pushed too seldom."""
    findings: list[Finding] = []
    judged = 0
    for key, first in first_sends(history).items():
        over = min(REPORTING_DAYS, max(0, (history.header.ended - first) // DAY))
        judged += over
        if time_was_observed(history):
            findings += _thin_days(history, key, first, over)
        elif over:
            findings.append(not_observed(history, _CADENCE, f"{len(pushes(history).get(key, ())):,} pushes"))
        if over < REPORTING_DAYS:
            findings.append(_not_judged(key, over, first))
    return CheckResult(looked_at=judged, unit="days", findings=tuple(findings))


def conserved(history: History) -> CheckResult:
    """Totals that do not add up, shrink, or belong to nothing that was sent."""
    findings: list[Finding] = []
    known = targeted(history)
    for key, metrics in reports(history).items():
        if key not in known:
            findings.append(_foreign(key, history.campaigns))
            continue
        findings += _unknown_metrics(key, metrics)
        findings += _shrinking(key, metrics)
        findings += _more_delivered_than_sent(key, metrics)
        findings += _not_all_accounted_for(key, metrics, known[key], history)
    count = sum(len(metrics) for metrics in reports(history).values())
    return CheckResult(looked_at=count, unit="totals", findings=tuple(findings))


def _key(item: Metric) -> TemplateKey:
    return item.campaign, item.channel, str(item.template)


def _thin_days(history: History, key: CampaignKey, first: int, days: int) -> Iterator[Finding]:
    """Days with too few pushes; one that a fault struck was a push all the same."""
    pushed = _with_tried(pushes(history).get(key, ()), _tried(history))
    counts = [
        bisect_left(pushed, first + (day + 1) * DAY) - bisect_left(pushed, first + day * DAY) for day in range(days)
    ]
    silent_since = max((day + 1 for day, count in enumerate(counts) if count), default=0)
    for day, count in enumerate(counts):
        start, end = first + day * DAY, first + (day + 1) * DAY
        wanted = _wanted(history, start, end)
        if count < wanted:
            yield Finding(
                check=_CADENCE,
                level="fail",
                blame="bridge",
                cause=_thin(count, stopped_on=silent_since if 0 < silent_since <= day else None),
                expected=f"at least {wanted} pushes on day {day + 1} of {REPORTING_DAYS}",
                got=f"{count} between {spoken(start)} and {spoken(end)}",
                where=Location(campaign=key[0], channel=key[1]),
                at=start,
            )


def _thin(count: int, *, stopped_on: int | None) -> str:
    if count:
        return "metrics pushed too seldom"
    return "no metrics for a whole day" + (f": they stopped after day {stopped_on}" if stopped_on is not None else "")


@cached_per_history
def _tried(history: History) -> Sequence[int]:
    """When totals were pushed and a fault kept them from Optimove."""
    return [
        request.at
        for request in history.requests
        if request.operation == "UpdateCampaignMetrics" and request.fault is not None and not request.fault.effect
    ]


def _with_tried(pushed: Sequence[int], tried: Sequence[int]) -> Sequence[int]:
    if not tried:
        return pushed
    apart: list[int] = []
    for at in sorted((*pushed, *tried)):
        if not apart or at - apart[-1] > _ONE_PUSH:
            apart.append(at)
    return apart


def _wanted(history: History, start: int, end: int) -> int:
    """So many pushes in this time, less for what of it the bridge was away."""
    away = sum(max(0, min(end, back) - max(start, gone)) for gone, back in outages(history))
    return round(PUSHES_A_DAY_MIN * (end - start - away) / (end - start))


def _not_judged(key: CampaignKey, over: int, first: int) -> Finding:
    return Finding(
        check=_CADENCE,
        level="note",
        blame="harness",
        cause="the history ends before the seven days are over",
        expected=f"a history that reaches to {spoken(first + REPORTING_DAYS * DAY)}",
        got=f"{over} of {REPORTING_DAYS} days judged",
        where=Location(campaign=key[0], channel=key[1]),
    )


def _shrinking(key: TemplateKey, metrics: Mapping[int, Sequence[Reported]]) -> Iterator[Finding]:
    for metric, values in metrics.items():
        for before, after in pairwise(values):
            if after.value < before.value:
                cause = f"the total of {_named(metric)} shrank"
                yield _wrong(key, cause, f"at least {before.value:,}, as before", f"{after.value:,}", after.at)


def _more_delivered_than_sent(key: TemplateKey, metrics: Mapping[int, Sequence[Reported]]) -> Iterator[Finding]:
    sent = last_value(metrics.get(SENT, ()))
    back = {name: last_value(metrics.get(name, ())) for name in (DELIVERED, BOUNCED)}
    if sum(back.values()) > sent:
        got = " and ".join(f"{value:,} {_named(metric)}" for metric, value in back.items())
        yield _wrong(key, "more delivered or bounced than sent", f"at most {sent:,}, which were sent", got, None)


def _not_all_accounted_for(
    key: TemplateKey, metrics: Mapping[int, Sequence[Reported]], customers: int, history: History
) -> Iterator[Finding]:
    sent, dropped = last_value(metrics.get(SENT, ())), last_value(metrics.get(DROPPED, ()))
    last_push = pushes(history)[key[:2]][-1]
    # Whether customers of a cancelled campaign count as dropped, nobody says.
    over = last_push > last_due(history)[key] and key[:2] not in _cancelled(history)
    # Of whom nobody can know whether they were sent to, a bridge may say neither.
    if over and not customers - unknowable(history)[key] <= sent + dropped <= customers:
        got = f"{sent:,} sent + {dropped:,} dropped = {sent + dropped:,}"
        yield _wrong(
            key, "sent and dropped are not all the customers targeted", f"{customers:,} customers", got, last_push
        )


def _unknown_metrics(key: TemplateKey, metrics: Mapping[int, Sequence[Reported]]) -> Iterator[Finding]:
    for metric in metrics:
        if metric not in METRIC_NAMES:
            known = ", ".join(f"{number} {name}" for number, name in METRIC_NAMES.items())
            yield _wrong(
                key, "a metric that nobody knows", f"one of {known}", f"MetricID {metric}", metrics[metric][0].at
            )


def _foreign(key: TemplateKey, campaigns: Sequence[Campaign]) -> Finding:
    if all((campaign.campaign, campaign.channel) != key[:2] for campaign in campaigns):
        return _wrong(
            key, "metrics of a campaign that does not exist on this channel", "a campaign of the run", "none", None
        )
    return _wrong(
        key, "metrics of a template that the campaign does not use", "a template of the campaign", key[2], None
    )


def _named(metric: int) -> str:
    return METRIC_NAMES.get(metric, f"metric {metric}")


def _wrong(key: TemplateKey, cause: str, expected: str, got: str, at: int | None) -> Finding:
    return Finding(
        check=_CONSERVED,
        level="fail",
        blame="bridge",
        cause=cause,
        expected=expected,
        got=got,
        where=Location(campaign=key[0], channel=key[1], template=template_id(key)),
        at=at,
    )


def _needs_a_pace(history: History) -> bool:
    return bool(history.campaigns) and reports_totals(history)


CHECKS = (
    Check(
        id=_CADENCE,
        title="Metrics come several times a day, all week",
        requirement=METRICS_CADENCE,
        run=cadence,
        applies=_needs_a_pace,
        asked_of="runs with scheduled campaigns, of bridges that report totals or nothing",
    ),
    Check(
        id=_CONSERVED,
        title="Reported totals add up",
        requirement=METRICS_CONSISTENT,
        run=conserved,
        applies=reports_totals,
        asked_of="bridges that report totals or nothing",
    ),
)
