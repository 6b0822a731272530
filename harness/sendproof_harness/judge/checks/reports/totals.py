"""Check that reported totals and interactions match the provider's records."""

from collections.abc import Iterator, Mapping

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.history.wording import counted
from sendproof_harness.judge.checks.reports.actions import wrong_actions
from sendproof_harness.judge.checks.reports.freshness import (
    inflated_totals,
    least_total,
    missing_actions,
    stale_totals,
    unpushed_totals,
)
from sendproof_harness.judge.checks.reports.interactions import interaction_findings
from sendproof_harness.judge.checks.reports.statements import unknown_growth
from sendproof_harness.judge.facts.fault_diagnosis import undecided_messages
from sendproof_harness.judge.facts.fault_effects import (
    OPTIMOVE,
    forged_receipts,
    injections,
    is_of_another_system,
    proof_text,
)
from sendproof_harness.judge.facts.keys import TemplateKey, template_id
from sendproof_harness.judge.facts.metrics import (
    BOUNCED,
    DELIVERED,
    METRIC_NAMES,
    SENT,
    last_value,
    lost_growth,
    misses_reports_unseen,
    must_report_totals,
    pushes,
    reported_values,
    targeted_customers,
)
from sendproof_harness.judge.facts.observation import times_are_meaningful, unobserved_reports, unobserved_times
from sendproof_harness.judge.facts.provider_totals import provider_totals
from sendproof_harness.judge.facts.reports.clicks import unreported_clicks
from sendproof_harness.judge.facts.reports.miscounts import delay_hint, miscount_hint
from sendproof_harness.judge.facts.reports.omissions import omission_hint
from sendproof_harness.judge.facts.reports.repetitions import repetition_hint
from sendproof_harness.judge.facts.wishes import wants_interactions
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import METRICS_ACCURATE

_ID = "metrics.accurate"

_PROVIDER_METRICS = (SENT, DELIVERED, BOUNCED)


def check_accuracy(history: History) -> CheckResult:
    """Compare the totals of every push and every interaction with the provider's own records."""
    findings = [
        *([unobserved_reports(_ID)] if misses_reports_unseen(history) else []),
        *(unknown_growth(history, _ID) if lost_growth(history) else _total_findings(history)),
        *interaction_findings(history, _ID),
        *(unreported_clicks(history, _ID) if not wants_interactions(history) else ()),
    ]
    totals = len(_PROVIDER_METRICS) * len(reported_values(history))
    named = sum(history.alike.named.get(report.n, len(report.customers)) for report in history.interactions)
    return CheckResult(looked_at=totals + named, unit="statements", findings=tuple(findings))


def _total_findings(history: History) -> Iterator[Finding]:
    yield from _wrong_totals(history)
    yield from _unobserved_totals(history)
    yield from stale_totals(history, _ID)
    yield from inflated_totals(history, _ID)
    yield from unpushed_totals(history, _ID)
    yield from wrong_actions(history, _ID)
    yield from missing_actions(history, _ID)


# -- totals of the provider -------------------------------------------------------------------------


def _wrong_totals(history: History) -> Iterator[Finding]:
    """Yield wrong totals of single templates, then wrong sums of templates that share messages.

    A sum is left out if the total of one of its templates is wrong.
    """
    pushed = pushes(history)
    last_push = {key: pushed[key[:2]][-1] for key in targeted_customers(history) if key[:2] in pushed}
    wrong: set[tuple[TemplateKey, int]] = set()
    for keys in (*({key} for key in last_push), *provider_totals(history).joint_templates):
        for metric in _PROVIDER_METRICS:
            if keys <= last_push.keys() and not any((key, metric) in wrong for key in keys):
                finding = _wrong_total(history, metric, {key: last_push[key] for key in sorted(keys)})
                if finding is not None:
                    wrong |= {(key, metric) for key in keys}
                    yield finding


def _wrong_total(history: History, metric: int, pushed_at: Mapping[TemplateKey, int]) -> Finding | None:
    low = least_total(history, metric, pushed_at)
    high = provider_totals(history).range(metric, pushed_at)[1] + undecided_messages(history)
    reported = reported_values(history)
    values = {key: last_value(reported.get(key, {}).get(metric, ())) for key in pushed_at}
    total = sum(values.values())
    if low <= total <= high:
        return None
    at, first_key = max(pushed_at.values()), next(iter(pushed_at))
    hint = delay_hint(history, metric, pushed_at, total, (low, high))
    hint = hint or miscount_hint(history, metric, pushed_at, total, (low, high))
    hint = hint or (_excess_hint(history, metric) if total > high else _deficit_hint(history))
    hint = _forgery_hint(history, metric) or hint or omission_hint(history, metric, pushed_at, total, (low, high))
    if total > high:
        hint = hint or repetition_hint(history, metric, list(pushed_at), (total, at), (low, high))
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"the total of {METRIC_NAMES[metric]} does not match the provider's records{hint}",
        expected=f"{high:,}" if low == high else f"{low:,} to {high:,}",
        got=f"{_sum_text(values)}, last pushed at {spoken(at)}",
        where=Location(campaign=first_key[0], channel=first_key[1], template=template_id(first_key)),
        at=at,
    )


def _unobserved_totals(history: History) -> Iterator[Finding]:
    """Yield one finding if more happened after the last push of a bridge outside virtual time."""
    if times_are_meaningful(history):
        return
    ended, pushed, reported = history.header.ended, pushes(history), reported_values(history)
    stale = sum(
        last_value(reported.get(key, {}).get(metric, ())) < provider_totals(history).range(metric, {key: ended})[0]
        for key in targeted_customers(history)
        for metric in _PROVIDER_METRICS
        if key[:2] in pushed
    )
    if stale:
        yield unobserved_times(history, _ID, counted(stale, "totals without what happened after the last push"))


def _forgery_hint(history: History, metric: int) -> str:
    """Return the likely cause of a wrong total of final states: receipts that were forged, or of other systems."""
    if metric in {DELIVERED, BOUNCED} and (forged := forged_receipts(history)):
        return f", as if forged receipts were counted{proof_text(forged)}"
    has_others = metric in {DELIVERED, BOUNCED} and any(map(is_of_another_system, history.webhooks))
    return ", as if receipts of messages that other systems sent were counted" if has_others else ""


def _excess_hint(history: History, metric: int) -> str:
    """Return the likely cause of a total that is too large: receipts that arrived more than once, if any did."""
    has_resends = any(
        attempt.resend and attempt.service != OPTIMOVE and attempt.status is not None for attempt in history.webhooks
    )
    return ", as if repeated receipts were counted twice" if metric != SENT and has_resends else ""


def _deficit_hint(history: History) -> str:
    """Return the likely cause of a total that is too small: the bridge acknowledged without storing, and was killed."""
    was_killed = any(injection.is_kill_at_webhook for injection in injections(history))
    return ", as if acknowledged receipts were not stored before the bridge was killed" if was_killed else ""


def _sum_text(values: Mapping[TemplateKey, int]) -> str:
    total = f"{sum(values.values()):,}"
    if len(values) == 1:
        return total
    return " + ".join(f"{value:,} for campaign {key[0]}" for key, value in values.items()) + f" = {total}"


CHECKS = (
    Check(
        id=_ID,
        title="Reports match the provider's records",
        requirement=METRICS_ACCURATE,
        run=check_accuracy,
        applies=lambda history: must_report_totals(history) or bool(history.interactions),
        scope="bridges that report totals or interactions, or nothing",
    ),
)
