"""The Message Log, as a reader sees it.

documented: that there is one, and that tests are in it like other messages, https://docs.delivyr.net/docs/optimove.
assumed: its form.
"""

from collections.abc import Mapping
from typing import Any

from sendproof_simulators.core.clock.wall_clock import iso
from sendproof_simulators.services.delivyr.errors import INVALID, REJECTIONS, RefusalError
from sendproof_simulators.services.delivyr.state import Message, State
from sendproof_simulators.services.delivyr.webhooks import EVENTS

PAGE = 100


def page(state: State, params: Mapping[str, Any]) -> dict[str, object]:
    """At most `limit` messages after the one named by `after`, oldest first, and what to give as `after` next."""
    limit, start = params.get("limit", PAGE), 0
    if "after" in params:
        if params["after"] not in state.messages:
            raise RefusalError(INVALID, f"after: there is no message {params['after']!r}")
        start = state.messages[params["after"]].place + 1
    found: list[Message] = []
    for place in range(start, len(state.log)):
        message = state.log[place]
        if params.get("phone_number", message.phone_number) == message.phone_number:
            if len(found) == limit:
                return {"messages": [entry(one) for one in found], "next": found[-1].id}
            found.append(message)
    return {"messages": [entry(one) for one in found], "next": None}


def entry(message: Message) -> dict[str, object]:
    """One message as the log shows it."""
    status, reason = _standing(message)
    return {
        "message_id": message.id,
        "phone_number": message.phone_number,
        "template_id": message.template,
        "text": message.text if message.link is None else f"{message.text} {message.link}",
        "url": message.url,
        "testing": message.testing,
        "status": status,
        "reason": reason,
        "clicks": message.clicks,
        "created_at": iso(message.created_at),
        "updated_at": iso(message.updated_at),
    }


def _standing(message: Message) -> tuple[str, str | None]:
    if message.testing:
        return "test", None
    if message.rejected is not None:
        return "rejected", REJECTIONS[message.rejected]
    return EVENTS.get(message.state, ("queued", None))
