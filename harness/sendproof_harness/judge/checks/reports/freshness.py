"""Findings about stale totals: a push that reports less than the bridge must have known long before it.

A push may leave out everything that became certain within the last `FRESH_WITHIN`, so a bridge that collects statuses
and pushes totals three times a day, at any times, always reports enough. The last push has a check of its own.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import span, spoken
from sendproof_harness.judge.facts.fault_effects import downtime, is_result_hidden
from sendproof_harness.judge.facts.keys import TemplateKey, template_id
from sendproof_harness.judge.facts.metrics import (
    BOUNCED,
    DELIVERED,
    FRESH_WITHIN,
    METRIC_NAMES,
    PUSH_DURATION,
    SENT,
    ReportedValue,
    last_value,
    pushes,
    reported_values,
    targeted_customers,
)
from sendproof_harness.judge.facts.observation import times_are_meaningful
from sendproof_harness.judge.facts.provider_totals import RECEIPT_DELAY, provider_totals
from sendproof_harness.judge.findings import Finding, Location, cached_per_history


def stale_totals(history: History, check: str) -> Iterator[Finding]:
    """Yield the first stale push of each template and metric."""
    if not times_are_meaningful(history):
        return
    for key in targeted_customers(history):
        pushed_at = pushes(history).get(key[:2], ())
        earlier_pushes = [at for at in pushed_at[:-1] if not _is_disturbed(history, at)]
        for metric in (SENT, DELIVERED, BOUNCED):
            values = reported_values(history).get(key, {}).get(metric, ())
            if pushed_at and _is_last_too_low(history, key, metric, values, pushed_at[-1]):
                continue
            stale = (finding for at in earlier_pushes if (finding := _stale(history, check, key, metric, values, at)))
            yield from (finding for finding in [next(stale, None)] if finding is not None)


def _is_last_too_low(history: History, key: TemplateKey, metric: int, values: Sequence[ReportedValue], at: int) -> bool:
    """Return True if the last total is too low, which is a finding of its own."""
    return last_value(values) < provider_totals(history).range(metric, {key: at})[0]


def _is_disturbed(history: History, at: int) -> bool:
    """Return True if a fault hid a result from the bridge, or killed it, in the time before a push."""
    start = at - FRESH_WITHIN
    hidden = any(start <= hidden_at <= at for hidden_at in _hidden_results(history))
    return hidden or downtime(history, start, at) > 0


@cached_per_history
def _hidden_results(history: History) -> Sequence[int]:
    """Return the times of all requests with a hidden result."""
    return [request.at for request in history.requests if is_result_hidden(request)]


def _stale(
    history: History, check: str, key: TemplateKey, metric: int, values: Sequence[ReportedValue], at: int
) -> Finding | None:
    known_at = at - FRESH_WITHIN
    low, _ = provider_totals(history).range(metric, {key: known_at + RECEIPT_DELAY})
    position = bisect_right([value.at for value in values], at + PUSH_DURATION)
    reported = values[position - 1].value if position else 0
    if reported >= low:
        return None
    return Finding(
        check=check,
        level="fail",
        blame="bridge",
        cause=f"the total of {METRIC_NAMES[metric]} was out of date when it was pushed",
        expected=f"at least {low:,}, known at {spoken(known_at)}, {span(FRESH_WITHIN)} before the push",
        got=f"{reported:,}, pushed at {spoken(at)}",
        where=Location(campaign=key[0], channel=key[1], template=template_id(key)),
        at=at,
    )
