"""What reached whom: once, at the right number, and nobody who opted out."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from sendproof_harness.history.records import Delivery, History, Obligation, Rejection
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.checks.paging import rows_never_read
from sendproof_harness.judge.facts.consent import forbidden_at
from sendproof_harness.judge.facts.deadlines import heard
from sendproof_harness.judge.facts.delivery_ledger import RecipientResult, is_owed_something, ledger
from sendproof_harness.judge.facts.fault_diagnosis import Reason, reasons_after_faults, reasons_of_repeats
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import CONSENT_RESPECTED, DELIVERED_ONCE, RIGHT_NUMBER

_ONCE = "delivery.once"
_NUMBER = "delivery.number"
_CONSENT = "delivery.consent"


def of_obligation(obligation: Obligation) -> Location:
    """Where a finding about one recipient stands."""
    return Location(
        campaign=obligation.campaign,
        channel=obligation.channel,
        customer=obligation.customer,
        number=obligation.number,
    )


def delivered_once(history: History) -> CheckResult:
    """Lost, duplicated and unexpected messages."""
    book = ledger(history)
    why_lost, why_twice = _reasons_of_loss(history), reasons_of_repeats(history)
    findings = [
        *(_lost(fate, *why_lost(fate.obligation)) for fate in book.fates if fate.name == "lost"),
        *(_duplicated(fate, why_twice(fate)) for fate in book.fates if fate.name == "duplicated"),
        *_indefinite(history, book.fates),
        *(_unexpected(delivery) for delivery in book.strays),
        *(_forbidden(fate) for fate in book.fates if fate.name == "unexpected"),
        *(_pending(fate) for fate in book.fates if fate.name == "pending"),
    ]
    judged = sum(fate.obligation.owed and fate.name not in {"pending", "indefinite", "refused"} for fate in book.fates)
    return CheckResult(looked_at=judged, unit="recipients", findings=tuple(findings))


def right_number(history: History) -> CheckResult:
    """Messages that went to a number that is not the customer's, or not in the form that providers take."""
    book = ledger(history)
    met = [fate for fate in book.fates if fate.obligation.owed and fate.deliveries]
    findings = [_wrong_number(fate) for fate in met if fate.deliveries[0].number != fate.obligation.number]
    findings += [
        _otherwise_spelled(fate, each) for fate in met for each in fate.deliveries if each.raw_number is not None
    ]
    return CheckResult(looked_at=len(met), unit="deliveries", findings=tuple(findings))


def consent_kept(history: History) -> CheckResult:
    """Messages to people who opted out."""
    book = ledger(history)
    opted_out = [fate for fate in book.fates if fate.obligation.reason == "opted_out"]
    findings = [_against_consent(history, fate) for fate in book.fates if fate.name == "sent to opted-out"]
    deliveries = sum(not delivery.test for delivery in history.deliveries)
    if deliveries and not opted_out:
        findings.append(_nobody_opted_out(deliveries))
    return CheckResult(looked_at=deliveries, unit="deliveries", findings=tuple(findings))


def _reasons_of_loss(history: History) -> Callable[[Obligation], Reason]:
    """The most telling reason for each lost message: cause and what was seen instead."""
    unread = rows_never_read(history)
    refused = {rejection.number: rejection for rejection in history.rejections}
    # Another message to the same number may have been refused for a reason of its own.
    refused_texts = {(some.number, some.text): some for some in history.rejections}
    sent = _campaigns_with_deliveries(ledger(history).fates)
    after_fault = reasons_after_faults(history)

    def reason(obligation: Obligation) -> Reason:
        was_unread = obligation.customer in unread.get((obligation.campaign, obligation.channel), ())
        rejection = refused_texts.get((obligation.number or "", obligation.text or ""))
        rejection = rejection or refused.get(obligation.number or "")
        if rejection is not None and not was_unread:
            return _refused(rejection)
        disturbed = after_fault(obligation)
        if disturbed is not None:
            return disturbed
        if was_unread:
            return "lost: the page with this customer was never read", "no delivery; the row was never fetched"
        if not sent[obligation.campaign, obligation.channel]:
            return "lost: nothing of this campaign was ever sent", "no delivery of the whole campaign"
        return "lost: no provider was ever given the message", "no delivery"

    return reason


def _campaigns_with_deliveries(fates: Iterable[RecipientResult]) -> Mapping[tuple[int, int], int]:
    return Counter((fate.obligation.campaign, fate.obligation.channel) for fate in fates if fate.deliveries)


def _refused(rejection: Rejection) -> Reason:
    why = " ".join(str(part) for part in (rejection.code, rejection.reason) if part not in {None, ""})
    return f"lost: the provider refused the message ({why})", f"refused by {rejection.service} with {why}"


def _lost(fate: RecipientResult, cause: str, got: str) -> Finding:
    return Finding(
        check=_ONCE,
        level="fail",
        blame="bridge",
        cause=cause,
        expected=f"one message, due {spoken(fate.obligation.due)}",
        got=got,
        where=of_obligation(fate.obligation),
        at=fate.obligation.due,
    )


