"""Findings about totals that leave out what the bridge must have known long before.

A report may leave out everything that became certain within the last `fresh_within`, so a bridge that collects statuses
and pushes totals in two rhythms, at any times, always reports enough.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import span, spoken
from sendproof_harness.judge.checks.reports.statements import is_disturbed, is_disturbed_by_fault
from sendproof_harness.judge.facts.clients.key_outages import with_key_before
from sendproof_harness.judge.facts.deliveries.ledger import count_of
from sendproof_harness.judge.facts.keys import CampaignKey, TemplateKey, template_id, template_key
from sendproof_harness.judge.facts.metrics import (
    BOUNCED,
    CLICKED,
    DELIVERED,
    DROPPED,
    METRIC_NAMES,
    OPENED,
    PUSH_DURATION,
    SENT,
    UNSUBSCRIBED,
    ReportedValue,
    fresh_within,
    last_value,
    pushes,
    reported_values,
    reporting_periods,
    targeted_customers,
)
from sendproof_harness.judge.facts.observation import REACTION, bridge_time, times_are_meaningful
from sendproof_harness.judge.facts.provider_totals import RECEIPT_DELAY, provider_totals
from sendproof_harness.judge.facts.reports.omissions import omission_hint, outdated_hint
from sendproof_harness.judge.facts.reports.repetitions import repetition_hint
from sendproof_harness.judge.facts.reports.required_interactions import RequiredInteraction, required_interactions
from sendproof_harness.judge.facts.wishes import wants_interactions
from sendproof_harness.judge.findings import Finding, Location, cached_per_history

_JUDGED_METRICS = (SENT, DELIVERED, BOUNCED, DROPPED)


def least_total(history: History, metric: int, pushed_at: Mapping[TemplateKey, int]) -> int:
    """Return the least that the sum of the last totals may be, each pushed at its own instant.

    The bridge knows at once what it sent. It may still have to ask for statuses. Outside virtual time, it must only
    include what it had time to read.
    """
    if not times_are_meaningful(history):
        visible = bridge_time(history)
        known_at = {key: visible.before(at, REACTION) + RECEIPT_DELAY for key, at in pushed_at.items()}
    else:
        margin = 0 if metric == SENT else fresh_within(history) - RECEIPT_DELAY
        known_at = {key: at - margin for key, at in pushed_at.items()}
    return provider_totals(history).range(metric, known_at)[0]


# -- totals out of date -----------------------------------------------------------------------------


def stale_totals(history: History, check: str) -> Iterator[Finding]:
    """Yield the first stale push of each template and metric; the last push has a check of its own."""
    if not times_are_meaningful(history):
        return
    for key in targeted_customers(history):
        pushed_at = pushes(history).get(key[:2], ())
        undisturbed = [at for at in pushed_at[:-1] if not is_disturbed(history, at - fresh_within(history), at)]
        for metric in _JUDGED_METRICS:
            values = reported_values(history).get(key, {}).get(metric, ())
            if pushed_at and _is_last_too_low(history, key, metric, values, pushed_at[-1]):
                continue
            stale = (finding for at in undisturbed if (finding := _stale(history, check, key, metric, values, at)))
            yield from (finding for finding in [next(stale, None)] if finding is not None)


def _is_last_too_low(history: History, key: TemplateKey, metric: int, values: Sequence[ReportedValue], at: int) -> bool:
    """Return True if the last total is too low, which is a finding of its own."""
    if metric == DROPPED:
        return last_value(values) < _known_total(history, key, metric, at - fresh_within(history))
    return last_value(values) < least_total(history, metric, {key: at})


def _stale(
    history: History, check: str, key: TemplateKey, metric: int, values: Sequence[ReportedValue], at: int
) -> Finding | None:
    known_at = at - fresh_within(history)
    low, reported = _known_total(history, key, metric, known_at), _value_at(values, at)
    if reported >= low:
        return None
    hint = omission_hint(history, metric, [key], reported, (low, _most(history, key, metric, at)))
    return _finding(
        check,
        key,
        f"the total of {METRIC_NAMES[metric]} was out of date when it was pushed{hint}",
        f"at least {low:,}, known at {spoken(known_at)}, {span(fresh_within(history))} before the push",
        f"{reported:,}, pushed at {spoken(at)}",
        at,
    )


def _known_total(history: History, key: TemplateKey, metric: int, at: int) -> int:
    """Return the least that a template's total may be if it includes everything until an instant."""
    if metric == DROPPED:
        return bisect_right(_drops(history).get(key, ()), at)
    return provider_totals(history).range(metric, {key: at + RECEIPT_DELAY})[0]


