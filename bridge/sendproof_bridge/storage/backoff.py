"""Pauses of channels. After a provider refuses a send with "too many", every send of the channel waits.

Each batch is sent by its own job, so without a pause a whole burst of batches would be refused one after the other.
A pause is a row, so it survives a restart.
"""

from collections.abc import Callable

from sqlalchemy import Connection, text

from sendproof_bridge.clock import Instant
from sendproof_bridge.storage.store import plain

_SELECT = "SELECT until, refusals FROM backoff WHERE client = :client AND channel = :channel"
_UPSERT = text(
    "INSERT INTO backoff (client, channel, until, refusals) VALUES (:client, :channel, :until, :refusals)"
    " ON CONFLICT (client, channel) DO UPDATE SET until = excluded.until, refusals = excluded.refusals"
)
_DELETE = "DELETE FROM backoff WHERE client = :client AND channel = :channel AND until <= :now"


def paused_until(tx: Connection, client: str, channel: int, now: Instant) -> Instant | None:
    """Return the end of the channel's pause; None if it may send now."""
    row = plain(tx).execute(_SELECT, {"client": client, "channel": channel}).fetchone()
    return row[0] if row is not None and row[0] > now else None


def begin(tx: Connection, client: str, channel: int, now: Instant, ends_at: Callable[[int], Instant]) -> Instant:
    """Pause the channel, or extend its pause; return the end. `ends_at` maps the number of refusals in a row to it.

    Refusals of parallel calls count as one, or the pause would grow with their number.
    """
    row = plain(tx).execute(_SELECT, {"client": client, "channel": channel}).fetchone()
    until, refusals = row or (now, 0)
    refusals += until <= now
    until = max(until, ends_at(refusals))
    tx.execute(_UPSERT, {"client": client, "channel": channel, "until": until, "refusals": refusals})
    return until


def end(tx: Connection, client: str, channel: int, now: Instant) -> None:
    """Reset the count of refusals after a successful send. A pause that another call began meanwhile stays."""
    plain(tx).execute(_DELETE, {"client": client, "channel": channel, "now": now})
