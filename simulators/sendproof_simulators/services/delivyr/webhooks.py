"""Webhooks for the events of accepted messages: one JSON object per call.

documented: that delivered, clicked (one for each click), rejected, undelivered and opted out are separate events, and
why a message is undelivered, https://docs.delivyr.net/docs/optimove. assumed: the calls themselves, their times, and
that an unacknowledged call is sent again.
"""

from collections.abc import Iterator

import msgspec

from sendproof_simulators.core.clock.wall_clock import DAY, HOUR, MINUTE, SECOND, Instant, iso
from sendproof_simulators.core.effects import OTHER_SYSTEM, Effects, JournalEntry, Timer, Webhook
from sendproof_simulators.core.http import Response
from sendproof_simulators.core.messaging.delivery_outcomes import (
    CLICKED,
    DELIVERED,
    EXPIRED,
    INVALID,
    START,
    STATES,
    STOP,
    UNDELIVERED,
    Rate,
    outcome_for_number,
)
from sendproof_simulators.core.messaging.lifecycle import STEPS, DeliverySchedule, DueEvent, advance, delivery_schedule
from sendproof_simulators.core.messaging.opt_outs import inbound
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.delivyr.errors import REJECTIONS
from sendproof_simulators.services.delivyr.state import NAME, Message, State

RECEIPTS, REJECTION = "receipts", "rejection"
_REJECTION_DELAY = 2 * SECOND
# A message of another system has an id like all others, and a template that this account does not have.
_OTHER_ID_LENGTH, _OTHER_TEMPLATE = 20, "OTHERSYS"

# assumed, all of it: the shares and the times.
RATES = (
    Rate(what=DELIVERED, share=0.95, earliest=2 * SECOND, latest=60 * SECOND, step=SECOND),
    Rate(what=UNDELIVERED, share=0.04, earliest=HOUR, latest=48 * HOUR, step=15 * MINUTE),
    Rate(what=INVALID, share=0.01, earliest=3 * SECOND, latest=9 * SECOND, step=SECOND),
)
CLICK_SHARE = 0.1
CLICK_TIMES = Rate(what=CLICKED, share=1.0, earliest=2 * MINUTE, latest=DAY, step=MINUTE)

# The status of a message by its last state, and the reason.
# documented: an undelivered message is to a phone that takes no messages, is out of credit, off or disconnected; same
# page as above.
STATUSES = {
    DELIVERED: ("delivered", None),
    UNDELIVERED: ("undelivered", "the phone is offline or disconnected"),
    EXPIRED: ("undelivered", "the phone was offline until the message expired"),
    INVALID: ("undelivered", "landline or VoIP phone unable to receive SMS"),
}
EVENTS = ("delivered", "undelivered", "clicked", "opted_out", "rejected")


def start_delivery(state: State, message: Message, now: Instant, response: Response, entry: JournalEntry) -> Effects:
    """Schedule the events of a message; return the effects, with webhooks that are sent before the response."""
    schedule = _schedule(state, message, now)
    state.schedules[message.id] = schedule
    entries, webhooks = _apply_events(state, message, schedule.until(now - 1))
    return Effects(
        response=response,
        entries=(entry, *entries),
        before_response=tuple(webhooks),
        timers=_next_timer(state, message),
    )


def rejection_timer(message: Message, now: Instant) -> tuple[Timer, ...]:
    """Return the timer for the rejection of an accepted message."""
    return (Timer(at=now + _REJECTION_DELAY, name=REJECTION, payload=message.id),)


def on_timer(context: SandboxContext, state: State, timer: Timer, now: Instant) -> Effects:
    """Reject a message, or apply its events that are due and set its next timer."""
    del context
    message = state.messages[str(timer.payload)]
    if timer.name == REJECTION:
        return _reject(state, message, now)
    entries, webhooks = _apply_events(state, message, state.schedules[message.id].until(now))
    return Effects(entries=tuple(entries), webhooks=tuple(webhooks), timers=_next_timer(state, message))


def rejection_entry(message: Message, code: str) -> JournalEntry:
    """Return the journal entry of a message that is rejected."""
    fields = {**_identifying_fields(message), "text": message.text, "code": code, "reason": REJECTIONS[code]}
    return JournalEntry(kind="rejection", fields=fields)


def _schedule(state: State, message: Message, now: Instant) -> DeliverySchedule:
    """Return the coming events: those of a test number, or drawn ones. Only a message with a link gets clicks."""
    number = message.number or ""
    draws = [state.random.fraction(NAME, "fate", message.id)]
    schedule = delivery_schedule([number], draws, now, now, rates=RATES)
    if outcome_for_number(number) is None and message.link is not None:
        draw = state.random.fraction(NAME, "click", message.id)
        if draw < CLICK_SHARE:
            schedule.add(0, CLICKED, CLICK_TIMES.instant(now, draw / CLICK_SHARE))
    return schedule


