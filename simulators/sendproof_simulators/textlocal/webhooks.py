"""Delivery receipts: one form for each number.

documented: the fields, and that D, U, I and ? are pushed, https://api.txtlocal.com/docs/handlingreceipts.
assumed: UTC, an empty customID when there is none, and that a receipt that is not acknowledged is sent again.
"""

from urllib.parse import quote_plus

from sendproof_simulators.core.clock import MINUTE, Instant, sql_time
from sendproof_simulators.core.exchange import Fact, Outcome, RetryPolicy, Timer, Webhook
from sendproof_simulators.provider import World
from sendproof_simulators.textlocal.calls import FORM
from sendproof_simulators.textlocal.fates import BY_LETTER
from sendproof_simulators.textlocal.messages import Dispatch, Message
from sendproof_simulators.textlocal.state import NAME, State

RETRY = RetryPolicy(delays_ms=(1 * MINUTE, 5 * MINUTE, 30 * MINUTE))


def next_timer(dispatch: Dispatch) -> tuple[Timer, ...]:
    """One timer a dispatch, for the next time that any of its messages ends."""
    at = dispatch.next_end
    return () if at is None else (Timer(at=at, name="receipts", payload=dispatch.first_id),)


def on_timer(world: World, state: State, timer: Timer, now: Instant) -> Outcome:
    """Let the messages end whose time has come, and tell whoever asked to be told."""
    del world
    if not isinstance(timer.payload, int):
        raise TypeError(f"expected the first message id of a dispatch, got {timer.payload!r}")
    dispatch = state.book.messages[timer.payload]
    ended = dispatch.end_until(now)
    return Outcome(
        facts=tuple(map(_outcome, ended)),
        timers=next_timer(dispatch),
        webhooks=tuple(_receipt(m, now) for m in ended if m.receipt_url and BY_LETTER[m.letter].pushed),
    )


def _outcome(message: Message) -> Fact:
    status = BY_LETTER[message.letter].status
    fields = {"service": NAME, "message": str(message.id), "status": status, "letter": message.letter}
    return Fact(kind="outcome", fields=fields)


def _receipt(message: Message, now: Instant) -> Webhook:
    id_ = str(message.id)
    body = (
        f"number={message.number}&status={quote_plus(message.letter)}"
        f"&customID={quote_plus(message.custom)}&datetime={quote_plus(sql_time(now))}"
    )
    about = {"message": id_, "number": message.number, "status": message.letter, "custom": message.custom}
    return Webhook(
        url=message.receipt_url,
        key=f"receipt:{id_}",
        event="receipt",
        body=body.encode(),
        content_type=FORM,
        about=about,
        retry=RETRY,
    )
