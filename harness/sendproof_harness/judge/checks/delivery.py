"""Check the deliveries: one to each recipient, to the right number, and none to customers who opted out."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from sendproof_harness.history.records import Delivery, History, Obligation, Rejection
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.facts.consent import violated_opt_out
from sendproof_harness.judge.facts.deliveries.deadlines import first_notified
from sendproof_harness.judge.facts.deliveries.ledger import (
    RecipientResult,
    ResultKind,
    has_due_message,
    ledger,
    matched_recipients,
)
from sendproof_harness.judge.facts.deliveries.refusals import rejection_text
from sendproof_harness.judge.facts.fault_diagnosis import Diagnosis, duplicate_cause, loss_diagnosis
from sendproof_harness.judge.facts.keys import campaign_key
from sendproof_harness.judge.facts.pages import rows_never_read
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location, recipient_location
from sendproof_harness.judge.requirements import CONSENT_RESPECTED, DELIVERED_ONCE, RIGHT_NUMBER

_ONCE = "delivery.once"
_NUMBER = "delivery.number"
_CONSENT = "delivery.consent"

_NOT_JUDGED: frozenset[ResultKind] = frozenset({"pending", "indefinite", "refused"})


# -- one message each -------------------------------------------------------------------------------


def check_delivered_once(history: History) -> CheckResult:
    """Find lost, duplicated and unexpected messages."""
    recipients = ledger(history).recipients
    loss, duplication = _loss_diagnosis(history), duplicate_cause(history)
    findings = [
        *(_lost(recipient, *loss(recipient.obligation)) for recipient in recipients if recipient.kind == "lost"),
        *(_duplicated(recipient, duplication(recipient)) for recipient in recipients if recipient.kind == "duplicated"),
        *_indefinite(history, recipients),
        *(_unmatched(delivery) for delivery in ledger(history).unmatched),
        *(_forbidden(recipient) for recipient in recipients if recipient.kind == "unexpected"),
        *(_pending(recipient) for recipient in recipients if recipient.kind == "pending"),
    ]
    judged = sum(recipient.obligation.owed and recipient.kind not in _NOT_JUDGED for recipient in recipients)
    return CheckResult(looked_at=judged, unit="recipients", findings=tuple(findings))


def _loss_diagnosis(history: History) -> Callable[[Obligation], Diagnosis]:
    """Return a function that gives the most specific cause of a lost message."""
    unread = rows_never_read(history)
    by_number = {rejection.number: rejection for rejection in history.rejections}
    # Another message to the same number may have been rejected for a different reason.
    by_text = {(rejection.number, rejection.text): rejection for rejection in history.rejections}
    delivered = Counter(
        campaign_key(recipient.obligation) for recipient in ledger(history).recipients if recipient.deliveries
    )
    after_fault = loss_diagnosis(history)

    def diagnosis(obligation: Obligation) -> Diagnosis:
        was_unread = obligation.customer in unread.get(campaign_key(obligation), ())
        rejection = by_text.get((obligation.number or "", obligation.text or ""))
        rejection = rejection or by_number.get(obligation.number or "")
        if rejection is not None and not was_unread:
            return _rejected(rejection)
        by_fault = after_fault(obligation)
        if by_fault is not None:
            return by_fault
        if was_unread:
            return "lost: the page with this customer was never read", "no delivery; the row was never read"
        if not delivered[campaign_key(obligation)]:
            return "lost: no message of this campaign was ever sent", "no delivery of the whole campaign"
        return "lost: the message was never sent to a provider", "no delivery"

    return diagnosis


def _rejected(rejection: Rejection) -> Diagnosis:
    error = rejection_text(rejection)
    return f"lost: the provider rejected the message ({error})", f"rejected by {rejection.service} with {error}"


def _lost(recipient: RecipientResult, cause: str, got: str) -> Finding:
    return Finding(
        check=_ONCE,
        level="fail",
        blame="bridge",
        cause=cause,
        expected=f"one message, due {spoken(recipient.obligation.due)}",
        got=got,
        where=recipient_location(recipient.obligation),
        at=recipient.obligation.due,
    )


def _indefinite(history: History, recipients: Sequence[RecipientResult]) -> Iterator[Finding]:
    """Yield the results that only the bridge could know, or that it had no way to change."""
    notified = first_notified(history)
    for recipient in recipients:
        if recipient.kind == "indefinite":
            never_notified = notified(recipient.obligation) is None
            yield Finding(
                check=_ONCE,
                level="unknown",
                blame="network",
                cause="indefinite: no event ever reached the bridge"
                if never_notified
                else "indefinite: the response was lost or a server error, and the provider has no record of messages",
                expected=f"one message, due {spoken(recipient.obligation.due)}",
                got="no delivery, and the bridge could not know that",
                where=recipient_location(recipient.obligation),
                at=recipient.obligation.due,
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
    )


def _unmatched(delivery: Delivery) -> Finding:
    return Finding(
        check=_ONCE,
        level="fail",
        blame="bridge",
        cause="unexpected: a message that no recipient was due",
        expected="no message to this number",
        got=f"{delivery.text!r}, sent {spoken(delivery.send_at)}",
        where=Location(number=delivery.number, message=delivery.message),
        at=delivery.send_at,
    )


_FORBIDDEN_CAUSES: Mapping[str | None, str] = {
    None: "unexpected: a real message on a channel in testing mode",
    "cancelled": "unexpected: sent although the campaign was cancelled",
    "not_cleared": "unexpected: sent to a customer who was not cleared",
    "unusable_number": "unexpected: sent to a customer without a usable number",
}


def _forbidden(recipient: RecipientResult) -> Finding:
    delivery = recipient.deliveries[0]
    return Finding(
        check=_ONCE,
        level="fail",
        blame="bridge",
        cause=_FORBIDDEN_CAUSES[recipient.obligation.reason],
        expected="no message to this customer",
        got=f"{delivery.text!r}, sent {spoken(delivery.send_at)}",
        where=recipient_location(recipient.obligation),
        at=delivery.send_at,
    )


def _pending(recipient: RecipientResult) -> Finding:
    return Finding(
        check=_ONCE,
        level="unknown",
        blame="harness",
        cause="not due before the end of the history; continue the run past the last send time",
        expected=f"a history that continues after {spoken(recipient.obligation.due)}",
        got="a history that ends earlier",
        where=recipient_location(recipient.obligation),
        at=recipient.obligation.due,
    )


# -- the right number -------------------------------------------------------------------------------

# Without country code and prefix, this many digits identify a number.
_SUBSCRIBER_DIGITS = 9


def check_right_number(history: History) -> CheckResult:
    """Find messages to another number than the customer's, or with the number in an undocumented format."""
    recipients = matched_recipients(history)
    findings = [
        _wrong_number(recipient)
        for recipient in recipients
        if recipient.deliveries[0].number != recipient.obligation.number
    ]
    findings += [
        _undocumented_format(recipient, delivery)
        for recipient in recipients
        for delivery in recipient.deliveries
        if delivery.raw_number is not None
    ]
    return CheckResult(looked_at=len(recipients), unit="deliveries", findings=tuple(findings))


