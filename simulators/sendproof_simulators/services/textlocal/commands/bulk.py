"""`bulk_json`: each number gets its own text, and each message is its own batch.

documented: https://api.txtlocal.com/docs/bulkjson. observed: the response, and `receiptUrl`, in the Elixir client
TxtLocalEx; `scheduled` in https://github.com/GoApptiv/textlocal-package-laravel; `sender` and `test` next to `data`
in a campaign script in Django. assumed: the other spellings, `custom`, and that one message that cannot be sent does
not prevent the others.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

import msgspec

from sendproof_simulators.core.effects import JournalEntry
from sendproof_simulators.core.messaging.delivery_outcomes import BLOCKED, QUEUE_FULL
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.commands.send_fields import (
    JOURNALLED_REJECTIONS,
    check_count,
    decode_newlines,
    receipt_url,
    send_time,
)
from sendproof_simulators.services.textlocal.country_rules import (
    check_sender,
    check_text,
    sent_text_and_parts,
    to_number,
)
from sendproof_simulators.services.textlocal.errors import ApiError
from sendproof_simulators.services.textlocal.json_fields import (
    LATEST_TIME,
    Members,
    decode_field,
    flag_member,
    text_member,
    time_member,
)
from sendproof_simulators.services.textlocal.messages.acceptance import (
    SendOptions,
    accept,
    refuse_full_queue,
    rejection_entry,
    rejection_for_number,
    send_summary,
)
from sendproof_simulators.services.textlocal.messages.message_store import AcceptedMessages, Dispatch
from sendproof_simulators.services.textlocal.responses import CommandResult, Fields, command
from sendproof_simulators.services.textlocal.state import State
from sendproof_simulators.services.textlocal.text_decoding import decoded_sender, decoded_text

_UnixTime = Annotated[int, msgspec.Meta(ge=1, le=LATEST_TIME)]


class BulkMessage(msgspec.Struct, gc=False):
    """One item of `messages`. Missing fields are refused message by message."""

    number: str | int | None = None
    text: str | None = None
    custom: str | int | None = None
    receipt_url: str | None = None
    receipt_url_camel: str | None = msgspec.field(default=None, name="receiptUrl")


class BulkData(msgspec.Struct):
    """The JSON in the field `data`; unknown keys are ignored."""

    messages: list[BulkMessage] = []
    sender: str = ""
    test: bool | None = None
    unicode: bool | None = None
    custom: str | int = ""
    receipt_url: str = ""
    receipt_url_camel: str = msgspec.field(default="", name="receiptUrl")
    schedule_time: _UnixTime | None = None
    scheduled: _UnixTime | None = None


_decoder = msgspec.json.Decoder(BulkData)
_MEMBERS: Members = {
    "messages": dict.fromkeys(("number", "text", "custom", "receipt_url", "receiptUrl"), text_member),
    **dict.fromkeys(("sender", "custom", "receipt_url", "receiptUrl"), text_member),
    **dict.fromkeys(("test", "unicode"), flag_member),
    **dict.fromkeys(("schedule_time", "scheduled"), time_member),
}
# Fields next to `data` that mean the same as in it.
_FIELDS_OF_DATA = ("sender", "test", "unicode", "custom", "receipt_url", "receiptUrl", "schedule_time", "scheduled")
# Fields of `send` that this command does not have.
_FIELDS_OF_SEND = (
    "message", "numbers", "group_id", "template_id", "optouts", "validity", "simple_reply", "tracking_links",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _RefusedMessage:
    """A message that is not sent, by its position in `messages`."""

    index: int
    number: str
    text: str
    error: ApiError

    def journal_entry(self) -> JournalEntry:
        return rejection_entry(self.number, self.text, self.error.code, str(self.error.item["message"]))

    def row(self, first_batch: int) -> dict[str, object]:
        unique_id = f"{first_batch}-{self.index}"
        return {"unique_id": unique_id, "number": self.number, "message": self.text, "error": self.error.item}


@command
def bulk_json(call: Call, fields: Fields) -> CommandResult:
    """Send the messages that can be sent, and list the others (documented: https://api.txtlocal.com/docs/bulkjson).

    A refusal of the whole call is journalled as a rejection of each message, up to 100,000.
    """
    data = _bulk_data(fields.get("data", ""))
    try:
        _apply_fields_beside(call, data)
        _apply_defaults(call, data)
        return _sent(call, data)
    except ApiError as error:
        error.entries = tuple(_whole_call_rejections(call, data, error))
        raise


def _whole_call_rejections(call: Call, data: "BulkData", error: ApiError) -> Iterator[JournalEntry]:
    reason = str(error.item["message"])
    for message in data.messages[:JOURNALLED_REJECTIONS]:
        text = _phone_text(call, message.text or "")
        yield rejection_entry(str(message.number or "").strip(), text, error.code, reason, whole_call=True)


def _sent(call: Call, data: "BulkData") -> CommandResult:
    state: State = call.state
    check_count(len(data.messages), call.context.limits.messages[call.operation])
    options = _options(call, data)
    credits_before = state.credits
    screening = _Screening(call, data, credits_before)
    for index, message in enumerate(data.messages):
        screening.screen(index, message)
    refuse_full_queue(state, screening.full_queues)
    state.credits = screening.credits
    dispatch, effects = accept(call, options, screening.accepted)
    rejections = (message.journal_entry() for message in screening.refused)
    counts = {"accepted": len(dispatch), "rejected": len(screening.refused)}
    summary = {**counts, **send_summary(state, dispatch, options)}
    return CommandResult(
        value=_response_value(call, data, credits_before, dispatch, screening.refused),
        effects=replace(effects, entries=(*effects.entries, *rejections), summary=summary),
    )


def _bulk_data(text: str) -> BulkData:
    data = decode_field(text, _decoder, BulkData, _MEMBERS)
    if not data.messages:
        raise ApiError(errors.NO_RECIPIENTS)
    return data


def _apply_fields_beside(call: Call, data: BulkData) -> None:
    """Use the fields next to `data` where it has no value itself; raise `ApiError` for one that cannot be used."""
    fields, is_refused = call.given, call.context.dialects["bulk_form_fields"] == "refused"
    wrong = _FIELDS_OF_SEND + (_FIELDS_OF_DATA if is_refused else ())
    name = next((name for name in wrong if name in fields), None)
    if name is not None:
        place = "in data" if name in _FIELDS_OF_DATA else "in send only"
        raise ApiError(errors.INVALID_PARAMETER, f"{name}: expected {place}, got it next to data")
    for name in _FIELDS_OF_DATA:
        attribute = "receipt_url_camel" if name == "receiptUrl" else name
        if name in fields and not getattr(data, attribute):
            setattr(data, attribute, fields[name])


def _apply_defaults(call: Call, data: BulkData) -> None:
    limits = call.context.limits
    data.test = limits.bulk_test if data.test is None else data.test
    data.unicode = limits.bulk_unicode if data.unicode is None else data.unicode


def _options(call: Call, data: BulkData) -> SendOptions:
    settings, spelling = call.state.settings, call.context.dialects["bulk_keys"]
    snake_case = data.schedule_time if spelling != "camel" else None
    camel_case = data.scheduled if spelling != "snake" else None
    return SendOptions(
        content=call.state.identities.content_digest("bulk_json", call.given),
        sender=check_sender(
            call.context, decoded_sender(call, data.sender) or settings.default_sender, settings.sender_names
        ),
        send_at=send_time(call, camel_case if snake_case is None else snake_case),
        validity=None,
        unicode=bool(data.unicode),
        test=bool(data.test),
        batch_per_message=True,
    )


@dataclass(slots=True)
class _Screening:
    """The messages of a call, divided into accepted and refused ones. `credits` are those that remain."""

    call: Call
    data: BulkData
    credits: int
    accepted: AcceptedMessages = field(default_factory=AcceptedMessages)
    refused: list[_RefusedMessage] = field(default_factory=list)
    full_queues: list[str] = field(default_factory=list)
    _urls: dict[str, str] = field(default_factory=dict)
    _texts: dict[str, tuple[str, int]] = field(default_factory=dict)

    def screen(self, index: int, message: BulkMessage) -> None:
        """Accept one message, or record why it is refused."""
        raw_number = str(message.number or "").strip()
        try:
            number = self._number(raw_number)
            text, parts = self._text_and_parts(message.text or "")
            url = self._receipt_url(message)
            custom = self._custom(message)
        except ApiError as error:
            text = _phone_text(self.call, message.text or "")
            # The traceback refers to this frame, and the frame to the errors: such a cycle stays until a collection.
            self.refused.append(_RefusedMessage(index, raw_number, text, error.with_traceback(None)))
            return
        self.credits -= 0 if self.data.test else parts
        self.accepted.numbers.append(number)
        self.accepted.raw_numbers.append(raw_number)
        self.accepted.texts.append(text)
        self.accepted.parts.append(parts)
        self.accepted.receipt_urls.append(url)
        self.accepted.customs.append(custom)

    def _number(self, raw_number: str) -> str:
        if not raw_number:
            raise ApiError(errors.NO_RECIPIENTS)
        number = to_number(self.call.context, raw_number)
        reason = None if number is None else rejection_for_number(self.call.state, number, check_opt_outs=False)
        if number is None or reason not in {None, BLOCKED, QUEUE_FULL}:
            raise ApiError(errors.BAD_NUMBER)
        if reason == BLOCKED:
            raise ApiError(errors.NO_VALID_NUMBERS, "Number is in DND")
        if reason == QUEUE_FULL:
            self.full_queues.append(number)
        return number

    def _text_and_parts(self, raw_text: str) -> tuple[str, int]:
        """Return the text as it is sent, and its price. A text that many messages have is checked and stored once."""
        context = self.call.context
        if raw_text not in self._texts:
            text = check_text(self.call, _phone_text(self.call, raw_text))
            self._texts[raw_text] = sent_text_and_parts(context, text, unicode=bool(self.data.unicode))
        text, parts = self._texts[raw_text]
        if parts > self.credits and not self.data.test:
            raise ApiError(errors.NO_CREDITS)
        return text, parts

    def _receipt_url(self, message: BulkMessage) -> str:
        data, spelling = self.data, self.call.context.dialects["bulk_keys"]
        snake_case = message.receipt_url or data.receipt_url if spelling != "camel" else ""
        camel_case = message.receipt_url_camel or data.receipt_url_camel if spelling != "snake" else ""
        url = snake_case or camel_case
        if url not in self._urls:
            self._urls[url] = receipt_url(self.call.context, url) or self.call.state.settings.receipt_url
        return self._urls[url]

    def _custom(self, message: BulkMessage) -> str:
        option = self.call.context.dialects["bulk_custom"]
        if option == "ignored":
            return ""
        custom = str(self.data.custom if message.custom is None or option == "call" else message.custom)
        limit = self.call.context.limits.custom_characters
        if len(custom) > limit:
            raise ApiError(errors.INVALID_PARAMETER, f"custom: expected at most {limit} characters, got {len(custom)}")
        return custom


def _phone_text(call: Call, text: str) -> str:
    """Return the text as the phone receives it. documented: URL-encoded in one sample, plain in another."""
    return decode_newlines(decoded_text(call, text))


def _response_value(
    call: Call, data: BulkData, credits_before: int, dispatch: Dispatch, refused: Sequence[_RefusedMessage]
) -> Mapping[str, object]:
    cost = sum(dispatch.accepted.parts)
    id_and_recipient = (int, str) if call.context.dialects["bulk_ids"] == "swapped" else (str, int)
    value: dict[str, object] = {
        "balance_pre_send": credits_before,
        "total_cost": cost,
        "balance_post_send": credits_before if data.test else credits_before - cost,
        "messages": _batch_rows(dispatch, credits_before, id_and_recipient, test=bool(data.test)),
        "messages_not_sent": [message.row(dispatch.first_batch) for message in refused],
    }
    return value | ({"test": True} if data.test else {})


def _batch_rows(
    dispatch: Dispatch, balance: int, id_and_recipient: tuple[type, type], *, test: bool
) -> list[dict[str, object]]:
    """Return a row for each batch. `id_and_recipient` are the types of these two members."""
    id_type, recipient_type = id_and_recipient
    rows: list[dict[str, object]] = []
    accepted = dispatch.accepted
    columns = zip(
        accepted.numbers, accepted.texts, accepted.parts, accepted.customs, accepted.receipt_urls, strict=True
    )
    for index, (number, text, parts, custom, url) in enumerate(columns):
        balance -= 0 if test else parts
        rows.append(
            {
                "balance": balance,
                "batch_id": dispatch.first_batch + index,
                "cost": parts,
                "num_messages": 1,
                "message": {"num_parts": parts, "sender": dispatch.sender, "content": text},
                "receipt_url": url,
                "custom": custom,
                "messages": [{"id": id_type(dispatch.first_id + index), "recipient": recipient_type(number)}],
            }
        )
    return rows
