"""The job table: work that is due now or later, under natural names, each owned by one run of the bridge at a time.

`due_at` obeys the injected clock, leases are real time. Functions take a transaction, so that a step ends its job
in the same transaction as its results: both happen or neither does.
"""

# ruff: noqa: S608 statements are put together from constants of this package only

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, text

from sendproof_bridge.clock import MINUTE, Instant
from sendproof_bridge.storage.lifecycle import JOB
from sendproof_bridge.storage.store import execute_many

LEASE_SECONDS = 120.0

# Work of this kind tells what all other work has come to: it waits until that of its instant is done, but no longer
# than this, so that receipts without end cannot hold it up for ever.
_LAST = "metrics"
_LAST_WAITS = MINUTE

# Of this kind what waits in one lane is taken together, so many at most that a transaction stays short.
TOGETHER = "trigger"
_TOGETHER_AT_ONCE = 200


class LostJobError(Exception):
    """The job is no longer this run's: its lease ended, or somebody else finished it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """Work to be done. Jobs of one lane run one after the other; the empty lane has no such order."""

    id: str
    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    due_at: Instant = 0
    lane: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job that this run owns. `attempts` counts this one."""

    id: str
    kind: str
    lane: str
    payload: Mapping[str, Any]
    attempts: int
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimant:
    """Who asks for work: a run of the bridge, the two times, the lanes in which it works, and whether it is idle."""

    owner: str
    now: Instant
    real: float
    busy: Collection[str] = ()
    idle: bool = True


_ADD = (
    "INSERT INTO job (id, kind, lane, payload, due_at, state, attempts)"
    " VALUES (:id, :kind, :lane, :payload, :due_at, 'due', 0) ON CONFLICT DO NOTHING"
)
_CANDIDATE = (
    "SELECT id FROM job WHERE ((state = 'due' AND due_at <= :now)"
    " OR (state = 'running' AND lease_until < :real AND owner <> :owner))"
    f" AND lane NOT IN :busy AND (kind <> '{_LAST}' OR :idle OR due_at <= :overdue)"
    f" ORDER BY kind = '{_LAST}' AND due_at > :overdue, due_at, id LIMIT 1"
)
_PEEK = text(_CANDIDATE).bindparams(bindparam("busy", expanding=True))
_RUN = "UPDATE job SET state = 'running', owner = :owner, lease_until = :lease, attempts = attempts + 1"
_CLAIMED = "RETURNING id, kind, lane, payload, attempts"
_CLAIM = text(f"{_RUN} WHERE id = ({_CANDIDATE}) {_CLAIMED}").bindparams(bindparam("busy", expanding=True))
_CLAIM_ALIKE = text(
    f"{_RUN} WHERE id IN (SELECT id FROM job WHERE state = 'due' AND due_at <= :now AND kind = :kind AND lane = :lane"
    f" ORDER BY due_at, id LIMIT :most) {_CLAIMED}"
)
_MOVE = text(
    "UPDATE job SET state = :state, due_at = COALESCE(:due_at, due_at), attempts = COALESCE(:attempts, attempts),"
    " trouble = :trouble, owner = NULL, lease_until = NULL"
    " WHERE id = :id AND owner = :owner AND state IN :sources"
).bindparams(bindparam("sources", expanding=True))
_COMPLETE = (
    "UPDATE job SET state = 'done', trouble = NULL, owner = NULL, lease_until = NULL"
    f" WHERE id = :id AND owner = :owner AND state IN {JOB.sql('done')}"
)
_BRING_FORWARD = text(
    "UPDATE job SET state = 'due', due_at = :due_at, attempts = 0 WHERE id = :id AND state IN :sources"
).bindparams(bindparam("sources", expanding=True))
_RESCUE = text(
    "UPDATE job SET state = 'due', owner = NULL, lease_until = NULL WHERE state = 'running' AND owner <> :owner"
)
_REVIVE = text("UPDATE job SET state = 'due', due_at = 0, attempts = 0 WHERE state = 'dead'")
_REWRITE = text("UPDATE job SET payload = :payload WHERE id = :id AND owner = :owner AND state = 'running'")
_RENEW = text("UPDATE job SET lease_until = :lease WHERE state = 'running' AND owner = :owner")
_NEXT_DUE = text("SELECT MIN(due_at) FROM job WHERE state = 'due'")


_WAKE_UP = text("UPDATE job SET state = 'due', due_at = :due_at, attempts = 0 WHERE id = :id AND state = 'done'")


def add(tx: Connection, jobs: Iterable[NewJob]) -> None:
    """Insert jobs; those whose name is taken are there already, and stay as they are."""
    rows = [
        {"id": new.id, "kind": new.kind, "lane": new.lane, "payload": json.dumps(new.payload), "due_at": new.due_at}
        for new in jobs
    ]
    execute_many(tx, _ADD, rows)


def start_over(tx: Connection, new: NewJob) -> None:
    """Insert a job, or make the one of that name due at `due_at` whatever became of it before."""
    add(tx, [new])
    tx.execute(_BRING_FORWARD, {"id": new.id, "due_at": new.due_at, "sources": _waiting()})


