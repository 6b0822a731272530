"""Keep Optimove's list of a channel's templates equal to the provider's, so that marketers only see existing ones."""

import logging

from sendproof_bridge.clock import MINUTE
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.domain.batches import chunks
from sendproof_bridge.domain.templates import fetch_templates
from sendproof_bridge.outbound.optimove import TEMPLATES_PER_CALL
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job

# No webhook reports a changed template: a new one appears in Optimove after at most this time.
_INTERVAL = 30 * MINUTE

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Add missing and renamed templates, delete the others, and come back after the interval."""
    client = bridge.clients[job.payload["client"]]
    channel = client.channels[job.payload["channel"]]
    templates = fetch_templates(bridge, client.config.name, channel)
    existing = client.optimove.channel_templates(channel.config.id)
    changed = {id_: template.title for id_, template in templates.items() if existing.get(id_) != template.title}
    deleted = [id_ for id_ in existing if id_ not in templates]
    for titles in chunks(list(changed.items()), TEMPLATES_PER_CALL):
        client.optimove.add_templates(channel.config.id, dict(titles))
    for ids in chunks(deleted, TEMPLATES_PER_CALL):
        client.optimove.delete_templates(channel.config.id, ids)
    with bridge.store.write() as tx:
        job_queue.reschedule(tx, job, bridge.clock.now() + _INTERVAL)
    counts = len(templates), len(changed), len(deleted)
    name = f"client {client.config.name}: channel {channel.config.id}"
    # Twice an hour, most likely without a change.
    level = logging.INFO if changed or deleted else logging.DEBUG
    logger.log(level, "%s: %d templates, %d added or renamed, %d deleted", name, *counts)
