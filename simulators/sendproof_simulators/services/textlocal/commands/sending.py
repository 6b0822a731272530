"""`send`: one text to many numbers, or to a group. The source of each rule is in `openapi/textlocal.yaml`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sendproof_simulators.core.clock.wall_clock import HOUR, SECOND, Instant
from sendproof_simulators.core.effects import JournalEntry
from sendproof_simulators.core.messaging.delivery_outcomes import BLOCKED, LANDLINE, QUEUE_FULL
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.account.imported_customers import takes_customer_ids
from sendproof_simulators.services.textlocal.account.inbox import REPLY_NUMBER
from sendproof_simulators.services.textlocal.commands.send_fields import (
    ListedNumbers,
    check_count,
    decode_newlines,
    listed_numbers,
    receipt_url,
    send_time,
)
from sendproof_simulators.services.textlocal.commands.short_links import shorten
from sendproof_simulators.services.textlocal.country_rules import (
    check_sender,
    check_text,
    sent_text_and_parts,
    to_number,
)
from sendproof_simulators.services.textlocal.errors import ApiError
from sendproof_simulators.services.textlocal.messages.acceptance import (
    SendOptions,
    accept,
    refuse_full_queue,
    rejection_entry,
    rejection_for_number,
    send_summary,
)
from sendproof_simulators.services.textlocal.messages.message_store import AcceptedMessages, Dispatch, Group
from sendproof_simulators.services.textlocal.messages.personalization import (
    Recipients,
    template_recipients,
    text_recipients,
)
from sendproof_simulators.services.textlocal.responses import CommandResult, Fields, command, customer_member
from sendproof_simulators.services.textlocal.state import State
from sendproof_simulators.services.textlocal.text_decoding import decoded_sender, decoded_text

# Characters of a text before it is decoded: many times as long as the longest message, and still too long if it is cut.
_LONGEST_TEXT = 100_000


@command
def send(call: Call, fields: Fields) -> CommandResult:
    """Send one text to many numbers as one batch (documented: http://api.txtlocal.com/docs/sendsms).

    A refusal of the whole call is journalled as a rejection of each number, also of those in a group.
    """
    numbers = listed_numbers(fields.get("numbers", ""))
    text = decode_newlines(decoded_text(call, fields.get("message", "")[:_LONGEST_TEXT]))
    recipients = _listed_recipients(numbers, text)
    try:
        recipients, group = _recipients(call, fields, numbers, text)
        options, accepted, screening = _checked(call, fields, recipients, group)
        _charge(call.state, options, sum(accepted.parts))
    except ApiError as error:
        of_group = "group_id" in fields
        error.entries = error.entries or tuple(_rejections(recipients, error, whole_call=of_group))
        raise
    dispatch, effects = accept(call, options, accepted)
    summary = {
        **_template_summary(call, fields),
        "batch": str(dispatch.first_batch),
        "accepted": len(dispatch),
        "rejected": len(screening.rejected),
        # A reply service chooses the sender itself.
        **({} if fields["simple_reply"] else send_summary(call.state, dispatch, options)),
    }
    return CommandResult(
        value=_response_value(call, options, dispatch, screening.warnings),
        effects=replace(effects, entries=(*effects.entries, *screening.rejected), summary=summary),
    )


def _listed_recipients(numbers: ListedNumbers, text: str) -> Recipients:
    count = len(numbers.first)
    return Recipients(raw_numbers=numbers.first, texts=[text] * count, customers=[""] * count)


def _rejections(recipients: Recipients, error: ApiError, *, whole_call: bool) -> Iterator[JournalEntry]:
    reason = str(error.item["message"])
    for number, text in zip(recipients.raw_numbers, recipients.texts, strict=True):
        yield rejection_entry(number, text, error.code, reason, whole_call=whole_call)


def _checked(
    call: Call, fields: Fields, recipients: Recipients, group: Group | None
) -> tuple[SendOptions, AcceptedMessages, "_Screening"]:
    """Check the whole call; raise `ApiError` if nothing can be sent."""
    options = _options(call, fields, group)
    url = receipt_url(call.context, fields.get("receipt_url", "")) or call.state.settings.receipt_url
    recipients = recipients.with_checked_texts(lambda text: check_text(call, text))
    screening = _Screening(call, check_opt_outs=_checks_opt_outs(call, fields))
    screening.screen(recipients)
    accepted, tracked = _accepted_messages(call, recipients, screening, options, (fields.get("custom", ""), url))
    return replace(options, tracked=tracked), accepted, screening


def _recipients(call: Call, fields: Fields, numbers: ListedNumbers, text: str) -> tuple[Recipients, Group | None]:
    if not text.strip() and not _is_template_send(call, fields):
        raise ApiError(errors.NO_MESSAGE)
    if "numbers" in fields and "group_id" in fields:
        raise ApiError(errors.GROUP_AND_NUMBERS)
    if "group_id" not in fields:
        if not numbers.total:
            raise ApiError(errors.NO_RECIPIENTS)
        check_count(numbers.total, call.context.limits.numbers[call.operation])
        return _listed_recipients(numbers, text), None
    contacts = call.state.contacts
    group = Group(fields["group_id"], contacts.name_of(fields["group_id"]))
    members = contacts.members(group.id)
    if not members:
        raise ApiError(errors.EMPTY_GROUP)
    if _is_template_send(call, fields):
        return template_recipients(call, members, fields["template_id"]), group
    return text_recipients(call, members, text), group


def _is_template_send(call: Call, fields: Fields) -> bool:
    return "template_id" in fields and takes_customer_ids(call.context)


def _template_summary(call: Call, fields: Fields) -> dict[str, object]:
    """Return the journal's facts on a send by template: the group, the template and the requested time."""
    if not _is_template_send(call, fields):
        return {}
    return {name: fields[name] for name in ("group_id", "template_id", "schedule_time") if name in fields}


def _checks_opt_outs(call: Call, fields: Fields) -> bool:
    is_left_out = call.context.dialects["optouts_default"] == "left_out" and "optouts" not in call.given
    return is_left_out or fields["optouts"]


def _options(call: Call, fields: Fields, group: Group | None) -> SendOptions:
    send_at = send_time(call, fields.get("schedule_time"))
    settings = call.state.settings
    sender = decoded_sender(call, fields.get("sender", settings.default_sender))
    simple_reply = fields["simple_reply"]
    return SendOptions(
        content=call.state.identities.content_digest("send", call.given),
        sender=REPLY_NUMBER if simple_reply else check_sender(call.context, sender, settings.sender_names),
        send_at=send_at,
        validity=_validity(call, send_at, fields.get("validity")),
        unicode=fields["unicode"],
        test=fields["test"],
        group=group,
        by_template=_is_template_send(call, fields),
        shorten_links=fields["tracking_links"],
    )


def _validity(call: Call, send_at: Instant, seconds: int | None) -> Instant | None:
    """Return the instant at which messages expire; `seconds` is a Unix time.

    assumed: that the limit counts from the send time.
    """
    if seconds is None:
        return None
    limit = call.context.limits.validity_ms[call.operation]
    if not call.now < seconds * SECOND <= send_at + limit:
        expected = f"a Unix time within {limit / HOUR:g} hours of the send time"
        raise ApiError(errors.INVALID_PARAMETER, f"validity: expected {expected}")
    return seconds * SECOND


@dataclass(slots=True)
class _Screening:
    """The recipients of a call, divided into accepted and rejected ones.

    `indexes` and `numbers` belong to the accepted ones. observed: the warning about a blocked number has no code,
    providers of clients in India.
    """

    call: Call
    check_opt_outs: bool
    indexes: list[int] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    rejected: list[JournalEntry] = field(default_factory=list)
    warnings: list[Mapping[str, object]] = field(default_factory=list)

    def screen(self, recipients: Recipients) -> None:
        """Screen all recipients; raise `ApiError` if a queue is full or no number is valid."""
        invalid: list[int] = []
        full_queues: list[str] = []
        for index, number in self._numbers_to_screen(recipients):
            if number is None or (reason := self._rejection(number)) == LANDLINE:
                invalid.append(index)
            elif reason is None:
                self.indexes.append(index)
                self.numbers.append(number)
            elif reason == QUEUE_FULL:
                full_queues.append(number)
            else:
                self._reject(recipients, index, number, reason)
        refuse_full_queue(self.call.state, full_queues)
        self._reject_invalid(recipients, invalid)
        if not self.indexes:
            raise self._no_valid_numbers()

    def _numbers_to_screen(self, recipients: Recipients) -> Iterator[tuple[int, str | None]]:
        """Yield (index, number), without repeated numbers if the sandbox sends to each once."""
        skips_repeats = self.call.context.dialects["repeated_numbers"] == "once"
        seen: set[str] = set()
        for index, raw_number in enumerate(recipients.raw_numbers):
            number = to_number(self.call.context, raw_number)
            if number is not None and skips_repeats:
                if number in seen:
                    continue
                seen.add(number)
            yield index, number

    def _rejection(self, number: str) -> str | None:
        return rejection_for_number(self.call.state, number, check_opt_outs=self.check_opt_outs)

    def _reject(self, recipients: Recipients, index: int, number: str, reason: str) -> None:
        if reason == BLOCKED:
            self.warnings.append({"message": "Number is in DND", "numbers": recipients.customers[index] or number})
        self.rejected.append(rejection_entry(number, recipients.texts[index], None, reason))

    def _reject_invalid(self, recipients: Recipients, invalid: Sequence[int]) -> None:
        self.rejected += [
            rejection_entry(
                recipients.raw_numbers[index], recipients.texts[index], errors.INVALID_NUMBER, "Invalid number"
            )
            for index in invalid
        ]
        if invalid:
            # Groups of customer ids are assumed altogether; there, the client has to learn which ids get nothing.
            context = self.call.context
            is_named = context.dialects["warning_numbers"] == "present" or takes_customer_ids(context)
            names = {"numbers": ",".join(map(recipients.name_of, invalid))} if is_named else {}
            self.warnings.append({"code": errors.INVALID_NUMBER, "message": "Invalid number", **names})

    def _no_valid_numbers(self) -> ApiError:
        error = ApiError(int(self.call.context.dialects["no_valid_numbers"]), warnings=self.warnings)
        error.entries = tuple(self.rejected)
        return error


def _accepted_messages(
    call: Call, recipients: Recipients, screening: _Screening, options: SendOptions, custom_and_url: tuple[str, str]
) -> tuple[AcceptedMessages, bool]:
    """Return the accepted messages, and True if their texts contain tracked links.

    Each distinct text is priced once. With short links the price is that of the shortened text; the journal keeps the
    text as the caller wrote it.
    """
    priced: dict[str, tuple[str, int]] = {}
    tracked = False
    for text in dict.fromkeys(recipients.texts):
        shortened, has_links = shorten(call.context.random, text) if options.shorten_links else (text, False)
        sent, parts = sent_text_and_parts(call.context, shortened, unicode=options.is_unicode(shortened))
        priced[text] = (text if has_links else sent, parts)
        tracked = tracked or has_links
    texts_and_parts = [priced[recipients.texts[index]] for index in screening.indexes]
    custom, url = custom_and_url
    accepted = AcceptedMessages(
        numbers=screening.numbers,
        raw_numbers=[recipients.raw_numbers[index] for index in screening.indexes],
        texts=[text for text, _ in texts_and_parts],
        parts=[parts for _, parts in texts_and_parts],
        customs=[custom] * len(texts_and_parts),
        receipt_urls=[url] * len(texts_and_parts),
        customers=[recipients.customers[index] for index in screening.indexes],
    )
    return accepted, tracked


def _charge(state: State, options: SendOptions, cost: int) -> None:
    """Take the credits; raise `ApiError` if the account has too few. A test is free."""
    if options.test:
        return
    if cost > state.credits:
        raise ApiError(errors.NO_CREDITS)
    state.credits -= cost


def _response_value(
    call: Call, options: SendOptions, dispatch: Dispatch, warnings: Sequence[Mapping[str, object]]
) -> dict[str, object]:
    accepted, count = dispatch.accepted, len(dispatch)
    uses_ones = options.test and call.context.dialects["test_ids"] == "ones"
    ids = range(1, count + 1) if uses_ones else map(str, range(dispatch.first_id, dispatch.first_id + count))
    text = accepted.texts[0]
    value: dict[str, object] = {
        "balance": call.state.credits,
        "batch_id": 99 if uses_ones else dispatch.first_batch,
        "cost": sum(accepted.parts),
        "num_messages": count,
        "message": {
            "num_parts": accepted.parts[0],
            "sender": options.sender,
            "content": shorten(call.context.random, text)[0] if options.shorten_links else text,
        },
        "receipt_url": accepted.receipt_urls[0],
        "custom": accepted.customs[0],
        "messages": [
            {"id": id_, "recipient": int(number), **customer_member(customer)}
            for id_, number, customer in zip(ids, accepted.numbers, accepted.customers, strict=True)
        ],
    }
    return value | ({"warnings": warnings} if warnings else {}) | ({"test_mode": True} if options.test else {})
