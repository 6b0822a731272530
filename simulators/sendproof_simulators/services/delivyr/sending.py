"""One message to one recipient: what is taken, what is refused, and what is rejected after it was taken.

documented: https://docs.delivyr.net/docs/customer-io (the call), https://docs.delivyr.net/docs/optimove (the reasons of
a rejection, and that a test is logged and not sent). assumed: everything else, above all the reply.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from sendproof_simulators.core.clock.wall_clock import iso
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.simulator import Call, SandboxContext, Template
from sendproof_simulators.services.delivyr import dialects, webhooks
from sendproof_simulators.services.delivyr.errors import (
    MISSING_VARIABLES,
    QUEUE_FULL,
    REJECTIONS,
    TEXT_TOO_LONG,
    UNKNOWN_TEMPLATE,
    RefusalError,
)
from sendproof_simulators.services.delivyr.phone_numbers import digits_of, is_queue_full, rejection_of
from sendproof_simulators.services.delivyr.state import NAME, Message, State
from sendproof_simulators.services.delivyr.templates import render, variables_of

# Ten parts of the GSM alphabet, as common gateways take them. assumed
MAX_TEXT = 1_600
# Nobody says where the short links of Delivyr lead through; this name belongs to nobody. assumed
LINKS = "https://dlvr.example/"
_ID_LENGTH, _LINK_LENGTH = 20, 8
_encode = msgspec.json.Encoder(order="deterministic").encode


def send(call: Call) -> Effects:
    """Take one message, or refuse it with `RefusalError`."""
    message = _message(call, call.body)
    code = rejection_of(message.number, call.state.opt_outs)
    if code is None and is_queue_full(message.number):
        raise RefusalError(QUEUE_FULL, "the queue is full; try again later")
    if code is not None and call.context.dialects[dialects.REJECTIONS] == "at_once":
        raise RefusalError(code, REJECTIONS[code], webhooks.rejection(message, code))
    _enter(call.state, message)
    if message.testing:
        return Effects(response=_taken(call.context, message), entries=(_delivery(message),), summary={"testing": True})
    if code is not None:
        message.due = code
        return Effects(response=_taken(call.context, message), timers=webhooks.later_rejection(message, call.now))
    return webhooks.begin(call, message, _taken(call.context, message), _delivery(message))


def problems_of(context: SandboxContext, state: State, body: Mapping[str, Any]) -> list[str]:
    """Why a send with this body would be refused or rejected, in words; empty when the message would go out."""
    try:
        _text(context, _template(state, body["template_id"]), body.get("variables", {}))
    except RefusalError as refused:
        return [f"{refused.code}: {refused}"]
    code = rejection_of(_number(context, body["phone_number"]), state.opt_outs)
    return [] if code is None else [f"{code}: {REJECTIONS[code]}"]


def _message(call: Call, body: Mapping[str, Any]) -> Message:
    state: State = call.state
    template = _template(state, body["template_id"])
    text = _text(call.context, template, body.get("variables", {}))
    url = body.get("url") or state.urls.get(str(template.id))
    id_ = _draw(state, body)
    return Message(
        id=id_,
        place=len(state.log),
        phone_number=body["phone_number"],
        number=_number(call.context, body["phone_number"]),
        template=str(template.id),
        text=text,
        url=url,
        link=None if url is None else LINKS + state.random.token(_LINK_LENGTH, NAME, "link", id_),
        testing=body.get("testing", False),
        created_at=call.now,
        updated_at=call.now,
    )


def _template(state: State, id_: str) -> Template:
    if id_ not in state.templates:
        raise RefusalError(UNKNOWN_TEMPLATE, f"there is no template {id_!r}")
    return state.templates[id_]


def _text(context: SandboxContext, template: Template, variables: Mapping[str, Any]) -> str:
    values = {name: None if value is None else _spelled(value) for name, value in variables.items()}
    missing = [name for name in variables_of(template.body) if values.get(name) is None]
    if missing and context.dialects[dialects.MISSING_VARIABLE] == "refused":
        raise RefusalError(MISSING_VARIABLES, f"template {template.id} needs the variables {', '.join(missing)}")
    text = render(template.body, values)
    if len(text) > MAX_TEXT:
        raise RefusalError(TEXT_TOO_LONG, f"expected at most {MAX_TEXT} characters, got {len(text)}")
    return text


def _spelled(value: str | float) -> str:
    """A value as it stands in a text: numbers and truth values as JSON writes them."""
    return value if isinstance(value, str) else _encode(value).decode()


def _number(context: SandboxContext, phone_number: str) -> str | None:
    return digits_of(phone_number, complete=context.dialects[dialects.TEN_DIGITS] == "completed")


def _draw(state: State, body: Mapping[str, Any]) -> str:
    """An id that follows from what is said, and from how often the same was said: not from the order of calls."""
    said, times = blake2b(_encode(body), digest_size=16).hexdigest(), 0
    while (drawn := state.random.token(_ID_LENGTH, NAME, "message", said, times)) in state.messages:
        times += 1
    return drawn


def _enter(state: State, message: Message) -> None:
    state.log.append(message)
    state.messages[message.id] = message


def _taken(context: SandboxContext, message: Message) -> Response:
    if context.dialects[dialects.REPLY] == "bare":
        return json_response({"success": True})
    return json_response({"message_id": message.id, "status": "test" if message.testing else "queued"})


def _delivery(message: Message) -> JournalEntry:
    fields = {
        "service": NAME,
        "message": message.id,
        "number": message.number or message.phone_number,
        "text": message.text,
        "template": message.template,
        "link": message.link,
        "send_at": iso(message.created_at),
        "test": message.testing,
    }
    return JournalEntry(kind="delivery", fields=fields)
