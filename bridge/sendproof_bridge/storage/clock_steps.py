"""What happens to stored times when the clock is set: forward, back, or both.

| time | after the clock was set |
|---|---|
| `job.due_at` | keeps its distance, except for sends whose time has not come: they wait for the new clock to show it |
| `job.lease_until` | is real time, and ends with the run |
| `batch.due_at` | stays: it is the time that Optimove wants |
| `batch.sending_since` | keeps its distance if the clock was set back: the provider's record is read from there |
| `backoff.until`, `optimove_call.at` | keep their distance |
| `campaign.first_sent_at`, `message.settled_at`, `message.ended_at` | keep their distance if in the future |
| `engagement.at`, `opt_out.at` | keep their distance if in the future |
| `run.seen` | is the last reading; an earlier one at the next start means that the clock was set back |
| `run.started` | stays: nothing reads it |
"""

from sqlalchemy import Connection, text

from sendproof_bridge.clock import Instant

_SHIFT = (
    text(
        "UPDATE job SET due_at = due_at + :step WHERE state = 'due' AND due_at > 0"
        " AND (kind <> 'send_batch' OR attempts > 0 OR due_at <= :before)"
    ),
    text("UPDATE backoff SET until = until + :step"),
    text("UPDATE optimove_call SET at = at + :step"),
)
_SHIFT_BACK = (
    text("UPDATE batch SET sending_since = sending_since + :step WHERE state = 'sending'"),
    text("UPDATE campaign SET first_sent_at = first_sent_at + :step WHERE first_sent_at > :now"),
    text("UPDATE message SET settled_at = settled_at + :step WHERE settled_at > :now"),
    text("UPDATE message SET ended_at = ended_at + :step WHERE ended_at > :now"),
    text("UPDATE engagement SET at = at + :step WHERE at > :now"),
    text("UPDATE opt_out SET at = at + :step WHERE at > :now"),
)
_SEEN = text("UPDATE run SET seen = :now WHERE id = (SELECT MAX(id) FROM run)")
_LAST_SEEN = text("SELECT seen FROM run WHERE seen IS NOT NULL ORDER BY id DESC LIMIT 1")


def shift(tx: Connection, now: Instant, step: int) -> None:
    """Change stored times after the clock was set by `step` to `now`."""
    values = {"now": now, "step": step, "before": now - step}
    for statement in (*_SHIFT, *(_SHIFT_BACK if step < 0 else ())):
        tx.execute(statement, values)


def note(tx: Connection, now: Instant) -> None:
    """Remember the reading of the clock, for the next start."""
    tx.execute(_SEEN, {"now": now})


def last_seen(tx: Connection) -> Instant | None:
    """Return the last reading that was remembered."""
    seen: Instant | None = tx.execute(_LAST_SEEN).scalar_one_or_none()
    return seen
