"""Asynchronous tasks: an import of many rows becomes one.

documented: https://docs.xtremepush.com/reference/task-methods (that there are tasks, the identifier profile_import) and
https://docs.xtremepush.com/reference/task-list (finish_time, a Unix time). assumed: the other fields, the names of the
states, and how long each takes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sendproof_simulators.core.clock.wall_clock import SECOND, Instant
from sendproof_simulators.core.effects import Timer
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.xtremepush.errors import NOT_FOUND, RefusalError
from sendproof_simulators.services.xtremepush.methods.list_query import listed, selector
from sendproof_simulators.services.xtremepush.project.profiles import Reader
from sendproof_simulators.services.xtremepush.responses import Answer

TIMER = "task"
IDENTIFIER = "profile_import"
PENDING, RUNNING, FINISHED = "pending", "running", "finished"
STEPS: Mapping[str, str] = {PENDING: RUNNING, RUNNING: FINISHED}

_WAIT = 1 * SECOND
_EACH_ROW = 1

Rows = Sequence[Sequence[object]]


@dataclass(slots=True, kw_only=True)
class Task:
    """One import. Times are instants; `rows` is empty once they are in."""

    id: int
    created: Instant
    reader: Reader
    rows: Rows
    total: int
    state: str = PENDING
    started: Instant | None = None
    finished: Instant | None = None
    imported: int = 0
    errors: list[dict[str, object]] = field(default_factory=list)

    def step(self, now: Instant) -> Timer | None:
        """Go on to the next state; when it goes on from there."""
        self.state = STEPS[self.state]
        if self.state == RUNNING:
            self.started = now
            return Timer(at=now + _EACH_ROW * self.total, name=TIMER, payload=self.id)
        self.finished = now
        return None

    def row(self) -> dict[str, object]:
        """The task as it is told."""
        return {
            "id": self.id,
            "identifier": IDENTIFIER,
            "status": self.state,
            "create_time": self.created // SECOND,
            "start_time": None if self.started is None else self.started // SECOND,
            "finish_time": None if self.finished is None else self.finished // SECOND,
            "total": self.total,
            "imported": self.imported,
            "failed": self.total - self.imported if self.state == FINISHED else 0,
        }


ROW_FIELDS = tuple(Task(id=0, created=0, reader=Reader((), frozenset()), rows=(), total=0).row())


def first_timer(task: Task) -> Timer:
    """When a new task starts."""
    return Timer(at=task.created + _WAIT, name=TIMER, payload=task.id)


def info_task(call: Call) -> Answer:
    """One task, with what was wrong with its rows."""
    task = call.state.tasks.get(int(str(call.body["id"])))
    if task is None:
        raise RefusalError(NOT_FOUND, f"no task has the id {call.body['id']}")
    model = {**task.row(), "errors": task.errors}
    return Answer(value={"model": {"id": task.id, **selector(call.body.get("select"), tuple(model))(model)}})


def list_task(call: Call) -> Answer:
    """All tasks."""
    rows = listed((task.row() for task in call.state.tasks.values()), ROW_FIELDS, call.body)
    return Answer(value={"data": rows}, summary={"rows": len(rows)})
