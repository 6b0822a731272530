"""The entries of the provider and of the customer: deliveries, rejections, statuses, receipts, and actions."""

from collections.abc import Iterator

from sendproof_harness.explain.entry import Scope, TimelineEntry, attempt_text, statuses_of
from sendproof_harness.history.records import Rejection
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.causes.numbers import number_cause
from sendproof_harness.judge.facts.acknowledgement import is_success
from sendproof_harness.judge.facts.deliveries.refusals import rejection_text
from sendproof_harness.judge.facts.fault_effects import message_of_webhook


def provider_entries(scope: Scope) -> Iterator[TimelineEntry]:
    """Yield accepted and rejected messages, their statuses, and every attempt to post a receipt."""
    yield from _deliveries(scope)
    for rejection in scope.rejections:
        yield _rejection(scope, rejection)
    for status in statuses_of(scope.history, scope.deliveries):
        text = f"message {status.message} gets the status {status.status}"
        yield TimelineEntry(at=status.at, actor="provider", text=text, line=status.n)
    for attempt in scope.history.webhooks:
        if attempt.key in scope.receipt_keys:
            text = f"posts the receipt of message {message_of_webhook(attempt.key)}: {attempt_text(attempt)}"
            wrong = not is_success(attempt.status)
            yield TimelineEntry(at=attempt.at, actor="provider", text=text, line=attempt.n, wrong=wrong)


def _rejection(scope: Scope, rejection: Rejection) -> TimelineEntry:
    to = rejection.number or rejection.customer or "no number"
    causes = (number_cause(rejection.number, number) for number in scope.numbers)
    cause = next((cause for cause in causes if cause is not None), None) if rejection.number else None
    text = f"{rejection.service} refuses a message to {to} ({rejection_text(rejection)})"
    text += f": {cause}" if cause is not None and rejection.number not in scope.numbers else ""
    return TimelineEntry(
        at=rejection.at, actor="provider", text=text, detail=rejection.text, line=rejection.n, wrong=True
    )


def _deliveries(scope: Scope) -> Iterator[TimelineEntry]:
    numbers = {recipient.obligation.number for recipient in scope.recipients}
    texts = {recipient.obligation.text for recipient in scope.recipients if recipient.obligation.owed}
    for delivery in scope.deliveries:
        later = "" if delivery.send_at == delivery.at else f", to go out {spoken(delivery.send_at)}"
        yield TimelineEntry(
            at=delivery.at,
            actor="provider",
            text=f"{delivery.service} accepts message {delivery.message} to {delivery.number}{later}",
            detail=delivery.text,
            line=delivery.n,
            wrong=delivery.number not in numbers or delivery.text not in texts,
        )


def customer_entries(scope: Scope) -> Iterator[TimelineEntry]:
    """Yield the customer's events for triggers, clicks, replies and opt-outs."""
    for event in scope.history.customer_events:
        if event.customer == scope.customer:
            detail = ", ".join(f"{name} {value}" for name, value in event.parameters.items())
            yield TimelineEntry(
                at=event.at, actor="customer", text=f"causes the event {event.event}", detail=detail, line=event.n
            )
    yield from _taps(scope)
    for inbound in scope.history.inbounds:
        if inbound.number in scope.numbers:
            text = f"writes to {inbound.service}: {inbound.text}"
            yield TimelineEntry(at=inbound.at, actor="customer", text=text, line=inbound.n)
    for opt_out in scope.history.opt_outs:
        if opt_out.number in scope.numbers:
            source = f" ({opt_out.source})" if opt_out.source else ""
            text = f"opts out at {opt_out.service}{source}"
            yield TimelineEntry(at=opt_out.at, actor="customer", text=text, line=opt_out.n)


def _taps(scope: Scope) -> Iterator[TimelineEntry]:
    """Yield the clicks on links, and the messages that were opened."""
    for what, taps in (("the link of message", scope.history.clicks), ("message", scope.history.opens)):
        for tap in taps:
            if tap.message in scope.messages:
                yield TimelineEntry(at=tap.at, actor="customer", text=f"opens {what} {tap.message}", line=tap.n)
