"""Scheduled batches: `get_scheduled` and `cancel_scheduled`.

documented: https://api.textlocal.in/docs/scheduledmessages/getscheduledmessages: the rows, all of them strings.
observed: `sent_id`, https://github.com/scottybo/textlocal. assumed: that the id is the batch's; that a cancelled batch
is refunded and not known any more; the response; and the code for a batch that cannot be cancelled.
"""

from collections.abc import Mapping, Sequence

from sendproof_simulators.core.clock.wall_clock import sql_time
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.messaging.lifecycle import CANCELLED
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal.errors import INVALID_PARAMETER, ApiError
from sendproof_simulators.services.textlocal.messages.message_store import Dispatch
from sendproof_simulators.services.textlocal.responses import CommandResult, Fields, command
from sendproof_simulators.services.textlocal.state import NAME, State


@command
def get_scheduled(call: Call, fields: Fields) -> CommandResult:
    """List the batches that have not gone out yet, the next one first.

    documented: https://api.textlocal.in/docs/scheduledmessages/getscheduledmessages
    """
    del fields
    rows = [_row(batch, dispatch, indexes) for batch, dispatch, indexes in call.state.store.scheduled_batches(call.now)]
    has_status = call.context.dialects["scheduled_status"] == "present"
    return CommandResult(
        value={"scheduled": rows}, has_status=has_status, effects=Effects(summary={"scheduled": len(rows)})
    )


@command
def cancel_scheduled(call: Call, fields: Fields) -> CommandResult:
    """Cancel a batch before it goes out, and refund it (observed: https://github.com/scottybo/textlocal)."""
    state: State = call.state
    batch = fields["sent_id"]
    found = state.store.batches.find(batch)
    if found is None or call.now >= found[0].send_at or state.store.batch(batch) is None:
        raise ApiError(INVALID_PARAMETER, f"sent_id: nothing with the id {batch} is scheduled")
    dispatch, indexes = found[0], found[0].indexes_of_batch(found[1])
    for index in indexes:
        dispatch.advance(index, call.now, CANCELLED)
        state.credits += dispatch.accepted.parts[index]
    withdrawals = tuple(_withdrawal(dispatch, index) for index in indexes)
    summary = {"batch": str(batch), "cancelled": len(withdrawals)}
    return CommandResult(value={}, effects=Effects(entries=withdrawals, summary=summary))


def _row(batch: int, dispatch: Dispatch, indexes: Sequence[int]) -> Mapping[str, str]:
    return {
        "id": str(batch),
        "scheduledFor": sql_time(dispatch.send_at).replace(" ", "-").replace(":", "-"),
        "howmany": str(len(indexes)),
        "message": dispatch.accepted.texts[indexes[0]],
        "origin": dispatch.sender,
        "groupName": dispatch.group.name if dispatch.group else "",
        "groupid": str(dispatch.group.id) if dispatch.group else "",
    }


def _withdrawal(dispatch: Dispatch, index: int) -> JournalEntry:
    return JournalEntry(kind="withdrawal", fields={"service": NAME, "message": str(dispatch.first_id + index)})
