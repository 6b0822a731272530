"""Check that Optimove learns of opt-outs and opt-ins at the provider: those only, in the way that the client wants."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from sendproof_harness.history.customer_records import OptIn, OptOut
from sendproof_harness.history.parts import SMS
from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import DAY, HOUR, span, spoken
from sendproof_harness.judge.facts.clients.key_outages import key_outages
from sendproof_harness.judge.facts.clients.opt_outs import customer_opted_out_elsewhere
from sendproof_harness.judge.facts.consent import (
    OPTED_IN_VALUE,
    any_is_reported_or_listed,
    customers_of_opt_outs,
    customers_of_scans,
    is_opted_out_in_record,
)
from sendproof_harness.judge.facts.consent_reports import (
    ConsentReport,
    ProviderChange,
    consent_reports,
    may_be_own_report,
    provider_changes,
    unseen_opt_ins,
)
from sendproof_harness.judge.facts.deliveries.message_types import EMAIL, message_type, type_of_change
from sendproof_harness.judge.facts.deliveries.refusals import numbers_refused_as_opted_out
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE, Injection, forged_replies, injections, proof_text
from sendproof_harness.judge.facts.observation import bridge_time
from sendproof_harness.judge.facts.reports.opt_out_lists import polled_at
from sendproof_harness.judge.facts.wishes import NO_OPT_OUTS, preference_channels, wanted_opt_outs
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location, cached_per_history
from sendproof_harness.judge.requirements import OPT_OUTS_SYNCED
from sendproof_harness.providers import provider

_ID = "opt_outs.synced"

# Bridges read opt-out lists a few times a day, and may pass on a nightly opt-out in the morning. A client that plans
# the campaigns of the next day must not see customers who opted out.
SYNC_WITHIN = 1 * DAY
# A nightly report that a fault prevented goes out the next night; the hour is for its work, or a change of the clocks.
SYNC_AFTER_FAULT = SYNC_WITHIN + 1 * HOUR
_REPORT_OPERATIONS = frozenset({"SetCustomerChannelPreference", "UpdateCustomerAttributes"})

_Reports = Mapping[str, Sequence[ConsentReport]]


def check_opt_outs_synced(history: History) -> CheckResult:
    """Compare the opt-outs and opt-ins at providers with those that the bridge reported to Optimove."""
    reports = consent_reports(history)
    if wanted_opt_outs(history) == NO_OPT_OUTS:
        looked_at = len(history.opt_outs) + history.alike.count_customers(reports)
        return CheckResult(looked_at=looked_at, unit="customers", findings=tuple(_unwanted(reports)))
    changes = provider_changes(history)
    findings = [*_not_synced(history, changes, reports)]
    reported = {finding.where.customer for finding in findings}
    findings += [*_unasked(history, reports, reported), *_wrong_customers(history, reports, reported)]
    return CheckResult(
        looked_at=len(changes) + history.alike.count_customers(reports), unit="customers", findings=tuple(findings)
    )


def _unwanted(reports: _Reports) -> Iterator[Finding]:
    for customer, of_customer in reports.items():
        cause = "consent was reported to Optimove, but the client wants no such reports"
        yield _finding(customer, cause, "no report (`opt_outs: none`)", of_customer[0].by, of_customer[0].at)


# -- changes at the provider ------------------------------------------------------------------------


def _not_synced(
    history: History, changes: Mapping[str, Sequence[ProviderChange]], reports: _Reports
) -> Iterator[Finding]:
    unseen = unseen_opt_ins(history)
    for customer, of_customer in changes.items():
        for change in of_customer:
            others = [other for other in of_customer if other.message != change.message]
            own = [report for report in reports.get(customer, ()) if not _answers_any(report, others)]
            opt_ins = _opt_ins_by_others(history).get(customer, ())
            reasons = [*of_customer, *unseen.get(customer, ())]
            is_known = _is_known_already(change, of_customer, reasons, own, opt_ins)
            finding = None if is_known else _finding_of_change(history, change, own, reasons, customer)
            if finding is not None:
                yield finding
                break


@dataclass(frozen=True, kw_only=True, slots=True)
class _OptIn:
    """Someone else than the bridge opted a customer in: for a channel, or by the attribute of a type of messages."""

    at: int
    channel: int | None = None
    message: str | None = None

    def is_for(self, change: ProviderChange) -> bool:
        return self.message == change.message if self.channel is None else self.channel in change.channels


@cached_per_history
def _opt_ins_by_others(history: History) -> Mapping[str, Sequence[_OptIn]]:
    """Return the opt-ins by customer."""
    found: defaultdict[str, list[_OptIn]] = defaultdict(list)
    for preference in history.preferences:
        if preference.source != "api" and not preference.opted_out:
            for customer in preference.customers:
                found[customer].append(_OptIn(at=preference.at, channel=preference.channel))
    for update in history.attributes:
        for change in update.changes if update.source != "api" else ():
            message = type_of_change(history, change)
            if message is not None and change.value == OPTED_IN_VALUE:
                found[change.customer].append(_OptIn(at=update.at, message=message))
    return found


def _is_known_already(
    change: ProviderChange,
    of_customer: Sequence[ProviderChange],
    reasons: Sequence[ProviderChange],
    reports: Sequence[ConsentReport],
    opt_ins: Iterable[_OptIn],
) -> bool:
    """Return True if an opt-out at another provider was reported before, also for the channel of this one.

    Or an opt-out of the same number at this provider, such as by the other customer who shares the phone.

    An opt-in by someone else, between that report and this change, ends it.
    """
    earlier = (report for report in reports if report.at < change.at and report.message == change.message)
    own = [report for report in earlier if report.wrong is None and _is_for(report, change)]
    if not (change.opted_out and own and own[-1].opted_out):
        return False
    if any(own[-1].at < opt_in.at < change.at and opt_in.is_for(change) for opt_in in opt_ins):
        return False
    # An opt-in in between may be reported after this opt-out, which then must be reported again.
    if any(_undoes(report, change, reasons) for report in _between(reports, change.at, change.until)):
        return False
    earlier_changes = [other for other in of_customer if other.message == change.message and other.at <= own[-1].at]
    here = [other for other in earlier_changes if other.service == change.service]
    elsewhere = (other for other in earlier_changes if other.service != change.service)
    return any(other.opted_out for other in elsewhere) or (bool(here) and here[-1].opted_out)


def _between(reports: Iterable[ConsentReport], since: int, until: int | None) -> Iterator[ConsentReport]:
    return (report for report in reports if since <= report.at and (until is None or report.at < until))


def _undoes(report: ConsentReport, change: ProviderChange, reasons: Iterable[ProviderChange]) -> bool:
    """Return True if a report states the opposite for the channel, and no later change of the customer is its reason.

    A client can have one attribute for several providers, and a customer can have had several numbers. An opt-out at
    one provider may be reported for all channels, an opt-in only for those of its provider.
    """
    if report.opted_out == change.opted_out or not _is_statement_on(report, change):
        return False
    later = [other for other in reasons if other is not change and other.at >= change.at]
    is_everywhere = report.opted_out and any(_answers(report, other) for other in later)
    return not is_everywhere and not _answers_any(report, later)


def _is_statement_on(report: ConsentReport, change: ProviderChange) -> bool:
    return report.wrong is None and report.message == change.message and _is_for(report, change)


def _finding_of_change(
    history: History,
    change: ProviderChange,
    reports: Sequence[ConsentReport],
    reasons: Sequence[ProviderChange],
    customer: str,
) -> Finding | None:
    if not change.opted_out and not _is_opt_in_needed(change, reports, reasons):
        return None
    deadline, visible = _deadline(history, change), bridge_time(history)
    allowed = deadline - change.at
    until = history.header.ended if change.until is None else change.until
    later = [report for report in reports if change.at <= report.at <= until]
    right = [report for report in later if _is_right(report, opted_out=change.opted_out)]
    in_channel = next((report.at for report in right if _is_statement_on(report, change)), 0)
    name = "a provider opt-out" if change.opted_out else "an opt-in after an opt-out"
    if in_channel:
        if visible.between(change.at, in_channel) <= allowed:
            undoing = _undoing(later, change, reasons, deadline) if deadline <= until else None
            return None if undoing is None else _finding_of_undoing(history, change, undoing, reasons, customer)
        got = f"{span(in_channel - change.at)} after it"
        return _finding(
            customer, f"{name} was reported to Optimove too late", f"within {span(allowed)}", got, change.at
        )
    if later and deadline <= until:
        wrong = _elsewhere_than(right[0]) if right else later[0].wrong or _other_statement(later[0])
        expected = _asked_report(history, change.channels)
        return _finding(customer, f"{name} was reported to Optimove {wrong}", expected, later[0].by, later[0].at)
    if deadline <= until:
        expected = f"SetCustomerChannelPreference or an attribute within {span(allowed)} of {spoken(change.at)}"
        got = f"no report, after {'an opt-out' if change.opted_out else 'an opt-in'} at {change.service}"
        finding = _finding(customer, f"{name} was never reported to Optimove", expected, got, change.at)
        is_visible = visible.between(change.at, until) >= allowed
        return finding if is_visible else replace(finding, level="unknown", blame="config")
    return None


def _is_opt_in_needed(
    change: ProviderChange, reports: Sequence[ConsentReport], reasons: Sequence[ProviderChange]
) -> bool:
    """Return True if Optimove has an opt-out that this opt-in ends, from before it, or from a late report after it."""
    before = [report for report in reports if report.at < change.at and _is_statement_on(report, change)]
    if before and before[-1].opted_out:
        return True
    return any(_undoes(report, change, reasons) for report in _between(reports, change.at, change.until))


def _undoing(
    later: Sequence[ConsentReport], change: ProviderChange, reasons: Sequence[ProviderChange], deadline: int
) -> ConsentReport | None:
    """Return the last report before the deadline if it undoes the right one; a later one contradicts the customer."""
    last = [report for report in later if report.at <= deadline and _is_statement_on(report, change)]
    return last[-1] if last and _undoes(last[-1], change, reasons) else None


def _finding_of_undoing(
    history: History,
    change: ProviderChange,
    report: ConsentReport,
    reasons: Iterable[ProviderChange],
    customer: str,
) -> Finding:
    """Return the finding of a report after the right one: an older statement of the customer, or none of theirs."""
    earlier = (other for other in reasons if other.message == change.message and other.at < change.at)
    if any(other.opted_out == report.opted_out for other in earlier):
        first, then = ("out", "in") if change.opted_out else ("in", "out")
        cause = f"an opt-{first} was reported to Optimove, and after it an older opt-{then}"
        return _finding(customer, cause, "reports in the order of the changes", report.by, report.at)
    return _finding_of_contradiction(history, report, customer)


def _deadline(history: History, change: ProviderChange) -> int:
    """Return when the report must have arrived: what kept it away in time leaves the bridge its next chance."""
    end = change.at + SYNC_WITHIN
    for at, until in _delays(history)(change.service):
        if at <= end and until >= change.at:
            end = max(end, until + SYNC_AFTER_FAULT)
    return end


@cached_per_history
def _delays(history: History) -> Callable[[str], Sequence[tuple[int, int]]]:
    """Return a function that gives the times, in order, when opt-outs at a provider may have had to wait."""
    without_key = [(outage.at, outage.until) for outage in key_outages(history)]

    @cache
    def delays(service: str) -> Sequence[tuple[int, int]]:
        faults = (fault for fault in injections(history) if _delays_sync(fault, service))
        return sorted((*without_key, *((fault.at, fault.until) for fault in faults)))

    return delays


def _delays_sync(injection: Injection, service: str) -> bool:
    """Return True if opt-outs at a provider may have had to wait for this injection."""
    fault = injection.fault
    if injection.is_kill or fault.target == "webhook":
        return injection.is_kill
    if fault.service == OPTIMOVE:
        return injection.affects_key or fault.name in _REPORT_OPERATIONS
    return fault.service == service and (injection.affects_key or fault.name not in provider(service).send_operations)


def _answers_any(report: ConsentReport, changes: Iterable[ProviderChange]) -> bool:
    """Return True if a report is the right one about a change: then it is no wrong one about another change."""
    return any(_answers(report, change) and _is_for(report, change) for change in changes)


def _answers(report: ConsentReport, change: ProviderChange) -> bool:
    is_after = change.at <= report.at and change.message == report.message
    return is_after and _is_right(report, opted_out=change.opted_out)


def _is_right(report: ConsentReport, *, opted_out: bool) -> bool:
    return report.wrong is None and report.opted_out == opted_out


def _is_for(report: ConsentReport, change: ProviderChange) -> bool:
    """Return True for an attribute, which all channels of one type share, and for a preference of the right channel."""
    return report.channel is None or report.channel in change.channels


def _elsewhere_than(report: ConsentReport) -> str:
    return "for another channel" if report.channel is not None else "in the attribute of another type of messages"


def _other_statement(report: ConsentReport) -> str:
    """Return the words for a report that states the opposite."""
    return "with another value" if report.channel is None else "with another CommunicationMode"


def _asked_report(history: History, channels: Iterable[int]) -> str:
    """Return the report that the client asked for, in words; `channels` are those of a preference."""
    numbers = " or ".join(str(channel) for channel in sorted(set(channels)))
    preference = f"SetCustomerChannelPreference for channel {numbers}"
    wish = wanted_opt_outs(history)
    if wish is None:
        return f"{preference}, or an update of an attribute"
    return preference if wish == "preference" else f"an update of the attribute {history.header.attributes.consent}"


# -- reports without a reason -----------------------------------------------------------------------


def _unasked(history: History, reports: _Reports, reported: set[str | None]) -> Iterator[Finding]:
    """Yield the reports in a way that the client did not ask for, next to the ones that it did ask for."""
    for customer, of_customer in reports.items():
        wrong = next((report for report in of_customer if report.wrong is not None), None)
        if wrong is not None and customer not in reported:
            cause = f"consent was reported to Optimove {wrong.wrong}"
            expected = f"only {_asked_report(history, preference_channels(history).values())}"
            yield _finding(customer, cause, expected, wrong.by, wrong.at)


def _wrong_customers(history: History, reports: _Reports, reported: set[str | None]) -> Iterator[Finding]:
    """Yield the reports that contradict the customer: opt-outs without an opt-out, and opt-ins after an opt-out."""
    if not reports:
        return
    states = _ConsentStates(history)
    for customer, of_customer in reports.items():
        for report in of_customer if customer not in reported else ():
            if report.wrong is None and not states.allows(customer, report):
                yield _finding_of_contradiction(history, report, customer)
                break


def _finding_of_contradiction(history: History, report: ConsentReport, customer: str) -> Finding:
    out = report.opted_out
    cause = f"an opt-{'out' if out else 'in'} was reported for a customer who did not opt "
    cause += f"out{_instead(history, customer, report)}" if out else "in"
    return _finding(customer, cause, "no such report for this customer", report.by, report.at)


def _instead(history: History, customer: str, report: ConsentReport) -> str:
    """Return what the bridge probably took for the opt-out, as the end of a cause."""
    if customer_opted_out_elsewhere(history, customer, report.at) is not None:
        return ", as if an opt-out at another client counted here"
    if report.message == EMAIL and customer in customers_of_scans(history):
        return ", as if opening the URL of an unsubscription were one: only a POST is"
    forged = forged_replies(history)
    if report.message == EMAIL and forged:
        return ", as if the URL of an unsubscription was guessed"
    return f", as if forged replies were counted{proof_text(forged)}" if report.message == SMS and forged else ""


class _ConsentStates:
    """What each customer wants, as far as the bridge could know it."""

    def __init__(self, history: History) -> None:
        refused = numbers_refused_as_opted_out(history)
        self._opted_out_before = {
            (obligation.customer, message_type(history, obligation.channel))
            for obligation in history.obligations
            if obligation.number in refused
            or (is_opted_out_in_record(obligation) and not may_be_own_report(history, obligation))
        }
        self._history = history
        self._changes: defaultdict[tuple[str, str], list[tuple[int, bool, str | None]]] = defaultdict(list)
        customers = customers_of_opt_outs(history)
        events: list[tuple[int, bool, OptOut | OptIn]] = [(event.at, True, event) for event in history.opt_outs]
        events += [(event.at, False, event) for event in history.opt_ins]
        for at, opted_out, event in sorted(events, key=lambda change: change[:2]):
            # No provider posts an opt-in as such: a bridge sees it in the list of those who opted out.
            is_visible = opted_out or provider(event.service).lists_opt_outs
            for customer in customers.get(event.number, ()):
                service = event.service if is_visible else None
                self._changes[customer, event.message_type].append((at, opted_out, service))

    def allows(self, customer: str, report: ConsentReport) -> bool:
        """Return True if the report was right, or had been right before a change that the bridge may not know yet."""
        key = customer, report.message
        if report.opted_out and key in self._opted_out_before:
            return True
        states = [not report.opted_out] if key in self._opted_out_before else [False]
        for at, opted_out, service in self._changes[key]:
            if at > report.at:
                break
            if service is not None and report.at >= polled_at(self._history, service, at):
                states.clear()
            states.append(opted_out)
        return report.opted_out in states


def _finding(customer: str, cause: str, expected: str, got: str, at: int) -> Finding:
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=cause,
        expected=expected,
        got=got,
        where=Location(customer=customer),
        at=at,
    )


CHECKS = (
    Check(
        id=_ID,
        title="Opt-outs and opt-ins at the provider are synced to Optimove",
        requirement=OPT_OUTS_SYNCED,
        run=check_opt_outs_synced,
        applies=lambda history: any_is_reported_or_listed(history) or bool(consent_reports(history)),
        scope="runs with opt-outs that a provider reports or lists, or with reports of consent",
    ),
)
