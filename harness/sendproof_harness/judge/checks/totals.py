"""Whether what was reported is what the provider said."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from sendproof_harness.history.records import History, Interactions
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.checks.metrics import (
    BOUNCED,
    CLICKED,
    DELIVERED,
    DROPPED,
    METRIC_NAMES,
    SENT,
    UNSUBSCRIBED,
    TemplateKey,
    last_value,
    pushes,
    reports,
    reports_totals,
    targeted,
    template_id,
)
from sendproof_harness.judge.checks.paging import CampaignKey
from sendproof_harness.judge.facts.clicks import clicks_unreported
from sendproof_harness.judge.facts.customer_events import done
from sendproof_harness.judge.facts.delivery_ledger import RecipientResult, ledger
from sendproof_harness.judge.facts.fault_effects import KILL, PLATFORM, may_have_failed, outages
from sendproof_harness.judge.facts.provider_totals import METRIC_OF, said, taken_back
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import METRICS_ACCURATE

_ID = "metrics.accurate"

# Who was refused counts as dropped, or as sent and bounced; of whom nobody can know, either may be said.
_AS_YOU_LIKE = frozenset({"refused", "indefinite"})


def true(history: History) -> CheckResult:
    """Compare the last totals and every interaction with the provider's own record."""
    findings = [
        *_wrong_totals(history),
        *_more_than_happened(history),
        *_wrong_interactions(history),
        *_repeated_interactions(history),
        *clicks_unreported(history, _ID),
    ]
    count = 3 * len(reports(history)) + sum(len(report.customers) for report in history.interactions)
    return CheckResult(looked_at=count, unit="statements", findings=tuple(findings))


def _wrong_totals(history: History) -> Iterator[Finding]:
    """Each template by itself, then those together that share messages; what is wrong by itself is told once."""
    pushed = pushes(history)
    last = {key: pushed[key[:2]][-1] for key in targeted(history) if key[:2] in pushed}
    wrong: set[tuple[TemplateKey, int]] = set()
    for keys in (*({key} for key in last), *said(history).together):
        for metric in (SENT, DELIVERED, BOUNCED):
            if keys <= last.keys() and not any((key, metric) in wrong for key in keys):
                finding = _wrong_total(history, metric, {key: last[key] for key in sorted(keys)})
                if finding is not None:
                    wrong |= {(key, metric) for key in keys}
                    yield finding


def _wrong_total(history: History, metric: int, last: Mapping[TemplateKey, int]) -> Finding | None:
    low, high = said(history).range(metric, last)
    values = {key: last_value(reports(history).get(key, {}).get(metric, ())) for key in last}
    if low <= sum(values.values()) <= high:
        return None
    hint = _too_many(history, metric) if sum(values.values()) > high else _too_few(history)
    at, (campaign, channel, _) = max(last.values()), next(iter(last))
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"the total of {METRIC_NAMES[metric]} is not what the provider said{hint}",
        expected=f"{high:,}" if low == high else f"{low:,} to {high:,}",
        got=f"{_in_words(values)}, lastly pushed {spoken(at)}",
        where=Location(campaign=campaign, channel=channel, template=template_id(next(iter(last)))),
        at=at,
    )


def _more_than_happened(history: History) -> Iterator[Finding]:
    """Clicks and opt-outs: a bridge need not hear of all of them, but there cannot be more."""
    if not any(metric in values for values in reports(history).values() for metric in _DONE):
        return
    most = Counter[tuple[CampaignKey, int]]()
    for fate in ledger(history).fates:
        for metric in _DONE if fate.deliveries else ():
            some = done(history).get((fate.obligation.customer, metric), ())
            most[(fate.obligation.campaign, fate.obligation.channel), metric] += len(some)
    for metric in _DONE:
        values: defaultdict[CampaignKey, int] = defaultdict(int)
        for key, metrics in reports(history).items():
            values[key[:2]] += last_value(metrics.get(metric, ()))
        for campaign, value in values.items():
            if value > most[campaign, metric]:
                yield _above(metric, campaign, most[campaign, metric], value)


