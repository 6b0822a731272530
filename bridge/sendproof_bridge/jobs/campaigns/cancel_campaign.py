"""Cancel the messages of a cancelled campaign that are not being sent yet, or that wait at the provider.

The event already marked the campaign, so no batch has begun since; this job updates its messages and batches. Sent
messages are reported as sent; cancelled messages are not reported, neither as sent nor as dropped.
"""

import logging

from sendproof_bridge.domain import campaigns
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.jobs.campaigns import withdraw_batch
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Cancel all of them in one transaction; those at the provider have jobs of their own."""
    client, campaign = job.payload["client"], job.payload["campaign"]
    with bridge.store.write() as tx:
        cancelled = campaigns.cancel_messages(tx, client, campaign, bridge.clock.now())
        job_queue.add(tx, withdraw_batch.new_jobs(tx, client, campaign, bridge.clock.now()))
        job_queue.complete(tx, job)
    logger.info("client %s: campaign %s is cancelled, with %d messages", client, campaign, cancelled)