def _next_timer(state: State, message: Message) -> tuple[Timer, ...]:
    """Return the timer for the next event of a message; after the last event, drop its schedule."""
    timers = state.schedules[message.id].timer(RECEIPTS, message.id)
    if not timers:
        del state.schedules[message.id]
    return timers


def _apply_events(state: State, message: Message, events: list[DueEvent]) -> tuple[list[JournalEntry], list[Webhook]]:
    entries: list[JournalEntry] = []
    webhooks: list[Webhook] = []
    for event in events:
        if event.what in STATES:
            entries += _set_state(message, event)
            webhooks += _status_webhook(state, message, event)
        elif event.what == CLICKED and message.link is not None and message.state == DELIVERED:
            message.clicks += 1
            entries.append(JournalEntry(kind="click", fields=_identifying_fields(message)))
            webhooks += _webhook(state, message, "clicked", event.at, url=message.url)
        elif event.what == STOP:
            assert message.number is not None  # noqa: S101 - a message without a number does not go out
            entries += (inbound(NAME, message.number, "STOP"), *state.opt_outs.add(message.number, "reply"))
            webhooks += _webhook(state, message, "opted_out", event.at)
        elif event.what == START:
            assert message.number is not None  # noqa: S101 - as above
            entries += (inbound(NAME, message.number, "START"), *state.opt_outs.opt_in(message.number, "reply"))
    return entries, webhooks


def _set_state(message: Message, event: DueEvent) -> Iterator[JournalEntry]:
    if event.new and event.what in STEPS[message.state]:
        message.state, message.updated_at = advance(message.state, event.what), event.at
        yield JournalEntry(kind="delivery_status", fields={**_identifying_fields(message), "status": event.what})


def _status_webhook(state: State, message: Message, event: DueEvent) -> Iterator[Webhook]:
    if event.reported and event.what in STATUSES:
        status, reason = STATUSES[event.what]
        own = _webhook(state, message, status, event.at, reason=reason)
        url = state.webhook_url if state.other_messages and event.new else None
        if url is None:
            yield from own
            return
        # One before and one after it, so it does not matter if a bridge keeps the first status or the last.
        yield _webhook_of_another(state, url, message, event, "before")
        yield from own
        yield _webhook_of_another(state, url, message, event, "after")


def _webhook_of_another(state: State, url: str, message: Message, event: DueEvent, place: str) -> Webhook:
    """Return the webhook about another system's message to the number, which failed if this one arrived."""
    status, reason = STATUSES[UNDELIVERED if event.what == DELIVERED else DELIVERED]
    id_ = state.random.token(_OTHER_ID_LENGTH, NAME, "message of another system", place, message.id)
    body = {
        "event": status,
        "message_id": id_,
        "phone_number": message.phone_number if message.number is None else "+" + message.number,
        "template_id": _OTHER_TEMPLATE,
        "occurred_at": iso(event.at),
        **({} if reason is None else {"reason": reason}),
    }
    return Webhook(
        url=url,
        key=f"{status}:{OTHER_SYSTEM}{id_}",
        event=status,
        body=msgspec.json.encode(body),
        retry=state.limits.webhook_retries,
    )


def _reject(state: State, message: Message, now: Instant) -> Effects:
    code, message.pending_rejection = message.pending_rejection, None
    assert code is not None  # noqa: S101 - the timer is only set together with it
    message.rejected, message.updated_at = code, now
    webhooks = _webhook(state, message, "rejected", now, reason=REJECTIONS[code], code=code)
    return Effects(entries=(rejection_entry(message, code),), webhooks=tuple(webhooks))


def _identifying_fields(message: Message) -> dict[str, object]:
    return {"service": NAME, "message": message.id, "number": message.number or message.phone_number}


def _webhook(state: State, message: Message, event: str, at: Instant, **fields: str | None) -> Iterator[Webhook]:
    """Yield the webhook of an event, if the account has a webhook URL. Fields that are None are left out."""
    if state.webhook_url is None:
        return
    number = message.phone_number if message.number is None else "+" + message.number
    body = {
        "event": event,
        "message_id": message.id,
        "phone_number": number,
        "template_id": message.template,
        "occurred_at": iso(at),
        **{name: value for name, value in fields.items() if value is not None},
    }
    failed = event == STATUSES[UNDELIVERED][0]
    yield Webhook(
        url=state.webhook_url,
        key=f"{event}:{message.id}" if event != "clicked" else f"{event}:{message.id}:{message.clicks}",
        event=event,
        body=msgspec.json.encode(body),
        about={"message": message.id, "number": message.number or message.phone_number, "status": event},
        retry=state.limits.webhook_retries,
        forged_body=msgspec.json.encode({**body, "event": STATUSES[DELIVERED][0]}) if failed else None,
    )
