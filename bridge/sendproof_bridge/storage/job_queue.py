"""The job table: work that is due now or later, under natural ids, each owned by one run of the bridge at a time.

Several runs may share the table, in PostgreSQL: a lane is busy while any of them runs a job of it.

`due_at` is on the injected clock, leases are in real time. Functions take a transaction, so that a handler ends its job
in the same transaction as its results: both are stored, or neither.
"""

# ruff: noqa: S608 statements are built from constants of this package only

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Text, bindparam, text

from sendproof_bridge.clock import MINUTE, Instant, real_now
from sendproof_bridge.storage.lifecycle import JOB
from sendproof_bridge.storage.store import ADDED_JOBS, execute_many, plain

LEASE_SECONDS = 120.0

# Jobs of this kind report the results of all other work. They wait until other work of the same instant is done, but
# no longer than this, so that an endless stream of receipts cannot delay them forever. After an outage the time counts
# from the start: a report that fell due meanwhile would overtake all that the bridge then catches up with.
_LAST = "push_metrics"
_LAST_MAX_DELAY = MINUTE

# Waiting jobs of this kind in one lane are claimed as a batch. The limit keeps their transaction short.
BATCHED = "send_triggered"
_MAX_BATCH = 200


class LostJobError(Exception):
    """The run no longer owns the job: its lease ended, or another run finished it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """Work to be done. Jobs of one lane run one after the other; jobs without a lane run in any order."""

    id: str
    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    due_at: Instant = 0
    lane: str = ""


@dataclass(slots=True)
class Lease:
    """How long a job certainly belongs to its run, in seconds of `real_now`: without end if no other could take it."""

    until: float = math.inf

    def check(self) -> None:
        """Raise `LostJobError` if the process hung for so long that another one may have taken over the job."""
        if real_now() >= self.until:
            raise LostJobError("the process hung, and another may have taken over the job")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job that this run owns. `attempts` includes the current one."""

    id: str
    kind: str
    lane: str
    payload: Mapping[str, Any]
    attempts: int
    owner: str
    lease: Lease = field(default_factory=Lease)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRequest:
    """A request for work by a run: the virtual and the real time, its busy lanes, and True if it runs nothing now.

    `started_at` is the virtual time at which the run began; `lease` is that of the claimed jobs.
    """

    owner: str
    now: Instant
    real: float
    busy_lanes: Collection[str] = ()
    idle: bool = True
    started_at: Instant = 0
    lease: Lease = field(default_factory=Lease)


# The job that this thread attempts.
_attempted: ContextVar[Job | None] = ContextVar("attempted_job", default=None)

