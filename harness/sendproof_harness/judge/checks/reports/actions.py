"""Findings about totals of what customers did: clicks and opt-outs, at every push.

A bridge need not know all of them, so a total may be too low. No document says if Optimove expects the customers who
clicked or their clicks. A bridge may also count a customer once a day. It must count in one way.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import DAY, spoken
from sendproof_harness.judge.checks.reports.interactions import ACTION_METRICS
from sendproof_harness.judge.checks.reports.statements import is_disturbed
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.facts.metrics import (
    CLICKED,
    METRIC_NAMES,
    SPAM,
    ReportedValue,
    fresh_within,
    reported_values,
)
from sendproof_harness.judge.facts.observation import times_are_meaningful
from sendproof_harness.judge.facts.reports.occurrences import (
    Occurrence,
    customer_occurrences,
    occurrence_reader,
    recipients_by_customer,
)
from sendproof_harness.judge.facts.reports.repetitions import twice_hint
from sendproof_harness.judge.findings import Finding, Location, cached_per_history

# No simulated provider reports spam, so this total is zero.
_LIMITED_METRICS = (*ACTION_METRICS, SPAM)

_Key = tuple[CampaignKey, int]


def wrong_actions(history: History, check: str) -> Iterator[Finding]:
    """Yield the first total of each campaign and metric that no way of counting explains."""
    for (campaign, metric), values in _totals(history).items():
        excess = next(_too_many(history, (campaign, metric), values), None)
        if excess is not None:
            yield _finding(check, (campaign, metric), *excess)
        elif metric == CLICKED:
            yield from _neither_customers_nor_clicks(history, check, campaign, values)


@cached_per_history
def _totals(history: History) -> Mapping[_Key, Sequence[ReportedValue]]:
    """Return the sums of all templates after each report, by campaign and metric."""
    reports: defaultdict[_Key, list[tuple[int, int, int]]] = defaultdict(list)
    for position, (key, of_template) in enumerate(reported_values(history).items()):
        for metric in of_template.keys() & set(_LIMITED_METRICS):
            reports[key[:2], metric] += ((value.at, position, value.value) for value in of_template[metric])
    return {key: list(_sums(sorted(values))) for key, values in sorted(reports.items())}


def _sums(reports: Iterable[tuple[int, int, int]]) -> Iterator[ReportedValue]:
    """Yield the sum after each report of one template: time, template and value."""
    latest: dict[int, int] = {}
    for at, template, value in reports:
        latest[template] = value
        yield ReportedValue(at=at, value=sum(latest.values()))


# -- more than happened -----------------------------------------------------------------------------


def _too_many(history: History, key: _Key, values: Sequence[ReportedValue]) -> Iterator[tuple[str, str, str, int]]:
    """Yield the totals above the real number at their time; the last one first, because it stays."""
    times, name = _action_times(history).get(key, ()), METRIC_NAMES[key[1]]
    for value in (*values[-1:], *values[:-1]):
        most = bisect_right(times, value.at)
        if value.value > most:
            cause = f"the total of {name} is higher than the real number{twice_hint(value.value, (most, most))}"
            yield cause, f"at most {most:,}", f"{value.value:,}, pushed at {spoken(value.at)}", value.at


@cached_per_history
def _action_times(history: History) -> Mapping[_Key, Sequence[int]]:
    """Return the times of the clicks and opt-outs of the customers of each campaign, by campaign and metric."""
    times: defaultdict[_Key, list[int]] = defaultdict(list)
    for campaign, clicks in _clicks(history).items():
        times[campaign, CLICKED] = [click.at for click in clicks.all()]
    occurrences = customer_occurrences(history)
    for campaign, customers in recipients_by_customer(history).items():
        for customer, recipients in customers.items():
            for metric in ACTION_METRICS if any(recipient.deliveries for recipient in recipients) else ():
                if metric != CLICKED:
                    times[campaign, metric] += (action.at for action in occurrences(campaign, customer, metric))
    return {key: sorted(of_key) for key, of_key in times.items()}


# -- customers who clicked, or clicks ---------------------------------------------------------------


@dataclass(slots=True)
class _Clicks:
    """The clicks in each message of a campaign that has any."""

    of_messages: list[list[Occurrence]] = field(default_factory=list)

    def all(self) -> Iterator[Occurrence]:
        return (click for of_message in self.of_messages for click in of_message)

    def people(self, at: int) -> int:
        return sum(any(click.at <= at for click in of_message) for of_message in self.of_messages)

    def number(self, at: int) -> int:
        """Return the number of clicks that the bridge knew at an instant."""
        return sum(_is_known(click, at) for click in self.all())

    def days(self, at: int, *, known: bool) -> int:
        """Return the number of days with clicks in each message, all or only those that the bridge knew."""
        counted = ({click.at // DAY for click in of if click.at <= at and (not known or _is_known(click, at))}
                   for of in self.of_messages)  # fmt: skip
        return sum(map(len, counted))


def _is_known(click: Occurrence, at: int) -> bool:
    return click.known_at is not None and click.known_at <= at


@cached_per_history
def _clicks(history: History) -> Mapping[CampaignKey, _Clicks]:
    occurrences = occurrence_reader(history)
    found: defaultdict[CampaignKey, _Clicks] = defaultdict(_Clicks)
    for recipient in ledger(history).recipients if history.clicks else ():
        of_message = list(occurrences(recipient, CLICKED)) if recipient.deliveries else []
        if of_message:
            found[campaign_key(recipient.obligation)].of_messages.append(of_message)
    return found


def _neither_customers_nor_clicks(
    history: History, check: str, campaign: CampaignKey, values: Sequence[ReportedValue]
) -> Iterator[Finding]:
    """Yield one finding if each way of counting contradicts one of the totals."""
    clicks, within = _clicks(history).get(campaign, _Clicks()), fresh_within(history)
    judged = values if times_are_meaningful(history) else values[-1:]
    undisturbed = [
        value for value in judged if value is values[-1] or not is_disturbed(history, value.at - within, value.at)
    ]
    ways = [
        [value for value in undisturbed if value.value > clicks.people(value.at)],
        [value for value in undisturbed if value.value < clicks.number(value.at - within)],
        [
            value
            for value in undisturbed
            if not clicks.days(value.at - within, known=True) <= value.value <= clicks.days(value.at, known=False)
        ],
    ]
    if not all(ways):
        return
    same = [value for value in ways[0] if value in ways[1]]
    value = (same or ways[0])[-1]
    people, number = clicks.people(value.at), sum(click.at <= value.at for click in clicks.all())
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
