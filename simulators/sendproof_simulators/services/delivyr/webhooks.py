"""What becomes of messages that were taken, and who is told: one JSON object a call.

documented: that delivered, clicked (one for each click), rejected, undelivered and opted out are told apart, and why a
message is undelivered, https://docs.delivyr.net/docs/optimove. assumed: the calls themselves, when they come, and that
one that is not acknowledged is made again.
"""

from collections.abc import Iterator

import msgspec

from sendproof_simulators.core.clock.wall_clock import DAY, HOUR, MINUTE, SECOND, Instant, iso
from sendproof_simulators.core.effects import Effects, JournalEntry, RetryPolicy, Timer, Webhook
from sendproof_simulators.core.http import Response
from sendproof_simulators.core.messaging.delivery_outcomes import (
    CLICKED,
    DELIVERED,
    EXPIRED,
    INVALID,
    STATES,
    STOP,
    UNDELIVERED,
    Rate,
    outcome_for_number,
)
from sendproof_simulators.core.messaging.lifecycle import STEPS, DeliverySchedule, DueEvent, advance, delivery_schedule
from sendproof_simulators.core.messaging.opt_outs import inbound
from sendproof_simulators.core.simulator import Call, SandboxContext
from sendproof_simulators.services.delivyr.errors import REJECTIONS
from sendproof_simulators.services.delivyr.state import NAME, Message, State

RETRY = RetryPolicy(delays_ms=(MINUTE, 5 * MINUTE, 30 * MINUTE))
RECEIPTS, REJECTION = "receipts", "rejection"
_REJECTED_AFTER = 2 * SECOND

# assumed, all of it: how often each happens, and when.
RATES = (
    Rate(what=DELIVERED, share=0.95, earliest=2 * SECOND, latest=60 * SECOND, step=SECOND),
    Rate(what=UNDELIVERED, share=0.04, earliest=HOUR, latest=48 * HOUR, step=15 * MINUTE),
    Rate(what=INVALID, share=0.01, earliest=3 * SECOND, latest=9 * SECOND, step=SECOND),
)
CLICKING = 0.1
CLICKS = Rate(what=CLICKED, share=1.0, earliest=2 * MINUTE, latest=DAY, step=MINUTE)

# What a message's last state is called, and why.
# documented: undelivered is a phone that takes no messages, is out of credit, off or disconnected; same page as above.
EVENTS = {
    DELIVERED: ("delivered", None),
    UNDELIVERED: ("undelivered", "the phone is offline or disconnected"),
    EXPIRED: ("undelivered", "the phone was offline until the message expired"),
    INVALID: ("undelivered", "landline or VoIP phone unable to receive SMS"),
}
CALLS = ("delivered", "undelivered", "clicked", "opted_out", "rejected")


def begin(call: Call, message: Message, response: Response, taken: JournalEntry) -> Effects:
    """A message goes out: what is told before the reply, and the timer for the rest."""
    state: State = call.state
    schedule = _agenda(state, message, call.now)
    state.schedules[message.id] = schedule
    entries, first = _happened(state, message, schedule.until(call.now - 1))
    return Effects(
        response=response,
        entries=(taken, *entries),
        before_response=tuple(first),
        timers=_next(state, message),
    )


def later_rejection(message: Message, now: Instant) -> tuple[Timer, ...]:
    """The timer for a rejection that is told after the message was taken."""
    return (Timer(at=now + _REJECTED_AFTER, name=REJECTION, payload=message.id),)


def on_timer(context: SandboxContext, state: State, timer: Timer, now: Instant) -> Effects:
    """Something becomes true of a message, or is told."""
    del context
    message = state.messages[str(timer.payload)]
    if timer.name == REJECTION:
        return _reject(state, message, now)
    entries, calls = _happened(state, message, state.schedules[message.id].until(now))
    return Effects(entries=tuple(entries), webhooks=tuple(calls), timers=_next(state, message))


def _agenda(state: State, message: Message, now: Instant) -> DeliverySchedule:
    """Dialled by the number, or drawn; nobody can follow a link that is not there."""
    number = message.number or ""
    schedule = delivery_schedule([number], [state.random.fraction(NAME, "fate", message.id)], now, now, rates=RATES)
    if outcome_for_number(number) is None and message.link is not None:
        draw = state.random.fraction(NAME, "click", message.id)
        if draw < CLICKING:
            schedule.add(0, CLICKED, CLICKS.instant(now, draw / CLICKING))
    return schedule


def _next(state: State, message: Message) -> tuple[Timer, ...]:
    timers = state.schedules[message.id].timer(RECEIPTS, message.id)
    if not timers:
        del state.schedules[message.id]
    return timers


def _happened(state: State, message: Message, events: list[DueEvent]) -> tuple[list[JournalEntry], list[Webhook]]:
    entries: list[JournalEntry] = []
    calls: list[Webhook] = []
    for event in events:
        if event.what in STATES:
            entries += _ended(message, event)
            calls += _told(state, message, event)
        elif event.what == CLICKED and message.link is not None and message.state == DELIVERED:
            message.clicks += 1
            entries.append(JournalEntry(kind="click", fields=_about(message)))
            calls += _webhook(state, message, "clicked", event.at, url=message.url)
        elif event.what == STOP:
            assert message.number is not None  # noqa: S101 - a message without a number does not go out
            entries += (inbound(NAME, message.number, "STOP"), *state.opt_outs.add(message.number, "reply"))
            calls += _webhook(state, message, "opted_out", event.at)
    return entries, calls


def _ended(message: Message, event: DueEvent) -> Iterator[JournalEntry]:
    if event.new and event.what in STEPS[message.state]:
        message.state, message.updated_at = advance(message.state, event.what), event.at
        yield JournalEntry(kind="delivery_status", fields={**_about(message), "status": event.what})


def _told(state: State, message: Message, event: DueEvent) -> Iterator[Webhook]:
    if event.told and event.what in EVENTS:
        name, reason = EVENTS[event.what]
        yield from _webhook(state, message, name, event.at, reason=reason)


def _reject(state: State, message: Message, now: Instant) -> Effects:
    code, message.due = message.due, None
    assert code is not None  # noqa: S101 - the timer is only set together with it
    message.rejected, message.updated_at = code, now
    calls = _webhook(state, message, "rejected", now, reason=REJECTIONS[code], code=code)
    return Effects(entries=(rejection(message, code),), webhooks=tuple(calls))


def rejection(message: Message, code: str) -> JournalEntry:
    """What the journal learns of a message that is not sent on."""
    fields = {**_about(message), "text": message.text, "code": code, "reason": REJECTIONS[code]}
    return JournalEntry(kind="rejection", fields=fields)


def _about(message: Message) -> dict[str, object]:
    return {"service": NAME, "message": message.id, "number": message.number or message.phone_number}


def _webhook(state: State, message: Message, event: str, at: Instant, **more: str | None) -> Iterator[Webhook]:
    if state.webhook_url is None:
        return
    number = message.phone_number if message.number is None else "+" + message.number
    told = {"event": event, "message_id": message.id, "phone_number": number, "template_id": message.template}
    yield Webhook(
        url=state.webhook_url,
        key=f"{event}:{message.id}" if event != "clicked" else f"{event}:{message.id}:{message.clicks}",
        event=event,
        body=msgspec.json.encode({**told, "occurred_at": iso(at), **{k: v for k, v in more.items() if v is not None}}),
        about={"message": message.id, "number": message.number or message.phone_number, "status": event},
        retry=RETRY,
    )
