"""Check the deliveries: one to each recipient, to the right address, and none to customers who opted out."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from sendproof_harness.history.records import Delivery, History, Obligation
from sendproof_harness.history.timestamps import span, spoken
from sendproof_harness.judge.causes.losses import loss_causes
from sendproof_harness.judge.causes.misdirected import misdirected
from sendproof_harness.judge.causes.numbers import number_cause
from sendproof_harness.judge.causes.outdated import OLD_TEXT, outdated
from sendproof_harness.judge.causes.rejections import other_number_cause, rejection_index
from sendproof_harness.judge.causes.strays import Stray, strays
from sendproof_harness.judge.facts.consent import has_opted_out, violated_by
from sendproof_harness.judge.facts.deliveries.deadlines import first_notified
from sendproof_harness.judge.facts.deliveries.hidden_values import hidden_cause, hidden_remedy, hidden_values
from sendproof_harness.judge.facts.deliveries.ledger import (
    RecipientResult,
    ResultKind,
    count_recipients,
    has_due_message,
    is_right_place,
    ledger,
    matched_recipients,
)
from sendproof_harness.judge.facts.deliveries.message_types import address_word, can_opt_out, message_type
from sendproof_harness.judge.facts.deliveries.refusals import rejection_text
from sendproof_harness.judge.facts.fault_diagnosis import (
    OVERLOOKED,
    SENT_AGAIN,
    duplicate_cause,
    was_looked_up_by_another_clock,
)
from sendproof_harness.judge.facts.observation import bridge_time, times_are_meaningful
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location, recipient_location
from sendproof_harness.judge.requirements import CONSENT_RESPECTED, DELIVERED_ONCE, RIGHT_NUMBER
from sendproof_harness.providers import provider

_ONCE = "delivery.once"
_NUMBER = "delivery.number"
_CONSENT = "delivery.consent"

# libcurl, and so PHP, repeats a POST whose connection it had kept open and which broke before any byte of a response;
# HttpURLConnection of Java repeats each POST whose connection broke.
_LOOK_UP = (
    "look for the messages at the provider before you repeat a call; if your code did not repeat it, your HTTP library "
    "did: let it make a new connection for each send, without retries"
)
_REMEDIES = {
    SENT_AGAIN: _LOOK_UP,
    OVERLOOKED: "read every page of the provider's record, and look for the number and the text of each message",
}
_USE_THE_CLOCK = (
    "use the virtual clock, or look for a reference of your own instead of a time: the provider's record has the times "
    "of the sandbox, which are not those of your machine"
)
_NOT_JUDGED: frozenset[ResultKind] = frozenset({"pending", "indefinite", "refused"})


# -- one message each -------------------------------------------------------------------------------


def check_delivered_once(history: History) -> CheckResult:
    """Find lost, duplicated and unexpected messages."""
    recipients = ledger(history).recipients
    loss, duplication = loss_causes(history), _duplicate_cause(history)
    was_looked_up = was_looked_up_by_another_clock(history)
    advice = _AFTER_REPAIR if history.aborted else _PAST_THE_LAST_SEND
    findings = [
        *(
            _lost(history, recipient, *loss(recipient.obligation))
            for recipient in recipients
            if recipient.kind == "lost"
        ),
        *(
            _looked_up(recipient) if was_looked_up(recipient) else _duplicated(recipient, duplication(recipient))
            for recipient in recipients
            if recipient.kind == "duplicated"
        ),
        *_indefinite(history, recipients),
        *map(_stray, strays(history)),
        *(_forbidden(recipient) for recipient in recipients if _is_forbidden(recipient)),
        *(_pending(recipient, advice) for recipient in recipients if recipient.kind == "pending"),
    ]
    judged = [recipient for recipient in recipients if recipient.obligation.owed and recipient.kind not in _NOT_JUDGED]
    return CheckResult(looked_at=count_recipients(history, judged), unit="recipients", findings=tuple(findings))


def _duplicate_cause(history: History) -> Callable[[RecipientResult], str]:
    by_events, receivers = duplicate_cause(history), misdirected(history).receivers

    def cause(recipient: RecipientResult) -> str:
        if id(recipient.obligation) in receivers:
            return "duplicated: messages of other customers went to this number"
        if id(recipient.obligation) in outdated(history).repeated:
            return f"duplicated: {OLD_TEXT}"
        return by_events(recipient)

    return cause


def _lost(history: History, recipient: RecipientResult, cause: str, got: str) -> Finding:
    hidden = hidden_values(history)(recipient.obligation)
    return Finding(
        check=_ONCE,
        level="fail",
        blame="config" if hidden else "bridge",
        cause=f"lost: {hidden_cause(hidden)}" if hidden else cause,
        expected=f"one message, due {spoken(recipient.obligation.due)}",
        got=got,
        where=recipient_location(recipient.obligation),
        at=recipient.obligation.due,
        remedy=hidden_remedy(hidden) if hidden else _observed_text(history, recipient.obligation),
    )


def _observed_text(history: History, obligation: Obligation) -> str:
    """Return how long a bridge outside virtual time had for a lost message; empty for any other bridge."""
    if times_are_meaningful(history):
        return ""
    visible = bridge_time(history).between(obligation.due, history.header.ended)
    return f"the bridge had {span(visible)} of its own time; if it sends later than that, use a longer --timeout"


def _indefinite(history: History, recipients: Sequence[RecipientResult]) -> Iterator[Finding]:
    """Yield the results that only the bridge could know, or that it had no way to change."""
    notified = first_notified(history)
    for recipient in recipients:
        if recipient.kind == "indefinite" and not recipient.deliveries:
            never_notified = notified(recipient.obligation) is None
            yield Finding(
                check=_ONCE,
                level="unknown",
                blame="network",
                cause="indefinite: no event ever reached the bridge"
                if never_notified
                else "indefinite: no response, a server error or a kill, and the provider has no record of messages",
                expected=f"one message, due {spoken(recipient.obligation.due)}",
                got="no delivery, and the bridge could not know that",
                where=recipient_location(recipient.obligation),
                at=recipient.obligation.due,
            )


def _looked_up(recipient: RecipientResult) -> Finding:
    """Return the finding about a bridge that could not see the times by which it looked for its messages."""
    return replace(
        _duplicated(recipient, "duplicated: sent again after a lookup, by another clock than the provider's"),
        level="unknown",
        blame="config",
        remedy=_USE_THE_CLOCK,
    )


def _duplicated(recipient: RecipientResult, cause: str) -> Finding:
    times = ", ".join(spoken(delivery.send_at) for delivery in recipient.deliveries)
    return Finding(
        check=_ONCE,
        level="fail",
        blame="bridge",
        cause=cause,
        expected="one message",
        got=f"{len(recipient.deliveries)} messages, sent {times}",
        where=recipient_location(recipient.obligation),
        at=recipient.deliveries[-1].send_at,
        remedy=_REMEDIES.get(cause, ""),
    )


def _stray(stray: Stray) -> Finding:
    delivery = stray.delivery
    owner = f"{stray.owner}: " if stray.owner else ""
    return Finding(
        check=_ONCE,
        level="fail",
        blame="bridge",
        cause=f"unexpected: {stray.cause}",
        expected=f"no message to this {address_word(delivery.message_type)}",
        got=f"{owner}{delivery.text!r}, sent {spoken(delivery.send_at)}",
        where=Location(
            customer=stray.customers[0] if stray.customers else None,
            number=delivery.number,
            message=delivery.message,
        ),
        at=delivery.send_at,
    )


_FORBIDDEN_CAUSES: Mapping[str, str] = {
    "control_group": "unexpected: sent to a customer of the control group",
    "not_cleared": "unexpected: sent to a customer who was not cleared",
    "unusable_number": "unexpected: sent to a customer without a usable number",
    "unusable_address": "unexpected: sent to a customer without a usable e-mail address",
    "unknown_customer": "unexpected: sent to a customer whom the provider's last import did not have",
    "outside_segment": "unexpected: sent to a customer whom a segment at the provider leaves out",
}


def _is_forbidden(recipient: RecipientResult) -> bool:
    """Return True without the messages that the checks of cancellation and of testing mode find."""
    return recipient.kind == "unexpected" and recipient.obligation.reason in _FORBIDDEN_CAUSES


def _forbidden(recipient: RecipientResult) -> Finding:
    delivery = recipient.deliveries[0]
    return Finding(
        check=_ONCE,
        level="fail",
        blame="bridge",
        cause=_FORBIDDEN_CAUSES[recipient.obligation.reason or ""],
        expected="no message to this customer",
        got=f"{delivery.text!r}, sent {spoken(delivery.send_at)}",
        where=recipient_location(recipient.obligation),
        at=delivery.send_at,
    )


# A longer run shows nothing more if the bridge kept this one from its end.
_PAST_THE_LAST_SEND, _AFTER_REPAIR = "continue the run past the last send time", "repair first what ended the run"


def _pending(recipient: RecipientResult, advice: str) -> Finding:
    return Finding(
        check=_ONCE,
        level="unknown",
        blame="harness",
        cause=f"not due before the end of the history; {advice}",
        expected=f"a history that continues after {spoken(recipient.obligation.due)}",
        got="a history that ends earlier",
        where=recipient_location(recipient.obligation),
        at=recipient.obligation.due,
    )


# -- the right number -------------------------------------------------------------------------------


def check_right_number(history: History) -> CheckResult:
    """Find messages to another number or user than the customer's, or with the number in an undocumented format."""
    recipients = matched_recipients(history)
    findings = [
        _wrong_number(history, recipient.obligation, delivery)
        for recipient in recipients
        for delivery in recipient.deliveries
        if not is_right_place(history, recipient.obligation, delivery)
    ]
    findings += [
        _undocumented_format(recipient, delivery)
        for recipient in recipients
        for delivery in recipient.deliveries
        if delivery.raw_number is not None
    ]
    findings += _wrong_users(history, recipients)
    findings += _shown_addresses(history)
    refused = list(_refused_numbers(history))
    looked_at = count_recipients(history, recipients) + len(refused)
    return CheckResult(looked_at=looked_at, unit="deliveries", findings=(*findings, *refused))


