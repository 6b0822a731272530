"""`send`: one text to many numbers. The source of each rule is in `openapi/textlocal.yaml`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sendproof_simulators.core.clock import SECOND, Instant, iso
from sendproof_simulators.core.exchange import Fact
from sendproof_simulators.core.numbers import to_digits
from sendproof_simulators.core.sms import count_parts
from sendproof_simulators.core.urls import check_webhook_url
from sendproof_simulators.provider import Call, World
from sendproof_simulators.textlocal import errors
from sendproof_simulators.textlocal.answers import Answer, Fields
from sendproof_simulators.textlocal.errors import RefusalError
from sendproof_simulators.textlocal.fates import LIFE, draw_ends
from sendproof_simulators.textlocal.messages import Dispatch, Draft
from sendproof_simulators.textlocal.state import NAME, State
from sendproof_simulators.textlocal.webhooks import next_timer

NUMBERS_MOST = 10_000
CHARACTERS_MOST = 765
# documented for India; the account's own choice elsewhere.
DEFAULT_SENDER = "TXTLCL"
# assumed: which number replies go to is not published; any number will do.
REPLY_NUMBER = "447860033333"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is the same for all messages of a call."""

    identity: tuple[str, int]
    sender: str
    send_at: Instant
    validity: Instant | None
    unicode: bool
    test: bool
    batch_each: bool = False


def send(call: Call, fields: Fields) -> Answer:
    """Check, charge and enter one batch. A refusal is recorded for each number that it kept a text from."""
    given = [number for number in map(str.strip, fields.get("numbers", "").split(",")) if number]
    text = plain_text(fields["message"])
    try:
        return _send(call, fields, given, text)
    except RefusalError as refusal:
        reason = str(refusal.error["message"])
        refusal.facts = refusal.facts or tuple(rejection(n, text, refusal.code, reason) for n in given)
        raise


def _send(call: Call, fields: Fields, given: Sequence[str], text: str) -> Answer:
    recipients = _recipients(call.state, fields, given)
    order = _order(call, fields)
    url = receipt_url(call.world, fields.get("receipt_url", ""))
    if not text.strip():
        raise RefusalError(errors.NO_MESSAGE)
    valid, rejected, warnings = _sorted_out(call.state, recipients, text, leave_out=fields.get("optouts", False))
    if not valid:
        refusal = RefusalError(errors.NO_VALID_NUMBERS, warnings=warnings)
        refusal.facts = tuple(rejected)
        raise refusal
    parts, custom = count_parts(text, unicode=order.unicode).parts, fields.get("custom", "")
    count = len(valid)
    draft = Draft(
        numbers=valid, texts=[text] * count, parts=[parts] * count, customs=[custom] * count, receipt_urls=[url] * count
    )
    charge(call.state, order, parts * count)
    dispatch = enter(call, order, draft)
    return Answer(
        value=_said(call.state, order, dispatch, parts, warnings),
        facts=(*deliveries(dispatch, test=order.test), *rejected),
        timers=next_timer(dispatch),
        note={"batch": str(dispatch.first_batch), "accepted": count, "rejected": len(rejected)},
    )


def _recipients(state: State, fields: Fields, given: Sequence[str]) -> Sequence[str]:
    if "numbers" in fields and "group_id" in fields:
        raise RefusalError(errors.GROUP_AND_NUMBERS)
    if "group_id" in fields:
        members = state.contacts.members(fields["group_id"])
        if not members:
            raise RefusalError(errors.EMPTY_GROUP)
        return list(members)
    if not given:
        raise RefusalError(errors.NO_RECIPIENTS)
    if len(given) > NUMBERS_MOST:
        raise RefusalError(errors.TOO_MANY, f"{len(given)} of {NUMBERS_MOST} at most")
    return given


def _order(call: Call, fields: Fields) -> Order:
    send_at = schedule(call.now, fields.get("schedule_time"))
    return Order(
        identity=call.state.identities.of("send", fields),
        sender=REPLY_NUMBER if fields.get("simple_reply") else fields.get("sender", DEFAULT_SENDER),
        send_at=send_at,
        validity=_validity(call.now, send_at, fields.get("validity")),
        unicode=fields.get("unicode", False),
        test=fields.get("test", False),
    )


def schedule(now: Instant, wanted: int | None) -> Instant:
    """When the messages go out; `wanted` is in Unix seconds."""
    if wanted is None:
        return now
    if wanted * SECOND < now - now % SECOND:
        raise RefusalError(errors.SCHEDULE_PAST)
    return max(wanted * SECOND, now)


