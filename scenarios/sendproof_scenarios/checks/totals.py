"""Whether what was reported is what the provider said."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_scenarios.checks.ledger import ledger
from sendproof_scenarios.checks.metrics import (
    BOUNCED,
    DELIVERED,
    DROPPED,
    METRIC_NAMES,
    SENT,
    TemplateKey,
    last_value,
    pushes,
    reports,
    targeted,
    template_id,
)
from sendproof_scenarios.findings import Check, Finding, Observed, Where, once_per_history
from sendproof_scenarios.history import History, Interactions
from sendproof_scenarios.instants import MINUTE, spoken
from sendproof_scenarios.requirements import METRICS_TRUE

_ID = "metrics.true"

# From the end of a message to the total that counts it, a receipt has to be posted, perhaps tried again, and stored.
RECEIPT_ON_ITS_WAY = 15 * MINUTE

_METRIC_OF: Mapping[str, int] = {
    "delivered": DELIVERED,
    "undelivered": BOUNCED,
    "invalid": BOUNCED,
    "expired": BOUNCED,
}

# documented: https://api.txtlocal.com/docs/handlingreceipts does not list E among the states that are posted.
_NEVER_PUSHED = "expired"


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What the provider said of the messages of one template: for each metric, the instants at which it grew.

    What is only `asked` is told to those who ask for it, so a total may leave it out.
    """

    told: Mapping[int, Sequence[int]]
    asked: Mapping[int, Sequence[int]]
    recipients: int

    def range(self, metric: int, at: int) -> tuple[int, int]:
        """The least and the most that a total pushed at `at` may say."""
        told, asked = self.told.get(metric, ()), self.asked.get(metric, ())
        return bisect_right(told, at - RECEIPT_ON_ITS_WAY), bisect_right(told, at) + bisect_right(asked, at)


@once_per_history
def said(history: History) -> Mapping[TemplateKey, Said]:
    """What the provider said, by campaign, channel and template."""
    ended = {outcome.message: outcome for outcome in history.outcomes}
    told: defaultdict[TemplateKey, defaultdict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    asked: defaultdict[TemplateKey, defaultdict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    recipients: defaultdict[TemplateKey, int] = defaultdict(int)
    for fate in ledger(history).fates:
        key = fate.obligation.campaign, fate.obligation.channel, str(fate.obligation.template)
        recipients[key] += bool(fate.deliveries)
        for delivery in fate.deliveries:
            told[key][SENT].append(delivery.at)
            outcome = ended.get(delivery.message)
            metric = _METRIC_OF.get(outcome.status) if outcome else None
            if outcome and metric is not None:
                (asked if outcome.status == _NEVER_PUSHED else told)[key][metric].append(outcome.at)
    return {
        key: Said(told=_sorted(told[key]), asked=_sorted(asked[key]), recipients=number)
        for key, number in recipients.items()
    }


def _sorted(instants: Mapping[int, Sequence[int]]) -> Mapping[int, Sequence[int]]:
    return {metric: sorted(some) for metric, some in instants.items()}


def true(history: History) -> Observed:
    """Compare the last totals and every interaction with the provider's own record."""
    findings = [*_wrong_totals(history), *_wrong_interactions(history)]
    count = 3 * len(reports(history)) + sum(len(report.customers) for report in history.interactions)
    return Observed(looked_at=count, unit="statements", findings=tuple(findings))


def _wrong_totals(history: History) -> Iterator[Finding]:
    for key, metrics in reports(history).items():
        if key not in targeted(history):
            continue
        at = pushes(history)[key[:2]][-1]
        truth = said(history).get(key, Said(told={}, asked={}, recipients=0))
        for metric in (SENT, DELIVERED, BOUNCED):
            low, high = truth.range(metric, at)
            low = min(low, truth.recipients) if metric == SENT else low
            value = last_value(metrics.get(metric, ()))
            if not low <= value <= high:
                yield _wrong_total(key, metric, value, (low, high), at)


def _wrong_total(key: TemplateKey, metric: int, value: int, bounds: tuple[int, int], at: int) -> Finding:
    low, high = bounds
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"the total of {METRIC_NAMES[metric]} is not what the provider said",
        expected=f"{high:,}" if low == high else f"{low:,} to {high:,}",
        got=f"{value:,}, lastly pushed {spoken(at)}",
        where=Where(campaign=key[0], channel=key[1], template=template_id(key)),
        at=at,
    )


def _wrong_interactions(history: History) -> Iterator[Finding]:
    if not history.interactions:
        return
    states = _states(history)
    for report in history.interactions:
        judge = _JUDGES.get(report.event_id)
        for customer in report.customers:
            state = states.get((report.campaign, report.channel, customer))
            if state is None:
                yield _wrong_interaction(
                    report, customer, "a customer outside the campaign", "a customer of the campaign", ""
                )
            elif judge is not None and not judge(state):
                name = METRIC_NAMES[report.event_id]
                yield _wrong_interaction(report, customer, f"a customer said to be {name} who was not", name, state)


def _states(history: History) -> Mapping[tuple[int, int, str], str]:
    """What happened to each customer: the provider's last word, `accepted` without one, or `nothing`."""
    ended = {outcome.message: outcome.status for outcome in history.outcomes}
    states: dict[tuple[int, int, str], str] = {}
    for fate in ledger(history).fates:
        last = [ended.get(delivery.message, "accepted") for delivery in fate.deliveries]
        state = "delivered" if "delivered" in last else (last or ["nothing"])[0]
        states[fate.obligation.campaign, fate.obligation.channel, fate.obligation.customer] = state
    return states


_JUDGES: Mapping[int, Callable[[str], bool]] = {
    SENT: lambda state: state != "nothing",
    DELIVERED: lambda state: state == "delivered",
    BOUNCED: lambda state: _METRIC_OF.get(state) == BOUNCED,
    DROPPED: lambda state: state == "nothing",
}


def _wrong_interaction(report: Interactions, customer: str, cause: str, expected: str, got: str) -> Finding:
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"interactions: {cause}",
        expected=expected,
        got=got or "not in the campaign",
        where=Where(campaign=report.campaign, channel=report.channel, template=report.template, customer=customer),
        at=report.at,
    )


CHECKS = (Check(id=_ID, title="Reports say what the provider said", requirement=METRICS_TRUE, run=true),)
