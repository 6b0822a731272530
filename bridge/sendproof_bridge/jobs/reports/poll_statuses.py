"""Ask, just before each report, what became of a campaign's messages that are still under way.

For providers that post receipts only where the account is set up for it. A report of the same instant waits for this
and for what comes of it (jobs.py), so it tells what the provider knows. What has ended is not asked about again.
Trouble ends the asking until the next report: to ask again sooner would be of use to nobody.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace

from sqlalchemy import Connection, text

from sendproof_bridge.clock import Instant
from sendproof_bridge.domain import campaigns
from sendproof_bridge.domain.accounts import Bridge, CampaignKey
from sendproof_bridge.inbound import group_commit
from sendproof_bridge.jobs.reports import poll_missing_receipts
from sendproof_bridge.outbound.providers import Open
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job, NewJob

# How many are asked about before what was answered is stored.
_AT_ONCE = 1_000

_OPEN = text(
    "SELECT batch, recipient, COALESCE(provider_id, '') AS message, template, settled_at AS sent_at FROM message"
    " WHERE client = :client AND channel = :channel AND campaign = :campaign"
    " AND state IN ('accepted', 'taken', 'unknown') AND ended_at IS NULL ORDER BY settled_at, customer, occasion"
)

logger = logging.getLogger(__name__)


def see_to_it(tx: Connection, key: CampaignKey, now: Instant) -> None:
    """Ask before the campaign's next report, and from then on before each."""
    due_at = campaigns.next_report(tx, key, now)
    if due_at is not None:
        job = NewJob(id=f"outcomes:{key.name()}", kind="outcomes", payload=key._asdict(), due_at=due_at)
        job_queue.wake_up(tx, job)


def run(bridge: Bridge, job: Job) -> None:
    """Ask about all that are open, and come back with the next report."""
    key, now = CampaignKey.of(job.payload), bridge.clock.now()
    asked = ended = 0
    for some in _portions(bridge, key):
        answers, trouble = poll_missing_receipts.ask(bridge, key, [one for one, _ in some.values()])
        told = [(key.client, replace(said, batch=some[said.recipient][1])) for said in answers]
        with bridge.store.write() as tx:
            group_commit.store_receipts(tx, told)
        asked, ended = asked + len(some), ended + len(answers)
        if trouble is not None:
            logger.warning("campaign %s: %s; asked again before the next report", key.name(), trouble)
            break
    _end(bridge, job, key, now)
    logger.info("campaign %s: asked about %d messages without a receipt, %d have ended", key.name(), asked, ended)


def _portions(bridge: Bridge, key: CampaignKey) -> Iterator[Mapping[str, tuple[Open, str]]]:
    """Open messages and their batches by recipient, the oldest first; no recipient twice at once."""
    with bridge.store.read() as tx:
        rows = tx.execute(_OPEN, key._asdict()).mappings().all()
    some: dict[str, tuple[Open, str]] = {}
    for row in rows:
        if row["recipient"] in some or len(some) == _AT_ONCE:
            yield some
            some = {}
        some[row["recipient"]] = Open(**{name: row[name] for name in row if name != "batch"}), row["batch"]
    if some:
        yield some


def _end(bridge: Bridge, job: Job, key: CampaignKey, now: Instant) -> None:
    with bridge.store.write() as tx:
        due_at = campaigns.next_report(tx, key, now)
        if due_at is None:
            job_queue.complete(tx, job)
        else:
            job_queue.again(tx, job, due_at)
