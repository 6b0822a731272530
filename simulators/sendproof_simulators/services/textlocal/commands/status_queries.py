"""What became of messages: `status_message`, `status_batch`, and the five histories.

documented: https://api.txtlocal.com/docs/messagereporting/messagestatus and .../batchstatus: the shapes, ids as
numbers, batch rows without ids. assumed: that a date is the time of sending, in UTC; what an unknown id is
answered; all but the frame of a history row; that what came through the API is in the history of single messages only
where a sandbox says so, while what went to a group is in that of groups, too.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sendproof_simulators.core.clock.wall_clock import DAY, SECOND, sql_time
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal.errors import INVALID_PARAMETER, RefusalError
from sendproof_simulators.services.textlocal.messages.message_store import Dispatch, Group, Message
from sendproof_simulators.services.textlocal.responses import Answer, Fields

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
    silent = {"num_expired"} if call.context.dialects["batch_counters"] == "without" else set()
    said |= {name: letters[letter] for name, letter in _COUNTED.items() if name not in silent}
    said["messages"] = [{"recipient": int(message.number), "status": message.letter} for message in messages]
    return Answer(value=said)


def get_history_api(call: Call, fields: Fields) -> Answer:
    """The messages that went out through the API."""
    dispatches = _period(call, fields)
    rows = map(_row, _messages(dispatches, *_page(fields)))
    return _history(fields, rows, sum(len(dispatch.living()) for dispatch in dispatches))


def get_history_single(call: Call, fields: Fields) -> Answer:
    """The messages to single numbers."""
    if call.context.dialects["histories"] == "origin":
        return _history(fields, (), 0)
    dispatches = [dispatch for dispatch in _period(call, fields) if dispatch.group is None]
    rows = map(_row, _messages(dispatches, *_page(fields)))
    return _history(fields, rows, sum(len(dispatch.living()) for dispatch in dispatches))


def get_history_group(call: Call, fields: Fields) -> Answer:
    """What was sent to groups, a row for each send."""
    found = [(d, d.group) for d in _period(call, fields) if d.group is not None and d.living()]
    start, limit, descending = _page(fields)
    page = (found[::-1] if descending else found)[start : start + limit]
    return _history(fields, (_group_row(dispatch, group) for dispatch, group in page), len(found))


def get_history_email(call: Call, fields: Fields) -> Answer:
    """What was sent by mail: nothing comes that way here. The MMS history is just as empty."""
    del call
    return _history(fields, (), 0)


def _period(call: Call, fields: Fields) -> list[Dispatch]:
    """What went out in the period that is asked for, in order of time."""
    first = fields["min_time"] * SECOND if "min_time" in fields else call.now - _SIX_MONTHS
    # A period ends with its last second, not at that second's beginning; and what is scheduled is no history yet.
    last = min(fields["max_time"] * SECOND + SECOND - 1, call.now) if "max_time" in fields else call.now
    found: list[Dispatch] = call.state.book.period(first, last)
    return found


def _page(fields: Fields) -> tuple[int, int, bool]:
    """Where a page starts, how long it is at most, and whether the newest come first."""
    return fields.get("start", 0), fields.get("limit", _HISTORY_MOST), fields.get("sort_order", "desc") == "desc"


def _history(fields: Fields, rows: Iterable[Mapping[str, object]], total: int) -> Answer:
    start, limit, _ = _page(fields)
    frame = {"start": start, "limit": limit, "total": total}
    return Answer(value={**frame, "messages": list(rows)}, summary=frame)


def _messages(dispatches: Sequence[Dispatch], start: int, limit: int, descending: bool) -> Iterator[Message]:  # noqa: FBT001 - a page, spread out
    for dispatch in reversed(dispatches) if descending else dispatches:
        places = dispatch.living()
        page = (places[::-1] if descending else places)[start : start + limit]
        yield from map(dispatch.message, page)
        limit -= len(page)
        start = max(0, start - len(places))
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


def _group_row(dispatch: Dispatch, group: Group) -> dict[str, object]:
    return {
        "batch_id": dispatch.first_batch,
        "group_id": group.id,
        "group_name": group.name,
        "message": dispatch.draft.texts[0],
        "datetime": sql_time(dispatch.send_at),
        "num_credits": sum(dispatch.draft.parts),
    }
