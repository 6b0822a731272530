"""`bulk_json`: a text of its own to each number, a batch of its own for each message.

documented: https://api.txtlocal.com/docs/bulkjson. observed: the reply, and `receiptUrl`, in the Elixir client
TxtLocalEx; `scheduled` in https://github.com/GoApptiv/textlocal-package-laravel. assumed: the other spellings,
`custom`, and that one message that cannot be sent does not keep the others back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

import msgspec

from sendproof_simulators.core.effects import JournalEntry
from sendproof_simulators.core.messaging.delivery_outcomes import BLOCKED, QUEUE_FULL
from sendproof_simulators.core.simulator import Call, SandboxContext
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.commands.sending import (
    NUMBERS_MOST,
    door,
    plain_text,
    receipt_url,
    refuse_full,
    schedule,
)
from sendproof_simulators.services.textlocal.country_rules import as_sent, check_sender, check_text, number_in
from sendproof_simulators.services.textlocal.errors import RefusalError
from sendproof_simulators.services.textlocal.messages.acceptance import Order, enter, rejection
from sendproof_simulators.services.textlocal.messages.message_store import Dispatch, Draft
from sendproof_simulators.services.textlocal.responses import Answer, Fields
from sendproof_simulators.services.textlocal.state import State


class BulkMessage(msgspec.Struct, gc=False):
    """One of `messages`. What is missing is found out message by message."""

    number: str | int | None = None
    text: str | None = None
    custom: str | int | None = None
    receipt_url: str | None = None
    receipt_url_camel: str | None = msgspec.field(default=None, name="receiptUrl")


class BulkData(msgspec.Struct):
    """What `data` holds; unknown keys are ignored."""

    messages: list[BulkMessage] = []
    sender: str = ""
    test: bool = False
    unicode: bool = False
    custom: str | int = ""
    receipt_url: str = ""
    receipt_url_camel: str = msgspec.field(default="", name="receiptUrl")
    schedule_time: int | None = None
    scheduled: int | None = None


_decode = msgspec.json.Decoder(BulkData).decode


@dataclass(slots=True)
class _Sorting:
    """The messages of a call on their way to those that are sent and those that are not."""

    context: SandboxContext
    state: State
    data: BulkData
    credits: int
    draft: Draft = field(default_factory=Draft)
    refused: list[tuple[int, str, str, RefusalError]] = field(default_factory=list)
    full: list[str] = field(default_factory=list)
    _urls: dict[str, str] = field(default_factory=dict)
    _texts: dict[str, tuple[str, int]] = field(default_factory=dict)

    def sort(self, place: int, message: BulkMessage) -> None:
        """Accept one message, or note why not."""
        given = str(message.number or "").strip()
        try:
            number = self._number(given)
            text, parts = self._checked(message.text or "")
            url = self._url(message)
        except RefusalError as refusal:
            self.refused.append((place, given, _decoded(message.text or ""), refusal))
            return
        self.credits -= 0 if self.data.test else parts
        self._accept(number, given, text, (parts, url, self._custom(message)))

    def _accept(self, number: str, given: str, text: str, rest: tuple[int, str, str]) -> None:
        parts, url, custom = rest
        draft = self.draft
        draft.numbers.append(number)
        draft.given.append(given)
        draft.texts.append(text)
        draft.parts.append(parts)
        draft.receipt_urls.append(url)
        draft.customs.append(custom)

    def _number(self, given: str) -> str:
        if not given:
            raise RefusalError(errors.NO_RECIPIENTS)
        number = number_in(self.context, given)
        reason = None if number is None else door(self.state, number, leave_out=False)
        if number is None or reason not in {None, BLOCKED, QUEUE_FULL}:
            raise RefusalError(errors.BAD_NUMBER)
        if reason == BLOCKED:
            raise RefusalError(errors.NO_VALID_NUMBERS, "Number is in DND")
        if reason == QUEUE_FULL:
            self.full.append(number)
        return number

    def _checked(self, given: str) -> tuple[str, int]:
        """The text as it is sent, and its price. One that many get is looked at, and kept, once."""
        if given not in self._texts:
            text = check_text(self.context, _decoded(given), self.state.templates.values())
            self._texts[given] = as_sent(self.context, text, unicode=self.data.unicode)
        text, parts = self._texts[given]
        if parts > self.credits and not self.data.test:
            raise RefusalError(errors.NO_CREDITS)
        return text, parts

    def _url(self, message: BulkMessage) -> str:
        data, keys = self.data, self.context.dialects["bulk_keys"]
        snake = message.receipt_url or data.receipt_url if keys != "camel" else ""
        camel = message.receipt_url_camel or data.receipt_url_camel if keys != "snake" else ""
        url = snake or camel
        if url not in self._urls:
            self._urls[url] = receipt_url(self.context, url) or self.state.settings.receipt_url
        return self._urls[url]

    def _custom(self, message: BulkMessage) -> str:
        taken = self.context.dialects["bulk_custom"]
        if taken == "ignored":
            return ""
        return str(self.data.custom if message.custom is None or taken == "call" else message.custom)


def bulk_json(call: Call, fields: Fields) -> Answer:
    """Send what can be sent, and list what cannot."""
    state: State = call.state
    data = _read(fields.get("data", ""))
    order = _order(call, fields, data)
    before = state.credits
    sorting = _Sorting(call.context, state, data, before)
    for place, message in enumerate(data.messages):
        sorting.sort(place, message)
    refuse_full(state, sorting.full)
    state.credits = sorting.credits
    entered = enter(call, order, sorting.draft)
    return Answer(
        value=_said(data, before, entered.dispatch, sorting.refused),
        entries=(*entered.entries, *map(_rejection, sorting.refused)),
        timers=entered.timers,
        webhooks=entered.webhooks,
        before_response=entered.before_response,
        summary={"accepted": len(entered.dispatch), "rejected": len(sorting.refused)},
    )


def _read(text: str) -> BulkData:
    try:
        data = _decode(text)
    except errors.UNREADABLE as error:
        raise RefusalError(errors.BAD_JSON, str(error)) from error
    if not data.messages:
        raise RefusalError(errors.NO_RECIPIENTS)
    if len(data.messages) > NUMBERS_MOST:
        raise RefusalError(errors.TOO_MANY, f"{len(data.messages)} of {NUMBERS_MOST} at most")
    return data


def _order(call: Call, fields: Fields, data: BulkData) -> Order:
    settings, keys = call.state.settings, call.context.dialects["bulk_keys"]
    snake = data.schedule_time if keys != "camel" else None
    camel = data.scheduled if keys != "snake" else None
    return Order(
        identity=call.state.identities.of("bulk_json", fields),
        sender=check_sender(call.context, data.sender or settings.default_sender, settings.sender_names),
        send_at=schedule(call.context, call.now, camel if snake is None else snake),
        validity=None,
        unicode=data.unicode,
        test=data.test,
        batch_each=True,
    )


def _decoded(text: str) -> str:
    """documented: URL-encoded in one sample, plain in another. So what can be decoded is; a plus stays a plus."""
    return plain_text(unquote(text)) if "%" in text else text


def _rejection(refused: tuple[int, str, str, RefusalError]) -> JournalEntry:
    _, number, text, refusal = refused
    return rejection(number, text, refusal.code, str(refusal.error["message"]))


def _said(
    data: BulkData, before: int, dispatch: Dispatch, refused: Sequence[tuple[int, str, str, RefusalError]]
) -> Mapping[str, object]:
    cost = sum(dispatch.draft.parts)
    said: dict[str, object] = {
        "balance_pre_send": before,
        "total_cost": cost,
        "balance_post_send": before if data.test else before - cost,
        "messages": _batches(dispatch, before, test=data.test),
        "messages_not_sent": [_not_sent(dispatch, *each) for each in refused],
    }
    return said | ({"test": True} if data.test else {})


def _batches(dispatch: Dispatch, balance: int, *, test: bool) -> list[dict[str, object]]:
    batches: list[dict[str, object]] = []
    draft = dispatch.draft
    columns = zip(draft.numbers, draft.texts, draft.parts, draft.customs, draft.receipt_urls, strict=True)
    for index, (number, text, parts, custom, url) in enumerate(columns):
        balance -= 0 if test else parts
        batches.append(
            {
                "balance": balance,
                "batch_id": dispatch.first_batch + index,
                "cost": parts,
                "num_messages": 1,
                "message": {"num_parts": parts, "sender": dispatch.sender, "content": text},
                "receipt_url": url,
                "custom": custom,
                "messages": [{"id": str(dispatch.first_id + index), "recipient": int(number)}],
            }
        )
    return batches


def _not_sent(dispatch: Dispatch, place: int, number: str, text: str, refusal: RefusalError) -> dict[str, object]:
    unique_id = f"{dispatch.first_batch}-{place}"
    return {"unique_id": unique_id, "number": number, "message": text, "error": refusal.error}