def _wrong_number(history: History, obligation: Obligation, delivery: Delivery) -> Finding:
    got, sent_as, type_ = delivery.number, delivery.message_type, message_type(history, obligation.channel)
    word = address_word(type_)
    if sent_as != type_:
        cause = f"the message went out as {sent_as}, and the channel is for {type_}"
    else:
        cause = number_cause(got, obligation.number or "") or other_number_cause(history, obligation)
    return Finding(
        check=_NUMBER,
        level="fail",
        blame="bridge",
        cause=f"wrong {word}: {cause}",
        expected=str(obligation.number),
        got=got,
        where=recipient_location(obligation),
        at=delivery.send_at,
    )


def _wrong_users(history: History, recipients: Sequence[RecipientResult]) -> Iterator[Finding]:
    """Yield the messages to a user with another id than the customer's; customers with one number count as one."""
    customers: defaultdict[str | None, set[str]] = defaultdict(set)
    for obligation in history.obligations if any(delivery.user for delivery in history.deliveries) else ():
        customers[obligation.number].add(obligation.customer)
    sent = ((recipient.obligation, delivery) for recipient in recipients for delivery in recipient.deliveries)
    for obligation, delivery in sent:
        if delivery.user is not None and delivery.user not in {*customers[delivery.number], obligation.customer}:
            is_spelling = delivery.user.casefold() == obligation.customer.casefold()
            yield Finding(
                check=_NUMBER,
                level="fail",
                blame="bridge",
                cause="wrong user: the customer's id in another spelling"
                if is_spelling
                else "wrong user: another id than the customer's",
                expected=f"user {obligation.customer} at {delivery.service}",
                got=f"user {delivery.user}, with the customer's number",
                where=recipient_location(obligation),
                at=delivery.send_at,
            )


