"""`import/profile`: up to 10,000 users in one call.

documented: https://docs.xtremepush.com/reference/user-profile-import. assumed: that a row which cannot be taken keeps
no other back, and how it is told.
"""

from collections.abc import Sequence

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects, Timer
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.xtremepush.errors import wrong
from sendproof_simulators.services.xtremepush.methods.tasks import FINISHED, Rows, Task, first_timer
from sendproof_simulators.services.xtremepush.project.profiles import IMPORT_NAMES, Reader, user_id_of
from sendproof_simulators.services.xtremepush.responses import Answer
from sendproof_simulators.services.xtremepush.state import State

ASYNC_FROM = 100
# A list of ten thousand equal complaints helps nobody more than a hundred of them.
ERRORS_KEPT = 100


def import_profile(call: Call) -> Answer:
    """Take the rows now, or, from 100 on, later."""
    state: State = call.state
    columns, rows = call.body["columns"], call.body["rows"]
    reader = _reader(columns, IMPORT_NAMES[call.context.dialects["subscription_name"]])
    summary = {"columns": columns, "rows": len(rows)}
    if len(rows) < ASYNC_FROM:
        imported, errors = take(state, reader, rows, call.now)
        said: dict[str, object] = {"total": len(rows), "imported": imported, "failed": len(rows) - imported}
        return Answer(value={"model": said} | ({"errors": errors} if errors else {}), summary=summary | said)
    id_ = state.ids.draw("task", call.body, state.tasks)
    task = state.tasks[id_] = Task(id=id_, created=call.now, reader=reader, rows=rows, total=len(rows))
    return Answer(
        code=202, value={"model": {"task_id": id_}}, timers=(first_timer(task),), summary=summary | {"task": id_}
    )


def take(state: State, reader: Reader, rows: Rows, now: Instant) -> tuple[int, list[dict[str, object]]]:
    """Set the attributes of each row's user; how many, and why not the others, by their place from 0."""
    imported, errors = 0, []
    for place, row in enumerate(rows):
        try:
            values = reader.read(row)
            user_id = user_id_of(values.pop("user_id"))
        except ValueError as error:
            errors.append({"row": place, "message": str(error)})
            continue
        state.profiles.obtain(user_id, now).set(values)
        imported += 1
    return imported, errors[:ERRORS_KEPT]


def go_on(state: State, timer: Timer, now: Instant) -> Effects:
    """Let a task take its next step; with the last one its rows are in."""
    if not isinstance(timer.payload, int):
        raise TypeError(f"expected the id of a task, got {timer.payload!r}")
    task = state.tasks[timer.payload]
    following = task.step(now)
    if task.state == FINISHED:
        task.imported, task.errors = take(state, task.reader, task.rows, now)
        task.rows = ()
    return Effects(timers=() if following is None else (following,))


def _reader(columns: Sequence[str], sms_subscription: frozenset[str]) -> Reader:
    if "user_id" not in columns:
        raise wrong("columns", "expected user_id among the columns")
    if "email" in columns and "email_subscription" not in columns:
        raise wrong("columns", "expected email_subscription beside email")
    names = " or ".join(sorted(sms_subscription))
    given = sms_subscription.intersection(columns)
    if "mobile_number" in columns and not given:
        raise wrong("columns", f"expected {names} beside mobile_number")
    if len(given) > 1:
        raise wrong("columns", f"expected one of {names}, got both")
    return Reader(columns, sms_subscription)
