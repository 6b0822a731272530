"""What a bridge reported to Optimove about messages: totals, interactions and engagement events.

A provider draws the delivery status of a message from its id, and ids depend on the batches of the bridge. So reports
about statuses are not compared with each other: each is compared with what happened at the provider in its own run.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sendproof_harness.comparison.topic import Titles, Topic
from sendproof_harness.history.records import Engagement, History
from sendproof_harness.judge.facts.metrics import BOUNCED, DELIVERED, SENT, last_value, metric_name, reported_values
from sendproof_harness.judge.facts.provider_totals import METRIC_OF_STATUS

# Of the metrics, those that depend on the delivery status.
_BY_STATUS: Mapping[str, int] = {metric_name(metric): metric for metric in (DELIVERED, BOUNCED)}
# Not every provider posts it, and a bridge need not ask.
_UNTOLD = "expired"
_AS_AT_PROVIDER = "as at the provider"
TOTAL, INTERACTION, EVENT = "total of", "interaction", "event"
DELIVERY_STATUS = "delivery status"


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The metrics that a customer's messages, or one message, may and must count in."""

    required: frozenset[int]
    possible: frozenset[int]


def report_statements(history: History, names: Mapping[str, str], titles: Titles) -> dict[Topic, str]:
    """Return the statements of all reports. `names` has the customer of each number."""
    outcomes = _outcomes(history)
    by_customer: defaultdict[str, list[_Outcome]] = defaultdict(list)
    for delivery in history.deliveries:
        if not delivery.test and delivery.number in names:
            by_customer[names[delivery.number]].append(outcomes.get(delivery.message, _NONE))
    return {
        **_totals(history, titles),
        **_totals_of_statuses(history, outcomes.values()),
        **_interactions(history, titles, by_customer),
        **_events(history.engagements, by_customer),
    }


_NONE = _Outcome(frozenset(), frozenset())


def _outcomes(history: History) -> Mapping[str, _Outcome]:
    statuses: defaultdict[str, list[str]] = defaultdict(list)
    for status in history.delivery_statuses:
        statuses[status.message].append(status.status)
    return {message: _outcome(own) for message, own in statuses.items()}


def _outcome(statuses: list[str]) -> _Outcome:
    possible = frozenset(METRIC_OF_STATUS[status] for status in statuses if status in METRIC_OF_STATUS)
    is_told = len(statuses) == 1 and statuses[0] != _UNTOLD
    return _Outcome(possible if is_told else frozenset(), possible)


# -- totals -----------------------------------------------------------------------------------------


def _totals(history: History, titles: Titles) -> dict[Topic, str]:
    return {
        Topic(
            area="statement",
            kind=TOTAL,
            name=name,
            campaign=campaign,
            channel=channel,
            template=titles.of(channel, template),
        ): f"{last_value(values):,}"
        for (campaign, channel, template), metrics in reported_values(history).items()
        for metric, values in metrics.items()
        if (name := metric_name(metric)) not in _BY_STATUS
    }


def _totals_of_statuses(history: History, outcomes: Iterable[_Outcome]) -> dict[Topic, str]:
    reported: Counter[int] = Counter()
    for metrics in reported_values(history).values():
        for metric, values in metrics.items():
            reported[metric] += last_value(values)
    least, most = Counter[int](), Counter[int]()
    for outcome in outcomes:
        least.update(outcome.required)
        most.update(outcome.possible)
    return {
        Topic(area="statement", kind=TOTAL, name=name): _compared(reported[metric], least[metric], most[metric])
        for name, metric in _BY_STATUS.items()
        if reported_values(history)
    }


def _compared(reported: int, least: int, most: int) -> str:
    if least <= reported <= most:
        return _AS_AT_PROVIDER
    return (
        f"{reported - least:+,} against the provider"
        if reported < least
        else f"{reported - most:+,} against the provider"
    )


def reported_number(value: str) -> int:
    """Return the number in the value of a total."""
    return int(value.replace(",", ""))


# -- single customers -------------------------------------------------------------------------------


def _interactions(history: History, titles: Titles, outcomes: Mapping[str, list[_Outcome]]) -> dict[Topic, str]:
    statements: dict[Topic, str] = {}
    reported: defaultdict[str, set[int]] = defaultdict(set)
    for report in history.interactions:
        name = metric_name(report.event_id)
        for customer in report.customers:
            if name in _BY_STATUS:
                reported[customer].add(report.event_id)
                continue
            topic = Topic(
                area="statement",
                kind=INTERACTION,
                name=name,
                campaign=report.campaign,
                channel=report.channel,
                template=titles.of(report.channel, report.template),
                customer=customer,
            )
            statements[topic] = "reported"
    return {**statements, **_statuses(INTERACTION, reported, outcomes)} if history.interactions else {}


def _events(engagements: Iterable[Engagement], outcomes: Mapping[str, list[_Outcome]]) -> dict[Topic, str]:
    counts: Counter[Topic] = Counter()
    reported: defaultdict[str, set[int]] = defaultdict(set)
    for event in engagements:
        customer = event.customer or event.visitor or ""
        if event.event in _BY_STATUS:
            reported[customer].add(_BY_STATUS[event.event])
        else:
            counts[Topic(area="statement", kind=EVENT, name=event.event, customer=customer)] += 1
    statements = {topic: "reported" if count == 1 else f"reported {count} times" for topic, count in counts.items()}
    return {**statements, **_statuses(EVENT, reported, outcomes)} if statements or reported else {}


def _statuses(kind: str, reported: Mapping[str, set[int]], outcomes: Mapping[str, list[_Outcome]]) -> dict[Topic, str]:
    return {
        Topic(area="statement", kind=kind, name=DELIVERY_STATUS, customer=customer): _truth(
            reported.get(customer, set()), outcomes.get(customer, [])
        )
        for customer in sorted(reported.keys() | outcomes.keys())
    }


def _truth(reported: set[int], outcomes: list[_Outcome]) -> str:
    required = frozenset[int]().union(*(outcome.required for outcome in outcomes))
    possible = frozenset[int]().union(*(outcome.possible for outcome in outcomes))
    if required <= reported <= possible:
        return _AS_AT_PROVIDER
    return f"{_names(reported)} reported, {_names(possible)} at the provider"


def _names(metrics: Iterable[int]) -> str:
    return " and ".join(sorted(map(metric_name, metrics))) or "nothing"


def uncounted_messages(messages: int, values: Mapping[Topic, str]) -> dict[Topic, str]:
    """Return if as many messages were reported as sent, as totals and for single customers, however many there are."""
    reported: Counter[str] = Counter()
    for topic, value in values.items():
        if topic.name == metric_name(SENT) and topic.kind in {TOTAL, INTERACTION}:
            reported[topic.kind] += reported_number(value) if topic.kind == TOTAL else 1
    return {
        Topic(area="statement", kind=kind, name=metric_name(SENT)): (
            "as many as messages" if count == messages else f"{count - messages:+,} against the messages"
        )
        for kind, count in reported.items()
    }
