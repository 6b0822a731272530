"""Findings about totals of what customers did: clicks and opt-outs, at every push.

A bridge need not know all of them, so a total may be too low. No document says if Optimove expects the customers who
clicked or their clicks. A bridge may also count a customer once a day. It must count in one way.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.checks.reports.interactions import ACTION_METRICS
from sendproof_harness.judge.checks.reports.statements import is_disturbed
from sendproof_harness.judge.facts.keys import CampaignKey
from sendproof_harness.judge.facts.metrics import (
    CLICKED,
    METRIC_NAMES,
    SPAM,
    ReportedValue,
    fresh_within,
    reported_values,
)
from sendproof_harness.judge.facts.observation import times_are_meaningful
from sendproof_harness.judge.facts.reports.clicked_messages import clicked_messages
from sendproof_harness.judge.facts.reports.occurrences import customer_occurrences, recipients_by_customer
from sendproof_harness.judge.facts.reports.repetitions import twice_hint
from sendproof_harness.judge.findings import Finding, Location, cached_per_history

# No simulated provider reports spam, so this total is zero.
_LIMITED_METRICS = (*ACTION_METRICS, SPAM)

_Key = tuple[CampaignKey, int]


def wrong_actions(history: History, check: str) -> Iterator[Finding]:
    """Yield the first total of each campaign and metric that no way of counting explains.

    Then the first sum of clicks of campaigns that share messages, unless the total of one of them is wrong.
    """
    wrong: set[CampaignKey] = set()
    for (campaign, metric), values in _totals(history).items():
        excess = next(_too_many(history, frozenset({campaign}), metric, values), None)
        findings = [_finding(check, (campaign, metric), *excess)] if excess is not None else []
        if metric == CLICKED and not findings:
            findings = list(_neither_customers_nor_clicks(history, check, campaign, values))
        wrong |= {campaign} if metric == CLICKED and findings else set()
        yield from findings
    for campaigns in clicked_messages(history).joint_campaigns:
        excess = next(_too_many(history, campaigns, CLICKED, _sum(history, campaigns, CLICKED)), None)
        if excess is not None and wrong.isdisjoint(campaigns):
            wrong |= campaigns
            yield _finding(check, (min(campaigns), CLICKED), *excess)


@cached_per_history
def _totals(history: History) -> Mapping[_Key, Sequence[ReportedValue]]:
    """Return the sums of all templates after each report, by campaign and metric."""
    return {
        (campaign, metric): _sum(history, {campaign}, metric)
        for campaign, metric in sorted(_reports(history))
        if metric in _LIMITED_METRICS
    }


def _sum(history: History, campaigns: Collection[CampaignKey], metric: int) -> Sequence[ReportedValue]:
    """Return the sums of all templates of some campaigns after each report."""
    reports = _reports(history)
    return list(_sums(sorted(report for campaign in campaigns for report in reports.get((campaign, metric), ()))))


# Time, position of the template, and value.
_Report = tuple[int, int, int]


@cached_per_history
def _reports(history: History) -> Mapping[_Key, Sequence[_Report]]:
    """Return the reported values of all templates, by campaign and metric."""
    reports: defaultdict[_Key, list[_Report]] = defaultdict(list)
    for position, (key, of_template) in enumerate(reported_values(history).items()):
        for metric, values in of_template.items():
            reports[key[:2], metric] += ((value.at, position, value.value) for value in values)
    return reports


def _sums(reports: Iterable[_Report]) -> Iterator[ReportedValue]:
    """Yield the sum after each report of one template."""
    latest: dict[int, int] = {}
    total = 0
    for at, template, value in reports:
        total += value - latest.get(template, 0)
        latest[template] = value
        yield ReportedValue(at=at, value=total)


# -- more than happened -----------------------------------------------------------------------------


def _too_many(
    history: History, campaigns: frozenset[CampaignKey], metric: int, values: Sequence[ReportedValue]
) -> Iterator[tuple[str, str, str, int]]:
    """Yield the totals above the real number at their time; the last one first, because it stays."""
    name = METRIC_NAMES[metric]
    of = f" for campaigns {' and '.join(str(key[0]) for key in sorted(campaigns))}" if len(campaigns) > 1 else ""
    for value in (*values[-1:], *values[:-1]):
        most = _most(history, campaigns, metric, value.at)
        if value.value > most:
            cause = f"the total of {name} is higher than the real number{twice_hint(value.value, (most, most))}"
            yield cause, f"at most {most:,}", f"{value.value:,}{of}, pushed at {spoken(value.at)}", value.at


def _most(history: History, campaigns: frozenset[CampaignKey], metric: int, at: int) -> int:
    if metric == CLICKED:
        return clicked_messages(history).most_clicks(campaigns, at)
    return sum(bisect_right(_action_times(history).get((campaign, metric), ()), at) for campaign in campaigns)


@cached_per_history
def _action_times(history: History) -> Mapping[_Key, Sequence[int]]:
    """Return the times of the openings and opt-outs of the customers of each campaign, by campaign and metric."""
    times: defaultdict[_Key, list[int]] = defaultdict(list)
    occurrences = customer_occurrences(history)
    for campaign, customers in recipients_by_customer(history).items():
        for customer, recipients in customers.items():
            for metric in ACTION_METRICS if any(recipient.deliveries for recipient in recipients) else ():
                if metric != CLICKED:
                    times[campaign, metric] += (action.at for action in occurrences(campaign, customer, metric))
    return {key: sorted(of_key) for key, of_key in times.items()}


# -- customers who clicked, or clicks ---------------------------------------------------------------


def _neither_customers_nor_clicks(
    history: History, check: str, campaign: CampaignKey, values: Sequence[ReportedValue]
) -> Iterator[Finding]:
    """Yield one finding if each way of counting contradicts one of the totals."""
    clicked, own, within = clicked_messages(history), frozenset({campaign}), fresh_within(history)
    judged = values if times_are_meaningful(history) else values[-1:]
    undisturbed = [
        value for value in judged if value is values[-1] or not is_disturbed(history, value.at - within, value.at)
    ]
    ways = [
        [value for value in undisturbed if value.value > clicked.most_customers(own, value.at)],
        [value for value in undisturbed if value.value < clicked.least_clicks(own, value.at - within)],
        [
            value
            for value in undisturbed
            if not clicked.least_days(own, value.at - within) <= value.value <= clicked.most_days(own, value.at)
        ],
    ]
    if not all(ways):
        return
    same = [value for value in ways[0] if value in ways[1]]
    value = (same or ways[0])[-1]
    people, number = clicked.most_customers(own, value.at), clicked.most_clicks(own, value.at)
    cause = "the total of clicked is neither the number of customers who clicked nor the number of clicks"
    if not same:
        cause = "the total of clicked is the number of customers in one report and of their clicks in another"
    cause += twice_hint(value.value, (people, people)) if same else ""
    expected = f"{people:,} customers, or {number:,} clicks"
    yield _finding(
        check, (campaign, CLICKED), cause, expected, f"{value.value:,}, pushed at {spoken(value.at)}", value.at
    )


def _finding(check: str, key: _Key, cause: str, expected: str, got: str, at: int) -> Finding:
    return Finding(
        check=check,
        level="fail",
        blame="bridge",
        cause=cause,
        expected=expected,
        got=got,
        where=Location(campaign=key[0][0], channel=key[0][1]),
        at=at,
    )
