"""Tell Optimove where to post its events. Done at every start: the address may have changed."""

import logging

from sendproof_bridge import jobs
from sendproof_bridge.bridge import Bridge
from sendproof_bridge.config import ClientConfig
from sendproof_bridge.jobs import Job
from sendproof_bridge.optimove import CAMPAIGN_EXECUTED_ON_CHANNEL, CAMPAIGN_PROCESSED

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Register for "executed on this channel" and, without a channel, for "processed"."""
    client = bridge.clients[job.payload["client"]]
    channel = job.payload["channel"]
    url = listener_url(bridge.public_url, client.config)
    client.optimove.register_listener(CAMPAIGN_EXECUTED_ON_CHANNEL, url, channel)
    client.optimove.register_listener(CAMPAIGN_PROCESSED, url, None)
    with bridge.store.write() as tx:
        jobs.complete(tx, job)
    logger.info("client %s: listener for channel %d registered", client.config.name, channel)


def listener_url(public_url: str, client: ClientConfig) -> str:
    """The address of the door for one client's events. It holds the token: never log it."""
    return f"{public_url}/webhooks/optimove/{client.name}/{client.webhook_token.reveal()}"
