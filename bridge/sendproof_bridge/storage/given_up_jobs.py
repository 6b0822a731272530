"""Jobs that failed or were given up: an operator retries or drops them, also while the bridge runs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, TextClause, text

from sendproof_bridge.storage.lifecycle import JOB

# `unknown`: it may have had its effect.
GIVEN_UP = ("dead", "unknown")
# The member of a payload that says that a call which counts each time has begun.
BEGUN = "begun"
_STATES = ", ".join(f"'{state}'" for state in GIVEN_UP)

_COUNTS = text("SELECT state, COUNT(*) FROM job GROUP BY state")
_FIND = "SELECT id, kind, state, payload, last_error FROM job WHERE"
_GIVEN_UP = text(f"{_FIND} state IN ({_STATES}) ORDER BY state, id")
_FAILING = text(f"{_FIND} state = 'due' AND last_error IS NOT NULL ORDER BY id")
_RETRY = text(
    "UPDATE job SET state = 'due', due_at = 0, attempts = 0, payload = :payload WHERE id = :id AND state = :state"
)
_DROP = text("UPDATE job SET state = 'dropped' WHERE id = :id AND state = :state")


class FailedJob(NamedTuple):
    """A job with its state and its last error."""

    id: str
    kind: str
    state: str
    payload: Mapping[str, Any]
    last_error: str | None


def counts(tx: Connection) -> Mapping[str, int]:
    """Return the number of jobs by state."""
    found: dict[str, int] = dict(tx.execute(_COUNTS).all())
    return {state: found.get(state, 0) for state in JOB.transitions}


def given_up(tx: Connection) -> Sequence[FailedJob]:
    """Return all jobs that were given up, sorted by state and id."""
    return _jobs(tx, _GIVEN_UP)


def failing(tx: Connection) -> Sequence[FailedJob]:
    """Return all jobs that wait after an error, sorted by id."""
    return _jobs(tx, _FAILING)


def retry(tx: Connection, job: FailedJob) -> None:
    """Make a job due at once, as if it had never been tried; one whose effect was unknown had none."""
    payload = {name: value for name, value in job.payload.items() if name != BEGUN or job.state != "unknown"}
    tx.execute(_RETRY, {"id": job.id, "state": job.state, "payload": json.dumps(payload)})


def drop(tx: Connection, job: FailedJob) -> None:
    """End a job: no start of the bridge tries it again."""
    JOB.check(job.state, "dropped")
    tx.execute(_DROP, {"id": job.id, "state": job.state})


def _jobs(tx: Connection, statement: TextClause) -> Sequence[FailedJob]:
    rows = tx.execute(statement).all()
    return [FailedJob(id_, kind, state, json.loads(payload), error) for id_, kind, state, payload, error in rows]
