"""Take what the door stored of receipts over into the messages, in the order in which it came."""

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

# Keeps one transaction well under the time in which the door should answer.
_AT_ONCE = 5_000

_OF_A_MARK = ("client", "channel", "campaign", "customer", "occasion", "template")
_LOOK = (
    "SELECT r.id, r.letter, r.stamp, r.message, r.client, m.rowid AS place,"
    " m.channel, m.campaign, m.customer, m.occasion, m.state, m.template, m.number"
    " FROM receipt r LEFT JOIN message m ON m.client = r.client AND"
)
# Most come to the address of a batch; those of some providers name nothing but the provider's id.
_NEW = text(
    f"{_LOOK} m.batch = r.batch AND m.recipient = r.recipient WHERE r.result IS NULL AND r.batch <> ''"
    f" UNION ALL {_LOOK} m.provider_id = r.message WHERE r.result IS NULL AND r.batch = ''"
    " ORDER BY 1 LIMIT :limit"
)
_STEP = (
    "UPDATE message SET state = :state, ended_at = :ended_at, settled_at = COALESCE(settled_at, :now)"
    " WHERE rowid = :place"
)
_NAME = "UPDATE message SET provider_id = COALESCE(provider_id, :message) WHERE rowid = :place"
# A reply to a send need not have an id. Then the first message by that template to that number is meant, of those
# which are still without a name; from then on it has one.
_FIRST_UNNAMED = text(
    "UPDATE message SET provider_id = :message WHERE rowid = (SELECT rowid FROM message WHERE client = :client"
    " AND recipient = :recipient AND template = :template AND provider_id IS NULL AND state IN ('taken', 'accepted')"
    " AND NOT EXISTS (SELECT 1 FROM message WHERE client = :client AND provider_id = :message)"
    " ORDER BY settled_at, rowid LIMIT 1)"
)
_NAMELESS = text(
    "SELECT client, recipient, template, message FROM receipt WHERE result IS NULL AND batch = '' AND message <> ''"
    " AND template IS NOT NULL ORDER BY id"
)
_RESULT = "UPDATE receipt SET result = :result WHERE id = :id"

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Apply all that is there. Receipts that come meanwhile have a job of their own."""
    counted: Counter[str] = Counter()
    more = True
    while more:
        with bridge.store.write() as tx:
            results = _apply(bridge, tx)
            counted.update(results)
            more = len(results) == _AT_ONCE
            if not more:
                job_queue.complete(tx, job)
    logger.info("receipts: %s", ", ".join(f"{number} {name}" for name, number in sorted(counted.items())) or "none")


def _apply(bridge: Bridge, tx: Connection) -> list[str]:
    nameless = [dict(row) for row in tx.execute(_NAMELESS).mappings()]
    if nameless:
        tx.execute(_FIRST_UNNAMED, nameless)
    rows = tx.execute(_NEW, {"limit": _AT_ONCE}).all()
    steps, results = _walk(bridge, rows, bridge.clock.now())
    execute_many(tx, _STEP, steps)
    named = [{"place": row.place, "message": row.message} for row in rows if row.message and row.place is not None]
    execute_many(tx, _NAME, named)
    _mark(bridge, tx, rows, results)
    seen = [{"id": row.id, "result": result} for row, result in zip(rows, results, strict=True)]
    execute_many(tx, _RESULT, seen)
    return results


def _walk(bridge: Bridge, rows: Sequence[Row[Any]], now: Instant) -> tuple[list[dict[str, object]], list[str]]:
    """The last step of each message, and what became of each receipt."""
    steps: dict[int, dict[str, object]] = {}
    results = []
    for row in rows:
        step = steps.get(row.place)
        before = row.state if step is None else str(step["state"])
        after = _meaning(bridge, row)
        results.append(_result(before, after))
        if results[-1] == "applied":
            steps[row.place] = {"place": row.place, "state": after, "ended_at": _ended(row, now), "now": now}
    return list(steps.values()), results


def _mark(bridge: Bridge, tx: Connection, rows: Sequence[Row[Any]], results: Sequence[str]) -> None:
    """Clicks are kept one by one; whoever unsubscribes gets nothing more."""
    now = bridge.clock.now()
    for row, result in zip(rows, results, strict=True):
        meaning = _meaning(bridge, row) if result == "marked" else None
        if meaning == CLICKED:
            message = {name: row._mapping[name] for name in _OF_A_MARK}  # noqa: SLF001 how SQLAlchemy calls its view
            tx.execute(schema.mark.insert(), [{**message, "kind": CLICKED, "at": _ended(row, now), "reported": False}])
        elif meaning == UNSUBSCRIBED:
            opt_outs.add(tx, row.client, [row.number], "reply", now)


def _meaning(bridge: Bridge, row: Row[Any]) -> str | None:
    client = bridge.clients.get(row.client)
    channel = client.channels.get(row.channel) if client else None
    return channel.provider.letters.get(row.letter) if channel else None


def _result(before: str | None, after: str | None) -> str:
    if before is None or after is None:
        return "stray"
    if after in {CLICKED, UNSUBSCRIBED}:
        return "marked"
    if before == after:
        return "repeated"
    return "applied" if MESSAGE.allows(before, after) else "illegal"


def _ended(row: Row[Any], now: Instant) -> Instant:
    """When the network had the last word, as far as the provider tells."""
    try:
        return min(parse_time(row.stamp), now)
    except ValueError:
        return now
