"""Withdraw a batch of a cancelled campaign that the provider has accepted for a later time.

A batch that is being sent when its campaign is cancelled is withdrawn as soon as its outcome is known. Messages that
the provider no longer takes back have gone out: they stay accepted, and are reported.
"""

# ruff: noqa: S608 statements are built from constants of this package only

import logging
from collections.abc import Iterator

from sqlalchemy import Connection, text

from sendproof_bridge.clock import Instant
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.domain.keys import CampaignKey
from sendproof_bridge.outbound.providers import OpenMessage, Withdrawable
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job, NewJob
from sendproof_bridge.storage.store import execute_many

_GIVEN_EARLY = text(
    "SELECT channel, id FROM batch WHERE client = :client AND campaign = :campaign"
    " AND state = 'settled' AND due_at > :now ORDER BY channel, id"
)
_IS_OPEN = "client = :client AND batch = :batch AND state IN ('taken', 'accepted')"
_OPEN = text(
    "SELECT recipient, provider_id AS message, template, settled_at AS sent_at FROM message"
    f" WHERE {_IS_OPEN} AND provider_id IS NOT NULL ORDER BY customer"
)
_CANCEL = f"UPDATE message SET state = 'cancelled', reason = 'cancelled' WHERE {_IS_OPEN} AND recipient = :recipient"

logger = logging.getLogger(__name__)


def new_jobs(tx: Connection, client: str, campaign: str, now: Instant) -> Iterator[NewJob]:
    """Yield a job for each batch of a cancelled campaign that a provider holds until a later time."""
    for channel, batch in tx.execute(_GIVEN_EARLY, {"client": client, "campaign": campaign, "now": now}).all():
        payload = {**CampaignKey(client, channel, campaign)._asdict(), "batch": batch}
        yield NewJob(id=f"withdraw_batch:{client}:{batch}", kind="withdraw_batch", payload=payload, due_at=now)


def run(bridge: Bridge, job: Job) -> None:
    """Have the provider take the batch back, and cancel the messages that do not go out."""
    key, batch = CampaignKey.of(job.payload), str(job.payload["batch"])
    ids = {"client": key.client, "batch": batch}
    with bridge.store.read() as tx:
        messages = [OpenMessage(**row) for row in tx.execute(_OPEN, ids).mappings()]
    job.lease.check()
    provider = bridge.channel(key).provider
    withdrawn = provider.withdraw(messages) if messages and isinstance(provider, Withdrawable) else ()
    with bridge.store.write() as tx:
        execute_many(tx, _CANCEL, [{**ids, "recipient": recipient} for recipient in withdrawn])
        job_queue.complete(tx, job)
    logger.info("batch %s: %d messages withdrawn, %d went out", batch, len(withdrawn), len(messages) - len(withdrawn))
