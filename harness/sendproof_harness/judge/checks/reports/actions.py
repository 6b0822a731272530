"""Findings about totals of what customers did: clicks and opt-outs, at every push.

A bridge need not know all of them, so a total may be too low. No document says if Optimove expects the customers who
clicked or their clicks. A bridge may also count a customer once a day. It must count in one way.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.checks.reports.interactions import ACTION_METRICS
from sendproof_harness.judge.checks.reports.statements import is_disturbed
from sendproof_harness.judge.facts.keys import CampaignKey
from sendproof_harness.judge.facts.metrics import (
    CLICKED,
    METRIC_NAMES,
    SPAM,
    UNSUBSCRIBED,
    ReportedValue,
    fresh_within,
    reported_values,
)
from sendproof_harness.judge.facts.observation import times_are_meaningful
from sendproof_harness.judge.facts.reports.clicked_messages import clicked_messages
from sendproof_harness.judge.facts.reports.joint_opt_outs import joint_opt_outs
from sendproof_harness.judge.facts.reports.occurrences import customer_occurrences, recipients_by_customer
from sendproof_harness.judge.facts.reports.repetitions import twice_hint
from sendproof_harness.judge.findings import Finding, Location, cached_per_history

# No simulated provider reports spam, so this total is zero.
_LIMITED_METRICS = (*ACTION_METRICS, SPAM)

_Key = tuple[CampaignKey, int]


def wrong_actions(history: History, check: str) -> Iterator[Finding]:
    """Yield the first total of each campaign and metric that no way of counting explains.

    Then the first sum of clicks of campaigns that share messages, and of opt-outs of campaigns that share those, unless
    the total of one of them is wrong.
    """
    wrong: set[CampaignKey] = set()
    wrongly_opted_out: set[CampaignKey] = set()
    for (campaign, metric), values in _totals(history).items():
        excess = next(_too_many(history, frozenset({campaign}), metric, values), None)
        findings = [_finding(check, (campaign, metric), *excess)] if excess is not None else []
        if metric == CLICKED and not findings:
            findings = list(_neither_customers_nor_clicks(history, check, frozenset({campaign}), values))
        wrong |= {campaign} if metric == CLICKED and findings else set()
        wrongly_opted_out |= {campaign} if metric == UNSUBSCRIBED and findings else set()
        yield from findings
    yield from _shared_opt_outs(history, check, wrongly_opted_out)
    for campaigns in clicked_messages(history).joint_campaigns:
        values = _sum(history, campaigns, CLICKED) if wrong.isdisjoint(campaigns) else ()
        excess = next(_too_many(history, campaigns, CLICKED, values), None)
        findings = [_finding(check, (min(campaigns), CLICKED), *excess)] if excess is not None else []
        findings = findings or list(_neither_customers_nor_clicks(history, check, campaigns, values))
        wrong |= campaigns if findings else set()
        yield from findings


def _shared_opt_outs(history: History, check: str, wrong: set[CampaignKey]) -> Iterator[Finding]:
    for campaigns in joint_opt_outs(history):
        values = _sum(history, campaigns, UNSUBSCRIBED) if wrong.isdisjoint(campaigns) else ()
        excess = next(_too_many(history, campaigns, UNSUBSCRIBED, values), None)
        if excess is not None:
            wrong |= campaigns
            yield _finding(check, (min(campaigns), UNSUBSCRIBED), *excess)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sum(ReportedValue):
    """The sum of the totals of some campaigns after one report.

    `since` is when the first of their last reports was sent: no bridge put into it what it learned later. It is 0 if
    one of them had no report yet.
    """

    since: int


@cached_per_history
def _totals(history: History) -> Mapping[_Key, Sequence[_Sum]]:
    """Return the sums of all templates after each report, by campaign and metric."""
    return {
        (campaign, metric): _sum(history, {campaign}, metric)
        for campaign, metric in sorted(_reports(history))
        if metric in _LIMITED_METRICS
    }


def _sum(history: History, campaigns: Collection[CampaignKey], metric: int) -> Sequence[_Sum]:
    """Return the sums of all templates of some campaigns after each report."""
    reports = _reports(history)
    found = sorted(report for campaign in campaigns for report in reports.get((campaign, metric), ()))
    return list(_sums(found, len(campaigns)))


# Time, position of the template, value, and campaign.
_Report = tuple[int, int, int, CampaignKey]


@cached_per_history
def _reports(history: History) -> Mapping[_Key, Sequence[_Report]]:
    """Return the reported values of all templates, by campaign and metric."""
    reports: defaultdict[_Key, list[_Report]] = defaultdict(list)
    for position, (key, of_template) in enumerate(reported_values(history).items()):
        for metric, values in of_template.items():
            reports[key[:2], metric] += ((value.at, position, value.value, key[:2]) for value in values)
    return reports


def _sums(reports: Iterable[_Report], campaigns: int) -> Iterator[_Sum]:
    """Yield the sum after each report of one template; `campaigns` is their number."""
    latest: dict[int, int] = {}
    # In order of time.
    reported_at: dict[CampaignKey, int] = {}
    total = 0
    for at, template, value, campaign in reports:
        total += value - latest.get(template, 0)
        latest[template] = value
        reported_at.pop(campaign, None)
        reported_at[campaign] = at
        since = next(iter(reported_at.values())) if len(reported_at) == campaigns else 0
        yield _Sum(at=at, value=total, since=since)


def _got(campaigns: frozenset[CampaignKey], value: _Sum) -> str:
    of = f" for campaigns {' and '.join(str(key[0]) for key in sorted(campaigns))}" if len(campaigns) > 1 else ""
    return f"{value.value:,}{of}, pushed at {spoken(value.at)}"


# -- more than happened -----------------------------------------------------------------------------


def _too_many(
    history: History, campaigns: frozenset[CampaignKey], metric: int, values: Sequence[_Sum]
) -> Iterator[tuple[str, str, str, int]]:
    """Yield the totals above the real number at their time; the last one first, because it stays."""
    name = METRIC_NAMES[metric]
    for value in (*values[-1:], *values[:-1]):
        most = _most(history, campaigns, metric, value.at)
        if value.value > most:
            cause = f"the total of {name} is higher than the real number{twice_hint(value.value, (most, most))}"
            yield cause, f"at most {most:,}", _got(campaigns, value), value.at


def _most(history: History, campaigns: frozenset[CampaignKey], metric: int, at: int) -> int:
    if metric == CLICKED:
        return clicked_messages(history).most_clicks(campaigns, at)
    if len(campaigns) > 1:
        return bisect_right(joint_opt_outs(history)[campaigns], at)
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
    history: History, check: str, campaigns: frozenset[CampaignKey], values: Sequence[_Sum]
) -> Iterator[Finding]:
    """Yield one finding if each way of counting contradicts one of the totals."""
    clicked, within = clicked_messages(history), fresh_within(history)
    judged = values if times_are_meaningful(history) else values[-1:]
    undisturbed = [
        value for value in judged if value is values[-1] or not is_disturbed(history, value.since - within, value.at)
    ]
    ways = [
        [value for value in undisturbed if value.value > clicked.most_customers(campaigns, value.at)],
        [value for value in undisturbed if value.value < clicked.least_clicks(campaigns, value.since - within)],
        [
            value
            for value in undisturbed
            if not clicked.least_days(campaigns, value.since - within)
            <= value.value
            <= clicked.most_days(campaigns, value.at)
        ],
    ]
    if not all(ways):
        return
    same = [value for value in ways[0] if value in ways[1]]
    value = (same or ways[0])[-1]
    people, number = clicked.most_customers(campaigns, value.at), clicked.most_clicks(campaigns, value.at)
    cause = "the total of clicked is neither the number of customers who clicked nor the number of clicks"
    if not same:
        cause = "the total of clicked is the number of customers in one report and of their clicks in another"
    cause += twice_hint(value.value, (people, people)) if same else ""
    expected = f"{people:,} customers, or {number:,} clicks"
    yield _finding(check, (min(campaigns), CLICKED), cause, expected, _got(campaigns, value), value.at)


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
