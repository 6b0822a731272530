"""Apply stored receipts to the messages, in the order of their arrival."""

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from sendproof_bridge.clock import Instant, parse_time
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.outbound.providers import CLICKED, UNSUBSCRIBED
from sendproof_bridge.storage import job_queue, opt_outs, schema
from sendproof_bridge.storage.job_queue import Job
from sendproof_bridge.storage.lifecycle import MESSAGE
from sendproof_bridge.storage.store import execute_many

# Keeps one transaction much shorter than the time limit for acknowledging a webhook.
_RECEIPTS_PER_TRANSACTION = 5_000

_MESSAGE_KEY = ("client", "channel", "campaign", "customer", "occasion", "template")
_SELECT = (
    "SELECT r.id, r.status_code, r.provider_time, r.message, r.client, m.rowid AS message_row,"
    " m.channel, m.campaign, m.customer, m.occasion, m.state, m.template, m.number"
    " FROM receipt r LEFT JOIN message m ON m.client = r.client AND"
)
# Most receipts arrive at the URL of a batch; those of some providers only have the provider's id.
_NEW = text(
    f"{_SELECT} m.batch = r.batch AND m.recipient = r.recipient WHERE r.result IS NULL AND r.batch <> ''"
    f" UNION ALL {_SELECT} m.provider_id = r.message WHERE r.result IS NULL AND r.batch = ''"
    " ORDER BY 1 LIMIT :limit"
)
#: Rows of the messages whose receipts are not yet applied, as an SQL subquery.
UNPROCESSED_MESSAGES = (
    "SELECT m.rowid FROM receipt r JOIN message m ON m.client = r.client AND m.batch = r.batch"
    " AND m.recipient = r.recipient WHERE r.result IS NULL AND r.batch <> ''"
    " UNION ALL SELECT m.rowid FROM receipt r JOIN message m ON m.client = r.client AND m.provider_id = r.message"
    " WHERE r.result IS NULL AND r.batch = ''"
)
_SET_STATE = (
    "UPDATE message SET state = :state, ended_at = :ended_at, settled_at = COALESCE(settled_at, :now)"
    " WHERE rowid = :message_row"
)
_SET_ID = "UPDATE message SET provider_id = COALESCE(provider_id, :message) WHERE rowid = :message_row"
# A response to a send may have no id. The receipt then belongs to the first message by its template to its number that
# has no id, and gives it one.
_SET_ID_OF_FIRST = text(
    "UPDATE message SET provider_id = :message WHERE rowid = (SELECT rowid FROM message WHERE client = :client"
    " AND recipient = :recipient AND template = :template AND provider_id IS NULL AND state IN ('taken', 'accepted')"
    " AND NOT EXISTS (SELECT 1 FROM message WHERE client = :client AND provider_id = :message)"
    " ORDER BY settled_at, rowid LIMIT 1)"
)
_WITHOUT_BATCH = text(
    "SELECT client, recipient, template, message FROM receipt WHERE result IS NULL AND batch = '' AND message <> ''"
    " AND template IS NOT NULL ORDER BY id"
)
_SET_RESULT = "UPDATE receipt SET result = :result WHERE id = :id"

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Apply all stored receipts. Receipts that arrive meanwhile have their own job."""
    counts: Counter[str] = Counter()
    more = True
    while more:
        with bridge.store.write() as tx:
            results = _apply(bridge, tx)
            counts.update(results)
            more = len(results) == _RECEIPTS_PER_TRANSACTION
            if not more:
                job_queue.complete(tx, job)
    logger.info("receipts: %s", ", ".join(f"{count} {result}" for result, count in sorted(counts.items())) or "none")


def _apply(bridge: Bridge, tx: Connection) -> list[str]:
    """Apply one transaction's receipts; return the result of each."""
    without_batch = [dict(row) for row in tx.execute(_WITHOUT_BATCH).mappings()]
    if without_batch:
        tx.execute(_SET_ID_OF_FIRST, without_batch)
    rows = tx.execute(_NEW, {"limit": _RECEIPTS_PER_TRANSACTION}).all()
    states, results = _final_states(bridge, rows, bridge.clock.now())
    execute_many(tx, _SET_STATE, states)
    with_id = [row for row in rows if row.message and row.message_row is not None]
    execute_many(tx, _SET_ID, [{"message_row": row.message_row, "message": row.message} for row in with_id])
    _store_engagements(bridge, tx, rows, results)
    execute_many(tx, _SET_RESULT, [{"id": row.id, "result": result} for row, result in zip(rows, results, strict=True)])
    return results


def _final_states(bridge: Bridge, rows: Sequence[Row[Any]], now: Instant) -> tuple[list[dict[str, object]], list[str]]:
    """Return the last state of each changed message, and the result of each receipt."""
    changes: dict[int, dict[str, object]] = {}
    results = []
    for row in rows:
        change = changes.get(row.message_row)
        before = row.state if change is None else str(change["state"])
        after = _meaning(bridge, row)
        results.append(_result(before, after))
        if results[-1] == "applied":
            ended_at = _ended_at(row, now)
            changes[row.message_row] = {
                "message_row": row.message_row,
                "state": after,
                "ended_at": ended_at,
                "now": now,
            }
    return list(changes.values()), results


def _store_engagements(bridge: Bridge, tx: Connection, rows: Sequence[Row[Any]], results: Sequence[str]) -> None:
    """Store each click; store an unsubscription as an opt-out."""
    now = bridge.clock.now()
    for row, result in zip(rows, results, strict=True):
        meaning = _meaning(bridge, row) if result == "marked" else None
        if meaning == CLICKED:
            key = {name: row._mapping[name] for name in _MESSAGE_KEY}  # noqa: SLF001 SQLAlchemy's public mapping view
            click = {**key, "kind": CLICKED, "at": _ended_at(row, now), "reported": False}
            tx.execute(schema.engagement.insert(), [click])
        elif meaning == UNSUBSCRIBED:
            opt_outs.add(tx, row.client, [row.number], "reply", now)


def _meaning(bridge: Bridge, row: Row[Any]) -> str | None:
    client = bridge.clients.get(row.client)
    channel = client.channels.get(row.channel) if client else None
    return channel.provider.status_meanings.get(row.status_code) if channel else None


def _result(before: str | None, after: str | None) -> str:
    if before is None or after is None:
        return "stray"
    if after in {CLICKED, UNSUBSCRIBED}:
        return "marked"
    if before == after:
        return "repeated"
    return "applied" if MESSAGE.allows(before, after) else "illegal"


def _ended_at(row: Row[Any], now: Instant) -> Instant:
    """Return the provider's time of the status; now if it has none or is in the future."""
    try:
        return min(parse_time(row.provider_time), now)
    except ValueError:
        return now
