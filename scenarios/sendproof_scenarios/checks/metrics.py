"""Whether the bridge keeps reporting, and whether its totals add up."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sendproof_scenarios.checks.ledger import time_was_observed
from sendproof_scenarios.checks.paging import NOT_CLEARED, CampaignKey
from sendproof_scenarios.checks.timing import not_observed
from sendproof_scenarios.findings import Check, Finding, Observed, Where, once_per_history
from sendproof_scenarios.history import Campaign, History, Metric, TemplateId
from sendproof_scenarios.instants import DAY, MINUTE, spoken
from sendproof_scenarios.requirements import METRICS_CADENCE, METRICS_CONSERVED

_CADENCE = "metrics.cadence"
_CONSERVED = "metrics.conserved"

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


@once_per_history
def reports(history: History) -> Mapping[TemplateKey, Mapping[int, Sequence[Reported]]]:
    """What was reported: by campaign, channel and template, then by metric."""
    found: defaultdict[TemplateKey, defaultdict[int, list[Reported]]] = defaultdict(lambda: defaultdict(list))
    for push in history.metrics:
        for item in push.items:
            found[_key(item)][item.metric].append(Reported(at=push.at, value=item.value))
    return found


@once_per_history
def pushes(history: History) -> Mapping[CampaignKey, Sequence[int]]:
    """When metrics of each campaign were pushed; calls within a minute are one push."""
    found: defaultdict[CampaignKey, list[int]] = defaultdict(list)
    for push in history.metrics:
        for key in {(item.campaign, item.channel) for item in push.items}:
            if not found[key] or push.at - found[key][-1] > _ONE_PUSH:
                found[key].append(push.at)
    return found


@once_per_history
def targeted(history: History) -> Mapping[TemplateKey, int]:
    """How many customers each template of each announced campaign was meant for, those not cleared left out."""
    count = Counter[TemplateKey]()
    for owed in history.obligations:
        count[owed.campaign, owed.channel, str(owed.template)] += owed.reason != NOT_CLEARED
    return count


@once_per_history
def last_due(history: History) -> Mapping[TemplateKey, int]:
    """When the last message of each template was due."""
    last: defaultdict[TemplateKey, int] = defaultdict(int)
    for owed in history.obligations:
        key = owed.campaign, owed.channel, str(owed.template)
        last[key] = max(last[key], owed.due)
    return last


def last_value(values: Sequence[Reported]) -> int:
    """The total as it was reported last; what was never reported is 0."""
    return values[-1].value if values else 0


def template_id(key: TemplateKey) -> TemplateId:
    """The id as it was on the wire, for display."""
    return int(key[2]) if key[2].isdigit() else key[2]


def first_sends(history: History) -> Mapping[CampaignKey, int]:
    """When the first message of each scheduled campaign was due, as far as it came to that.

    Of triggered campaigns the guide says nothing about a pace of reports.
    """
    cancelled = _cancelled(history)
    first: dict[CampaignKey, int] = {}
    for owed in history.obligations:
        key = owed.campaign, owed.channel
        if owed.trigger is None and owed.reason != NOT_CLEARED and owed.due <= cancelled.get(key, owed.due):
            first[key] = min(first.get(key, owed.due), owed.due)
    return first


def _cancelled(history: History) -> Mapping[CampaignKey, int]:
    return {
        (campaign.campaign, campaign.channel): campaign.cancelled_at
        for campaign in history.campaigns
        if campaign.cancelled_at is not None
    }


def cadence(history: History) -> Observed:
    """Days after the first send on which metrics were pushed too seldom."""
    findings: list[Finding] = []
    judged = 0
    for key, first in first_sends(history).items():
        over = min(REPORTING_DAYS, max(0, (history.header.ended - first) // DAY))
        judged += over
        if time_was_observed(history):
            findings += _thin_days(key, first, over, pushes(history).get(key, ()))
        elif over:
            findings.append(not_observed(history, _CADENCE, f"{len(pushes(history).get(key, ())):,} pushes"))
        if over < REPORTING_DAYS:
            findings.append(_not_judged(key, over, first))
    return Observed(looked_at=judged, unit="days", findings=tuple(findings))


def conserved(history: History) -> Observed:
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
    return Observed(looked_at=count, unit="totals", findings=tuple(findings))


def _key(item: Metric) -> TemplateKey:
    return item.campaign, item.channel, str(item.template)


def _thin_days(key: CampaignKey, first: int, days: int, pushed: Sequence[int]) -> Iterator[Finding]:
    for day in range(days):
        start, end = first + day * DAY, first + (day + 1) * DAY
        count = bisect_left(pushed, end) - bisect_left(pushed, start)
        if count < PUSHES_A_DAY_MIN:
            yield Finding(
                check=_CADENCE,
                level="fail",
                blame="bridge",
                cause="metrics pushed too seldom" if count else "no metrics for a whole day",
                expected=f"at least {PUSHES_A_DAY_MIN} pushes on day {day + 1} of {REPORTING_DAYS}",
                got=f"{count} between {spoken(start)} and {spoken(end)}",
                where=Where(campaign=key[0], channel=key[1]),
                at=start,
            )


def _not_judged(key: CampaignKey, over: int, first: int) -> Finding:
    return Finding(
        check=_CADENCE,
        level="note",
        blame="harness",
        cause="the history ends before the seven days are over",
        expected=f"a history that reaches to {spoken(first + REPORTING_DAYS * DAY)}",
        got=f"{over} of {REPORTING_DAYS} days judged",
        where=Where(campaign=key[0], channel=key[1]),
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
    if over and sent + dropped != customers:
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
        where=Where(campaign=key[0], channel=key[1], template=template_id(key)),
        at=at,
    )


CHECKS = (
    Check(
        id=_CADENCE,
        title="Metrics come several times a day, all week",
        requirement=METRICS_CADENCE,
        run=cadence,
    ),
    Check(id=_CONSERVED, title="Reported totals add up", requirement=METRICS_CONSERVED, run=conserved),
)