def _shown_addresses(history: History) -> Iterator[Finding]:
    """Yield the e-mails that show a recipient the address of another customer, as if they had been sent together.

    Each e-mail counts that reached a recipient, also a repeated one and one that was not due.
    """
    showing = [
        (recipient, delivery)
        for recipient in ledger(history).recipients
        for delivery in recipient.deliveries
        if delivery.shown
    ]
    addresses = {obligation.number for obligation in history.obligations} if showing else set()
    for recipient, delivery in showing:
        others = [address for address in delivery.shown if address in addresses]
        if others:
            yield Finding(
                check=_NUMBER,
                level="fail",
                blame="bridge",
                cause="the header of an e-mail shows the addresses of other customers",
                expected=f"only {delivery.number} in To and Cc",
                got=f"{len(others)} others, such as {others[0]}",
                where=recipient_location(recipient.obligation),
                at=delivery.send_at,
            )


def _refused_numbers(history: History) -> Iterator[Finding]:
    """Yield the messages that a provider refused because their number had a wrong form."""
    for recipient in ledger(history).recipients:
        rejection = rejection_index(history).find(recipient.obligation) if recipient.kind == "lost" else None
        if rejection is None or rejection.whole_call or not recipient.obligation.number:
            continue
        if rejection.reason == provider(rejection.service).unknown_customer_rejection:
            continue
        cause = number_cause(rejection.number, recipient.obligation.number)
        if cause is not None:
            yield Finding(
                check=_NUMBER,
                level="fail",
                blame="bridge",
                cause=f"wrong {address_word(message_type(history, recipient.obligation.channel))}: {cause}",
                expected=recipient.obligation.number,
                got=f"{rejection.service} refused {rejection.number!r} ({rejection_text(rejection)})",
                where=recipient_location(recipient.obligation),
                at=rejection.at,
            )


