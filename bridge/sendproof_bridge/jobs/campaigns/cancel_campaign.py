"""Call off what has not been sent of a cancelled campaign.

The campaign was marked when the event came, so no batch has begun since; here its messages and batches follow. What was
sent is reported as sent; of the rest nothing is reported, neither as sent nor as dropped.
"""

import logging

from sendproof_bridge.domain import campaigns
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """One transaction."""
    client, campaign = job.payload["client"], job.payload["campaign"]
    with bridge.store.write() as tx:
        number = campaigns.cancel_messages(tx, client, campaign, bridge.clock.now())
        job_queue.complete(tx, job)
    logger.info("client %s: campaign %s is cancelled, %d messages called off", client, campaign, number)
