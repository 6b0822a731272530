"""Whether triggers are told and answered at once. That each is answered once, and rightly, the ledger says."""

from collections import Counter
from collections.abc import Iterator

from sendproof_harness.history.records import History, Webhook
from sendproof_harness.history.timestamps import span, spoken
from sendproof_harness.judge.checks.delivery import of_obligation
from sendproof_harness.judge.checks.timing import not_observed, with_a_time
from sendproof_harness.judge.facts.deadlines import TRIGGER_LATE_AFTER, heard, latest
from sendproof_harness.judge.facts.delivery_ledger import RecipientResult, ledger
from sendproof_harness.judge.facts.delivery_matching import EARLY_TOLERANCE
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import TRIGGER_EVENT_LATENCY, TRIGGER_SEND_LATENCY

_TOLD = "triggers.event_latency"
_ANSWERED = "triggers.send_latency"

EVENT = "11"
#: What Optimove promises, in milliseconds.
TOLD_WITHIN = 100


def told_at_once(history: History) -> CheckResult:
    """First attempts of event 11 against the instant at which the trigger was met: the simulator's own promise."""
    first: dict[str, Webhook] = {}
    for attempt in history.webhooks:
        if attempt.event == EVENT and attempt.resend == 0:
            first.setdefault(attempt.key, attempt)
    count = Counter[tuple[str, str]]()
    late: list[Webhook] = []
    for met in history.triggers:
        count[met.trigger, met.customer] += 1
        told = first.get(f"{EVENT}:{met.trigger}:{met.customer}:{count[met.trigger, met.customer]}")
        if told is not None and told.at - met.at > TOLD_WITHIN:
            late.append(told)
    return CheckResult(looked_at=len(first), unit="events", findings=tuple(map(_told_late, late)))


def _told_late(attempt: Webhook) -> Finding:
    return Finding(
        check=_TOLD,
        level="note",
        blame="harness",
        cause="event 11 came later than Optimove promises, by a fault or a policy of the sandbox",
        expected=f"at most {TOLD_WITHIN} ms after the trigger was met",
        got=f"the first attempt {spoken(attempt.at)}",
        where=Location(webhook=attempt.key),
        at=attempt.at,
    )


def answered(history: History) -> CheckResult:
    """Messages of triggers that came too late, or before their trigger; those that never came are the ledger's."""
    book = ledger(history)
    met = [fate for fate in with_a_time(book) if fate.obligation.trigger is not None]
    owed = sum(fate.obligation.trigger is not None and fate.obligation.owed for fate in book.fates)
    if met and not book.timed:
        unseen = not_observed(history, _ANSWERED, f"{len(met):,} answers")
        return CheckResult(looked_at=owed, unit="triggers", findings=(unseen,))
    return CheckResult(looked_at=owed, unit="triggers", findings=tuple(_off(history, met)))


def _off(history: History, met: list[RecipientResult]) -> Iterator[Finding]:
    last, first_heard = latest(history), heard(history)
    for fate in met:
        owed, sent = fate.obligation, fate.deliveries[0].send_at
        if owed.due - EARLY_TOLERANCE <= sent <= last(owed):
            continue
        since = first_heard(owed) or owed.due
        late = sent > owed.due
        yield Finding(
            check=_ANSWERED,
            level="fail",
            blame="bridge",
            cause="a trigger was answered too late" if late else "a message came before its trigger",
            expected=f"sent by {spoken(last(owed))}: within {span(TRIGGER_LATE_AFTER)} of hearing of it",
            got=f"sent {spoken(sent)}, {span(sent - since)} {'after it' if late else 'before it'}",
            where=of_obligation(owed),
            at=sent,
        )


def _has_triggers(history: History) -> bool:
    return bool(history.triggers) or any(owed.trigger is not None for owed in history.obligations)


CHECKS = (
    Check(
        id=_TOLD,
        title="Triggers are told at once",
        requirement=TRIGGER_EVENT_LATENCY,
        run=told_at_once,
        applies=lambda history: any(attempt.event == EVENT for attempt in history.webhooks),
        asked_of="runs in which event 11 was posted",
    ),
    Check(
        id=_ANSWERED,
        title="Triggers are answered at once",
        requirement=TRIGGER_SEND_LATENCY,
        run=answered,
        applies=_has_triggers,
        asked_of="runs with triggers",
    ),
)
