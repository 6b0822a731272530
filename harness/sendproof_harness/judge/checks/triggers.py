"""Check that trigger events and triggered messages are prompt. The delivery ledger judges their number and text."""

from collections import Counter
from collections.abc import Iterator, Sequence

from sendproof_harness.history.records import History, Webhook
from sendproof_harness.history.timestamps import span, spoken
from sendproof_harness.history.wording import counted
from sendproof_harness.judge.facts.deliveries.deadlines import TRIGGER_LATE_AFTER, deadlines, first_notified
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult, ledger, testing_channels, timed_recipients
from sendproof_harness.judge.facts.deliveries.matching import EARLY_TOLERANCE
from sendproof_harness.judge.facts.observation import unobserved_times
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location, recipient_location
from sendproof_harness.judge.requirements import TRIGGER_EVENT_LATENCY, TRIGGER_SEND_LATENCY

_EVENT_LATENCY = "triggers.event_latency"
_SEND_LATENCY = "triggers.send_latency"

TRIGGER_EVENT = "11"
#: Optimove's promise, in milliseconds.
EVENT_WITHIN = 100


def check_event_latency(history: History) -> CheckResult:
    """Compare the first attempt of each event 11 with the instant of its trigger: a promise of the simulator."""
    first: dict[str, Webhook] = {}
    for attempt in history.webhooks:
        if attempt.event == TRIGGER_EVENT and attempt.resend == 0:
            first.setdefault(attempt.key, attempt)
    count = Counter[tuple[str, str]]()
    late: list[Webhook] = []
    for trigger in history.triggers:
        count[trigger.trigger, trigger.customer] += 1
        ordinal = count[trigger.trigger, trigger.customer]
        event = first.get(f"{TRIGGER_EVENT}:{trigger.trigger}:{trigger.customer}:{ordinal}")
        if event is not None and event.at - trigger.at > EVENT_WITHIN:
            late.append(event)
    return CheckResult(looked_at=len(first), unit="events", findings=tuple(map(_late_event, late)))


def _late_event(attempt: Webhook) -> Finding:
    return Finding(
        check=_EVENT_LATENCY,
        level="note",
        blame="harness",
        cause="event 11 was later than Optimove promises, because of a fault or a policy of the sandbox",
        expected=f"at most {EVENT_WITHIN} ms after the trigger was met",
        got=f"the first attempt at {spoken(attempt.at)}",
        where=Location(webhook=attempt.key),
        at=attempt.at,
    )


def check_send_latency(history: History) -> CheckResult:
    """Find triggered messages that went out too late, or before their trigger; lost ones are in `delivery.once`."""
    sent = [recipient for recipient in timed_recipients(history) if recipient.obligation.trigger is not None]
    if sent and not ledger(history).timed:
        unobserved = unobserved_times(history, _SEND_LATENCY, counted(len(sent), "messages"))
        return CheckResult(looked_at=len(sent), unit="triggers", findings=(unobserved,))
    return CheckResult(looked_at=len(sent), unit="triggers", findings=tuple(_off_time(history, sent)))


def _off_time(history: History, recipients: Sequence[RecipientResult]) -> Iterator[Finding]:
    deadline, notified = deadlines(history), first_notified(history)
    for recipient in recipients:
        obligation, sent_at = recipient.obligation, recipient.deliveries[0].send_at
        latest = deadline(obligation)
        if obligation.due - EARLY_TOLERANCE <= sent_at <= latest:
            continue
        notified_at = notified(obligation) or obligation.due
        is_late = sent_at > obligation.due
        yield Finding(
            check=_SEND_LATENCY,
            level="fail",
            blame="bridge",
            cause="a triggered message was sent too late" if is_late else "a message was sent before its trigger",
            expected=f"sent by {spoken(latest)}: within {span(TRIGGER_LATE_AFTER)} of receiving the event",
            got=f"sent {spoken(sent_at)}, {span(sent_at - notified_at)} {'after' if is_late else 'before'} the event",
            where=recipient_location(obligation),
            at=sent_at,
        )


def _has_live_triggers(history: History) -> bool:
    """Return True if a trigger was met on a channel that sends; in testing mode, no message is due."""
    testing = testing_channels(history)
    return any(trigger.channel not in testing for trigger in history.triggers) or any(
        obligation.trigger is not None and obligation.channel not in testing for obligation in history.obligations
    )


CHECKS = (
    Check(
        id=_EVENT_LATENCY,
        title="Trigger events arrive promptly",
        requirement=TRIGGER_EVENT_LATENCY,
        run=check_event_latency,
        applies=lambda history: any(attempt.event == TRIGGER_EVENT for attempt in history.webhooks),
        scope="runs with event 11",
    ),
    Check(
        id=_SEND_LATENCY,
        title="Triggered messages go out promptly",
        requirement=TRIGGER_SEND_LATENCY,
        run=check_send_latency,
        applies=_has_live_triggers,
        scope="runs with triggers, except on channels in testing mode",
    ),
)
