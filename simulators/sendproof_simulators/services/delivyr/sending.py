"""`send_sms`: one message to one recipient, which is accepted, refused, or rejected after it was accepted.

documented: https://docs.delivyr.net/docs/customer-io (the call), https://docs.delivyr.net/docs/optimove (the reasons of
a rejection, and that a test is logged and not sent). assumed: everything else, above all the response.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from sendproof_simulators.core.clock.wall_clock import iso
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.simulator import Call, SandboxContext, Template
from sendproof_simulators.services.delivyr import dialects
from sendproof_simulators.services.delivyr.auth import for_account
from sendproof_simulators.services.delivyr.errors import (
    MISSING_VARIABLES,
    QUEUE_FULL,
    REJECTIONS,
    TEXT_TOO_LONG,
    UNKNOWN_TEMPLATE,
    ApiError,
)
from sendproof_simulators.services.delivyr.phone_numbers import digits_of, is_queue_full, rejection_for_number
from sendproof_simulators.services.delivyr.state import NAME, Message, State
from sendproof_simulators.services.delivyr.templates import render, variables_of
from sendproof_simulators.services.delivyr.webhooks import rejection_entry, rejection_timer, start_delivery

# The host of Delivyr's short links is not published; this name is in a reserved domain. assumed
LINKS = "https://dlvr.example/"
_ID_LENGTH, _LINK_LENGTH = 20, 8
_encode = msgspec.json.Encoder(order="deterministic").encode


@for_account
def send_sms(call: Call) -> Effects:
    """Accept one message by template, or refuse it (documented: https://docs.delivyr.net/docs/customer-io)."""
    state: State = call.state
    try:
        message = _new_message(call, call.body)
    except ApiError as error:
        error.entries = (_refusal_entry(call, error),)
        raise
    code = rejection_for_number(message.number, state.opt_outs)
    if code is None and is_queue_full(message.number) and message.number not in state.refused_once:
        # The next call succeeds: a queue that stays full would keep every bridge from sending.
        state.refused_once.add(message.number)
        raise ApiError(QUEUE_FULL, "the queue is full; try again later")
    if code is not None and call.context.dialects[dialects.REJECTIONS] == "at_once":
        raise ApiError(code, REJECTIONS[code], rejection_entry(message, code))
    state.log.append(message)
    state.messages[message.id] = message
    response = _accepted_response(call.context, message)
    if message.testing:
        return Effects(response=response, entries=(_delivery_entry(message),), summary={"testing": True})
    if code is not None:
        message.pending_rejection = code
        return Effects(response=response, timers=rejection_timer(message, call.now))
    return start_delivery(state, message, call.now, response, _delivery_entry(message))


def _refusal_entry(call: Call, error: ApiError) -> JournalEntry:
    """Return the journal entry of a message that has no text, because its template or variables are wrong."""
    number = _number(call.context, call.body["phone_number"]) or call.body["phone_number"]
    fields = {"service": NAME, "number": number, "text": "", "code": error.code, "reason": str(error)}
    return JournalEntry(kind="rejection", fields=fields)


def find_problems(context: SandboxContext, state: State, body: Mapping[str, Any]) -> list[str]:
    """Return why a send with this body would be refused or rejected; an empty list if it would go out."""
    try:
        _text(context, _template(state, body["template_id"]), body.get("variables", {}))
    except ApiError as error:
        return [f"{error.code}: {error}"]
    code = rejection_for_number(_number(context, body["phone_number"]), state.opt_outs)
    return [] if code is None else [f"{code}: {REJECTIONS[code]}"]


def _new_message(call: Call, body: Mapping[str, Any]) -> Message:
    state: State = call.state
    template = _template(state, body["template_id"])
    text = _text(call.context, template, body.get("variables", {}))
    template_url = state.template_urls.get(str(template.id))
    url = body.get("url") or template_url
    id_ = _drawn_id(state, body)
    return Message(
        id=id_,
        index=len(state.log),
        phone_number=body["phone_number"],
        number=_number(call.context, body["phone_number"]),
        template=str(template.id),
        text=text,
        url=url,
        link=None if url is None else LINKS + state.random.token(_LINK_LENGTH, NAME, "link", id_),
        testing=call.value("testing"),
        created_at=call.now,
        updated_at=call.now,
        template_url=template_url,
        earlier_template_urls=state.earlier_urls.get(str(template.id), ()),
    )


def _template(state: State, id_: str) -> Template:
    if id_ not in state.templates:
        raise ApiError(UNKNOWN_TEMPLATE, f"there is no template {id_!r}")
    return state.templates[id_]


def _text(context: SandboxContext, template: Template, variables: Mapping[str, Any]) -> str:
    values = {name: None if value is None else _value_text(value) for name, value in variables.items()}
    missing = [name for name in variables_of(template.body) if values.get(name) is None]
    if missing and context.dialects[dialects.MISSING_VARIABLE] == "refused":
        raise ApiError(MISSING_VARIABLES, f"template {template.id} needs the variables {', '.join(missing)}")
    text = render(template.body, values)
    limit = context.limits.text
    if len(text) > limit:
        raise ApiError(TEXT_TOO_LONG, f"expected at most {limit} characters, got {len(text)}")
    return text


def _value_text(value: str | float) -> str:
    """Return a value as text: numbers and booleans as in JSON."""
    return value if isinstance(value, str) else _encode(value).decode()


def _number(context: SandboxContext, phone_number: str) -> str | None:
    return digits_of(phone_number, complete=context.dialects[dialects.TEN_DIGITS] == "completed")


def _drawn_id(state: State, body: Mapping[str, Any]) -> str:
    """Return an id drawn from the body, and from the number of equal bodies before it: not from the order of calls."""
    digest, count = blake2b(_encode(body), digest_size=16).hexdigest(), 0
    while (id_ := state.random.token(_ID_LENGTH, NAME, "message", digest, count)) in state.messages:
        count += 1
    return id_


def _accepted_response(context: SandboxContext, message: Message) -> Response:
    if context.dialects[dialects.REPLY] == "bare":
        return json_response({"success": True})
    return json_response({"message_id": message.id, "status": "test" if message.testing else "queued"})


def _delivery_entry(message: Message) -> JournalEntry:
    fields: dict[str, object] = {
        "service": NAME,
        "message": message.id,
        "number": message.number or message.phone_number,
        "text": message.text,
        "template": message.template,
        "link": message.link,
        "url": message.url,
        "template_url": message.template_url,
        "send_at": iso(message.created_at),
        "test": message.testing,
    }
    earlier = [{"url": earlier.url, "until": iso(earlier.until)} for earlier in message.earlier_template_urls]
    return JournalEntry(kind="delivery", fields=fields | ({"earlier_template_urls": earlier} if earlier else {}))