def _wrong_number(recipient: RecipientResult) -> Finding:
    got, expected = recipient.deliveries[0].number, recipient.obligation.number or ""
    same_digits = "".join(filter(str.isdigit, got))[-_SUBSCRIBER_DIGITS:] == expected[-_SUBSCRIBER_DIGITS:]
    how = (
        "another format of the number, such as + or leading zeros instead of digits only"
        if same_digits
        else "the number of another person"
    )
    return Finding(
        check=_NUMBER,
        level="fail",
        blame="bridge",
        cause=f"wrong number: {how}",
        expected=str(recipient.obligation.number),
        got=got,
        where=recipient_location(recipient.obligation),
        at=recipient.deliveries[0].send_at,
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
    has_opt_outs = any(recipient.obligation.reason == "opted_out" for recipient in recipients)
    findings = [
        _against_consent(history, recipient) for recipient in recipients if recipient.kind == _SENT_TO_OPTED_OUT
    ]
    deliveries = sum(not delivery.test for delivery in history.deliveries)
    if deliveries and not has_opt_outs:
        findings.append(_without_opt_outs(deliveries))
    return CheckResult(looked_at=deliveries, unit="deliveries", findings=tuple(findings))


_SENT_TO_OPTED_OUT: ResultKind = "sent to opted-out"


def _against_consent(history: History, recipient: RecipientResult) -> Finding:
    """Return the finding; if the customer opted out during the run, it names the opt-out and a message after it."""
    obligation = recipient.obligation
    violations = [
        (violated_opt_out(history, obligation, delivery.send_at), delivery) for delivery in recipient.deliveries
    ]
    opt_out, delivery = next(
        (violation for violation in violations if violation[0] is not None), (None, recipient.deliveries[0])
    )
    cause = "sent to opted-out" if opt_out is None else f"sent to opted-out: after opting out {opt_out.source}"
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


def _without_opt_outs(deliveries: int) -> Finding:
    return Finding(
        check=_CONSENT,
        level="note",
        blame="harness",
        cause="no customer of this audience opted out, so the rule was hardly tested",
        expected="an audience with customers who opted out",
        got=f"{deliveries:,} deliveries, all to customers who may get messages",
    )


CHECKS = (
    Check(
        id=_ONCE, title="Each recipient gets exactly one message", requirement=DELIVERED_ONCE, run=check_delivered_once
    ),
    Check(
        id=_NUMBER,
        title="Messages go to the right number",
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
        applies=lambda history: has_due_message(history) or not all(delivery.test for delivery in history.deliveries),
        scope="runs with a due or sent message",
    ),
)