_ADD = (
    "INSERT INTO job (id, kind, lane, payload, due_at, state, attempts)"
    " VALUES (:id, :kind, :lane, :payload, :due_at, 'due', 0) ON CONFLICT DO NOTHING"
)
# Each free lane's first job, by the index job_claim: as cheap with many due jobs as with a few. A lease of another run
# that has ended frees its job.
_FIRST = """
    WITH RECURSIVE busy (lane) AS (
        SELECT value FROM json_each(:busy_lanes)
        UNION ALL
        SELECT lane FROM job WHERE state = 'running' AND owner <> :owner AND lease_until >= :real AND lane <> ''
    ), lanes (lane) AS (
        SELECT MIN(lane) FROM job INDEXED BY job_claim WHERE state = 'due'
        UNION ALL
        SELECT (SELECT MIN(lane) FROM job INDEXED BY job_claim WHERE state = 'due' AND lane > lanes.lane)
        FROM lanes WHERE lane IS NOT NULL
    ), first (id) AS (
        SELECT (
            SELECT id FROM job INDEXED BY job_claim
            WHERE state = 'due' AND lane = lanes.lane AND due_at <= :now AND {kinds} ORDER BY due_at, id LIMIT 1
        ) FROM lanes WHERE lane NOT IN (SELECT lane FROM busy)
        UNION ALL
        SELECT id FROM job WHERE state = 'running' AND lease_until < :real AND owner <> :owner AND {kinds}
        AND lane NOT IN (SELECT lane FROM busy)
    )
    SELECT id FROM job WHERE id IN (SELECT id FROM first) ORDER BY due_at, id LIMIT 1
"""
# Most looks for work find none, which is quickly seen without regard to lanes.
_MAY_BE_DUE = (
    "SELECT EXISTS (SELECT 1 FROM job WHERE state = 'due' AND due_at <= :now)"
    " OR EXISTS (SELECT 1 FROM job WHERE state = 'running' AND owner <> :owner)"
)
_FIND = _FIRST.format(kinds=f"(kind <> '{_LAST}' OR due_at <= :overdue)")
_FIND_LAST = _FIRST.format(
    kinds=f"kind = '{_LAST}' AND NOT EXISTS (SELECT 1 FROM job other WHERE other.state = 'running'"
    f" AND other.owner <> :owner AND other.lease_until >= :real AND other.kind <> '{_LAST}')"
)
_RUN = "UPDATE job SET state = 'running', owner = :owner, lease_until = :lease, attempts = attempts + 1"
_RETURNING = "RETURNING id, kind, lane, payload, attempts"
_CLAIM = f"{_RUN} WHERE id = :id {_RETURNING}"
_CLAIM_BATCH = (
    f"{_RUN} WHERE id IN (SELECT id FROM job WHERE state = 'due' AND due_at <= :now AND kind = :kind AND lane = :lane"
    f" ORDER BY due_at, id LIMIT :limit) {_RETURNING}"
)
_END_ATTEMPT = (
    "UPDATE job SET state = :state, due_at = COALESCE(:due_at, due_at), attempts = COALESCE(:attempts, attempts),"
    " last_error = :last_error, owner = NULL, lease_until = NULL"
    " WHERE id = :id AND owner = :owner AND state = 'running'"
)
_COMPLETE = (
    "UPDATE job SET state = 'done', last_error = NULL, owner = NULL, lease_until = NULL"
    f" WHERE id = :id AND owner = :owner AND state IN {JOB.sql('done')}"
)
_COMPLETE_CALLED = (
    "UPDATE job SET state = 'done', last_error = NULL, owner = NULL, lease_until = NULL"
    f" WHERE id = :id AND state IN {JOB.sql('done')}"
)
_MAKE_DUE = text(
    "UPDATE job SET state = 'due', due_at = :due_at, attempts = 0 WHERE id = :id AND state IN :sources"
).bindparams(bindparam("sources", expanding=True, type_=Text))
_RELEASE = text(
    "UPDATE job SET state = 'due', owner = NULL, lease_until = NULL WHERE state = 'running' AND owner <> :owner"
    " AND owner NOT IN (SELECT value FROM json_each(:alive))"
)
_OTHER_OWNERS = "SELECT DISTINCT owner FROM job WHERE state = 'running' AND owner <> ?"
_REQUEUE_FAILED = text("UPDATE job SET state = 'due', due_at = 0, attempts = 0 WHERE state = 'dead'")
_SET_PAYLOAD = text("UPDATE job SET payload = :payload WHERE id = :id AND owner = :owner AND state = 'running'")
_OWNED = "SELECT 1 FROM job WHERE id = ? AND owner = ? AND state = 'running'"
_RENEW = text("UPDATE job SET lease_until = :lease WHERE state = 'running' AND owner = :owner")
_NEXT_DUE = "SELECT MIN(due_at) FROM job WHERE state = 'due' AND due_at > ?"
_REQUEUE_DONE = text("UPDATE job SET state = 'due', due_at = :due_at, attempts = 0 WHERE id = :id AND state = 'done'")


@contextmanager
def attempted(job: Job) -> Iterator[None]:
    """Attempt a job in this thread: meanwhile, `check_attempt` and `check_lease` are about it."""
    token = _attempted.set(job)
    try:
        yield
    finally:
        _attempted.reset(token)


def check_attempt(tx: Connection) -> None:
    """Raise `LostJobError` if the job that this thread attempts belongs to another run."""
    if (job := _attempted.get()) is not None:
        check_owned(tx, job)


