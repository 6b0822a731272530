"""Findings about interactions: reports that name the customers who were sent to, clicked, and so on."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from sendproof_harness.history.records import History, Interactions
from sendproof_harness.judge.facts.customer_events import customer_actions
from sendproof_harness.judge.facts.deliveries.recipient_states import STATE_TESTS, GroupQuotas, possible_states
from sendproof_harness.judge.facts.fault_effects import is_result_hidden, outages
from sendproof_harness.judge.facts.keys import campaign_key
from sendproof_harness.judge.facts.metrics import CLICKED, METRIC_NAMES, UNSUBSCRIBED
from sendproof_harness.judge.findings import Finding, Location

#: The metrics of customer actions. A bridge need not know all of them.
ACTION_METRICS = (CLICKED, UNSUBSCRIBED)


def interaction_findings(history: History, check: str) -> Iterator[Finding]:
    """Yield the wrong and the repeated interactions."""
    if history.interactions:
        yield from _wrong_interactions(history, check)
        yield from _repeated_interactions(history, check)


def _wrong_interactions(history: History, check: str) -> Iterator[Finding]:
    states, quotas, actions = possible_states(history), GroupQuotas(history), customer_actions(history)
    for report in history.interactions:
        in_campaign = states.get(campaign_key(report), {})
        for customer in report.customers:
            name = METRIC_NAMES.get(report.event_id, "")
            cause = f"a customer was reported as {name} but was not"
            possible = in_campaign.get(customer)
            if possible is None:
                cause, expected = "a customer outside the campaign", "a customer of the campaign"
                yield _finding(check, report, customer, cause, expected, "not in the campaign")
            elif report.event_id in ACTION_METRICS and (customer, report.event_id) not in actions:
                yield _finding(check, report, customer, cause, name, f"not {name}")
            elif not _is_true(report, customer, possible, quotas):
                yield _finding(check, report, customer, cause, name, " or ".join(sorted(possible)))


def _is_true(report: Interactions, customer: str, possible: Collection[str], quotas: GroupQuotas) -> bool:
    fits = STATE_TESTS.get(report.event_id)
    return fits is None or (any(map(fits, possible)) and quotas.take(report, customer))


def _repeated_interactions(history: History, check: str) -> Iterator[Finding]:
    """Yield the customers that were reported again, because Optimove adds up all requests.

    After a request with a hidden result, a bridge cannot avoid that.
    documented: https://developer.optimove.com/reference/post_integrations-updatecampaigninteractions
    """
    is_hidden = any(
        request.operation == "UpdateCampaignInteractions" and is_result_hidden(request) for request in history.requests
    )
    if is_hidden or outages(history):
        return
    for reports in _non_repeatable_reports(history).values():
        named: set[str] = set()
        for report in reports:
            for customer in report.customers:
                if customer in named:
                    yield _repeated(check, report, customer)
                named.add(customer)


_ReportKey = tuple[int, int, str, int]


def _non_repeatable_reports(history: History) -> Mapping[_ReportKey, Sequence[Interactions]]:
    """Return the reports that may name a customer once, by campaign, channel, template and metric.

    A customer may meet a trigger or open a link more than once.
    """
    with_triggers = {campaign_key(obligation) for obligation in history.obligations if obligation.trigger is not None}
    grouped: defaultdict[_ReportKey, list[Interactions]] = defaultdict(list)
    for report in history.interactions:
        if campaign_key(report) not in with_triggers and report.event_id != CLICKED:
            grouped[report.campaign, report.channel, str(report.template), report.event_id].append(report)
    return grouped


def _repeated(check: str, report: Interactions, customer: str) -> Finding:
    name = METRIC_NAMES.get(report.event_id, f"event {report.event_id}")
    return _finding(check, report, customer, f"a customer was reported twice as {name}", "once", "again")


def _finding(check: str, report: Interactions, customer: str, cause: str, expected: str, got: str) -> Finding:
    return Finding(
        check=check,
        level="fail",
        blame="bridge",
        cause=f"interactions: {cause}",
        expected=expected,
        got=got,
        where=Location(campaign=report.campaign, channel=report.channel, template=report.template, customer=customer),
        at=report.at,
    )