_DONE = (CLICKED, UNSUBSCRIBED)


def _above(metric: int, campaign: CampaignKey, most: int, value: int) -> Finding:
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"the total of {METRIC_NAMES[metric]} is more than there were",
        expected=f"at most {most:,}",
        got=f"{value:,}",
        where=Location(campaign=campaign[0], channel=campaign[1]),
    )


def _too_many(history: History, metric: int) -> str:
    """What makes a total too large: receipts that came more than once, if any did."""
    if metric != SENT and _came_twice(history):
        return ", as if receipts that came twice were counted twice"
    return ""


def _came_twice(history: History) -> bool:
    return any(one.resend and one.service != PLATFORM and one.status is not None for one in history.webhooks)


def _too_few(history: History) -> str:
    """What makes a total too small: a bridge that had said yes to what it had not stored when it was killed."""
    killed = any(one.fault == KILL and one.target == "webhook" for one in history.faults)
    return ", as if what was acknowledged was not stored when the bridge was killed" if killed else ""


def _in_words(values: Mapping[TemplateKey, int]) -> str:
    total = f"{sum(values.values()):,}"
    if len(values) == 1:
        return total
    return " + ".join(f"{value:,} for campaign {key[0]}" for key, value in values.items()) + f" = {total}"


def _wrong_interactions(history: History) -> Iterator[Finding]:
    if not history.interactions:
        return
    states, shares = _states(history), _Shares(history)
    for report in history.interactions:
        judge, of = _JUDGES.get(report.event_id), states.get((report.campaign, report.channel), {})
        for customer in report.customers:
            possible = of.get(customer)
            if possible is None:
                yield _wrong_interaction(
                    report,
                    customer,
                    "a customer outside the campaign",
                    "a customer of the campaign",
                    "not in the campaign",
                )
            elif report.event_id in _DONE and (customer, report.event_id) not in done(history):
                name = METRIC_NAMES[report.event_id]
                yield _wrong_interaction(report, customer, f"a customer said to be {name} who was not", name, "was not")
            elif judge is not None and not (any(map(judge, possible)) and shares.take(report, customer)):
                name = METRIC_NAMES[report.event_id]
                cause = f"a customer said to be {name} who was not"
                yield _wrong_interaction(report, customer, cause, name, " or ".join(sorted(possible)))


def _repeated_interactions(history: History) -> Iterator[Finding]:
    """Optimove adds up calls, so that naming a customer again counts again; after a lost reply nobody can help it.

    documented: https://developer.optimove.com/reference/post_integrations-updatecampaigninteractions
    """
    lost = any(one.operation == "UpdateCampaignInteractions" and may_have_failed(one) for one in history.requests)
    if lost or outages(history) or not history.interactions:
        return
    again = {(owed.campaign, owed.channel) for owed in history.obligations if owed.trigger is not None}
    groups: defaultdict[tuple[int, int, str, int], list[Interactions]] = defaultdict(list)
    for report in history.interactions:
        # Of triggers, and of links, the same may be told of a customer more than once.
        if (report.campaign, report.channel) not in again and report.event_id != CLICKED:
            groups[report.campaign, report.channel, str(report.template), report.event_id].append(report)
    for some in groups.values():
        named: set[str] = set()
        for report in some:
            for customer in report.customers:
                if customer in named:
                    name = METRIC_NAMES.get(report.event_id, f"event {report.event_id}")
                    yield _wrong_interaction(report, customer, f"a customer named twice as {name}", "once", "again")
                named.add(customer)