def _validity(now: Instant, send_at: Instant, wanted: int | None) -> Instant | None:
    """documented: at most 72 hours ahead. assumed: ahead of the sending; and the code of the refusal."""
    if wanted is None:
        return None
    if not now < wanted * SECOND <= send_at + LIFE:
        raise RefusalError(errors.INVALID_PARAMETER, "validity: expected a Unix time in the next 72 hours")
    return wanted * SECOND


def receipt_url(world: World, text: str) -> str:
    """The address for receipts, or "" when none is wanted; refuses one that must not be called."""
    if not text:
        return ""
    try:
        return check_webhook_url(text, world.allow_remote_webhooks)
    except ValueError as error:
        raise RefusalError(errors.INVALID_PARAMETER, f"receipt_url: {error}") from error


def plain_text(text: str) -> str:
    """The text as it reaches the phone. documented: `%n` is a newline."""
    return text.replace("%n", "\n") if "%n" in text else text


def _sorted_out(
    state: State, recipients: Iterable[str], text: str, *, leave_out: bool
) -> tuple[list[str], list[Fact], list[Mapping[str, object]]]:
    """The numbers that get the text, a rejection for each other one, and the warning about those."""
    opt_outs: Mapping[str, Any] = state.contacts.opt_outs if leave_out else {}
    valid, invalid, rejected = [], [], []
    for given in recipients:
        number = to_digits(given)
        if number is None:
            invalid.append(given)
        elif number in opt_outs:
            rejected.append(rejection(number, text, None, "opted out"))
        else:
            valid.append(number)
    rejected += [rejection(given, text, errors.INVALID_NUMBER, "Invalid number") for given in invalid]
    return valid, rejected, [_invalid(invalid)] if invalid else []


def _invalid(numbers: Iterable[str]) -> Mapping[str, object]:
    return {"code": errors.INVALID_NUMBER, "message": "Invalid number", "numbers": ",".join(numbers)}


def charge(state: State, order: Order, cost: int) -> None:
    """Take the credits; refuses when they do not suffice. A test costs nothing."""
    if order.test:
        return
    if cost > state.credits:
        raise RefusalError(errors.NO_CREDITS)
    state.credits -= cost


def enter(call: Call, order: Order, draft: Draft) -> Dispatch:
    """Give the messages their ids, and, unless it is a test, a place in the book and their fates."""
    state: State = call.state
    count = len(draft.numbers)
    batches = count if order.batch_each else 1
    first_id = state.identities.draw("message", order.identity, count, state.book.messages)
    dispatch = Dispatch(
        first_id=first_id,
        first_batch=state.identities.draw("batch", order.identity, batches, state.book.batches),
        batch_each=order.batch_each,
        sender=order.sender,
        send_at=order.send_at,
        draft=draft,
    )
    if count and not order.test:
        dispatch.ends = draw_ends(state.chance, first_id, count, order.send_at, order.validity)
        state.book.enter(dispatch)
    return dispatch


def deliveries(dispatch: Dispatch, *, test: bool) -> Iterable[Fact]:
    """One fact for each accepted message."""
    draft, send_at = dispatch.draft, iso(dispatch.send_at)
    columns = zip(draft.numbers, draft.texts, draft.customs, draft.receipt_urls, strict=True)
    for index, (number, text, custom, url) in enumerate(columns):
        fields = {
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
        yield Fact(kind="delivery", fields=fields)


def rejection(number: str, text: str, code: int | None, reason: str) -> Fact:
    """One number that did not get a text."""
    fields = {"service": NAME, "number": number, "text": text, "code": code, "reason": reason}
    return Fact(kind="rejection", fields=fields)


def _said(
    state: State, order: Order, dispatch: Dispatch, parts: int, warnings: Sequence[Mapping[str, object]]
) -> dict[str, object]:
    draft, count = dispatch.draft, len(dispatch)
    said: dict[str, object] = {
        "balance": state.credits,
        "batch_id": dispatch.first_batch,
        "cost": parts * count,
        "num_messages": count,
        "message": {"num_parts": parts, "sender": order.sender, "content": draft.texts[0]},
        "receipt_url": draft.receipt_urls[0],
        "custom": draft.customs[0],
        "messages": [
            {"id": str(id_), "recipient": int(number)} for id_, number in enumerate(draft.numbers, dispatch.first_id)
        ],
    }
    return said | ({"warnings": warnings} if warnings else {}) | ({"test_mode": True} if order.test else {})
