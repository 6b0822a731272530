"""From a draft to messages: their ids, their place in the book, what becomes of them, and what the journal learns."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.effects import JournalEntry, Timer, Webhook
from sendproof_simulators.core.messaging.lifecycle import delivery_schedule
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal.messages.message_store import Dispatch, Draft, Group
from sendproof_simulators.services.textlocal.messages.webhooks import follow, next_timer
from sendproof_simulators.services.textlocal.state import NAME, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is the same for all messages of a call. `links`: addresses become short; `tracked`: and there are some."""

    identity: tuple[str, int]
    sender: str
    send_at: Instant
    validity: Instant | None
    unicode: bool
    test: bool
    batch_each: bool = False
    group: Group | None = None
    links: bool = False
    tracked: bool = False

    def tracking(self, tracked: bool) -> "Order":  # noqa: FBT001 - the only thing that there is to say
        """The same, with or without links that tell who follows them."""
        return replace(self, tracked=tracked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A dispatch, and what follows from it."""

    dispatch: Dispatch
    entries: tuple[JournalEntry, ...]
    timers: tuple[Timer, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    before_response: tuple[Webhook, ...] = ()


def enter(call: Call, order: Order, draft: Draft) -> Entered:
    """Give the messages their ids, and, unless it is a test, a place in the book and their fates."""
    dispatch = _dispatch(call.state, order, draft)
    entries = tuple(deliveries(dispatch, test=order.test))
    if order.test or not len(dispatch):
        return Entered(dispatch=dispatch, entries=entries)
    ids = range(dispatch.first_id, dispatch.first_id + len(dispatch))
    draws = call.state.random.fractions(ids, NAME, "fate")
    dispatch.schedule = delivery_schedule(draft.numbers, draws, call.now, order.send_at, validity=order.validity)
    call.state.book.enter(dispatch)
    first = follow(call.context, call.state, dispatch, dispatch.schedule.until(call.now - 1), call.now)
    return Entered(
        dispatch=dispatch,
        entries=(*entries, *first.entries),
        timers=next_timer(dispatch),
        before_response=first.webhooks,
    )


def _dispatch(state: State, order: Order, draft: Draft) -> Dispatch:
    count = len(draft.numbers)
    batches = count if order.batch_each else 1
    return Dispatch(
        first_id=state.identities.draw("message", order.identity, count, state.book.messages),
        first_batch=state.identities.draw("batch", order.identity, batches, state.book.batches),
        batch_each=order.batch_each,
        sender=order.sender,
        send_at=order.send_at,
        draft=draft,
        group=order.group,
        tracked=order.tracked,
    )


def deliveries(dispatch: Dispatch, *, test: bool) -> Iterator[JournalEntry]:
    """Yield one entry per accepted message; `raw_number` is the number as the caller wrote it, if that differs."""
    draft, send_at = dispatch.draft, iso(dispatch.send_at)
    columns: Iterable[tuple[str, str, str, str, str]] = zip(
        draft.numbers, draft.given, draft.texts, draft.customs, draft.receipt_urls, strict=True
    )
    for index, (number, given, text, custom, url) in enumerate(columns):
        fields: dict[str, object] = {
            "service": NAME,
            "message": str(dispatch.first_id + index),
            "batch": str(dispatch.first_batch + (index if dispatch.batch_each else 0)),
            "number": number,
            "text": text,
            "sender": dispatch.sender,
            "custom": custom,
            "receipt_url": url,
            "send_at": send_at,
            "test": test,
        }
        if given != number:
            fields["raw_number"] = given
        yield JournalEntry(kind="delivery", fields=fields)


def rejection(number: str, text: str, code: int | None, reason: str) -> JournalEntry:
    """One number that did not get a text."""
    fields = {"service": NAME, "number": number, "text": text, "code": code, "reason": reason}
    return JournalEntry(kind="rejection", fields=fields)
