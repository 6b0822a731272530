"""What became of messages: `status_message`, `status_batch`, `get_history_api`.

documented: https://api.txtlocal.com/docs/messagereporting/messagestatus and .../batchstatus: the shapes, ids as
numbers, batch rows without ids. assumed: that a date is the time of sending, in UTC; what an unknown id is
answered; all but the frame of a history row.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from sendproof_simulators.core.clock import DAY, SECOND, sql_time
from sendproof_simulators.provider import Call
from sendproof_simulators.textlocal.answers import Answer, Fields
from sendproof_simulators.textlocal.errors import INVALID_PARAMETER, RefusalError
from sendproof_simulators.textlocal.messages import Dispatch, Message

# documented: six months; assumed: of 30 days and a half each.
_SIX_MONTHS = 183 * DAY
_HISTORY_MOST = 1_000
_COUNTED = {"num_delivered": "D", "num_undelivered": "U", "num_expired": "E", "num_unknown": "?", "num_invalid": "I"}


def status_message(call: Call, fields: Fields) -> Answer:
    """The status of one message."""
    message = call.state.book.message(fields["message_id"])
    if message is None:
        raise RefusalError(INVALID_PARAMETER, f"message_id: no message has the id {fields['message_id']}")
    said = {
        "id": message.id,
        "recipient": int(message.number),
        "type": "sms",
        "status": message.letter,
        "date": sql_time(message.send_at),
    }
    return Answer(value={"message": said})


def status_batch(call: Call, fields: Fields) -> Answer:
    """The status of every message of a batch, and how many have which. Pending ones are in no count."""
    messages = call.state.book.batch(fields["batch_id"])
    if messages is None:
        raise RefusalError(INVALID_PARAMETER, f"batch_id: no batch has the id {fields['batch_id']}")
    letters = Counter(message.letter for message in messages)
    said: dict[str, object] = {"batch_id": fields["batch_id"], "num_messages": len(messages)}
    said |= {name: letters[letter] for name, letter in _COUNTED.items()}
    said["messages"] = [{"recipient": int(message.number), "status": message.letter} for message in messages]
    return Answer(value=said)


def get_history_api(call: Call, fields: Fields) -> Answer:
    """The messages that went out in a period, newest first unless asked otherwise."""
    first = fields["min_time"] * SECOND if "min_time" in fields else call.now - _SIX_MONTHS
    # A period ends with its last second, not at that second's beginning.
    last = fields["max_time"] * SECOND + SECOND - 1 if "max_time" in fields else call.now
    dispatches = call.state.book.period(first, last)
    start, limit = fields.get("start", 0), fields.get("limit", _HISTORY_MOST)
    rows = _slice(dispatches, start, limit, descending=fields.get("sort_order", "desc") == "desc")
    total = sum(map(len, dispatches))
    return Answer(
        value={"start": start, "limit": limit, "total": total, "messages": list(map(_row, rows))},
        note={"start": start, "limit": limit, "total": total},
    )


def _slice(dispatches: Sequence[Dispatch], start: int, limit: int, *, descending: bool) -> Iterator[Message]:
    for dispatch in reversed(dispatches) if descending else dispatches:
        count = len(dispatch)
        for place in range(start, min(count, start + limit)):
            yield dispatch.message(count - 1 - place if descending else place)
        limit -= max(0, min(count, start + limit) - start)
        start = max(0, start - count)
        if limit <= 0:
            return


def _row(message: Message) -> dict[str, object]:
    return {
        "id": str(message.id),
        "batch_id": message.batch,
        "number": message.number,
        "sender": message.sender,
        "message": message.text,
        "content": message.text,
        "datetime": sql_time(message.send_at),
        "status": message.letter,
        "custom": message.custom,
        "num_credits": message.parts,
    }
