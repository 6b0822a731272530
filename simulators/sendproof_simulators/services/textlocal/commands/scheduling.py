"""What is still to go out: `get_scheduled`, `cancel_scheduled`.

documented: https://api.textlocal.in/docs/scheduledmessages/getscheduledmessages: the rows, all strings.
observed: `sent_id`, https://github.com/scottybo/textlocal. assumed: that the id is the batch's, that a cancelled batch
is paid back and not known any more, what is answered, and the code for what cannot be cancelled.
"""

from collections.abc import Mapping, Sequence

from sendproof_simulators.core.clock.wall_clock import sql_time
from sendproof_simulators.core.effects import JournalEntry
from sendproof_simulators.core.messaging.lifecycle import CANCELLED
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal.errors import INVALID_PARAMETER, RefusalError
from sendproof_simulators.services.textlocal.messages.message_store import Dispatch
from sendproof_simulators.services.textlocal.responses import Answer, Fields
from sendproof_simulators.services.textlocal.state import NAME, State


def get_scheduled(call: Call, fields: Fields) -> Answer:
    """Every batch that is still to go out, the next one first."""
    del fields
    rows = [_row(batch, dispatch, places) for batch, dispatch, places in call.state.book.waiting(call.now)]
    silent = call.context.dialects["scheduled_status"] == "absent"
    return Answer(value={"scheduled": rows}, status=not silent, summary={"scheduled": len(rows)})


def cancel_scheduled(call: Call, fields: Fields) -> Answer:
    """Cancel a batch before it goes out, and pay it back."""
    state: State = call.state
    found = state.book.batches.find(fields["sent_id"])
    dispatch, places = (found[0], found[0].places(found[1])) if found else (None, ())
    if dispatch is None or call.now >= dispatch.send_at or state.book.batch(fields["sent_id"]) is None:
        raise RefusalError(INVALID_PARAMETER, f"sent_id: nothing with the id {fields['sent_id']} is scheduled")
    for place in places:
        dispatch.advance(place, call.now, CANCELLED)
        state.credits += dispatch.draft.parts[place]
    entries = tuple(_withdrawal(dispatch, place) for place in places)
    return Answer(value={}, entries=entries, summary={"batch": str(fields["sent_id"]), "cancelled": len(entries)})


def _row(batch: int, dispatch: Dispatch, places: Sequence[int]) -> Mapping[str, str]:
    return {
        "id": str(batch),
        "scheduledFor": sql_time(dispatch.send_at).replace(" ", "-").replace(":", "-"),
        "howmany": str(len(places)),
        "message": dispatch.draft.texts[places[0]],
        "origin": dispatch.sender,
        "groupName": dispatch.group.name if dispatch.group else "",
        "groupid": str(dispatch.group.id) if dispatch.group else "",
    }


def _withdrawal(dispatch: Dispatch, place: int) -> JournalEntry:
    return JournalEntry(kind="withdrawal", fields={"service": NAME, "message": str(dispatch.first_id + place)})
