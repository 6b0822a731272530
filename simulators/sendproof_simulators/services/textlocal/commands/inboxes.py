"""Commands about inbound messages: `get_inboxes`, `get_messages`, `check_keyword`.

documented: https://api.txtlocal.com/docs/inboundmessages/getinboxes, .../getmessages (parameters) and .../postmessages.
assumed: the rows of `get_messages`, that reading a message ends its being new, and the response of `check_keyword`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sendproof_simulators.core.clock.wall_clock import SECOND, sql_time
from sendproof_simulators.core.messaging.opt_outs import STOP_WORDS
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.account.inbox import INBOX, REPLY_NUMBER, InboundMessage, Inbox
from sendproof_simulators.services.textlocal.errors import ApiError
from sendproof_simulators.services.textlocal.responses import CommandResult, Fields, command

_SORT_KEYS: Mapping[str, Callable[[InboundMessage], Any]] = {
    "date": lambda message: (message.at, message.id),
    "number": lambda message: (message.number, message.id),
}


@command
def get_inboxes(call: Call, fields: Fields) -> CommandResult:
    """List the only inbox (documented: https://api.txtlocal.com/docs/inboundmessages/getinboxes)."""
    del fields
    inbox: Inbox = call.state.inbox
    row = {
        "id": INBOX,
        "number": int(REPLY_NUMBER),
        "keyword": None,
        "num_messages": len(inbox.messages),
        "num_contacts": len({message.number for message in inbox.messages}),
        "newMsgs": len(inbox.messages) - inbox.read_count,
    }
    return CommandResult(value={"num_inboxes": 1, "inboxes": [row]})


@command
def get_messages(call: Call, fields: Fields) -> CommandResult:
    """Return a page of the inbound messages, by default oldest first, and mark all messages as read.

    documented: https://api.txtlocal.com/docs/inboundmessages/getmessages; the rows are assumed.
    """
    if fields["inbox_id"] != INBOX:
        raise ApiError(errors.INVALID_PARAMETER, f"inbox_id: no inbox has the id {fields['inbox_id']}")
    inbox: Inbox = call.state.inbox
    order, sort_field = fields["sort_order"], fields["sort_field"]
    messages = sorted(_messages_in_period(call, fields), key=_SORT_KEYS[sort_field], reverse=order == "desc")
    start, limit = fields["start"], fields["limit"]
    rows = [_row(message, inbox.read_count) for message in messages[start : start + limit]]
    inbox.read_count = len(inbox.messages)
    counts = {"inbox_id": INBOX, "num_messages": len(messages), "sort_order": order, "sort_field": sort_field}
    return CommandResult(value={**counts, "start": start, "limit": limit, "messages": rows})


@command
def check_keyword(call: Call, fields: Fields) -> CommandResult:
    """Return whether a keyword is available: not one of the account's own, and no opt-out word.

    observed: https://github.com/scottybo/textlocal; the response is assumed.
    """
    keyword = fields["keyword"].strip().upper()
    taken = {own_keyword.upper() for own_keyword in call.state.settings.keywords} | STOP_WORDS
    return CommandResult(value={"keyword": keyword, "available": keyword not in taken})


def _messages_in_period(call: Call, fields: Fields) -> list[InboundMessage]:
    age = call.context.limits.message_age_ms[call.operation]
    first = fields["min_time"] * SECOND if "min_time" in fields else call.now - age
    last = fields["max_time"] * SECOND + SECOND - 1 if "max_time" in fields else call.now
    return [message for message in call.state.inbox.messages if first <= message.at <= last]


def _row(message: InboundMessage, read_count: int) -> Mapping[str, object]:
    return {
        "id": message.id,
        "number": int(message.number),
        "message": message.text,
        "date": sql_time(message.at),
        "isNew": message.id > read_count,
    }
