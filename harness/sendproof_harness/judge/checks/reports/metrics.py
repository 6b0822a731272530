"""Check that the bridge keeps reporting metrics, and that its totals add up."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import DAY, HOUR, spoken
from sendproof_harness.history.wording import counted
from sendproof_harness.judge.checks.reports.statements import unknown_growth
from sendproof_harness.judge.facts.clients.key_outages import standstill_time
from sendproof_harness.judge.facts.deliveries.cancellations import cancellation_times
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.facts.keys import CampaignKey, TemplateKey, channel_text, template_id, template_key
from sendproof_harness.judge.facts.metrics import (
    BOUNCED,
    DELIVERED,
    DROPPED,
    METRIC_NAMES,
    PUSH_DURATION,
    REPORTING_DAYS,
    SENT,
    ReportedValue,
    execution_times,
    last_send_times,
    last_value,
    lost_growth,
    metric_name,
    misses_reports_unseen,
    must_report_totals,
    pushes,
    reported_values,
    reporting_periods,
    targeted_customers,
    triggered_campaigns,
    undetermined_customers,
    values_add_up,
)
from sendproof_harness.judge.facts.observation import (
    REACTION,
    bridge_time,
    times_are_meaningful,
    unobserved_reports,
    unobserved_times,
)
from sendproof_harness.judge.facts.provider_totals import rejected_later
from sendproof_harness.judge.facts.reports.repetitions import twice_hint
from sendproof_harness.judge.facts.wishes import cadence_source, reports_a_day
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location, cached_per_history
from sendproof_harness.judge.requirements import METRICS_CADENCE, METRICS_CONSISTENT

# The statuses of a request that is wrong in itself.
_REJECTED = frozenset({400, 404, 413, 415})

# A rhythm that begins with the first send has its last push of the day at the end of it, or moments later.
_LEEWAY = HOUR

_CADENCE = "metrics.cadence"
_CONSISTENT = "metrics.consistent"


# -- cadence ----------------------------------------------------------------------------------------


def check_cadence(history: History) -> CheckResult:
    """Find days after the first send with too few pushes of metrics."""
    findings: list[Finding] = []
    judged = 0
    for key, (first_due, end) in reporting_periods(history).items():
        period = max(0, (end - first_due) // DAY)
        days = min(period, max(0, (history.header.ended - first_due) // DAY))
        judged += sum(_required_pushes(history, key, *day) > 0 for day in _days(first_due, days))
        if times_are_meaningful(history):
            findings += _days_with_few_pushes(history, key, first_due, days)
        elif days:
            findings.append(unobserved_times(history, _CADENCE, counted(len(pushes(history).get(key, ())), "pushes")))
        if days < period:
            findings.append(_days_not_judged(key, days, period, first_due))
    return CheckResult(looked_at=judged, unit="days", findings=tuple(findings))


def _days_with_few_pushes(history: History, key: CampaignKey, first_due: int, days: int) -> Sequence[Finding]:
    """Return the days with too few pushes; a push that did not reach Optimove counts as well.

    A bridge may report at the end of each day, and first a day after the first send. So days may also begin later.
    """
    findings = tuple(_few_pushes(history, key, first_due, days))
    is_whole = first_due + days * DAY + _LEEWAY <= history.header.ended
    return findings if not is_whole or any(_few_pushes(history, key, first_due + _LEEWAY, days)) else ()


def _few_pushes(history: History, key: CampaignKey, first_due: int, days: int) -> Iterator[Finding]:
    pushed = _all_pushes(pushes(history).get(key, ()), _prevented_pushes(history))
    counts = [bisect_left(pushed, end) - bisect_left(pushed, start) for start, end in _days(first_due, days)]
    last_day = max((day for day, count in enumerate(counts, start=1) if count), default=0)
    source, total = cadence_source(history), max(days, REPORTING_DAYS)
    for day, (count, (start, end)) in enumerate(zip(counts, _days(first_due, days), strict=True), start=1):
        required = _required_pushes(history, key, start, end)
        just_after = bisect_left(pushed, end + _LEEWAY) - bisect_left(pushed, end)
        if count + (just_after if count else 0) < required:
            yield Finding(
                check=_CADENCE,
                level="fail",
                blame="bridge",
                cause=_cadence_cause(count, stopped_after=last_day if 0 < last_day < day else None)
                + channel_text(key, () if count else _pushed_between(history, start, end))
                + _cancellation_hint(history, key, last_push=pushed[-1] if pushed else None),
                expected=f"at least {counted(required, 'pushes')} on day {day} of {total} ({source})",
                got=f"{counted(count, 'pushes')} between {spoken(start)} and {spoken(end)}",
                where=Location(campaign=key[0], channel=key[1]),
                at=start,
            )


def _days(first_due: int, count: int) -> Iterator[tuple[int, int]]:
    return pairwise(first_due + day * DAY for day in range(count + 1))


def _pushed_between(history: History, start: int, end: int) -> Iterator[CampaignKey]:
    return (key for key, pushed in pushes(history).items() if bisect_left(pushed, end) > bisect_left(pushed, start))


def _cadence_cause(count: int, *, stopped_after: int | None) -> str:
    if count:
        return "metrics pushed too rarely"
    stopped = f": they stopped after day {stopped_after}" if stopped_after is not None else ""
    return f"no metrics for a whole day{stopped}"


def _cancellation_hint(history: History, key: CampaignKey, *, last_push: int | None) -> str:
    """Return words for reports that ended with the cancellation; what was sent before it is still to be reported."""
    cancelled_at = cancellation_times(history).get(key)
    if cancelled_at is None or (last_push is not None and last_push > cancelled_at + HOUR):
        return ""
    return ", since the campaign was cancelled; its messages before that still count"


@cached_per_history
def _prevented_pushes(history: History) -> Sequence[int]:
    """Return when the bridge pushed totals that a fault kept from Optimove, or that Optimove rejected.

    A rejection is a finding of its own.
    """
    return [
        request.at
        for request in history.requests
        if request.operation == "UpdateCampaignMetrics"
        and (request.status in _REJECTED if request.fault is None else not request.fault.effect)
    ]


def _all_pushes(pushed: Sequence[int], prevented: Sequence[int]) -> Sequence[int]:
    """Merge both lists; requests in quick succession are one push."""
    if not prevented:
        return pushed
    merged: list[int] = []
    for at in sorted((*pushed, *prevented)):
        if not merged or at - merged[-1] > PUSH_DURATION:
            merged.append(at)
    return merged


def _required_pushes(history: History, key: CampaignKey, start: int, end: int) -> int:
    """Return the number of pushes between two instants, without those that could not arrive.

    A bridge may push at fixed times of the day. A short outage of the bridge or of its key can include one of them. If
    it can include all of them, the day is not judged. None is due on a day that began more than a week after the last
    message of a trigger.
    """
    if key in triggered_campaigns(history):
        times = execution_times(history)[key]
        last = times[max(0, bisect_right(times, start) - 1)]
        if start - last > (REPORTING_DAYS - 1) * DAY + _LEEWAY:
            return 0
    missed = -(-reports_a_day(history) * standstill_time(history, start, end) // (end - start))
    return reports_a_day(history) - missed


def _days_not_judged(key: CampaignKey, days: int, period: int, first_due: int) -> Finding:
    return Finding(
        check=_CADENCE,
        level="note",
        blame="harness",
        cause="the history ends before the seven days are over",
        expected=f"a history until {spoken(first_due + period * DAY)}",
        got=f"{days} of {period} days judged",
        where=Location(campaign=key[0], channel=key[1]),
    )


# -- consistency ------------------------------------------------------------------------------------

_Values = Mapping[int, Sequence[ReportedValue]]


def check_consistency(history: History) -> CheckResult:
    """Find totals that do not add up, decrease, or belong to no sent message."""
    findings = [unobserved_reports(_CONSISTENT)] if misses_reports_unseen(history) else []
    findings += unknown_growth(history, _CONSISTENT)
    targeted = targeted_customers(history)
    for key, values in reported_values(history).items():
        if key not in targeted:
            findings.append(_foreign_totals(key, targeted))
            continue
        findings += _unknown_metrics(key, values)
        if repeated := _repeated_totals(history).get(key):
            # Which of the totals counts is not known, so nothing else is said about them.
            findings.append(repeated)
            continue
        if lost_growth(history) is not None:
            continue
        findings += _decreased_totals(key, values, rejected_later(history, key))
        findings += _more_than_sent(key, values)
        findings += _customers_missing(history, key, values, targeted[key])
    count = sum(map(len, reported_values(history).values()))
    return CheckResult(looked_at=count, unit="totals", findings=tuple(findings))


@cached_per_history
def _repeated_totals(history: History) -> Mapping[TemplateKey, Finding]:
    """Return, by template, the first report with several totals of one metric; where values add up, that is right."""
    found: dict[TemplateKey, Finding] = {}
    for push in () if values_add_up(history) else history.metrics:
        values: defaultdict[tuple[TemplateKey, int], list[int]] = defaultdict(list)
        for item in push.items:
            values[template_key(item), item.metric].append(item.value)
        for (key, metric), of_metric in values.items():
            if len(of_metric) > 1 and key not in found:
                cause = "one report has several totals of the same template and metric, as if of several templates"
                got = " and ".join(f"{value:,}" for value in of_metric) + f" for {metric_name(metric)}"
                found[key] = _inconsistent(key, cause, "one total of each template and metric", got, push.at)
    return found


def _decreased_totals(key: TemplateKey, values: _Values, rejected: int) -> Iterator[Finding]:
    """Yield each decrease, but for `rejected` messages that the provider had accepted at first."""
    for metric, of_metric in values.items():
        allowed = rejected if metric == SENT else 0
        for before, after in pairwise(of_metric):
            if after.value + allowed < before.value:
                cause = f"the total of {metric_name(metric)} decreased"
                yield _inconsistent(key, cause, f"at least {before.value:,}, as before", f"{after.value:,}", after.at)


def _more_than_sent(key: TemplateKey, values: _Values) -> Iterator[Finding]:
    sent = last_value(values.get(SENT, ()))
    final = {metric: last_value(values.get(metric, ())) for metric in (DELIVERED, BOUNCED)}
    if sum(final.values()) > sent:
        got = " and ".join(f"{value:,} {metric_name(metric)}" for metric, value in final.items())
        yield _inconsistent(key, "more delivered or bounced than sent", f"at most {sent:,}, the number sent", got, None)


def _customers_missing(history: History, key: TemplateKey, values: _Values, customers: int) -> Iterator[Finding]:
    sent, dropped = last_value(values.get(SENT, ())), last_value(values.get(DROPPED, ()))
    last_push = pushes(history)[key[:2]][-1]
    # No document says if customers of a cancelled campaign count as dropped.
    if key[:2] in cancellation_times(history):
        return
    # Customers who may count as sent or not may be missing from both totals. No customer may be in both, at any time.
    least = customers - undetermined_customers(history)[key] if _has_sent_all(history, key, last_push) else 0
    if not least <= sent + dropped <= customers:
        cause = f"sent plus dropped is not the number of targeted customers{_twice(sent, dropped, customers)}"
        got = f"{sent:,} sent + {dropped:,} dropped = {sent + dropped:,}"
        yield _inconsistent(key, cause, f"{customers:,} customers", got, last_push)


def _twice(sent: int, dropped: int, customers: int) -> str:
    """Return words for totals that add up if one of them, or both, is halved."""
    if twice := twice_hint(sent + dropped, (customers, customers)):
        return twice
    for name, total, other in (("dropped", dropped, sent), ("sent", sent, dropped)):
        if twice_hint(total, (total // 2, total // 2)) and other + total / 2 == customers:
            return f", as if each customer was counted twice as {name}"
    return ""


def _has_sent_all(history: History, key: TemplateKey, at: int) -> bool:
    """Return True if the bridge must have sent all messages by an instant, as far as it could see time pass."""
    last = last_send_times(history)[key]
    if times_are_meaningful(history):
        return at > last
    return bridge_time(history).between(max(last, _last_deliveries(history).get(key, 0)), at) > REACTION


@cached_per_history
def _last_deliveries(history: History) -> Mapping[TemplateKey, int]:
    """Return when the last message of each template was accepted."""
    last: dict[TemplateKey, int] = {}
    for recipient in ledger(history).recipients:
        for delivery in recipient.deliveries:
            key = template_key(recipient.obligation)
            last[key] = max(delivery.at, last.get(key, delivery.at))
    return last


def _unknown_metrics(key: TemplateKey, values: _Values) -> Iterator[Finding]:
    known = ", ".join(f"{metric} {name}" for metric, name in METRIC_NAMES.items())
    for metric, of_metric in values.items():
        if metric not in METRIC_NAMES:
            cause = "an unknown metric"
            yield _inconsistent(key, cause, f"one of {known}", f"MetricID {metric}", of_metric[0].at)


def _foreign_totals(key: TemplateKey, targeted: Collection[TemplateKey]) -> Finding:
    campaign, channel, template = key
    channels = sorted({other[1] for other in targeted if (other[0], other[2]) == (campaign, template)})
    if channels:
        cause = "totals of a template on another channel than its own"
        return _inconsistent(key, cause, "channel " + " or ".join(map(str, channels)), f"channel {channel}", None)
    if all(other[:2] != key[:2] for other in targeted):
        cause = "metrics of a campaign that does not exist on this channel"
        return _inconsistent(key, cause, "a campaign of the run", "no such campaign", None)
    cause = "metrics of a template that the campaign does not use"
    return _inconsistent(key, cause, "a template of the campaign", template, None)


def _inconsistent(key: TemplateKey, cause: str, expected: str, got: str, at: int | None) -> Finding:
    return Finding(
        check=_CONSISTENT,
        level="fail",
        blame="bridge",
        cause=cause,
        expected=expected,
        got=got,
        where=Location(campaign=key[0], channel=key[1], template=template_id(key)),
        at=at,
    )


CHECKS = (
    Check(
        id=_CADENCE,
        title="Metrics arrive several times a day",
        requirement=METRICS_CADENCE,
        run=check_cadence,
        applies=lambda history: bool(history.campaigns or history.triggers) and must_report_totals(history),
        scope="runs with campaigns or triggers, and bridges that report totals or nothing",
    ),
    Check(
        id=_CONSISTENT,
        title="Reported totals add up",
        requirement=METRICS_CONSISTENT,
        run=check_consistency,
        applies=must_report_totals,
        scope="bridges that report totals or nothing",
    ),
)