def wake_up(tx: Connection, new: NewJob) -> None:
    """Insert a job, or have one of that name that is done come back; one that waits goes on waiting."""
    add(tx, [new])
    tx.execute(_WAKE_UP, {"id": new.id, "due_at": new.due_at})


def _waiting() -> list[str]:
    return [state for state in JOB.sources("due") if state != "running"]


def peek(tx: Connection, claimant: Claimant) -> bool:
    """Whether a claim would find anything."""
    return tx.execute(_PEEK, _parameters(claimant)).first() is not None


def claim(tx: Connection, claimant: Claimant) -> Job | None:
    """Take the job that has been due longest, outside the busy lanes; None when none is due."""
    lease = claimant.real + LEASE_SECONDS
    row = tx.execute(_CLAIM, {**_parameters(claimant), "lease": lease}).mappings().first()
    return None if row is None else _claimed(row, claimant)


def claim_alike(tx: Connection, claimant: Claimant, first: Job) -> list[Job]:
    """With a job that is done together with others, take those of its lane which are due too, in the order of names."""
    if first.kind != TOGETHER or not first.lane:
        return [first]
    alike = {"kind": first.kind, "lane": first.lane, "most": _TOGETHER_AT_ONCE - 1}
    when = {"owner": claimant.owner, "now": claimant.now, "lease": claimant.real + LEASE_SECONDS}
    rows = tx.execute(_CLAIM_ALIKE, {**alike, **when}).mappings().all()
    return sorted([first, *(_claimed(row, claimant) for row in rows)], key=lambda job: job.id)


def _claimed(row: RowMapping, claimant: Claimant) -> Job:
    return Job(**{**row, "payload": json.loads(row["payload"]), "owner": claimant.owner})


def _parameters(claimant: Claimant) -> dict[str, object]:
    return {
        "owner": claimant.owner,
        "now": claimant.now,
        "real": claimant.real,
        "busy": sorted(claimant.busy),
        "idle": claimant.idle,
        "overdue": claimant.now - _LAST_WAITS,
    }


def complete(tx: Connection, job: Job) -> None:
    """The job is done for good."""
    _move(tx, job, "done")


def complete_all(tx: Connection, jobs: Sequence[Job]) -> None:
    """All of them are done for good."""
    moved = execute_many(tx, _COMPLETE, [{"id": job.id, "owner": job.owner} for job in jobs])
    if moved != len(jobs):
        raise LostJobError(f"{len(jobs) - moved} of {len(jobs)} jobs from {jobs[0].id} on are no longer owned")


def again(tx: Connection, job: Job, due_at: Instant) -> None:
    """The job has done its work for now, and comes back as new."""
    _move(tx, job, "due", due_at=due_at, attempts=0)


def later(tx: Connection, job: Job, due_at: Instant, trouble: str) -> None:
    """The job could not be done; try again at `due_at`."""
    _move(tx, job, "due", due_at=due_at, trouble=trouble)


def put_off(tx: Connection, job: Job, due_at: Instant) -> None:
    """The job was not begun, as its time has not come yet. That was no attempt."""
    _move(tx, job, "due", due_at=due_at, attempts=job.attempts - 1)


def bury(tx: Connection, job: Job, trouble: str) -> None:
    """The job cannot be done. It stays in the table until somebody looks at it."""
    _move(tx, job, "dead", trouble=trouble)


def rewrite(tx: Connection, job: Job, payload: Mapping[str, Any]) -> None:
    """Give a running job another payload, which counts when it is run again."""
    if tx.execute(_REWRITE, {"id": job.id, "owner": job.owner, "payload": json.dumps(payload)}).rowcount != 1:
        raise LostJobError(f"job {job.id} is no longer owned by {job.owner}")


def leave_unknown(tx: Connection, job: Job, trouble: str) -> None:
    """The job may have had its effect, and asking again might double it. It stays in the table as unknown."""
    _move(tx, job, "unknown", trouble=trouble)


def _move(
    tx: Connection,
    job: Job,
    state: str,
    *,
    due_at: Instant | None = None,
    attempts: int | None = None,
    trouble: str | None = None,
) -> None:
    JOB.check("running", state)
    change = {"state": state, "due_at": due_at, "attempts": attempts, "trouble": trouble}
    moved = tx.execute(_MOVE, {"id": job.id, "owner": job.owner, "sources": ["running"], **change})
    if moved.rowcount != 1:
        raise LostJobError(f"job {job.id} is no longer owned by {job.owner}")


def rescue(tx: Connection, owner: str) -> int:
    """Make due again what earlier runs left running; only for a run that knows that they are dead."""
    return tx.execute(_RESCUE, {"owner": owner}).rowcount


def revive(tx: Connection) -> int:
    """Give dead jobs another chance: somebody has looked at them, and started the bridge anew."""
    return tx.execute(_REVIVE).rowcount


def renew(tx: Connection, owner: str, real: float) -> None:
    """Say that this run is alive and still at its jobs."""
    tx.execute(_RENEW, {"owner": owner, "lease": real + LEASE_SECONDS})


def next_due(tx: Connection) -> Instant | None:
    """When the next job is due; None when none waits."""
    due: Instant | None = tx.execute(_NEXT_DUE).scalar_one()
    return due
