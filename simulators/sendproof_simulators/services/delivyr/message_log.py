"""The Message Log of an account.

documented: that it exists, and that it contains tests like other messages, https://docs.delivyr.net/docs/optimove.
assumed: its form.
"""

from collections.abc import Mapping
from typing import Any

from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.http import json_response
from sendproof_simulators.core.messaging.lifecycle import REJECTED, TEST
from sendproof_simulators.core.messaging.sms import count_parts
from sendproof_simulators.core.simulator import Call, MessageStatus
from sendproof_simulators.services.delivyr.auth import for_account
from sendproof_simulators.services.delivyr.errors import NOT_FOUND, REJECTIONS, ApiError
from sendproof_simulators.services.delivyr.state import Message, State
from sendproof_simulators.services.delivyr.webhooks import STATUSES


@for_account
def list_messages(call: Call) -> Effects:
    """Return a page of the log (documented that there is a log: https://docs.delivyr.net/docs/optimove)."""
    return Effects(response=json_response(_page(call.state, call.with_defaults)))


@for_account
def get_message(call: Call) -> Effects:
    """Return one entry of the log (assumed)."""
    message = call.state.messages.get(call.params["message_id"])
    if message is None:
        raise ApiError(NOT_FOUND, f"there is no message {call.params['message_id']!r}")
    return Effects(response=json_response(_log_entry(message)))


def message_status(state: State, message: str, now: Instant) -> MessageStatus | None:
    """Return what the account knows about a message by its id, or None."""
    del now
    found = state.messages.get(message)
    if found is None:
        return None
    parts = count_parts(_sent_text(found))
    status = REJECTED if found.rejected is not None else found.state
    return MessageStatus(state=TEST if found.testing else status, parts=parts.parts, encoding=parts.encoding)


def _sent_text(message: Message) -> str:
    return message.text if message.link is None else f"{message.text} {message.link}"


def _page(state: State, params: Mapping[str, Any]) -> dict[str, object]:
    """Return at most `limit` messages after `after`, oldest first, and the value of `after` for the next page."""
    limit, start = params["limit"], 0
    if "after" in params:
        if params["after"] not in state.messages:
            raise ApiError(NOT_FOUND, f"after: there is no message {params['after']!r}")
        start = state.messages[params["after"]].index + 1
    messages: list[Message] = []
    for index in range(start, len(state.log)):
        message = state.log[index]
        if params.get("phone_number", message.phone_number) == message.phone_number:
            if len(messages) == limit:
                return {"messages": [_log_entry(message) for message in messages], "next": messages[-1].id}
            messages.append(message)
    return {"messages": [_log_entry(message) for message in messages], "next": None}


def _log_entry(message: Message) -> dict[str, object]:
    status, reason = _status_and_reason(message)
    return {
        "message_id": message.id,
        "phone_number": message.phone_number,
        "template_id": message.template,
        "text": _sent_text(message),
        "url": message.url,
        "testing": message.testing,
        "status": status,
        "reason": reason,
        "clicks": message.clicks,
        "created_at": iso(message.created_at),
        "updated_at": iso(message.updated_at),
    }


def _status_and_reason(message: Message) -> tuple[str, str | None]:
    if message.testing:
        return "test", None
    if message.rejected is not None:
        return "rejected", REJECTIONS[message.rejected]
    return STATUSES.get(message.state, ("queued", None))
