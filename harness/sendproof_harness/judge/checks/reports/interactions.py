"""Check interactions: reports that name the customers who were sent to, clicked, and so on."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from sendproof_harness.history.records import History, Interactions
from sendproof_harness.history.timestamps import span, spoken
from sendproof_harness.judge.checks.reports.damaged_ids import damaged_id
from sendproof_harness.judge.checks.reports.statements import LateReport, day_cause, day_start, late_reports
from sendproof_harness.judge.facts.deliveries.ledger import count_recipients
from sendproof_harness.judge.facts.deliveries.message_types import can_be_opened
from sendproof_harness.judge.facts.deliveries.recipient_states import STATE_TESTS, GroupQuotas, possible_states
from sendproof_harness.judge.facts.fault_effects import is_result_hidden
from sendproof_harness.judge.facts.keys import CampaignKey, TemplateKey, campaign_key, template_key
from sendproof_harness.judge.facts.metrics import (
    CLICKED,
    METRIC_NAMES,
    OPENED,
    SENT,
    UNSUBSCRIBED,
    fresh_within,
    must_report,
)
from sendproof_harness.judge.facts.observation import times_are_meaningful
from sendproof_harness.judge.facts.reports.late_rejections import may_count_at
from sendproof_harness.judge.facts.reports.occurrences import (
    OccurrencesOf,
    customer_occurrences,
    recipients_by_customer,
)
from sendproof_harness.judge.facts.reports.required_interactions import RequiredInteraction, required_interactions
from sendproof_harness.judge.facts.reports.uncertain_reports import is_uncertain, may_be_in_hidden_request
from sendproof_harness.judge.facts.wishes import reports_a_day, wants_interactions
from sendproof_harness.judge.findings import (
    Blame,
    Check,
    CheckResult,
    Finding,
    Level,
    Location,
    cached_per_history,
)
from sendproof_harness.judge.requirements import INTERACTIONS_COMPLETE

_COMPLETE = "interactions.complete"
_OPERATION = "UpdateCampaignInteractions"

# documented: https://developer.optimove.com/reference/post_integrations-updatecampaigninteractions (the default). It is
# right in an A/B test, too: no document says that send details name the group of a customer.
_TEST_GROUP = 1

#: The metrics of customer actions. A bridge need not know all of them.
ACTION_METRICS = (OPENED, CLICKED, UNSUBSCRIBED)
# A customer may click again, or opt out again after opting in.
_REPEATABLE = frozenset({CLICKED, UNSUBSCRIBED})


def _possible_metrics(history: History) -> frozenset[int]:
    """Return the metrics that the simulated providers report for messages of the run; they report no spam."""
    return frozenset({*STATE_TESTS, *ACTION_METRICS}) - (frozenset() if can_be_opened(history) else {OPENED})


# -- accuracy ---------------------------------------------------------------------------------------


def interaction_findings(history: History, check: str) -> Iterator[Finding]:
    """Yield the wrong and the repeated interactions."""
    if history.interactions:
        yield from _wrong_interactions(history, check)
        yield from _repeated_interactions(history, check)


def _wrong_interactions(history: History, check: str) -> Iterator[Finding]:
    states, quotas, by_customer = possible_states(history), GroupQuotas(history), recipients_by_customer(history)
    occurrences, metrics = customer_occurrences(history), _possible_metrics(history)
    groups, apps = (
        _groups_of_templates(history),
        {campaign_key(campaign): campaign.app for campaign in history.campaigns},
    )
    for report in history.interactions:
        if report.group not in {_TEST_GROUP, *groups[template_key(report)]}:
            yield _wrong_group(check, report, groups)
        yield from _wrong_app(check, report, apps)
        key, in_campaign = campaign_key(report), states.get(campaign_key(report), {})
        name = METRIC_NAMES.get(report.event_id, f"event {report.event_id}")
        cause = f"a customer was reported as {name} but was not"
        reported_template = str(report.template)
        for customer in report.customers:
            possible = in_campaign.get(customer)
            if possible is None:
                cause_outside, expected = _outside(history, states, report, customer)
                yield _finding(check, report, customer, cause_outside, expected, "not in the campaign")
                continue
            recipients = by_customer[key][customer]
            templates = {str(recipient.obligation.template) for recipient in recipients}
            if reported_template not in templates:
                wrong = "a customer was reported for another template than its own"
                expected = "template " + " or ".join(sorted(templates))
                yield _finding(check, report, customer, wrong, expected, f"template {report.template}")
            elif report.event_id not in metrics:
                expected = "one of " + ", ".join(f"{metric} {METRIC_NAMES[metric]}" for metric in sorted(metrics))
                wrong = "an event that no message of the run had"
                yield _finding(check, report, customer, wrong, expected, f"EventID {report.event_id}")
            elif not _is_true(report, customer, possible, quotas) and not _counts_as_sent(history, report, customer):
                yield _finding(check, report, customer, cause, name, " or ".join(sorted(possible)))
            else:
                yield from _wrong_time(history, check, report, customer, occurrences)


_Groups = Mapping[TemplateKey, Collection[int]]


def _groups_of_templates(history: History) -> _Groups:
    """Return the groups of an A/B test that get each template; a template of a trigger has none."""
    groups: defaultdict[TemplateKey, set[int]] = defaultdict(set)
    for campaign in history.campaigns:
        for split in campaign.splits:
            groups[*campaign_key(campaign), str(split.template)].add(split.group)
    return groups


def _wrong_group(check: str, report: Interactions, groups: _Groups) -> Finding:
    own = {_TEST_GROUP, *groups[template_key(report)]}
    known = {group for key, of_template in groups.items() if key[:2] == campaign_key(report) for group in of_template}
    cause = "a recipient group that the campaign does not have"
    if report.group in known:
        cause = "a recipient group that gets another template"
    customer = next(iter(report.customers), "")
    expected = f"RecipientGroupID {' or '.join(map(str, sorted(own)))}, or none"
    return _finding(check, report, customer, cause, expected, f"RecipientGroupID {report.group}")


def _wrong_app(check: str, report: Interactions, apps: Mapping[CampaignKey, str | None]) -> Iterator[Finding]:
    key = campaign_key(report)
    if key in apps and report.app != apps[key]:
        cause = "another app than that of the campaign" if report.app else "no app, although the campaign has one"
        expected = f"AppID {apps[key]}" if apps[key] else "no AppID"
        yield _finding(check, report, next(iter(report.customers), ""), cause, expected, f"AppID {report.app}")


def _wrong_time(
    history: History, check: str, report: Interactions, customer: str, occurrences: OccurrencesOf
) -> Iterator[Finding]:
    """Yield the finding about a report before the event, or with the date of another day."""
    happened = occurrences(campaign_key(report), customer, report.event_id)
    past = [occurrence for occurrence in happened if occurrence.at <= report.at]
    if past and (report.date is None or not times_are_meaningful(history)):
        return
    name = METRIC_NAMES[report.event_id]
    if not happened and (elsewhere := _opted_out_elsewhere(history, report, customer)):
        cause = "unsubscribed was reported for another campaign than that of the last message"
        expected = " or ".join(f"campaign {campaign} on channel {channel}" for campaign, channel in elsewhere)
        yield _finding(check, report, customer, cause, expected, f"campaign {report.campaign}")
    elif not happened and not _counts_as_sent(history, report, customer):
        yield _finding(check, report, customer, f"a customer was reported as {name} but was not", name, f"not {name}")
    elif happened and not past:
        cause = f"a customer was reported as {name} before it happened"
        yield _finding(check, report, customer, cause, f"not before {spoken(happened[0].at)}", spoken(report.at))
    elif past and report.date is not None:
        wrong = day_cause(history, past, day_start(report.date), report.at)
        if wrong is not None:
            expected = f"{spoken(past[0].at)[:10]}, when it happened"
            yield _finding(check, report, customer, f"{name} {wrong}", expected, report.date)


def _opted_out_elsewhere(history: History, report: Interactions, customer: str) -> Sequence[CampaignKey]:
    """Return the campaigns for which an opt-out that is reported may count; none for another metric."""
    occurrences, campaigns = customer_occurrences(history), recipients_by_customer(history)
    return [
        campaign
        for campaign in sorted(campaigns if report.event_id == UNSUBSCRIBED else ())
        if occurrences(campaign, customer, UNSUBSCRIBED)
    ]


def _outside(
    history: History, states: Mapping[CampaignKey, Mapping[str, Collection[str]]], report: Interactions, customer: str
) -> tuple[str, str]:
    """Return the cause and the expectation for a customer who is not in the reported campaign."""
    damaged = damaged_id(history, report, customer)
    if damaged is not None:
        return damaged
    channels = sorted(
        channel for number, channel in states if number == report.campaign and customer in states[number, channel]
    )
    if campaign_key(report) in states or not channels:
        return "a customer outside the campaign", "a customer of the campaign"
    return "a campaign on a channel that it does not use", "channel " + " or ".join(map(str, channels))


def _is_true(report: Interactions, customer: str, possible: Collection[str], quotas: GroupQuotas) -> bool:
    fits = STATE_TESTS.get(report.event_id)
    return fits is None or (any(map(fits, possible)) and quotas.take(report, customer))


def _counts_as_sent(history: History, report: Interactions, customer: str) -> bool:
    """Return True for a customer reported as sent whose message the provider accepted, and rejected later."""
    recipients = recipients_by_customer(history)[campaign_key(report)][customer]
    return report.event_id == SENT and may_count_at(
        history, (recipient.obligation for recipient in recipients), report.at
    )


def _repeated_interactions(history: History, check: str) -> Iterator[Finding]:
    """Yield the customers that were reported again, because Optimove adds up all requests.

    What was in a request with a hidden result may come again: a bridge cannot avoid that.
    documented: https://developer.optimove.com/reference/post_integrations-updatecampaigninteractions
    """
    occurrences, repeatable = customer_occurrences(history), _repeatable(history)
    named: Counter[tuple[CampaignKey, str, int, str]] = Counter()
    uncertain: Counter[tuple[CampaignKey, str, int, str]] = Counter()
    for report in history.interactions:
        key, may_repeat = campaign_key(report), campaign_key(report) in repeatable or report.event_id in _REPEATABLE
        for customer in report.customers:
            statement = key, str(report.template), report.event_id, customer
            named[statement] += 1
            count = named[statement]
            most = len(occurrences(key, customer, report.event_id)) if count > 1 and may_repeat else 1
            if count > max(1, most) + uncertain[statement]:
                yield _repeated(check, report, customer, most)
        if is_uncertain(history, report):
            uncertain.update((key, str(report.template), report.event_id, name) for name in report.customers)


def _repeatable(history: History) -> Collection[CampaignKey]:
    """Return the campaigns with triggers, which a customer may meet more than once."""
    return {campaign_key(obligation) for obligation in history.obligations if obligation.trigger is not None}


def _repeated(check: str, report: Interactions, customer: str, most: int) -> Finding:
    name = METRIC_NAMES.get(report.event_id, f"event {report.event_id}")
    if most <= 1:
        return _finding(check, report, customer, f"a customer was reported twice as {name}", "once", "again")
    cause = f"a customer was reported as {name} more often than it happened"
    return _finding(check, report, customer, cause, f"{most} times", "again")


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


def _missing_interactions(history: History, required: Sequence[RequiredInteraction]) -> list[RequiredInteraction]:
    """Return the required interactions without a report of their own."""
    reported, count = _report_times(history), Counter[_Statement]()
    missing: list[RequiredInteraction] = []
    for interaction in required:
        statement = _statement(interaction)
        # An opt-out at two providers is one event of the customer.
        count[statement] = 1 if interaction.metric == UNSUBSCRIBED else count[statement] + 1
        if count[statement] > len(reported.get(statement, ())):
            missing.append(interaction)
    return missing


#: Campaign, customer and metric; no campaign for an opt-out.
_Statement = tuple[CampaignKey | None, str, int]


# -- completeness -----------------------------------------------------------------------------------


def check_completeness(history: History) -> CheckResult:
    """Find customers of whom the bridge knew an event early enough, and whom it reported late or never for it."""
    required = required_interactions(history)
    missing = _missing_interactions(history, required)
    total = Counter(interaction.metric for interaction in required)
    count = Counter(interaction.metric for interaction in missing)
    elsewhere = _reported_elsewhere(history) if missing else {}
    of_statement: defaultdict[_Statement, list[RequiredInteraction]] = defaultdict(list)
    for interaction in required if missing else ():
        of_statement[_statement(interaction)].append(interaction)
    hidden = [request for request in history.requests if request.operation == _OPERATION and is_result_hidden(request)]
    findings = [
        _missing(
            interaction,
            elsewhere.get((interaction.customer, interaction.metric), ()),
            none_at_all=count[interaction.metric] == total[interaction.metric],
            is_hidden=bool(hidden) and may_be_in_hidden_request(history, of_statement[_statement(interaction)], hidden),
        )
        for interaction in missing
    ]
    findings += _late_interactions(history)
    looked_at = count_recipients(history, (interaction.recipient for interaction in required))
    return CheckResult(looked_at=looked_at, unit="customers of an event", findings=tuple(findings))


@cached_per_history
def _report_times(history: History) -> Mapping[_Statement, Sequence[int]]:
    """Return when each statement was reported, in order; an opt-out only for a campaign for which it may count."""
    times: dict[_Statement, tuple[int, ...]] = {}
    occurrences = customer_occurrences(history)
    for report in history.interactions:
        key, is_opt_out = campaign_key(report), report.event_id == UNSUBSCRIBED
        for customer in report.customers:
            if not is_opt_out or occurrences(key, customer, UNSUBSCRIBED):
                statement = None if is_opt_out else key, customer, report.event_id
                times[statement] = (*times.get(statement, ()), report.at)
    return times


def _statement(interaction: RequiredInteraction) -> _Statement:
    """Return the statement that is required; an opt-out may be that of several messages, at several providers."""
    campaign = None if interaction.metric == UNSUBSCRIBED else interaction.campaign
    return campaign, interaction.customer, interaction.metric


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
    name = METRIC_NAMES[interaction.metric]
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
        where=_location(interaction),
        at=interaction.known_at,
    )


def _location(interaction: RequiredInteraction) -> Location:
    obligation = interaction.recipient.obligation
    return Location(
        campaign=obligation.campaign,
        channel=obligation.channel,
        template=obligation.template,
        customer=interaction.customer,
    )


def _late_interactions(history: History) -> Iterator[Finding]:
    """Yield the customers who were reported long after the bridge knew their event, or could ask for it."""
    if times_are_meaningful(history):
        expected = f"within {span(fresh_within(history))}: {reports_a_day(history)} reports a day"
        for late in late_reports(history, required_interactions(history), _report_times(history), _statement):
            yield _late(late, expected)


def _late(late: LateReport, expected: str) -> Finding:
    cause = f"{_OPERATION}: {METRIC_NAMES[late.interaction.metric]} was reported too late"
    return Finding(
        check=_COMPLETE,
        level="fail",
        blame="bridge",
        cause=cause,
        expected=expected,
        got=late.got,
        where=_location(late.interaction),
        at=late.reported_at,
    )


CHECKS = (
    Check(
        id=_COMPLETE,
        title="Every customer of an event is reported in time",
        requirement=INTERACTIONS_COMPLETE,
        run=check_completeness,
        applies=lambda history: wants_interactions(history) and must_report(history),
        scope="runs whose client wants totals and interactions",
    ),
)
