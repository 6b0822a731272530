"""Webhooks for delivery events: receipts, and inbound messages. Each webhook posts one form.

documented: the fields of a receipt, and that D, U, I and ? are pushed, https://api.txtlocal.com/docs/handlingreceipts;
the fields of an inbound message, https://api.txtlocal.com/docs/inboundmessages/postmessages.
assumed: UTC, an empty customID without a custom value, that an unacknowledged receipt is sent again, and that a number
that replies STOP is put into group 6.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote_plus, urlencode

from sendproof_simulators.core.clock.wall_clock import Instant, sql_time
from sendproof_simulators.core.effects import Effects, JournalEntry, RetryPolicy, Timer, Webhook
from sendproof_simulators.core.messaging.delivery_outcomes import (
    CLICKED,
    DELIVERED,
    EXPIRED,
    REPLY,
    START,
    STATES,
    STOP,
)
from sendproof_simulators.core.messaging.lifecycle import (
    CANCELLED,
    PENDING,
    SCHEDULED,
    DueEvent,
    click,
    delivery_status,
)
from sendproof_simulators.core.messaging.opt_outs import inbound, is_start, is_stop, spelled_stop, spelled_thanks
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.textlocal.account.inbox import REPLY_NUMBER, InboundMessage
from sendproof_simulators.services.textlocal.messages.message_store import Dispatch, Message
from sendproof_simulators.services.textlocal.messages.status_codes import PUSHED_STATES, STATUS_CODES
from sendproof_simulators.services.textlocal.request_normalization import FORM
from sendproof_simulators.services.textlocal.state import NAME, State

EVENTS = RECEIPT, INBOUND = "receipt", "inbound"
# Faster than a call of `quote_plus` for each value; most values are ASCII.
_QUOTED = str.maketrans({chr(code): quote_plus(chr(code)) for code in range(128)})


def next_timer(dispatch: Dispatch) -> tuple[Timer, ...]:
    """Return the timer for the next event of a dispatch; there is one timer per dispatch."""
    return dispatch.schedule.timer("receipts", dispatch.first_id)


def on_timer(context: SandboxContext, state: State, timer: Timer, now: Instant) -> Effects:
    """Apply the events of a dispatch that are due, and set its next timer."""
    if not isinstance(timer.payload, int):
        raise TypeError(f"expected the first message id of a dispatch, got {timer.payload!r}")
    dispatch = state.store.messages[timer.payload]
    effects = apply_events(context, state, dispatch, dispatch.schedule.until(now), now)
    return Effects(entries=effects.entries, timers=next_timer(dispatch), webhooks=effects.webhooks)


def apply_events(
    context: SandboxContext, state: State, dispatch: Dispatch, events: Iterable[DueEvent], now: Instant
) -> Effects:
    """Apply events to the messages of a dispatch; return the journal entries and the webhooks."""
    handler = _EventHandler(context, state, dispatch, now)
    for event in events:
        handler.handle(event)
    return Effects(entries=tuple(handler.entries), webhooks=tuple(handler.webhooks))


@dataclass(slots=True)
class _EventHandler:
    """Applies delivery events in order, and collects their journal entries and webhooks."""

    context: SandboxContext
    state: State
    dispatch: Dispatch
    now: Instant
    entries: list[JournalEntry] = field(default_factory=list)
    webhooks: list[Webhook] = field(default_factory=list)

    def handle(self, event: DueEvent) -> None:
        """Apply one event, unless its message was cancelled."""
        previous_state = self.dispatch.state(event.place, self.now)
        if previous_state == CANCELLED:
            return
        if event.what in STATES:
            self._set_state(event, previous_state)
        elif event.what in _REACTIONS:
            _REACTIONS[event.what](self, self.dispatch.message(event.place))

    def _set_state(self, event: DueEvent, previous_state: str) -> None:
        dispatch, place, status_code = self.dispatch, event.place, STATUS_CODES[event.what]
        message = str(dispatch.first_id + place)
        if event.new:
            dispatch.advance(place, self.now, event.what)
            self.entries.append(delivery_status(NAME, message, event.what, letter=status_code))
        if event.reported and dispatch.accepted.receipt_urls[place] and self._is_pushed(event.what):
            is_first = event.new and previous_state in {PENDING, SCHEDULED}
            key = f"receipt:{message}" if is_first else f"receipt:{message}:{event.what}"
            self.webhooks.append(_receipt(dispatch, place, status_code, event.at, key, self._retry))

    def _is_pushed(self, state: str) -> bool:
        if state == EXPIRED:
            return self.context.dialects["expired_receipts"] == "pushed"
        return state in PUSHED_STATES

    @property
    def _retry(self) -> RetryPolicy:
        policy: RetryPolicy = self.context.limits.webhook_retries
        return policy

    def click(self, message: Message) -> None:
        """Record a click, if the message has a link that is tracked."""
        if self.dispatch.tracked:
            self.entries.append(click(NAME, str(message.id), message.number))

    def stop(self, message: Message) -> None:
        """Receive the reply STOP, in one of its spellings."""
        self._reply(message.number, spelled_stop(message.number))

    def start(self, message: Message) -> None:
        """Receive the reply START."""
        self._reply(message.number, "START")

    def reply(self, message: Message) -> None:
        """Receive a reply that is neither."""
        self._reply(message.number, spelled_thanks(message.number))

    def _reply(self, number: str, text: str) -> None:
        """Receive a reply, and post it if the account has an inbound URL."""
        self.entries += _receive(self.state, number, text, self.now)
        url = self.state.settings.inbound_url
        if url:
            received = self.state.inbox.messages[-1]
            self.webhooks.append(_inbound(received, url, self.state.credits, self._retry))


_REACTIONS: Mapping[str, Callable[[_EventHandler, Message], None]] = {
    CLICKED: _EventHandler.click,
    STOP: _EventHandler.stop,
    START: _EventHandler.start,
    REPLY: _EventHandler.reply,
}


def _receive(state: State, number: str, text: str, now: Instant) -> list[JournalEntry]:
    """Store an inbound message. STOP opts the number out, START in again."""
    state.inbox.receive(number, text, now)
    opt_outs = state.contacts.opt_outs
    change = opt_outs.add if is_stop(text) else opt_outs.opt_in if is_start(text) else None
    return [inbound(NAME, number, text), *(() if change is None else change(number, "reply"))]


def _receipt(dispatch: Dispatch, place: int, status_code: str, at: Instant, key: str, retry: RetryPolicy) -> Webhook:
    accepted, delivered = dispatch.accepted, STATUS_CODES[DELIVERED]
    number, custom = accepted.numbers[place], accepted.customs[place]
    end = f"&customID={quoted(custom)}&datetime={_quoted_time(at)}"
    return Webhook(
        url=accepted.receipt_urls[place],
        key=key,
        event=RECEIPT,
        body=f"number={number}&status={_QUOTED_CODES[status_code]}{end}".encode(),
        content_type=FORM,
        about={"message": str(dispatch.first_id + place), "number": number, "status": status_code, "custom": custom},
        retry=retry,
        forged_body=f"number={number}&status={delivered}{end}".encode() if status_code != delivered else None,
    )


def quoted(value: str) -> str:
    """Return the value of a field as it is in a form."""
    return value.translate(_QUOTED) if value.isascii() else quote_plus(value)


@lru_cache(maxsize=1024)
def _quoted_time(at: Instant) -> str:
    return quoted(sql_time(at))


_QUOTED_CODES: Mapping[str, str] = {code: quoted(code) for code in STATUS_CODES.values()}


def _inbound(received: InboundMessage, url: str, credits_left: int, retry: RetryPolicy) -> Webhook:
    keyword, _, comments = received.text.partition(" ")
    form = {
        "sender": received.number,
        "keyword": keyword,
        "content": received.text,
        "comments": comments,
        "inNumber": REPLY_NUMBER,
        "email": "",
        "credits": str(credits_left),
    }
    changes_consent = is_stop(received.text) or is_start(received.text)
    forged = None if changes_consent else urlencode({**form, "keyword": "STOP", "content": "STOP", "comments": ""})
    return Webhook(
        url=url,
        key=f"inbound:{received.id}",
        event=INBOUND,
        body=urlencode(form).encode(),
        content_type=FORM,
        about={"number": received.number, "text": received.text},
        retry=retry,
        forged_body=None if forged is None else forged.encode(),
    )