def _undocumented_format(recipient: RecipientResult, delivery: Delivery) -> Finding:
    """Return the finding about a format that the provider understood, although no document promises that."""
    return Finding(
        check=_NUMBER,
        level="fail",
        blame="bridge",
        cause=f"undocumented number format: {delivery.service} documents digits only, but understood this one",
        expected=delivery.number,
        got=str(delivery.raw_number),
        where=recipient_location(recipient.obligation),
        at=delivery.at,
    )


# -- consent ----------------------------------------------------------------------------------------


def check_consent_respected(history: History) -> CheckResult:
    """Find messages to customers who opted out."""
    recipients = ledger(history).recipients
    findings = [
        _against_consent(history, recipient) for recipient in recipients if recipient.kind == _SENT_TO_OPTED_OUT
    ]
    opted_out = count_recipients(
        history, (recipient for recipient in recipients if has_opted_out(history, recipient.obligation))
    )
    if not opted_out:
        findings.append(_without_opt_outs(count_recipients(history, recipients)))
    return CheckResult(looked_at=opted_out, unit="opt-outs", findings=tuple(findings))


_SENT_TO_OPTED_OUT: ResultKind = "sent to opted-out"


def _against_consent(history: History, recipient: RecipientResult) -> Finding:
    """Return the finding; if the customer opted out during the run, it names the opt-out and a message after it."""
    obligation = recipient.obligation
    violations = [(violated_by(history, obligation, delivery), delivery) for delivery in recipient.deliveries]
    opt_out, delivery = next(
        (violation for violation in violations if violation[0] is not None), (None, recipient.deliveries[0])
    )
    cause = f"sent to opted-out: after opting out {opt_out.source}" if opt_out else _initial_opt_out_cause(obligation)
    since = "" if opt_out is None else f" after {spoken(opt_out.at)}"
    return Finding(
        check=_CONSENT,
        level="fail",
        blame="bridge",
        cause=cause,
        expected=f"no message{since}; the customer counts as dropped",
        got=f"{len(recipient.deliveries)} sent, the first one {spoken(delivery.send_at)}",
        where=recipient_location(obligation),
        at=delivery.send_at,
    )


_INITIAL_OPT_OUT_CAUSES: Mapping[str | None, str] = {
    None: "sent to opted-out",
    "attribute": "sent to opted-out: the consent attribute in Optimove says no",
    "provider": "sent to opted-out: the number is on the provider's list of opt-outs",
}


def _initial_opt_out_cause(obligation: Obligation) -> str:
    """Return the cause for a customer who opted out before the run: each has one protection."""
    return _INITIAL_OPT_OUT_CAUSES[obligation.opted_out_by]


def _can_be_against_consent(history: History) -> bool:
    has_message = has_due_message(history) or not all(delivery.test for delivery in history.deliveries)
    return has_message and can_opt_out(history)


def _without_opt_outs(recipients: int) -> Finding:
    return Finding(
        check=_CONSENT,
        level="unknown",
        blame="harness",
        cause="no recipient of this run opted out, so the rule was not tested",
        expected="an audience with customers who opted out",
        got=f"{recipients:,} recipients, all of them customers who may get messages",
    )


CHECKS = (
    Check(
        id=_ONCE, title="Each recipient gets exactly one message", requirement=DELIVERED_ONCE, run=check_delivered_once
    ),
    Check(
        id=_NUMBER,
        title="Messages go to the right address",
        requirement=RIGHT_NUMBER,
        run=check_right_number,
        applies=has_due_message,
        scope="runs with a due message",
    ),
    Check(
        id=_CONSENT,
        title="Customers who opted out get no message",
        requirement=CONSENT_RESPECTED,
        run=check_consent_respected,
        applies=_can_be_against_consent,
        scope="runs with a due or sent message of a type that customers can opt out of",
    ),
)
