"""Check that a bridge clears exactly the customers of a conditional campaign who may get messages, and in time.

What is right comes from the customers, not from the clearance. A customer with consent and a usable number must be
cleared. A customer who opted out must not, as far as the bridge can know that. A customer without a usable number may
be cleared or not: no message can go out, and the documents add nothing.

The TimeStamp of a clearance is in UTC. Whether it is the time of the call or of the decision is not documented, so any
time since the hold is right.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sendproof_harness.history.records import Clearance, History, Obligation
from sendproof_harness.history.timestamps import HOUR, MINUTE, SECOND, parse_instant, span, spoken
from sendproof_harness.judge.facts.clients.key_outages import key_outages
from sendproof_harness.judge.facts.clients.opt_outs import ForeignOptOut, withheld_for
from sendproof_harness.judge.facts.consent import opted_out_by, violated_opt_out
from sendproof_harness.judge.facts.deliveries.message_types import consent_attributes, message_type
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE, Injection, first_received, injections
from sendproof_harness.judge.facts.observation import bridge_time, reaction_time, times_are_meaningful
from sendproof_harness.judge.facts.pages import CONTROL_GROUP, NOT_CLEARED
from sendproof_harness.judge.facts.requests import late_clearance
from sendproof_harness.judge.findings import Blame, Check, CheckResult, Finding, Level, Location
from sendproof_harness.judge.requirements import CLEARANCE_GIVEN
from sendproof_harness.providers import provider

_ID = "campaigns.clearance"

ON_HOLD_EVENT = 5
# documented: 50 requests in 10 seconds for each key, and each customer's attributes cost one; half of it for the rest.
_TIME_PER_CUSTOMER = 2 * 10 * SECOND // 50
#: A careful bridge tries again once an hour after a long failure.
LONGEST_WAIT = 1 * HOUR
# Clocks differ by less, and the times of all zones by more.
_CLOCK_DIFFERENCE = 10 * MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hold:
    """A campaign on hold since `at`, with its deadline and the time of the first clearance before it, if any.

    `known_at` is when the event about the hold reached the bridge; None if it never did. A bridge may clear customers
    in several calls, and the history does not show whom each of them names.
    """

    campaign: int
    at: int
    required_by: int
    given_at: int | None
    known_at: int | None


def check_clearance(history: History) -> CheckResult:
    """Find campaigns on hold that were not cleared in time, and the customers for whom the clearance was wrong."""
    holds = _holds(history)
    by_campaign: defaultdict[int, defaultdict[str, list[Obligation]]] = defaultdict(lambda: defaultdict(list))
    on_hold = {hold.campaign for hold in holds}
    for obligation in history.obligations if holds else ():
        if obligation.campaign in on_hold and obligation.reason != CONTROL_GROUP:
            by_campaign[obligation.campaign][obligation.customer].append(obligation)
    findings: list[Finding] = []
    for hold in holds:
        if hold.given_at is None:
            findings.append(_missing_clearance(history, hold, len(by_campaign[hold.campaign])))
        else:
            findings += _wrong_customers(history, hold, by_campaign[hold.campaign].values())
            findings += _wrong_time_stamps(history, hold)
    customers = sum(len(of_campaign) for of_campaign in by_campaign.values())
    return CheckResult(looked_at=customers or len(holds), unit="customers", findings=tuple(findings))


def _holds(history: History) -> list[_Hold]:
    """Return the campaigns on hold, without those that were cancelled before their deadline."""
    cancelled = {cancelled.campaign: cancelled.at for cancelled in history.cancellations}
    given: dict[int, int] = {}
    for clearance in history.clearances:
        if clearance.action == "given" and clearance.at < clearance.required_by:
            given.setdefault(clearance.campaign, clearance.at)
    required = (clearance for clearance in history.clearances if clearance.action == "required")
    received = first_received(history)
    return [
        _Hold(
            campaign=hold.campaign,
            at=hold.at,
            required_by=hold.required_by,
            given_at=given.get(hold.campaign),
            known_at=received.get(_event_key(hold.campaign), hold.at),
        )
        for hold in required
        if cancelled.get(hold.campaign, hold.required_by) >= hold.required_by
    ]


def _event_key(campaign: int) -> str:
    return f"{ON_HOLD_EVENT}:{campaign}"


# -- excuses ----------------------------------------------------------------------------------------


class _Excuse(NamedTuple):
    """What may have kept the bridge from clearing all customers in time."""

    blame: Blame
    got: str


def _excuse(history: History, hold: _Hold, customers: int) -> _Excuse | None:
    """Return what left the bridge too little time: a late event, a jump, the rate limit, a fault or a disabled key."""
    known_at = max(hold.at, hold.known_at or hold.at)
    if known_at >= hold.required_by:
        return _Excuse("network", "an event that arrived after the deadline")
    visible, reaction = bridge_time(history).between(known_at, hold.required_by), reaction_time(history, 0)
    if visible < reaction:
        return _Excuse("config", "a deadline that passed in a jump of time")
    if visible < reaction + customers * _TIME_PER_CUSTOMER:
        return _Excuse("config", f"a deadline {span(visible)} after the event, too soon for the rate limit")
    faults = ((fault.at, fault.until) for fault in injections(history) if _delays_clearance(fault))
    if _is_just_before(hold, faults):
        return _Excuse("network", f"none, and a fault within {span(LONGEST_WAIT)} of it")
    if _is_just_before(hold, key_outages(history)):
        return _Excuse("config", f"none, and no valid key within {span(LONGEST_WAIT)} of it")
    return None


def _is_just_before(hold: _Hold, delays: Iterable[tuple[int, int]]) -> bool:
    """Return True if a careful bridge may not have tried again between one of these delays and the deadline."""
    return any(at < hold.required_by <= until + LONGEST_WAIT for at, until in delays)


def _delays_clearance(injection: Injection) -> bool:
    """Return True if a clearance may have had to wait for this injection.

    A bridge may clear no customer who is on the provider's list of opt-outs, so it has to read the list before.
    """
    fault = injection.fault
    if injection.is_kill or fault.service == OPTIMOVE:
        return True
    record = provider(fault.service)
    others = {*record.send_operations, *record.record_operations, record.template_operation}
    reads_list = injection.affects_key or fault.name not in others
    return fault.target == "call" and record.lists_opt_outs and reads_list


# -- no clearance -----------------------------------------------------------------------------------


def _missing_clearance(history: History, hold: _Hold, customers: int) -> Finding:
    if all(attempt.key != _event_key(hold.campaign) for attempt in history.webhooks):
        cause = "no listener is registered for campaigns on hold"
        return _not_cleared(hold, cause, "no listener for event 5", blame="config")
    if hold.known_at is None:
        cause = "the bridge never received the event about a campaign on hold"
        got = "every attempt was lost, or came while the bridge was down"
        return _not_cleared(hold, cause, got, level="unknown", blame="network")
    cause = "a campaign on hold was never cleared, so none of its customers get a message"
    excuse = _excuse(history, hold, customers)
    if excuse is not None:
        return _not_cleared(hold, cause, excuse.got, level="unknown", blame=excuse.blame)
    late = next((request.at for request in history.requests if late_clearance(request) == hold.campaign), None)
    if late is not None:
        cause = "a campaign on hold was cleared after the deadline, so none of its customers get a message"
        return _not_cleared(hold, cause, f"the first request {span(late - hold.required_by)} after it")
    return _not_cleared(hold, cause, "no clearance in time")


def _not_cleared(hold: _Hold, cause: str, got: str, *, level: Level = "fail", blame: Blame = "bridge") -> Finding:
    return Finding(
        check=_ID,
        level=level,
        blame=blame,
        cause=cause,
        expected=f"UpdateCustomerPromotionStatus before {spoken(hold.required_by)}",
        got=got,
        where=Location(campaign=hold.campaign),
        at=hold.required_by,
    )


# -- the wrong customers ----------------------------------------------------------------------------


def _wrong_customers(history: History, hold: _Hold, customers: Collection[list[Obligation]]) -> Iterator[Finding]:
    """Yield a finding for each customer with a wrong clearance. `customers` has the obligations of each customer."""
    reachable = [of_customer for of_customer in customers if _must_be_cleared(history, hold, of_customer)]
    missing = [of_customer for of_customer in reachable if of_customer[0].reason == NOT_CLEARED]
    cause = "a customer who may get a message was not cleared"
    if len(missing) == len(reachable):
        cause = "no customer was cleared, although they may get messages"
    is_excused = _excuse(history, hold, len(customers)) is not None
    elsewhere = _opted_out_elsewhere(history, hold, missing, reachable)
    for of_customer in missing:
        level: Level = "unknown" if is_excused else "fail"
        got, opt_out = "no status in time, or the status false", elsewhere.get(id(of_customer[0]))
        of_other = f"{cause}, because of an opt-out at another client"
        why = (cause, got) if opt_out is None else (of_other, f"{got}, after {opt_out}")
        yield _wrong(hold, of_customer[0], why[0], "the status true before the deadline", why[1], level)
    for of_customer in customers:
        if of_customer[0].reason != NOT_CLEARED and _must_not_be_cleared(history, hold, of_customer):
            expected, got = "the status false, or none", "the status true"
            yield _wrong(hold, of_customer[0], "a customer who opted out was cleared", expected, got)


def _opted_out_elsewhere(
    history: History, hold: _Hold, missing: Sequence[list[Obligation]], reachable: Sequence[list[Obligation]]
) -> Mapping[int, ForeignOptOut]:
    cleared = (of_customer[0] for of_customer in reachable if of_customer[0].reason != NOT_CLEARED)
    return withheld_for(history, [of_customer[0] for of_customer in missing], cleared, hold.required_by)


def _must_be_cleared(history: History, hold: _Hold, of_customer: Sequence[Obligation]) -> bool:
    """Return True if the customer may get messages, and could already when the bridge looked the customer up.

    Nothing tells a bridge that a customer opts in after its clearance. It may also repeat a failed clearance within an
    hour, without another look.
    """
    looked_up_at = hold.at if hold.given_at is None else max(hold.at, hold.given_at - LONGEST_WAIT)
    if _has_changed(history, of_customer[0].customer, looked_up_at):
        return False
    return any(
        obligation.number is not None
        and obligation.opted_out_by is None
        and opted_out_by(history, obligation, hold.required_by) is None
        for obligation in of_customer
    )


def _must_not_be_cleared(history: History, hold: _Hold, of_customer: Sequence[Obligation]) -> bool:
    """Return True if the bridge could know, when it cleared the customer, of an opt-out on every channel.

    The event about the hold names no channel. So a customer who may get another type of messages than those of the
    campaign may be cleared.
    """
    types = {message_type(history, obligation.channel) for obligation in of_customer}
    if any(channel.message not in types for channel in history.header.channels):
        return False
    providers = {channel.id: channel.provider for channel in history.header.channels}
    return all(
        _is_known(history, hold, obligation, providers.get(obligation.channel, "")) for obligation in of_customer
    )


def _is_known(history: History, hold: _Hold, obligation: Obligation, service: str) -> bool:
    if hold.given_at is None or violated_opt_out(history, obligation, hold.given_at) is not None:
        return True
    if obligation.opted_out_by == "provider":
        return provider(service).lists_opt_outs
    return obligation.opted_out_by == "attribute" and not _has_changed(history, obligation.customer, hold.at)


def _has_changed(history: History, customer: str, since: int) -> bool:
    """Return True if the consent or the address may have been another one when the bridge looked it up."""
    fields = {history.header.attributes.phone, history.header.attributes.email, *consent_attributes(history)}
    updates = (change for update in history.attributes if update.at >= since for change in update.changes)
    preferences = (update.customers for update in history.preferences if update.at >= since)
    return any(change.customer == customer and change.field in fields for change in updates) or any(
        customer in customers for customers in preferences
    )


# -- the time of a clearance ------------------------------------------------------------------------


def _wrong_time_stamps(history: History, hold: _Hold) -> Iterator[Finding]:
    """Yield a finding for the first clearance whose TimeStamp is before the hold or after the call."""
    given = (item for item in history.clearances if item.campaign == hold.campaign and item.action == "given")
    wrong = (clearance for clearance in given if _is_wrongly_dated(hold, clearance))
    first = next(wrong, None) if times_are_meaningful(history) else None
    if first is not None:
        yield Finding(
            check=_ID,
            level="fail",
            blame="bridge",
            cause="the TimeStamp of a clearance is not a time in UTC",
            expected=f"a time between the hold and the call: {spoken(hold.at)} to {spoken(first.at)}",
            got=f"{first.time_stamp}",
            where=Location(campaign=hold.campaign),
            at=first.at,
        )


def _is_wrongly_dated(hold: _Hold, clearance: Clearance) -> bool:
    if clearance.time_stamp is None:
        return False
    try:
        stated = parse_instant(f"{clearance.time_stamp.replace(' ', 'T')}Z")
    except ValueError:
        # The form is the contract's, but there is no such day or hour.
        return True
    return not hold.at - _CLOCK_DIFFERENCE <= stated <= clearance.at + _CLOCK_DIFFERENCE


def _wrong(hold: _Hold, obligation: Obligation, cause: str, expected: str, got: str, level: Level = "fail") -> Finding:
    return Finding(
        check=_ID,
        level=level,
        blame="bridge",
        cause=cause,
        expected=expected,
        got=got,
        where=Location(campaign=hold.campaign, customer=obligation.customer),
        at=hold.required_by,
    )


CHECKS = (
    Check(
        id=_ID,
        title="The right customers of campaigns on hold are cleared in time",
        requirement=CLEARANCE_GIVEN,
        run=check_clearance,
        applies=lambda history: any(clearance.action == "required" for clearance in history.clearances),
        scope="runs with campaigns that need clearance",
    ),
)