def _indefinite(history: History, fates: Iterable[RecipientResult]) -> Iterator[Finding]:
    """What nobody can know: the bridge did all it could, or there was nothing that it could do."""
    first_heard = heard(history)
    for fate in fates:
        if fate.name == "indefinite":
            untold = first_heard(fate.obligation) is None
            yield Finding(
                check=_ONCE,
                level="unknown",
                blame="network",
                cause="indefinite: no notification ever came to the bridge"
                if untold
                else "indefinite: the reply of the call was lost, and the provider keeps no record that could be asked",
                expected=f"one message, due {spoken(fate.obligation.due)}",
                got="no delivery, which the bridge had no way to see",
                where=of_obligation(fate.obligation),
                at=fate.obligation.due,
            )


def _duplicated(fate: RecipientResult, cause: str) -> Finding:
    times = ", ".join(spoken(delivery.send_at) for delivery in fate.deliveries)
    return Finding(
        check=_ONCE,
        level="fail",
        blame="bridge",
        cause=cause,
        expected="one message",
        got=f"{len(fate.deliveries)} messages, sent {times}",
        where=of_obligation(fate.obligation),
        at=fate.deliveries[-1].send_at,
    )


def _unexpected(delivery: Delivery) -> Finding:
    return Finding(
        check=_ONCE,
        level="fail",
        blame="bridge",
        cause="unexpected: a message that nobody was owed",
        expected="no message to this number",
        got=f"{delivery.text!r}, sent {spoken(delivery.send_at)}",
        where=Location(number=delivery.number, message=delivery.message),
        at=delivery.send_at,
    )


_WHY_FORBIDDEN: Mapping[str | None, str] = {
    None: "unexpected: sent in earnest on a channel in testing mode",
    "cancelled": "unexpected: sent although the campaign was cancelled",
    "not_cleared": "unexpected: sent to a customer who was not cleared",
    "unusable_number": "unexpected: sent to a customer without a usable number",
}


def _forbidden(fate: RecipientResult) -> Finding:
    delivery = fate.deliveries[0]
    return Finding(
        check=_ONCE,
        level="fail",
        blame="bridge",
        cause=_WHY_FORBIDDEN[fate.obligation.reason],
        expected="no message to this customer",
        got=f"{delivery.text!r}, sent {spoken(delivery.send_at)}",
        where=of_obligation(fate.obligation),
        at=delivery.send_at,
    )


def _pending(fate: RecipientResult) -> Finding:
    return Finding(
        check=_ONCE,
        level="unknown",
        blame="harness",
        cause="not due yet when the history ended; let the run go on past the last send time",
        expected=f"a history that reaches beyond {spoken(fate.obligation.due)}",
        got="a history that ends before",
        where=of_obligation(fate.obligation),
        at=fate.obligation.due,
    )


def _wrong_number(fate: RecipientResult) -> Finding:
    got = fate.deliveries[0].number
    spelled = "".join(filter(str.isdigit, got))[-9:] == (fate.obligation.number or "")[-9:]
    how = "another spelling of it, as with + or zeros where digits are wanted" if spelled else "somebody else's"
    return Finding(
        check=_NUMBER,
        level="fail",
        blame="bridge",
        cause=f"wrong number: {how}",
        expected=str(fate.obligation.number),
        got=got,
        where=of_obligation(fate.obligation),
        at=fate.deliveries[0].send_at,
    )


def _otherwise_spelled(fate: RecipientResult, delivery: Delivery) -> Finding:
    """The provider understood it, which no document promises."""
    return Finding(
        check=_NUMBER,
        level="fail",
        blame="bridge",
        cause=f"another spelling than {delivery.service} documents (digits only), which it understood here",
        expected=delivery.number,
        got=str(delivery.raw_number),
        where=of_obligation(fate.obligation),
        at=delivery.at,
    )


def _against_consent(history: History, fate: RecipientResult) -> Finding:
    """Of whoever opted out while the campaign went on, what went out after that counts."""
    owed = fate.obligation
    ways = [(forbidden_at(history, owed, delivery.send_at), delivery) for delivery in fate.deliveries]
    left, delivery = next(((way, one) for way, one in ways if way is not None), (None, fate.deliveries[0]))
    cause = "sent to opted-out" if left is None else f"sent to opted-out: after opting out {left.how}"
    since = "" if left is None else f" after {spoken(left.at)}"
    return Finding(
        check=_CONSENT,
        level="fail",
        blame="bridge",
        cause=cause,
        expected=f"no message{since}; the customer counts as dropped",
        got=f"{len(fate.deliveries)} sent, the first of them {spoken(delivery.send_at)}",
        where=of_obligation(owed),
        at=delivery.send_at,
    )


def _nobody_opted_out(deliveries: int) -> Finding:
    return Finding(
        check=_CONSENT,
        level="note",
        blame="harness",
        cause="nobody of this audience opted out, so the rule was hardly put to the test",
        expected="an audience with customers who opted out",
        got=f"{deliveries:,} deliveries, all to customers who may be written to",
    )


CHECKS = (
    Check(id=_ONCE, title="Every recipient gets the message once", requirement=DELIVERED_ONCE, run=delivered_once),
    Check(
        id=_NUMBER,
        title="Messages go to the customer's own number",
        requirement=RIGHT_NUMBER,
        run=right_number,
        applies=is_owed_something,
        asked_of="runs in which a message is owed",
    ),
    Check(
        id=_CONSENT,
        title="Nobody who opted out gets a message",
        requirement=CONSENT_RESPECTED,
        run=consent_kept,
        applies=lambda history: is_owed_something(history) or not all(one.test for one in history.deliveries),
        asked_of="runs in which a message is owed or was sent",
    ),
)
