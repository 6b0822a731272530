"""Register the bridge's webhook URL with Optimove, at every start: the URL may have changed."""

import logging

from sendproof_bridge.config import SCHEDULED, TRIGGERED, ClientConfig
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.outbound.errors import RejectedError
from sendproof_bridge.outbound.optimove import (
    CAMPAIGN_CANCELLED,
    CAMPAIGN_EXECUTED_ON_CHANNEL,
    CAMPAIGN_ON_HOLD,
    CAMPAIGN_PROCESSED,
    TRIGGER_MET,
    OptimoveClient,
)
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job

_EVENTS = {
    SCHEDULED: (CAMPAIGN_EXECUTED_ON_CHANNEL, CAMPAIGN_CANCELLED),
    TRIGGERED: (TRIGGER_MET,),
}

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Register for the events of the channel, and for the client's events that name no channel."""
    client = bridge.clients[job.payload["client"]]
    channel = client.channels[job.payload["channel"]].config
    url = listener_url(bridge.public_url, client.config)
    for event in _EVENTS[channel.kind]:
        _register(client.optimove, event, url, channel.id)
    if channel.kind == SCHEDULED:
        client.optimove.register_listener(CAMPAIGN_PROCESSED, url, None)
    if client.config.clears_campaigns:
        # documented: it must name no channel; https://developer.optimove.com/docs/conditional-execution
        client.optimove.register_listener(CAMPAIGN_ON_HOLD, url, None)
    with bridge.store.write() as tx:
        job_queue.complete(tx, job)
    logger.info("client %s: listener for channel %d registered", client.config.name, channel.id)


def _register(optimove: OptimoveClient, event: int, url: str, channel: int) -> None:
    """Register the listener of a channel.

    Only for events 11 and 13 it is documented that a listener may name a channel. If it may not for event 4, the
    general listener gets the cancellations: they name the campaign.
    """
    try:
        optimove.register_listener(event, url, channel)
    except RejectedError:
        if event != CAMPAIGN_CANCELLED:
            raise
        optimove.register_listener(event, url, None)


def listener_url(public_url: str, client: ClientConfig) -> str:
    """Return the URL for one client's events. It contains the token: never log it."""
    return f"{public_url}/webhooks/optimove/{client.name}/{client.webhook_token.reveal()}"
