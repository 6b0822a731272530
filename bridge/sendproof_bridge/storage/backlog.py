"""What waits in the database: open jobs, and opt-outs that the reports and Optimove do not include yet."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, text

from sendproof_bridge.clock import Instant

# Jobs that are due at once, whose age must be observed: more would only repeat that they wait.
_MAX_AT_ONCE = 1_000

_OPEN = text(
    "SELECT kind, CASE WHEN state = 'due' AND last_error IS NOT NULL THEN 'retrying' ELSE state END AS shown, COUNT(*)"
    " FROM job WHERE state IN ('due', 'running', 'dead', 'unknown') GROUP BY kind, shown"
)
_OLDEST = text("SELECT MIN(due_at) FROM job WHERE state = 'due' AND due_at BETWEEN 1 AND :now")
_AT_ONCE = text("SELECT id FROM job WHERE state = 'due' AND due_at = 0 ORDER BY id LIMIT :limit")
_OPT_OUTS = text("SELECT client, COUNT(*), MIN(at) FROM opt_out WHERE NOT processed GROUP BY client")


class OptOutBacklog(NamedTuple):
    """The number of opt-outs of a client that are not processed, and the time of the first one."""

    number: int
    since: Instant


def open_jobs(tx: Connection) -> Sequence[tuple[str, str, int]]:
    """Return (kind, state, number); the state of a job that waits after an error is `retrying`."""
    return [(kind, state, number) for kind, state, number in tx.execute(_OPEN)]


def oldest_due(tx: Connection, now: Instant) -> Instant | None:
    """Return the earliest due time that has passed; None if no job with a time is due."""
    due: Instant | None = tx.execute(_OLDEST, {"now": now}).scalar_one()
    return due


def due_at_once(tx: Connection) -> Collection[str]:
    """Return the ids of jobs without a due time."""
    return set(tx.execute(_AT_ONCE, {"limit": _MAX_AT_ONCE}).scalars())


def opt_outs(tx: Connection) -> Mapping[str, OptOutBacklog]:
    """Return the opt-outs to process, by client."""
    return {client: OptOutBacklog(number, since) for client, number, since in tx.execute(_OPT_OUTS)}
