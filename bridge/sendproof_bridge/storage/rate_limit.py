"""Optimove's rate limit, kept by rows: at most 50 calls with one key in any 10 seconds.

documented: https://developer.optimove.com/reference/understanding-api-rate-limits-at-optimove
"""

from sqlalchemy import Connection, text

from sendproof_bridge.clock import SECOND, Instant
from sendproof_bridge.outbound.errors import RateLimitedError
from sendproof_bridge.storage.store import Store

CALLS = 50
# The service counts when calls arrive, the bridge when it makes them; the difference must not add up to a 51st.
WINDOW_MS = 10 * SECOND + 250

_FORGET = text("DELETE FROM call WHERE client = :client AND at <= :past")
_COUNT = text("SELECT COUNT(*), MIN(at) FROM call WHERE client = :client")
_NOTE = text("INSERT INTO call (client, at) VALUES (:client, :now)")


def take(store: Store, client: str, now: Instant) -> None:
    """Note one call, or raise `RateLimitedError` that says how long to wait."""
    with store.write() as tx:
        wait = _wait(tx, client, now)
        if wait is None:
            tx.execute(_NOTE, {"client": client, "now": now})
            return
    raise RateLimitedError(f"client {client}: {CALLS} calls to Optimove within 10 s", wait)


def _wait(tx: Connection, client: str, now: Instant) -> int | None:
    tx.execute(_FORGET, {"client": client, "past": now - WINDOW_MS})
    calls, oldest = tx.execute(_COUNT, {"client": client}).one()
    return None if calls < CALLS else int(oldest) + WINDOW_MS - now
