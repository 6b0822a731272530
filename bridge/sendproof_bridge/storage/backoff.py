"""A provider that refuses a send as one too many is left in peace for a while, by every send of that channel.

Each batch is sent by a job of its own: without this a burst of them would be refused one after the other. The pause is
a row, so it outlives the process.
"""

from sqlalchemy import Connection, text

from sendproof_bridge.clock import Instant
from sendproof_bridge.domain.accounts import CampaignKey
from sendproof_bridge.outbound.errors import RateLimitedError
from sendproof_bridge.retry import rate_limit_ends

_IS = text("SELECT until, refusals FROM pause WHERE client = :client AND channel = :channel")
_SET = text(
    "INSERT INTO pause (client, channel, until, refusals) VALUES (:client, :channel, :until, :refusals)"
    " ON CONFLICT (client, channel) DO UPDATE SET until = excluded.until, refusals = excluded.refusals"
)
_END = text("DELETE FROM pause WHERE client = :client AND channel = :channel AND until <= :now")


def until(tx: Connection, key: CampaignKey, now: Instant) -> Instant | None:
    """When the channel may send again; None when it may now."""
    row = tx.execute(_IS, key._asdict()).one_or_none()
    return row.until if row is not None and row.until > now else None


def begin(tx: Connection, key: CampaignKey, error: RateLimitedError, now: Instant) -> Instant:
    """Pause the channel, or go on pausing; answers until when.

    Refusals of calls that were under way together count as one, or the back-off would grow with their number.
    """
    row = tx.execute(_IS, key._asdict()).one_or_none()
    before, refusals = (row.until, row.refusals) if row is not None else (now, 0)
    refusals += before <= now
    end = max(before, rate_limit_ends(error, refusals, now))
    tx.execute(_SET, {**key._asdict(), "until": end, "refusals": refusals})
    return end


def end(tx: Connection, key: CampaignKey, now: Instant) -> None:
    """A send got through, so that the next refusal is a first one. A pause that others began meanwhile stays."""
    tx.execute(_END, {**key._asdict(), "now": now})