@cached_per_history
def _drops(history: History) -> Mapping[TemplateKey, Sequence[int]]:
    """Return when the messages of customers who must count as dropped were due, in order."""
    drops: defaultdict[TemplateKey, list[int]] = defaultdict(list)
    for interaction in required_interactions(history):
        if interaction.metric == DROPPED:
            key, count = template_key(interaction.recipient.obligation), count_of(history, interaction.recipient)
            drops[key] += [interaction.known_at] * count
    return {key: sorted(times) for key, times in drops.items()}


def _value_at(values: Sequence[ReportedValue], at: int) -> int:
    """Return the value of the push at an instant, or the last one before."""
    position = bisect_right(values, at + PUSH_DURATION, key=lambda value: value.at)
    return values[position - 1].value if position else 0


def inflated_totals(history: History, check: str) -> Iterator[Finding]:
    """Yield the first push of each template and metric that counted more than the provider had recorded by then.

    The last push has a check of its own.
    """
    for key in targeted_customers(history):
        for metric in (SENT, DELIVERED, BOUNCED):
            values = reported_values(history).get(key, {}).get(metric, ())
            if not values or last_value(values) > _most(history, key, metric, values[-1].at):
                continue
            inflated = (value for value in values[:-1] if value.value > _most(history, key, metric, value.at))
            for value in islice(inflated, 1):
                most = _most(history, key, metric, value.at)
                hint = outdated_hint(history, key, value.value - most) or repetition_hint(
                    history, metric, [key], (value.value, value.at), (most, most)
                )
                cause, expected = (
                    f"the total of {METRIC_NAMES[metric]} was too high when it was pushed{hint}",
                    f"at most {most:,} by then",
                )
                got = f"{value.value:,}, pushed at {spoken(value.at)}"
                yield _finding(check, key, cause, expected, got, value.at)


def _most(history: History, key: TemplateKey, metric: int, at: int) -> int:
    return provider_totals(history).range(metric, {key: at})[1]


# -- totals that were never pushed ------------------------------------------------------------------


def unpushed_totals(history: History, check: str) -> Iterator[Finding]:
    """Yield the totals that the last push left out, because it came before, although reports were still due."""
    if not times_are_meaningful(history):
        return
    for key in targeted_customers(history):
        pushed_at = pushes(history).get(key[:2], ())
        _, period_end = reporting_periods(history).get(key[:2], (0, 0))
        end = min(history.header.ended, period_end)
        known_at = with_key_before(history, end, fresh_within(history))
        if not pushed_at or pushed_at[-1] >= known_at or is_disturbed_by_fault(history, pushed_at[-1], end):
            continue
        for metric in (SENT, DELIVERED, BOUNCED):
            reported = last_value(reported_values(history).get(key, {}).get(metric, ()))
            low = _known_total(history, key, metric, known_at)
            if low > max(reported, least_total(history, metric, {key: pushed_at[-1]})):
                cause = f"the last {METRIC_NAMES[metric]} messages are in no total, because the pushes ended"
                expected = f"at least {low:,}, known at {spoken(known_at)}"
                got = f"{reported:,}, last pushed at {spoken(pushed_at[-1])}"
                yield _finding(check, key, cause, expected, got, pushed_at[-1])


