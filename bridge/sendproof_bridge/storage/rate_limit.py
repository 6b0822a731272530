"""Optimove's rate limit, kept in rows: at most 50 calls with one key within 10 seconds.

documented: https://developer.optimove.com/reference/understanding-api-rate-limits-at-optimove
"""

from sendproof_bridge.clock import SECOND, Instant
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.store import Store, plain

MAX_CALLS = 50
# Optimove counts when calls arrive, the bridge when it makes them. The margin keeps the difference from adding a call.
WINDOW_MS = 10 * SECOND + 250

# A call from the future was recorded before the clock was set back.
_DELETE_OLD = "DELETE FROM optimove_call WHERE client = ? AND (at <= ? OR at > ?)"
_COUNT = "SELECT COUNT(*), MIN(at) FROM optimove_call WHERE client = ?"
_INSERT = "INSERT INTO optimove_call (client, at) VALUES (?, ?)"


def acquire_call(store: Store, client: str, now: Instant) -> int | None:
    """Record one call and return None; if the limit allows no call now, return how long to wait, in milliseconds.

    Raise `LostJobError` if another run has taken over the job of this thread: it makes the call.
    """
    # A crash of a server undoes its last commits of `write`: then no row would tell that this job is being done.
    with store.write_durably() if store.is_server else store.write() as tx:
        job_queue.check_attempt(tx)
        db = plain(tx)
        db.execute(_DELETE_OLD, (client, now - WINDOW_MS, now + WINDOW_MS))
        calls, oldest = db.execute(_COUNT, (client,)).fetchone()
        if calls >= MAX_CALLS:
            return int(oldest) + WINDOW_MS - now
        db.execute(_INSERT, (client, now))
        return None
