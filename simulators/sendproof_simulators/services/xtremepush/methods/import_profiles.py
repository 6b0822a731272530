"""`import/profile`: many users in one call.

documented: https://docs.xtremepush.com/reference/user-profile-import. assumed: that an invalid row does not prevent the
others, and how its error is reported.
"""

from collections.abc import Sequence

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects, Timer
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.xtremepush.errors import invalid_field
from sendproof_simulators.services.xtremepush.project.profiles import (
    IMPORT_SUBSCRIPTION_NAMES,
    RowReader,
    checked_user_id,
)
from sendproof_simulators.services.xtremepush.project.tasks import FINISHED, Rows, Task, first_timer
from sendproof_simulators.services.xtremepush.responses import MethodResult, method
from sendproof_simulators.services.xtremepush.state import State


@method
def import_profile(call: Call) -> MethodResult:
    """Import a few rows now, and more in a task.

    documented: https://docs.xtremepush.com/reference/user-profile-import
    """
    state: State = call.state
    columns, rows = call.body["columns"], call.body["rows"]
    reader = _row_reader(columns, IMPORT_SUBSCRIPTION_NAMES[call.context.dialects["subscription_name"]])
    summary = {"columns": columns, "rows": len(rows)}
    if len(rows) <= state.limits.rows_at_once:
        imported, errors = _import_rows(state, reader, rows, call.now)
        model: dict[str, object] = {"total": len(rows), "imported": imported, "failed": len(rows) - imported}
        value = {"model": model} | ({"errors": errors} if errors else {})
        return MethodResult(value=value, effects=Effects(summary=summary | model))
    id_ = state.ids.draw("task", call.body, state.tasks)
    task = state.tasks[id_] = Task(id=id_, created=call.now, reader=reader, rows=rows, total=len(rows))
    effects = Effects(timers=(first_timer(task),), summary=summary | {"task": id_})
    return MethodResult(code=202, value={"model": {"task_id": id_}}, effects=effects)


def resume(state: State, timer: Timer, now: Instant) -> Effects:
    """Advance a task to its next state. The last one imports its rows."""
    if not isinstance(timer.payload, int):
        raise TypeError(f"expected the id of a task, got {timer.payload!r}")
    task = state.tasks[timer.payload]
    next_timer = task.advance(now)
    if task.state == FINISHED:
        task.imported, task.errors = _import_rows(state, task.reader, task.rows, now)
        task.rows = ()
    return Effects(timers=() if next_timer is None else (next_timer,))


def _import_rows(state: State, reader: RowReader, rows: Rows, now: Instant) -> tuple[int, list[dict[str, object]]]:
    """Set the attributes of each row's user; return the number of imported rows, and errors by row number from 0."""
    imported, errors = 0, []
    for index, row in enumerate(rows):
        try:
            values = reader.read(row)
            user_id = checked_user_id(values.pop("user_id"), state.limits.user_id_length)
        except ValueError as error:
            errors.append({"row": index, "message": str(error)})
            continue
        state.profiles.get_or_create(user_id, now).update(values)
        imported += 1
    return imported, errors[: state.limits.row_errors]


def _row_reader(columns: Sequence[str], subscription_names: frozenset[str]) -> RowReader:
    """Return the reader for these columns; raise `ApiError` if some are missing."""
    if "user_id" not in columns:
        raise invalid_field("columns", "expected user_id among the columns")
    if "email" in columns and "email_subscription" not in columns:
        raise invalid_field("columns", "expected email_subscription in addition to email")
    expected = " or ".join(sorted(subscription_names))
    subscriptions = subscription_names.intersection(columns)
    if "mobile_number" in columns and not subscriptions:
        raise invalid_field("columns", f"expected {expected} in addition to mobile_number")
    if len(subscriptions) > 1:
        raise invalid_field("columns", f"expected one of {expected}, got both")
    return RowReader(columns, subscription_names)
