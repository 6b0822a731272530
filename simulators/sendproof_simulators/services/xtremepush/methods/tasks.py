"""`info/task` and `list/task`."""

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.xtremepush.errors import NOT_FOUND, ApiError
from sendproof_simulators.services.xtremepush.methods.list_query import query_rows, select_fields
from sendproof_simulators.services.xtremepush.project.tasks import ROW_FIELDS
from sendproof_simulators.services.xtremepush.responses import MethodResult, method


@method
def info_task(call: Call) -> MethodResult:
    """Return one task with the errors of its rows (documented: https://docs.xtremepush.com/reference/task-methods)."""
    task = call.state.tasks.get(int(str(call.body["id"])))
    if task is None:
        raise ApiError(NOT_FOUND, f"no task has the id {call.body['id']}")
    model = {**task.row(), "errors": task.errors}
    selected = select_fields(call.body.get("select"), tuple(model))(model)
    return MethodResult(value={"model": {"id": task.id, **selected}})


@method
def list_task(call: Call) -> MethodResult:
    """List all tasks (documented: https://docs.xtremepush.com/reference/task-list)."""
    rows = query_rows((task.row() for task in call.state.tasks.values()), ROW_FIELDS, call.with_defaults)
    return MethodResult(value={"data": rows}, effects=Effects(summary={"rows": len(rows)}))