# -- totals of customer actions ---------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class _ActionTotal:
    """The total of clicks in one campaign, or of opt-outs in all of them, with the actions that it must count."""

    metric: int
    campaigns: frozenset[CampaignKey]
    required: tuple[RequiredInteraction, ...]


def missing_actions(history: History, check: str) -> Iterator[Finding]:
    """Yield totals below the number of customers whose click or opt-out the provider reported to the bridge.

    Only a client who wants totals and interactions gets both. An opt-out may count for any campaign of the customer.
    """
    if not (wants_interactions(history) and times_are_meaningful(history)):
        return
    for total in _action_totals(history):
        findings = [
            finding
            for at in sorted({at for campaign in total.campaigns for at in pushes(history).get(campaign, ())})
            if not is_disturbed(history, at - fresh_within(history), at)
            and (finding := _missing_action(history, check, total, at)) is not None
        ]
        # The last push names a total that never becomes right, the first one a total that is late.
        yield from findings[-1:] if _is_never_right(findings, history, total) else findings[:1]


def _is_never_right(findings: Sequence[Finding], history: History, total: _ActionTotal) -> bool:
    last = max((pushes(history).get(campaign, (0,))[-1] for campaign in total.campaigns), default=0)
    return bool(findings) and findings[-1].at == last


def _action_totals(history: History) -> Iterator[_ActionTotal]:
    required: defaultdict[tuple[int, CampaignKey | None], list[RequiredInteraction]] = defaultdict(list)
    unsubscribed: set[str] = set()
    by_customer: dict[tuple[int, CampaignKey, str], RequiredInteraction] = {}
    for interaction in sorted(required_interactions(history), key=lambda interaction: -interaction.known_at):
        if interaction.metric in {OPENED, CLICKED}:
            # A customer who meets a trigger twice may click in both messages, and counts at the first click.
            by_customer[interaction.metric, interaction.campaign, interaction.customer] = interaction
        elif interaction.metric == UNSUBSCRIBED and interaction.customer not in unsubscribed:
            # A customer who opts out at two providers may count once.
            unsubscribed.add(interaction.customer)
            required[UNSUBSCRIBED, None].append(interaction)
    for interaction in by_customer.values():
        required[interaction.metric, interaction.campaign].append(interaction)
    for (metric, campaign), interactions in required.items():
        campaigns = frozenset(pushes(history)) if campaign is None else frozenset({campaign})
        yield _ActionTotal(metric=metric, campaigns=campaigns, required=tuple(interactions))


def _missing_action(history: History, check: str, total: _ActionTotal, at: int) -> Finding | None:
    name, within = METRIC_NAMES[total.metric], fresh_within(history)
    last = {campaign: pushes(history)[campaign][-1] for campaign in total.campaigns & pushes(history).keys()}
    low = sum(
        interaction.known_at <= min(at, last.get(interaction.campaign, 0)) - within for interaction in total.required
    )
    values = [
        of_metric[total.metric]
        for key, of_metric in reported_values(history).items()
        if key[:2] in total.campaigns and total.metric in of_metric
    ]
    reported = sum(_value_at(of_key, at) for of_key in values)
    if reported >= low:
        return None
    campaign = total.required[0].campaign
    is_last = at == max(last.values())
    if not values:
        cause = f"no total of {name} was ever reported"
    elif is_last:
        cause = f"the total of {name} is lower than the provider reported"
    else:
        cause = f"the total of {name} was out of date when it was pushed"
    return Finding(
        check=check,
        level="fail",
        blame="bridge",
        cause=cause,
        expected=f"at least {low:,}, known at {spoken(at - within)}, {span(within)} before the push",
        got=f"{reported:,}, pushed at {spoken(at)}",
        where=Location(campaign=campaign[0], channel=campaign[1]),
        at=at,
    )


def _finding(check: str, key: TemplateKey, cause: str, expected: str, got: str, at: int) -> Finding:
    where = Location(campaign=key[0], channel=key[1], template=template_id(key))
    return Finding(
        check=check, level="fail", blame="bridge", cause=cause, expected=expected, got=got, where=where, at=at
    )
