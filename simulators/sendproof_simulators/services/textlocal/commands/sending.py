"""`send`: one text to many numbers, or to a group. The source of each rule is in `openapi/textlocal.yaml`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sendproof_simulators.core.clock.wall_clock import SECOND, Instant
from sendproof_simulators.core.effects import JournalEntry
from sendproof_simulators.core.messaging.delivery_outcomes import (
    BLOCKED,
    LANDLINE,
    LIFE,
    OPTED_OUT,
    QUEUE_FULL,
    outcome_for_number,
)
from sendproof_simulators.core.simulator import Call, SandboxContext
from sendproof_simulators.core.webhooks.urls import check_webhook_url
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.commands.inboxes import REPLY_NUMBER
from sendproof_simulators.services.textlocal.commands.short_links import shortened
from sendproof_simulators.services.textlocal.country_rules import (
    as_sent,
    check_hour,
    check_schedule,
    check_sender,
    check_text,
    number_in,
)
from sendproof_simulators.services.textlocal.errors import RefusalError
from sendproof_simulators.services.textlocal.messages.acceptance import Order, enter, rejection
from sendproof_simulators.services.textlocal.messages.message_store import Dispatch, Draft, Group
from sendproof_simulators.services.textlocal.messages.personalization import (
    Recipients,
    template_recipients,
    text_recipients,
)
from sendproof_simulators.services.textlocal.responses import Answer, Fields
from sendproof_simulators.services.textlocal.state import State

NUMBERS_MOST = 10_000


def send(call: Call, fields: Fields) -> Answer:
    """Check, charge and enter one batch. A refusal is recorded for each number that it kept a text from."""
    given = [number for number in map(str.strip, fields.get("numbers", "").split(",")) if number]
    text = plain_text(fields.get("message", ""))
    try:
        return _send(call, fields, given, text)
    except RefusalError as refusal:
        reason = str(refusal.error["message"])
        refusal.entries = refusal.entries or tuple(rejection(n, text, refusal.code, reason) for n in given)
        raise


def _send(call: Call, fields: Fields, given: Sequence[str], text: str) -> Answer:
    if not text.strip() and not _sends_template(call, fields):
        raise RefusalError(errors.NO_MESSAGE)
    recipients, group = _recipients(call, fields, given, text)
    order = _order(call, fields, group)
    url = receipt_url(call.context, fields.get("receipt_url", "")) or call.state.settings.receipt_url
    recipients = recipients.checked(lambda each: check_text(call.context, each, call.state.templates.values()))
    sorting = Sorting(call.context, call.state, leave_out=_leaves_out(call.context, fields))
    sorting.sort(recipients)
    if not sorting.places:
        code = int(call.context.dialects["no_valid_numbers"])
        refusal = RefusalError(code, warnings=sorting.warnings)
        refusal.entries = tuple(sorting.rejected)
        raise refusal
    draft, order = _draft(call.context, recipients, sorting, order, (fields.get("custom", ""), url))
    charge(call.state, order, sum(draft.parts))
    entered = enter(call, order, draft)
    return Answer(
        value=_said(call, order, entered.dispatch, sorting.warnings),
        entries=(*entered.entries, *sorting.rejected),
        timers=entered.timers,
        webhooks=entered.webhooks,
        before_response=entered.before_response,
        summary={
            "batch": str(entered.dispatch.first_batch),
            "accepted": len(sorting.places),
            "rejected": len(sorting.rejected),
        },
    )


def _recipients(call: Call, fields: Fields, given: Sequence[str], text: str) -> tuple[Recipients, Group | None]:
    if "numbers" in fields and "group_id" in fields:
        raise RefusalError(errors.GROUP_AND_NUMBERS)
    if "group_id" not in fields:
        if not given:
            raise RefusalError(errors.NO_RECIPIENTS)
        if len(given) > NUMBERS_MOST:
            raise RefusalError(errors.TOO_MANY, f"{len(given)} of {NUMBERS_MOST} at most")
        return Recipients(given=given, texts=[text] * len(given)), None
    contacts = call.state.contacts
    group = Group(fields["group_id"], contacts.name_of(fields["group_id"]))
    members = contacts.members(group.id)
    if not members:
        raise RefusalError(errors.EMPTY_GROUP)
    if _sends_template(call, fields):
        return template_recipients(call, members, fields["template_id"]), group
    return text_recipients(call.context, members, text), group


def _sends_template(call: Call, fields: Fields) -> bool:
    return "template_id" in fields and call.context.dialects["template_send"] == "brochure"


def _leaves_out(context: SandboxContext, fields: Fields) -> bool:
    left_out: bool = fields.get("optouts", context.dialects["optouts_default"] == "left_out")
    return left_out


def _order(call: Call, fields: Fields, group: Group | None) -> Order:
    send_at = schedule(call.context, call.now, fields.get("schedule_time"))
    settings = call.state.settings
    sender = fields.get("sender", settings.default_sender)
    simple_reply = fields.get("simple_reply", False)
    return Order(
        identity=call.state.identities.of("send", fields),
        sender=REPLY_NUMBER if simple_reply else check_sender(call.context, sender, settings.sender_names),
        send_at=send_at,
        validity=_validity(call.now, send_at, fields.get("validity")),
        unicode=fields.get("unicode", False),
        test=fields.get("test", False),
        group=group,
        links=fields.get("tracking_links", False),
    )


def schedule(context: SandboxContext, now: Instant, wanted: int | None) -> Instant:
    """When the messages go out; `wanted` is in Unix seconds."""
    if wanted is None:
        check_hour(context, now)
        return now
    if wanted * SECOND < now - now % SECOND:
        raise RefusalError(errors.SCHEDULE_PAST)
    send_at = max(wanted * SECOND, now)
    check_schedule(context, now, send_at)
    check_hour(context, send_at)
    return send_at


def _validity(now: Instant, send_at: Instant, wanted: int | None) -> Instant | None:
    """documented: at most 72 hours ahead. assumed: ahead of the sending; and the code of the refusal."""
    if wanted is None:
        return None
    if not now < wanted * SECOND <= send_at + LIFE:
        raise RefusalError(errors.INVALID_PARAMETER, "validity: expected a Unix time in the next 72 hours")
    return wanted * SECOND


def receipt_url(context: SandboxContext, text: str) -> str:
    """The address for receipts, or "" when none is wanted; refuses one that must not be called."""
    if not text:
        return ""
    try:
        return check_webhook_url(text, context.allow_remote_webhooks)
    except ValueError as error:
        raise RefusalError(errors.INVALID_PARAMETER, f"receipt_url: {error}") from error


def plain_text(text: str) -> str:
    """The text as it reaches the phone. documented: `%n` is a newline."""
    return text.replace("%n", "\n") if "%n" in text else text


@dataclass(slots=True)
class Sorting:
    """Recipients on their way to those that get a text and those that do not.

    `places` and `numbers` are of those that do. observed: the warning about a blocked number has no code, providers of
    clients in India.
    """

    context: SandboxContext
    state: State
    leave_out: bool
    places: list[int] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    rejected: list[JournalEntry] = field(default_factory=list)
    warnings: list[Mapping[str, object]] = field(default_factory=list)

    def sort(self, recipients: Recipients) -> None:
        """Sort them all; what the numbers dial decides first."""
        invalid: list[tuple[str, str]] = []
        full: list[str] = []
        once: set[str] | None = set() if self.context.dialects["repeated_numbers"] == "once" else None
        for place, given in enumerate(recipients.given):
            number = number_in(self.context, given)
            if number is None:
                invalid.append((given, recipients.texts[place]))
            elif once is None or number not in once:
                reason = door(self.state, number, leave_out=self.leave_out)
                if reason is None:
                    self.places.append(place)
                    self.numbers.append(number)
                elif reason == LANDLINE:
                    invalid.append((given, recipients.texts[place]))
                elif reason == QUEUE_FULL:
                    full.append(number)
                else:
                    self._reject(number, recipients.texts[place], reason)
                if once is not None:
                    once.add(number)
        refuse_full(self.state, full)
        self._invalid(invalid)

    def _reject(self, number: str, text: str, reason: str) -> None:
        if reason == BLOCKED:
            self.warnings.append({"message": "Number is in DND", "numbers": number})
        self.rejected.append(rejection(number, text, None, reason))

    def _invalid(self, found: Iterable[tuple[str, str]]) -> None:
        self.rejected += [rejection(given, text, errors.INVALID_NUMBER, "Invalid number") for given, text in found]
        if found:
            numbers = ",".join(given for given, _ in found)
            self.warnings.append({"code": errors.INVALID_NUMBER, "message": "Invalid number", "numbers": numbers})


def door(state: State, number: str, *, leave_out: bool) -> str | None:
    """Why a number does not get a text, if it does not."""
    outcome = outcome_for_number(number)
    refusal = None if outcome is None else outcome.refusal
    if refusal in {LANDLINE, BLOCKED} or (refusal == QUEUE_FULL and number not in state.queued):
        return refusal
    return OPTED_OUT if leave_out and (refusal == OPTED_OUT or number in state.contacts.opt_outs) else None


def refuse_full(state: State, numbers: Sequence[str]) -> None:
    """Refuse the whole call when the queue of any of these numbers is full; the next time it is not.

    observed: another status than 200 means that the service itself failed, https://github.com/scottybo/textlocal
    """
    if numbers:
        state.queued.update(numbers)
        raise RefusalError(errors.INVALID_PARAMETER, "the queue is full, try again later", status=503)


def _draft(
    context: SandboxContext, recipients: Recipients, sorting: Sorting, order: Order, rest: tuple[str, str]
) -> tuple[Draft, Order]:
    """The columns of those that get a text. One that many get is looked at once.

    With short links a text costs what it has become; the record keeps it as the caller wrote it.
    """
    looked_at: dict[str, tuple[str, int]] = {}
    tracked = False
    for text in dict.fromkeys(recipients.texts):
        shown, tracks = shortened(context.random, text) if order.links else (text, False)
        sent, parts = as_sent(context, shown, unicode=order.unicode)
        looked_at[text] = (text if tracks else sent, parts)
        tracked = tracked or tracks
    priced = [looked_at[recipients.texts[place]] for place in sorting.places]
    count = len(priced)
    draft = Draft(
        numbers=sorting.numbers,
        given=[recipients.given[place] for place in sorting.places],
        texts=[text for text, _ in priced],
        parts=[parts for _, parts in priced],
        customs=[rest[0]] * count,
        receipt_urls=[rest[1]] * count,
    )
    return draft, order.tracking(tracked)


def charge(state: State, order: Order, cost: int) -> None:
    """Take the credits; refuses when they do not suffice. A test costs nothing."""
    if order.test:
        return
    if cost > state.credits:
        raise RefusalError(errors.NO_CREDITS)
    state.credits -= cost


def _said(call: Call, order: Order, dispatch: Dispatch, warnings: Sequence[Mapping[str, object]]) -> dict[str, object]:
    draft, count = dispatch.draft, len(dispatch)
    ones = order.test and call.context.dialects["test_ids"] == "ones"
    ids = range(1, count + 1) if ones else map(str, range(dispatch.first_id, dispatch.first_id + count))
    content = shortened(call.context.random, draft.texts[0])[0] if order.links else draft.texts[0]
    said: dict[str, object] = {
        "balance": call.state.credits,
        "batch_id": 99 if ones else dispatch.first_batch,
        "cost": sum(draft.parts),
        "num_messages": count,
        "message": {"num_parts": draft.parts[0], "sender": order.sender, "content": content},
        "receipt_url": draft.receipt_urls[0],
        "custom": draft.customs[0],
        "messages": [{"id": id_, "recipient": int(number)} for id_, number in zip(ids, draft.numbers, strict=True)],
    }
    return said | ({"warnings": warnings} if warnings else {}) | ({"test_mode": True} if order.test else {})
