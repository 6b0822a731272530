"""Delivery status queries: `status_message`, `status_batch`, and the five histories.

documented: https://api.txtlocal.com/docs/messagereporting/messagestatus and .../batchstatus: the shapes, ids as
numbers, batch rows without ids. assumed: that a date is the send time, in UTC; the response to an unknown id; all
of a history row but its frame; that messages sent through the API are in the history of single messages only with the
dialect option `kind`, while those sent to a group are also in the history of groups.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sendproof_simulators.core.clock.wall_clock import SECOND, sql_time
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal.errors import INVALID_PARAMETER, ApiError
from sendproof_simulators.services.textlocal.messages.message_store import Dispatch, Group, Message
from sendproof_simulators.services.textlocal.responses import CommandResult, Fields, command, customer_member

_COUNTERS = {"num_delivered": "D", "num_undelivered": "U", "num_expired": "E", "num_unknown": "?", "num_invalid": "I"}


@command
def status_message(call: Call, fields: Fields) -> CommandResult:
    """Return the status of one message (documented: https://api.txtlocal.com/docs/messagereporting/messagestatus)."""
    message = call.state.store.message(fields["message_id"])
    if message is None:
        raise ApiError(INVALID_PARAMETER, f"message_id: no message has the id {fields['message_id']}")
    row = {
        "id": message.id,
        "recipient": int(message.number),
        "type": "sms",
        "status": message.status_code,
        "date": sql_time(message.send_at),
    }
    return CommandResult(value={"message": row}, effects=Effects(summary=_expired([message])))


@command
def status_batch(call: Call, fields: Fields) -> CommandResult:
    """Return the status of every message of a batch, and a counter per status, but none for pending messages.

    documented: https://api.txtlocal.com/docs/messagereporting/batchstatus
    """
    messages = call.state.store.batch(fields["batch_id"])
    if messages is None:
        raise ApiError(INVALID_PARAMETER, f"batch_id: no batch has the id {fields['batch_id']}")
    counts = Counter(message.status_code for message in messages)
    omitted = {"num_expired"} if call.context.dialects["batch_counters"] == "without" else set()
    value: dict[str, object] = {"batch_id": fields["batch_id"], "num_messages": len(messages)}
    value |= {name: counts[code] for name, code in _COUNTERS.items() if name not in omitted}
    value["messages"] = [
        {"recipient": int(message.number), "status": message.status_code, **customer_member(message.customer)}
        for message in messages
    ]
    return CommandResult(value=value, effects=Effects(summary=_expired(messages)))


@command
def get_history_api(call: Call, fields: Fields) -> CommandResult:
    """Return a page of the messages that were sent through the API.

    documented: https://api.txtlocal.com/docs/messagereporting/getapimessagehistory
    """
    return _message_history(fields, _dispatches_in_period(call, fields))


@command
def get_history_single(call: Call, fields: Fields) -> CommandResult:
    """Return a page of the messages to single numbers.

    documented: https://api.txtlocal.com/docs/messagereporting/getsinglemessagehistory
    """
    if call.context.dialects["histories"] == "origin":
        return _history(fields, (), 0)
    return _message_history(fields, [d for d in _dispatches_in_period(call, fields) if d.group is None])


@command
def get_history_group(call: Call, fields: Fields) -> CommandResult:
    """Return a page of the sends to groups, one row per send.

    documented: https://api.txtlocal.com/docs/messagereporting/getgroupmessagehistory
    """
    dispatches = _dispatches_in_period(call, fields)
    sends = [(d, d.group) for d in dispatches if d.group is not None and d.active_indexes()]
    start, limit, newest_first = _page(fields)
    page = (sends[::-1] if newest_first else sends)[start : start + limit]
    return _history(fields, (_group_row(dispatch, group) for dispatch, group in page), len(sends))


@command
def get_history_email(call: Call, fields: Fields) -> CommandResult:
    """Return an empty history: the simulator sends nothing by email.

    documented: https://api.txtlocal.com/docs/messagereporting/getemailtosmsmessagehistory
    """
    del call
    return _history(fields, (), 0)


@command
def get_mms_history_api(call: Call, fields: Fields) -> CommandResult:
    """Return an empty history: the simulator sends no MMS.

    documented: https://api.txtlocal.com/docs/messagereporting/getapimmsmessagehistory
    """
    del call
    return _history(fields, (), 0)


def _dispatches_in_period(call: Call, fields: Fields) -> list[Dispatch]:
    """Return the dispatches of the requested period, in order of time."""
    age = call.context.limits.message_age_ms[call.operation]
    first = fields["min_time"] * SECOND if "min_time" in fields else call.now - age
    # A period includes its last second; and scheduled messages are not in a history yet.
    last = min(fields["max_time"] * SECOND + SECOND - 1, call.now) if "max_time" in fields else call.now
    dispatches: list[Dispatch] = call.state.store.sent_between(first, last)
    return dispatches


def _message_history(fields: Fields, dispatches: Sequence[Dispatch]) -> CommandResult:
    rows = map(_message_row, _messages_of_page(dispatches, *_page(fields)))
    return _history(fields, rows, sum(len(dispatch.active_indexes()) for dispatch in dispatches))


def _expired(messages: Iterable[Message]) -> dict[str, object] | None:
    """Return a summary of the expired messages in a response, which no receipt reports; None without any."""
    expired = [str(message.id) for message in messages if message.status_code == _COUNTERS["num_expired"]]
    return {"expired": expired} if expired else None


def _page(fields: Fields) -> tuple[int, int, bool]:
    """Return the start of a page, its maximum length, and True if the newest come first."""
    return fields["start"], fields["limit"], fields["sort_order"] == "desc"


def _history(fields: Fields, rows: Iterable[Mapping[str, object]], total: int) -> CommandResult:
    start, limit, _ = _page(fields)
    frame = {"start": start, "limit": limit, "total": total}
    return CommandResult(value={**frame, "messages": list(rows)}, effects=Effects(summary=frame))


def _messages_of_page(
    dispatches: Sequence[Dispatch],
    start: int,
    limit: int,
    newest_first: bool,  # noqa: FBT001 - the fields of a page, unpacked
) -> Iterator[Message]:
    for dispatch in reversed(dispatches) if newest_first else dispatches:
        indexes = dispatch.active_indexes()
        page = (indexes[::-1] if newest_first else indexes)[start : start + limit]
        yield from map(dispatch.message, page)
        limit -= len(page)
        start = max(0, start - len(indexes))
        if limit <= 0:
            return


def _message_row(message: Message) -> dict[str, object]:
    return {
        "id": str(message.id),
        "batch_id": message.batch,
        "number": message.number,
        "sender": message.sender,
        "message": message.text,
        "content": message.text,
        "datetime": sql_time(message.send_at),
        "status": message.status_code,
        "custom": message.custom,
        "num_credits": message.parts,
    }


def _group_row(dispatch: Dispatch, group: Group) -> dict[str, object]:
    return {
        "batch_id": dispatch.first_batch,
        "group_id": group.id,
        "group_name": group.name,
        "message": dispatch.accepted.texts[0],
        "datetime": sql_time(dispatch.send_at),
        "num_credits": sum(dispatch.accepted.parts),
    }