def check_lease() -> None:
    """Raise `LostJobError` if another run may have taken over the job that this thread attempts."""
    if (job := _attempted.get()) is not None:
        job.lease.check()


def add(tx: Connection, jobs: Iterable[NewJob]) -> None:
    """Insert jobs. A job with the id of an existing job is ignored."""
    tx.info[ADDED_JOBS] = True
    rows = [
        {"id": job.id, "kind": job.kind, "lane": job.lane, "payload": json.dumps(job.payload), "due_at": job.due_at}
        for job in jobs
    ]
    execute_many(tx, _ADD, rows)


def make_due(tx: Connection, job: NewJob) -> None:
    """Insert a job, or make the job with this id due at `due_at`, whatever its state, unless it is running."""
    add(tx, [job])
    sources = [state for state in JOB.sources("due") if state != "running"]
    tx.execute(_MAKE_DUE, {"id": job.id, "due_at": job.due_at, "sources": sources})


def requeue_done(tx: Connection, job: NewJob) -> None:
    """Insert a job, or make the job with this id due again if it is done. A waiting job keeps its due time."""
    add(tx, [job])
    tx.execute(_REQUEUE_DONE, {"id": job.id, "due_at": job.due_at})


def has_due(tx: Connection, request: ClaimRequest) -> bool:
    """Return True if `claim` would return a job."""
    return _first_due(tx, request) is not None


def claim(tx: Connection, request: ClaimRequest) -> Job | None:
    """Claim the job that has been due longest, outside the busy lanes; None if no job is due."""
    id_ = _first_due(tx, request)
    if id_ is None:
        return None
    values = {"id": id_, "owner": request.owner, "lease": request.real + LEASE_SECONDS}
    (row,) = plain(tx).execute(_CLAIM, values).fetchall()
    return _job(row, request)


def _first_due(tx: Connection, request: ClaimRequest) -> str | None:
    db = plain(tx)
    (may_be_due,) = db.execute(_MAY_BE_DUE, {"now": request.now, "owner": request.owner}).fetchone()
    if not may_be_due:
        return None
    values = _parameters(request)
    row = db.execute(_FIND, values).fetchone()
    if row is None and request.idle:
        row = db.execute(_FIND_LAST, values).fetchone()
    return None if row is None else str(row[0])


def claim_batch(tx: Connection, request: ClaimRequest, first: Job) -> list[Job]:
    """Return a claimed job; if its kind is batched, claim the other due jobs of its lane too. Sorted by id."""
    if first.kind != BATCHED or not first.lane:
        return [first]
    same_lane = {"kind": first.kind, "lane": first.lane, "limit": _MAX_BATCH - 1}
    claim_values = {"owner": request.owner, "now": request.now, "lease": request.real + LEASE_SECONDS}
    rows = plain(tx).execute(_CLAIM_BATCH, {**same_lane, **claim_values}).fetchall()
    return sorted([first, *(_job(row, request) for row in rows)], key=lambda job: job.id)


def _job(row: tuple[str, str, str, str, int], request: ClaimRequest) -> Job:
    id_, kind, lane, payload, attempts = row
    return Job(
        id=id_,
        kind=kind,
        lane=lane,
        payload=json.loads(payload),
        attempts=attempts,
        owner=request.owner,
        lease=request.lease,
    )


def _parameters(request: ClaimRequest) -> dict[str, object]:
    overdue = request.now - _LAST_MAX_DELAY
    return {
        "owner": request.owner,
        "now": request.now,
        "real": request.real,
        "busy_lanes": json.dumps(sorted(request.busy_lanes)),
        "overdue": overdue if overdue >= request.started_at else -1,
    }


def complete(tx: Connection, job: Job) -> None:
    """Mark a job as done."""
    _end_attempt(tx, job, "done")


