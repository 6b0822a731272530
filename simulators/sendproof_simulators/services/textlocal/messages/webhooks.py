"""What becomes of messages, and who is told: delivery receipts, and what people write back. One form for each.

documented: the fields of a receipt, and that D, U, I and ? are pushed, https://api.txtlocal.com/docs/handlingreceipts;
the fields of an inbound message, https://api.txtlocal.com/docs/inboundmessages/postmessages.
assumed: UTC, an empty customID when there is none, that a receipt that is not acknowledged is sent again, and that
whoever writes STOP is put into group 6.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote_plus, urlencode

from sendproof_simulators.core.clock.wall_clock import MINUTE, Instant, sql_time
from sendproof_simulators.core.effects import Effects, JournalEntry, RetryPolicy, Timer, Webhook
from sendproof_simulators.core.messaging.delivery_outcomes import CLICKED, EXPIRED, STATES, STOP
from sendproof_simulators.core.messaging.lifecycle import (
    CANCELLED,
    PENDING,
    SCHEDULED,
    DueEvent,
    click,
    delivery_status,
)
from sendproof_simulators.core.messaging.opt_outs import inbound, is_stop
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.textlocal.commands.inboxes import REPLY_NUMBER, Received
from sendproof_simulators.services.textlocal.messages.message_store import Dispatch, Message
from sendproof_simulators.services.textlocal.messages.status_codes import LETTERS, PUSHED
from sendproof_simulators.services.textlocal.request_normalization import FORM
from sendproof_simulators.services.textlocal.state import NAME, State

RETRY = RetryPolicy(delays_ms=(1 * MINUTE, 5 * MINUTE, 30 * MINUTE))
_ONCE = RetryPolicy()
EVENTS = RECEIPT, INBOUND = "receipt", "inbound"


def next_timer(dispatch: Dispatch) -> tuple[Timer, ...]:
    """One timer a dispatch, for the next time that anything becomes of any of its messages."""
    return dispatch.schedule.timer("receipts", dispatch.first_id)


def on_timer(context: SandboxContext, state: State, timer: Timer, now: Instant) -> Effects:
    """Let happen to the messages of a dispatch what is due, and tell whoever asked to be told."""
    if not isinstance(timer.payload, int):
        raise TypeError(f"expected the first message id of a dispatch, got {timer.payload!r}")
    dispatch = state.book.messages[timer.payload]
    led_to = follow(context, state, dispatch, dispatch.schedule.until(now), now)
    return Effects(entries=tuple(led_to.entries), timers=next_timer(dispatch), webhooks=led_to.webhooks)


@dataclass(slots=True)
class _Following:
    """What events lead to, one after the other."""

    context: SandboxContext
    state: State
    dispatch: Dispatch
    now: Instant
    entries: list[JournalEntry] = field(default_factory=list)
    told: list[Webhook] = field(default_factory=list)

    @property
    def webhooks(self) -> tuple[Webhook, ...]:
        return tuple(self.told)

    def take(self, event: DueEvent) -> None:
        """Let one event happen, unless its message was cancelled."""
        before = self.dispatch.state(event.place, self.now)
        if before == CANCELLED:
            return
        if event.what in STATES:
            self._end(event, before)
        else:
            _REACTIONS[event.what](self, self.dispatch.message(event.place))

    def _end(self, event: DueEvent, before: str) -> None:
        if event.new:
            self.dispatch.advance(event.place, self.now, event.what)
        message = self.dispatch.message(event.place)
        letter = LETTERS[event.what]
        if event.new:
            self.entries.append(delivery_status(NAME, str(message.id), event.what, letter=letter))
        if event.told and message.receipt_url and self._is_pushed(event.what):
            first = event.new and before in {PENDING, SCHEDULED}
            key = f"receipt:{message.id}" if first else f"receipt:{message.id}:{event.what}"
            self.told.append(_receipt(message, letter, event.at, key, self._retry))

    def _is_pushed(self, what: str) -> bool:
        if what == EXPIRED:
            return self.context.dialects["expired_receipts"] == "pushed"
        return what in PUSHED

    @property
    def _retry(self) -> RetryPolicy:
        return RETRY if self.context.dialects["receipt_retries"] == "repeated" else _ONCE

    def click(self, message: Message) -> None:
        """Somebody follows a link, if there is one that tells."""
        if self.dispatch.tracked:
            self.entries.append(click(NAME, str(message.id), message.number))

    def stop(self, message: Message) -> None:
        """Somebody writes STOP."""
        self.entries += _reply(self.state, message.number, "STOP", self.now)
        url = self.state.settings.inbound_url
        if url:
            received = self.state.inbox.messages[-1]
            self.told.append(_inbound(received, url, self.state.credits, self._retry))


_REACTIONS: Mapping[str, Callable[[_Following, Message], None]] = {CLICKED: _Following.click, STOP: _Following.stop}


def follow(
    context: SandboxContext, state: State, dispatch: Dispatch, events: Iterable[DueEvent], now: Instant
) -> _Following:
    """Let events happen; the journal's facts, and the webhooks that tell of them."""
    following = _Following(context, state, dispatch, now)
    for event in events:
        following.take(event)
    return following


def _reply(state: State, number: str, text: str, now: Instant) -> list[JournalEntry]:
    """Keep what somebody wrote back; STOP opts them out."""
    state.inbox.receive(number, text, now)
    out = state.contacts.opt_outs.add(number, "reply") if is_stop(text) else ()
    return [inbound(NAME, number, text), *out]


def _receipt(message: Message, letter: str, at: Instant, key: str, retry: RetryPolicy) -> Webhook:
    body = (
        f"number={message.number}&status={quote_plus(letter)}"
        f"&customID={quote_plus(message.custom)}&datetime={quote_plus(sql_time(at))}"
    )
    about = {"message": str(message.id), "number": message.number, "status": letter, "custom": message.custom}
    return Webhook(
        url=message.receipt_url,
        key=key,
        event=RECEIPT,
        body=body.encode(),
        content_type=FORM,
        about=about,
        retry=retry,
    )


def _inbound(received: Received, url: str, credits_left: int, retry: RetryPolicy) -> Webhook:
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
    return Webhook(
        url=url,
        key=f"inbound:{received.id}",
        event=INBOUND,
        body=urlencode(form).encode(),
        content_type=FORM,
        about={"number": received.number, "text": received.text},
        retry=retry,
    )
