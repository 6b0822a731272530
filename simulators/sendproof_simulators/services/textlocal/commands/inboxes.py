"""What people write back: the inbox, and the commands that read it.

documented: https://api.txtlocal.com/docs/inboundmessages/getinboxes, .../getmessages (parameters) and .../postmessages.
assumed: the rows of `get_messages`, that reading them makes them old, and the reply of `check_keyword`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sendproof_simulators.core.clock.wall_clock import DAY, SECOND, Instant, sql_time
from sendproof_simulators.core.messaging.opt_outs import STOP_WORDS
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.errors import RefusalError
from sendproof_simulators.services.textlocal.responses import Answer, Fields

# assumed: which number replies go to is not published; any number will do.
REPLY_NUMBER = "447860033333"
INBOX = 10
_SIX_MONTHS = 183 * DAY
_MOST = 1_000


class Received(NamedTuple):
    """One message that came in."""

    id: int
    number: str
    text: str
    at: Instant


@dataclass(slots=True)
class Inbox:
    """The one inbox of an account: that of its reply number. `seen` counts the messages that were read."""

    messages: list[Received] = field(default_factory=list)
    seen: int = 0

    def receive(self, number: str, text: str, at: Instant) -> Received:
        """Keep one more message."""
        received = Received(len(self.messages) + 1, number, text, at)
        self.messages.append(received)
        return received


def get_inboxes(call: Call, fields: Fields) -> Answer:
    """The one inbox that there is."""
    del fields
    inbox: Inbox = call.state.inbox
    row = {
        "id": INBOX,
        "number": int(REPLY_NUMBER),
        "keyword": None,
        "num_messages": len(inbox.messages),
        "num_contacts": len({message.number for message in inbox.messages}),
        "newMsgs": len(inbox.messages) - inbox.seen,
    }
    return Answer(value={"num_inboxes": 1, "inboxes": [row]})


def get_messages(call: Call, fields: Fields) -> Answer:
    """A page of the messages that came in, oldest first unless asked otherwise."""
    if fields["inbox_id"] != INBOX:
        raise RefusalError(errors.INVALID_PARAMETER, f"inbox_id: no inbox has the id {fields['inbox_id']}")
    inbox: Inbox = call.state.inbox
    first = fields["min_time"] * SECOND if "min_time" in fields else call.now - _SIX_MONTHS
    last = fields["max_time"] * SECOND + SECOND - 1 if "max_time" in fields else call.now
    order, by = fields.get("sort_order", "asc"), fields.get("sort_field", "date")
    found = sorted((m for m in inbox.messages if first <= m.at <= last), key=_KEYS[by], reverse=order == "desc")
    start, limit = fields.get("start", 0), fields.get("limit", _MOST)
    rows = [_row(message, inbox.seen) for message in found[start : start + limit]]
    inbox.seen = len(inbox.messages)
    said = {"inbox_id": INBOX, "num_messages": len(found), "sort_order": order, "sort_field": by}
    return Answer(value={**said, "start": start, "limit": limit, "messages": rows})


_KEYS = {"date": lambda message: (message.at, message.id), "number": lambda message: (message.number, message.id)}


def _row(message: Received, seen: int) -> Mapping[str, object]:
    return {
        "id": message.id,
        "number": int(message.number),
        "message": message.text,
        "date": sql_time(message.at),
        "isNew": message.id > seen,
    }


def check_keyword(call: Call, fields: Fields) -> Answer:
    """Whether a keyword is free: neither the account's own nor one by which people opt out."""
    keyword = fields["keyword"].strip().upper()
    taken = {word.upper() for word in call.state.settings.keywords} | STOP_WORDS
    return Answer(value={"keyword": keyword, "available": keyword not in taken})