def complete_all(tx: Connection, jobs: Sequence[Job]) -> None:
    """Mark all these jobs as done."""
    completed = execute_many(tx, _COMPLETE, [{"id": job.id, "owner": job.owner} for job in jobs])
    if completed != len(jobs):
        raise LostJobError(f"{len(jobs) - completed} of {len(jobs)} jobs from {jobs[0].id} on are no longer owned")


def complete_called(tx: Connection, job: Job) -> None:
    """Mark a job as done whose call was made, whoever owns it now: another run must not repeat the call."""
    plain(tx).execute(_COMPLETE_CALLED, {"id": job.id})


def reschedule(tx: Connection, job: Job, due_at: Instant) -> None:
    """End a recurring job that succeeded; it comes back at `due_at` as new."""
    _end_attempt(tx, job, "due", due_at=due_at, attempts=0)


def retry_at(tx: Connection, job: Job, due_at: Instant, error: str) -> None:
    """End a failed attempt; try again at `due_at`."""
    _end_attempt(tx, job, "due", due_at=due_at, last_error=error)


def defer(tx: Connection, job: Job, due_at: Instant) -> None:
    """Put back a job that was not started. This does not count as an attempt."""
    _end_attempt(tx, job, "due", due_at=due_at, attempts=job.attempts - 1)


def fail(tx: Connection, job: Job, error: str) -> None:
    """Give up a job. It stays in the table as dead until the next start of the bridge."""
    _end_attempt(tx, job, "dead", last_error=error)


def set_payload(tx: Connection, job: Job, payload: Mapping[str, Any]) -> None:
    """Replace the payload of a running job, for its next attempt."""
    if tx.execute(_SET_PAYLOAD, {"id": job.id, "owner": job.owner, "payload": json.dumps(payload)}).rowcount != 1:
        raise LostJobError(f"job {job.id} is no longer owned by {job.owner}")


def check_owned(tx: Connection, job: Job) -> None:
    """Raise `LostJobError` if the job belongs to another run."""
    if plain(tx).execute(_OWNED, (job.id, job.owner)).fetchone() is None:
        raise LostJobError(f"job {job.id} is no longer owned by {job.owner}")


def mark_unknown(tx: Connection, job: Job, error: str) -> None:
    """Give up a job that may have had its effect. It stays in the table as unknown: a retry might double the effect."""
    _end_attempt(tx, job, "unknown", last_error=error)


def _end_attempt(
    tx: Connection,
    job: Job,
    state: str,
    *,
    due_at: Instant | None = None,
    attempts: int | None = None,
    last_error: str | None = None,
) -> None:
    JOB.check("running", state)
    values = {"state": state, "due_at": due_at, "attempts": attempts, "last_error": last_error}
    ended = plain(tx).execute(_END_ATTEMPT, {"id": job.id, "owner": job.owner, **values})
    if ended.rowcount != 1:
        raise LostJobError(f"job {job.id} is no longer owned by {job.owner}")


def release_expired(tx: Connection, owner: str, alive: Collection[str] = ()) -> int:
    """Make the running jobs of all other runs due; return their number. Runs that are not `alive` must be dead."""
    return tx.execute(_RELEASE, {"owner": owner, "alive": json.dumps(sorted(alive))}).rowcount


def other_owners(tx: Connection, owner: str) -> set[str]:
    """Return the names of other runs that have running jobs."""
    return {other for (other,) in plain(tx).execute(_OTHER_OWNERS, (owner,)).fetchall()}


def requeue_failed(tx: Connection) -> int:
    """Make dead jobs due; return their number. An operator has restarted the bridge, so the cause may be gone."""
    return tx.execute(_REQUEUE_FAILED).rowcount


def renew_leases(tx: Connection, owner: str, real: float) -> None:
    """Extend the leases of this run's jobs."""
    tx.execute(_RENEW, {"owner": owner, "lease": real + LEASE_SECONDS})


def next_due(tx: Connection, after: Instant = -1) -> Instant | None:
    """Return the due time of the next waiting job that is due later than `after`; None if there is none."""
    due: Instant | None = plain(tx).execute(_NEXT_DUE, (after,)).fetchone()[0]
    return due
