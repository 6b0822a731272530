"""Acceptance of messages: which numbers are rejected, and what an accepted message gets.

An accepted message gets an id, a place in the message store, a delivery schedule and a journal entry.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.messaging.delivery_outcomes import (
    BLOCKED,
    LANDLINE,
    OPTED_OUT,
    QUEUE_FULL,
    outcome_for_number,
)
from sendproof_simulators.core.messaging.lifecycle import delivery_schedule
from sendproof_simulators.core.messaging.sms import is_gsm
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.errors import ApiError
from sendproof_simulators.services.textlocal.messages.message_store import AcceptedMessages, Dispatch, Group
from sendproof_simulators.services.textlocal.messages.webhooks import apply_events, next_timer
from sendproof_simulators.services.textlocal.state import NAME, State


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOptions:
    """The options that all messages of a call share.

    `validity` is the instant at which unfinished messages expire. `shorten_links` replaces URLs in the texts; `tracked`
    is True if the texts contain any. `by_template`: Textlocal filled in the texts. `content` is the digest of the
    content of the call.
    """

    content: bytes
    sender: str
    send_at: Instant
    validity: Instant | None
    unicode: bool
    test: bool
    batch_per_message: bool = False
    group: Group | None = None
    shorten_links: bool = False
    tracked: bool = False
    by_template: bool = False

    def is_unicode(self, text: str) -> bool:
        """Return True if a text is sent as Unicode: on request, or if Textlocal itself filled in such a text."""
        return self.unicode or (self.by_template and not is_gsm(text))


def rejection_for_number(state: State, number: str, *, check_opt_outs: bool) -> str | None:
    """Return the reason why a number gets no text, or None if it gets one."""
    outcome = outcome_for_number(number)
    refusal = None if outcome is None else outcome.refusal
    if refusal in {LANDLINE, BLOCKED} or (refusal == QUEUE_FULL and number not in state.refused_once):
        return refusal
    if check_opt_outs and (refusal == OPTED_OUT or number in state.contacts.opt_outs):
        return OPTED_OUT
    return None


def refuse_full_queue(state: State, numbers: Sequence[str]) -> None:
    """Refuse the whole call if the queue of any of these numbers is full. The next call to it succeeds.

    observed: another status than 200 means that the service itself failed, https://github.com/scottybo/textlocal
    """
    if numbers:
        state.refused_once.update(numbers)
        raise ApiError(errors.INVALID_PARAMETER, "the queue is full, try again later", status=503)


def accept(call: Call, options: SendOptions, accepted: AcceptedMessages) -> tuple[Dispatch, Effects]:
    """Give the messages their ids. Unless it is a test, store and schedule them.

    The effects contain the deliveries, the next timer, and the receipts that are sent before the response.
    """
    state: State = call.state
    dispatch = _new_dispatch(state, options, accepted)
    deliveries = tuple(_delivery_entries(dispatch, accepted, test=options.test))
    if options.test or not len(dispatch):
        return dispatch, Effects(entries=deliveries)
    ids = range(dispatch.first_id, dispatch.first_id + len(dispatch))
    draws = state.random.fractions(ids, NAME, "fate")
    dispatch.schedule = delivery_schedule(accepted.numbers, draws, call.now, options.send_at, validity=options.validity)
    state.store.add(dispatch)
    early = apply_events(call.context, state, dispatch, dispatch.schedule.until(call.now - 1), call.now)
    return dispatch, Effects(
        entries=(*deliveries, *early.entries), timers=next_timer(dispatch), before_response=early.webhooks
    )


def send_summary(state: State, dispatch: Dispatch, options: SendOptions) -> dict[str, object]:
    """Return the journal's facts on the fields of a call: the sender, and the number of undeclared Unicode texts.

    A call without a sender has the account's default sender, so the journal has that too.
    """
    undeclared = sum(not is_gsm(text) and not options.is_unicode(text) for text in dispatch.accepted.texts)
    senders = {"sender": options.sender, "default_sender": state.settings.default_sender}
    return {**senders, **({"undeclared_unicode": undeclared} if undeclared else {})}


def _new_dispatch(state: State, options: SendOptions, accepted: AcceptedMessages) -> Dispatch:
    count = len(accepted.numbers)
    batches = count if options.batch_per_message else 1
    # Only here, as a refused call must change nothing.
    identity = state.identities.identify(options.content)
    return Dispatch(
        first_id=state.identities.draw_range("message", identity, count, state.store.messages),
        first_batch=state.identities.draw_range("batch", identity, batches, state.store.batches),
        batch_per_message=options.batch_per_message,
        sender=options.sender,
        send_at=options.send_at,
        accepted=accepted,
        group=options.group,
        tracked=options.tracked,
        unicode=options.unicode,
    )


def _delivery_entries(dispatch: Dispatch, accepted: AcceptedMessages, *, test: bool) -> Iterator[JournalEntry]:
    """Yield one journal entry per message, with the number as the caller spelled it if that differs."""
    send_at = iso(dispatch.send_at)
    columns: Iterable[tuple[str, str, str, str, str]] = zip(
        accepted.numbers,
        accepted.raw_numbers,
        accepted.texts,
        accepted.customs,
        accepted.receipt_urls,
        strict=True,
    )
    for index, (number, raw_number, text, custom, url) in enumerate(columns):
        fields: dict[str, object] = {
            "service": NAME,
            "message": str(dispatch.first_id + index),
            "batch": str(dispatch.first_batch + (index if dispatch.batch_per_message else 0)),
            "number": number,
            "text": text,
            "sender": dispatch.sender,
            "custom": custom,
            "receipt_url": url,
            "send_at": send_at,
            "test": test,
        }
        if raw_number != number:
            fields["raw_number"] = raw_number
        yield JournalEntry(kind="delivery", fields=fields)


# Characters of a rejected number and text in the journal, which has an entry for each number of a call: more than any
# real one has. Otherwise a call of a few megabytes could write gigabytes.
_NUMBER_LENGTH, _TEXT_LENGTH = 100, 2_000


def rejection_entry(number: str, text: str, code: int | None, reason: str, *, whole_call: bool = False) -> JournalEntry:
    """Return the journal entry of a number that gets no text; `whole_call` if the call was refused for all numbers."""
    fields = {
        "service": NAME,
        "number": number[:_NUMBER_LENGTH],
        "text": text[:_TEXT_LENGTH],
        "code": code,
        "reason": reason,
    }
    if whole_call:
        fields["whole_call"] = True
    return JournalEntry(kind="rejection", fields=fields)
