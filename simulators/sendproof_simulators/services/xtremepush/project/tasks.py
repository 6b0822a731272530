"""Asynchronous tasks: an import of many rows becomes a task.

documented: https://docs.xtremepush.com/reference/task-methods (that there are tasks, the identifier profile_import) and
https://docs.xtremepush.com/reference/task-list (finish_time, a Unix time). assumed: the other fields, the names of the
states, and how long each state lasts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sendproof_simulators.core.clock.wall_clock import SECOND, Instant
from sendproof_simulators.core.effects import Timer
from sendproof_simulators.services.xtremepush.project.profiles import RowReader

TIMER = "task"
IDENTIFIER = "profile_import"
PENDING, RUNNING, FINISHED = "pending", "running", "finished"
_NEXT_STATE: Mapping[str, str] = {PENDING: RUNNING, RUNNING: FINISHED}

_PENDING_MS = 1 * SECOND
_MS_PER_ROW = 1

Rows = Sequence[Sequence[object]]


@dataclass(slots=True, kw_only=True)
class Task:
    """One import. `created`, `started` and `finished` are instants; `rows` is empty after the import."""

    id: int
    created: Instant
    reader: RowReader
    rows: Rows
    total: int
    state: str = PENDING
    started: Instant | None = None
    finished: Instant | None = None
    imported: int = 0
    errors: list[dict[str, object]] = field(default_factory=list)

    def advance(self, now: Instant) -> Timer | None:
        """Enter the next state; return the timer for the one after it, or None if it was the last."""
        self.state = _NEXT_STATE[self.state]
        if self.state == RUNNING:
            self.started = now
            return Timer(at=now + _MS_PER_ROW * self.total, name=TIMER, payload=self.id)
        self.finished = now
        return None

    def row(self) -> dict[str, object]:
        """Return the task as a row of a list."""
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


ROW_FIELDS = tuple(Task(id=0, created=0, reader=RowReader((), frozenset()), rows=(), total=0).row())


def first_timer(task: Task) -> Timer:
    """Return the timer for the start of a new task."""
    return Timer(at=task.created + _PENDING_MS, name=TIMER, payload=task.id)
