"""Find out which customers new opt-outs are of, count them in the reports of what they had got, and share them."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

from sendproof_bridge.clock import Instant
from sendproof_bridge.domain import campaigns
from sendproof_bridge.domain.accounts import Bridge, CampaignKey
from sendproof_bridge.domain.metrics import COUNTS_AS, SENT
from sendproof_bridge.jobs.opt_outs import push_opt_outs
from sendproof_bridge.outbound.providers import UNSUBSCRIBED
from sendproof_bridge.storage import job_queue, schema
from sendproof_bridge.storage.job_queue import Job

# Below the 999 parameters that older builds of SQLite take in one statement.
_AT_ONCE = 900

_NEW = text("SELECT number FROM opt_out WHERE client = :client AND NOT taken ORDER BY number LIMIT :most")
_TAKEN = text("UPDATE opt_out SET taken = TRUE WHERE client = :client AND number IN :numbers").bindparams(
    bindparam("numbers", expanding=True)
)
_WHOSE = text(
    "SELECT client, channel, campaign, customer, occasion, template, number, state FROM message"
    " WHERE client = :client AND number IN :numbers ORDER BY settled_at"
).bindparams(bindparam("numbers", expanding=True))

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Take over all that are new."""
    client = bridge.clients[job.payload["client"]]
    total, more = 0, True
    while more:
        with bridge.store.write() as tx:
            numbers = list(tx.execute(_NEW, {"client": client.config.name, "most": _AT_ONCE}).scalars())
            rows = tx.execute(_WHOSE, {"client": client.config.name, "numbers": numbers}).all() if numbers else []
            _count(tx, rows, bridge.clock.now())
            for channel, customers in _by_channel(rows).items():
                if channel in client.channels:
                    job_queue.add(tx, push_opt_outs.tell(client.config, channel, customers, f"{job.id}:{total}"))
            if numbers:
                tx.execute(_TAKEN, {"client": client.config.name, "numbers": numbers})
            total, more = total + len(numbers), len(numbers) == _AT_ONCE
            if not more:
                job_queue.complete(tx, job)
    logger.info("client %s: %d new opt-outs", client.config.name, total)


def _by_channel(rows: Sequence[Row[Any]]) -> dict[int, list[str]]:
    found: defaultdict[int, set[str]] = defaultdict(set)
    for row in rows:
        found[row.channel].add(row.customer)
    return {channel: sorted(customers) for channel, customers in sorted(found.items())}


def _count(tx: Connection, rows: Sequence[Row[Any]], now: Instant) -> None:
    """The opt-out counts for the last message that went to the number."""
    last = {row.number: row for row in rows if row.state in COUNTS_AS[SENT]}
    for row in last.values():
        key = CampaignKey(row.client, row.channel, row.campaign)
        place = {**key._asdict(), "customer": row.customer, "occasion": row.occasion, "template": row.template}
        tx.execute(schema.mark.insert(), [{**place, "kind": UNSUBSCRIBED, "at": now, "reported": False}])
        campaigns.begin_reports(tx, key, now)