def _states(history: History) -> Mapping[CampaignKey, Mapping[str, frozenset[str]]]:
    """What may have happened to each customer: the provider's last word, `accepted` without one, or `nothing`.

    Of a provider that took its word back, both words.
    """
    doubtful = taken_back(history)
    ended = {outcome.message: outcome.status for outcome in history.delivery_statuses}
    states: defaultdict[CampaignKey, dict[str, frozenset[str]]] = defaultdict(dict)
    for fate in ledger(history).fates:
        _add_state(states, fate, _one_state(_state(fate, ended)))
        for word in (word for delivery in fate.deliveries for word in doubtful.get(delivery.message, ())):
            _add_state(states, fate, _one_state(word.status))
    for group in ledger(history).alike:
        possible = frozenset(_state_of_each(group, ended))
        for fate in group:
            _add_state(states, fate, possible)
    return states


def _add_state(
    states: Mapping[CampaignKey, dict[str, frozenset[str]]], fate: RecipientResult, more: frozenset[str]
) -> None:
    of, customer = states[fate.obligation.campaign, fate.obligation.channel], fate.obligation.customer
    known = of.get(customer)
    of[customer] = more if known is None else known | more


# There are few states and many customers.
@lru_cache(maxsize=64)
def _one_state(state: str) -> frozenset[str]:
    return frozenset({state})


def _state(fate: RecipientResult, ended: Mapping[str, str]) -> str:
    if not fate.deliveries and fate.name in _AS_YOU_LIKE:
        return fate.name
    last = [ended.get(delivery.message, "accepted") for delivery in fate.deliveries]
    return "delivered" if "delivered" in last else (last or ["nothing"])[0]


def _state_of_each(group: Sequence[RecipientResult], ended: Mapping[str, str]) -> list[str]:
    """One state for each message and for each obligation that is left without one."""
    states = [ended.get(delivery.message, "accepted") for fate in group for delivery in fate.deliveries]
    return states + ["nothing"] * (len(group) - len(states))


class _Shares:
    """How often each thing may be said of customers whose messages nobody can tell apart.

    Whoever is owed more than one message by one campaign is left out: there is no telling which of them is meant.
    """

    def __init__(self, history: History) -> None:
        ended = {outcome.message: outcome.status for outcome in history.delivery_statuses}
        groups = ledger(history).alike
        states = (_state_of_each(group, ended) for group in groups)
        self._left = [Counter({event: sum(map(judge, some)) for event, judge in _JUDGES.items()}) for some in states]
        self._group = {_customer_of(fate): number for number, group in enumerate(groups) for fate in group}
        self._said: set[tuple[int, int, int, str]] = set()
        known = Counter(key for fate in ledger(history).fates if (key := _customer_of(fate)) in self._group)
        for key in [key for key, count in known.items() if count > 1]:
            del self._group[key]

    def take(self, report: Interactions, customer: str) -> bool:
        """Whether this may be said, once more; saying the same again takes nothing."""
        group = self._group.get((report.campaign, report.channel, customer))
        statement = report.event_id, report.campaign, report.channel, customer
        if group is None or statement in self._said:
            return True
        self._said.add(statement)
        self._left[group][report.event_id] -= 1
        return self._left[group][report.event_id] >= 0


def _customer_of(fate: RecipientResult) -> tuple[int, int, str]:
    return fate.obligation.campaign, fate.obligation.channel, fate.obligation.customer


_JUDGES: Mapping[int, Callable[[str], bool]] = {
    SENT: lambda state: state != "nothing",
    DELIVERED: lambda state: state == "delivered",
    BOUNCED: lambda state: METRIC_OF.get(state) == BOUNCED or state == "refused",
    DROPPED: lambda state: state == "nothing" or state in _AS_YOU_LIKE,
}


def _wrong_interaction(report: Interactions, customer: str, cause: str, expected: str, got: str) -> Finding:
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"interactions: {cause}",
        expected=expected,
        got=got,
        where=Location(campaign=report.campaign, channel=report.channel, template=report.template, customer=customer),
        at=report.at,
    )


CHECKS = (
    Check(
        id=_ID,
        title="Reports say what the provider said",
        requirement=METRICS_ACCURATE,
        run=true,
        applies=lambda history: reports_totals(history) or bool(history.interactions),
        asked_of="bridges that report totals or interactions, or nothing",
    ),
)
