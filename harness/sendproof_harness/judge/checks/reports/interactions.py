"""Check interactions: reports that name the customers who were sent to, clicked, and so on."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from sendproof_harness.history.records import History, Interactions
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.facts.customer_events import customer_actions
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.facts.deliveries.recipient_states import STATE_TESTS, GroupQuotas, possible_states
from sendproof_harness.judge.facts.fault_effects import is_result_hidden, outages
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.facts.metrics import CLICKED, METRIC_NAMES, UNSUBSCRIBED, must_report
from sendproof_harness.judge.facts.required_interactions import RequiredInteraction, required_interactions
from sendproof_harness.judge.facts.wishes import wants_interactions
from sendproof_harness.judge.findings import Blame, Check, CheckResult, Finding, Level, Location
from sendproof_harness.judge.requirements import INTERACTIONS_COMPLETE

_COMPLETE = "interactions.complete"
_OPERATION = "UpdateCampaignInteractions"

#: The metrics of customer actions. A bridge need not know all of them.
ACTION_METRICS = (CLICKED, UNSUBSCRIBED)
# The metrics of the simulated providers; they report no opened message and no spam.
_POSSIBLE_METRICS = frozenset({*STATE_TESTS, *ACTION_METRICS})

# -- accuracy ---------------------------------------------------------------------------------------


def interaction_findings(history: History, check: str) -> Iterator[Finding]:
    """Yield the wrong and the repeated interactions."""
    if history.interactions:
        yield from _wrong_interactions(history, check)
        yield from _repeated_interactions(history, check)


def _wrong_interactions(history: History, check: str) -> Iterator[Finding]:
    states, quotas, actions = possible_states(history), GroupQuotas(history), customer_actions(history)
    templates, clicked = _templates(history), _clicked_in(history)
    for report in history.interactions:
        key, in_campaign = campaign_key(report), states.get(campaign_key(report), {})
        name = METRIC_NAMES.get(report.event_id, f"event {report.event_id}")
        cause = f"a customer was reported as {name} but was not"
        for customer in report.customers:
            possible, of_customer = in_campaign.get(customer), templates.get((key, customer), frozenset())
            if possible is None:
                cause_outside, expected = _outside(states, report, customer)
                yield _finding(check, report, customer, cause_outside, expected, "not in the campaign")
            elif str(report.template) not in of_customer:
                expected = "template " + " or ".join(sorted(of_customer))
                wrong = "a customer was reported for another template than its own"
                yield _finding(check, report, customer, wrong, expected, f"template {report.template}")
            elif report.event_id not in _POSSIBLE_METRICS:
                expected = "one of " + ", ".join(
                    f"{metric} {METRIC_NAMES[metric]}" for metric in sorted(_POSSIBLE_METRICS)
                )
                wrong = "an event that no message of the run had"
                yield _finding(check, report, customer, wrong, expected, f"EventID {report.event_id}")
            elif report.event_id in ACTION_METRICS and (customer, report.event_id) not in actions:
                yield _finding(check, report, customer, cause, name, f"not {name}")
            elif report.event_id == CLICKED and (key, customer) not in clicked:
                yield _finding(check, report, customer, cause, name, "clicked in a message of another campaign")
            elif not _is_true(report, customer, possible, quotas):
                yield _finding(check, report, customer, cause, name, " or ".join(sorted(possible)))


def _outside(
    states: Mapping[CampaignKey, Mapping[str, Collection[str]]], report: Interactions, customer: str
) -> tuple[str, str]:
    """Return the cause and the expectation for a customer who is not in the reported campaign."""
    channels = sorted(
        channel for number, channel in states if number == report.campaign and customer in states[number, channel]
    )
    if campaign_key(report) in states or not channels:
        return "a customer outside the campaign", "a customer of the campaign"
    return "a campaign on a channel that it does not use", "channel " + " or ".join(map(str, channels))


def _templates(history: History) -> Mapping[tuple[CampaignKey, str], Collection[str]]:
    """Return the templates of each customer of each campaign."""
    templates: defaultdict[tuple[CampaignKey, str], set[str]] = defaultdict(set)
    for obligation in history.obligations:
        templates[campaign_key(obligation), obligation.customer].add(str(obligation.template))
    return templates


def _clicked_in(history: History) -> Collection[tuple[CampaignKey, str]]:
    """Return the campaigns and customers whose message was clicked; all of them, if recipients are interchangeable."""
    clicked = {click.message for click in history.clicks}
    found: set[tuple[CampaignKey, str]] = set()
    if not clicked:
        return found
    for group in (*((recipient,) for recipient in ledger(history).recipients), *ledger(history).interchangeable):
        if any(delivery.message in clicked for recipient in group for delivery in recipient.deliveries):
            found.update((campaign_key(recipient.obligation), recipient.obligation.customer) for recipient in group)
    return found


def _is_true(report: Interactions, customer: str, possible: Collection[str], quotas: GroupQuotas) -> bool:
    fits = STATE_TESTS.get(report.event_id)
    return fits is None or (any(map(fits, possible)) and quotas.take(report, customer))


def _repeated_interactions(history: History, check: str) -> Iterator[Finding]:
    """Yield the customers that were reported again, because Optimove adds up all requests.

    After a request with a hidden result, a bridge cannot avoid that.
    documented: https://developer.optimove.com/reference/post_integrations-updatecampaigninteractions
    """
    is_hidden = any(request.operation == _OPERATION and is_result_hidden(request) for request in history.requests)
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


# -- completeness -----------------------------------------------------------------------------------


def check_completeness(history: History) -> CheckResult:
    """Find customers of whom the bridge knew an event early enough, and whom it never reported for it."""
    required, reported = required_interactions(history), _reported(history)
    missing = [interaction for interaction in required if not _is_reported(interaction, reported)]
    total = Counter(interaction.metric for interaction in required)
    count = Counter(interaction.metric for interaction in missing)
    elsewhere = _reported_elsewhere(history) if missing else {}
    is_hidden = any(request.operation == _OPERATION and is_result_hidden(request) for request in history.requests)
    findings = tuple(
        _missing(
            interaction,
            elsewhere.get((interaction.customer, interaction.metric), ()),
            none_at_all=count[interaction.metric] == total[interaction.metric],
            is_hidden=is_hidden,
        )
        for interaction in missing
    )
    return CheckResult(looked_at=len(required), unit="customers of an event", findings=findings)


_Reported = Collection[tuple[CampaignKey | None, str, int]]


def _reported(history: History) -> _Reported:
    """Return the reported campaigns, customers and metrics, and the customers and metrics of any campaign."""
    reported: set[tuple[CampaignKey | None, str, int]] = set()
    for report in history.interactions:
        for customer in report.customers:
            reported |= {(campaign_key(report), customer, report.event_id), (None, customer, report.event_id)}
    return reported


def _is_reported(interaction: RequiredInteraction, reported: _Reported) -> bool:
    """Return True if the event was reported; an opt-out may be reported for any campaign of the customer."""
    campaign = None if interaction.metric == UNSUBSCRIBED else interaction.campaign
    return (campaign, interaction.customer, interaction.metric) in reported


def _reported_elsewhere(history: History) -> Mapping[tuple[str, int], Sequence[Interactions]]:
    """Return, by customer and metric, the reports of any campaign."""
    elsewhere: defaultdict[tuple[str, int], list[Interactions]] = defaultdict(list)
    for report in history.interactions:
        for customer in report.customers:
            elsewhere[customer, report.event_id].append(report)
    return elsewhere


def _missing(
    interaction: RequiredInteraction, elsewhere: Sequence[Interactions], *, none_at_all: bool, is_hidden: bool
) -> Finding:
    """Return the finding about a customer who was not reported; unknown if the lost request may have done it."""
    name, obligation = METRIC_NAMES[interaction.metric], interaction.recipient.obligation
    level: Level = "unknown" if is_hidden else "fail"
    blame: Blame = "network" if is_hidden else "bridge"
    if none_at_all:
        cause = f"{_OPERATION}: no customer was ever reported as {name}"
    else:
        cause = f"{_OPERATION}: a customer who was {name} is missing"
    others = [f"campaign {report.campaign} on channel {report.channel}" for report in elsewhere]
    return Finding(
        check=_COMPLETE,
        level=level,
        blame=blame,
        cause=cause + (", or the request got no response" if is_hidden else ""),
        expected=f"EventID {interaction.metric}, known since {spoken(interaction.known_at)}",
        got="no such report" + (f", only one for {others[0]}" if others else ""),
        where=Location(
            campaign=obligation.campaign,
            channel=obligation.channel,
            template=obligation.template,
            customer=interaction.customer,
        ),
        at=interaction.known_at,
    )


CHECKS = (
    Check(
        id=_COMPLETE,
        title="Every customer of an event is reported",
        requirement=INTERACTIONS_COMPLETE,
        run=check_completeness,
        applies=lambda history: wants_interactions(history) and must_report(history),
        scope="runs whose client wants totals and interactions",
    ),
)
