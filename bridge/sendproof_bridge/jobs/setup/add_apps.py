"""Add the apps of a channel to Optimove, so that marketers can choose one for a campaign.

documented: https://developer.optimove.com/docs/integrate-your-service-with-optimove
"""

import logging

from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.domain.batches import chunks
from sendproof_bridge.outbound.optimove import APPS_PER_CALL
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Add all apps at every start: their names may have changed, and no call lists those in Optimove."""
    client = bridge.clients[job.payload["client"]]
    channel = client.channels[job.payload["channel"]].config
    for apps in chunks(list(channel.apps.items()), APPS_PER_CALL):
        client.optimove.add_apps(channel.id, dict(apps))
    with bridge.store.write() as tx:
        job_queue.complete(tx, job)
    if channel.apps:
        logger.info("client %s: channel %d: %d apps added", client.config.name, channel.id, len(channel.apps))
