"""Keep Optimove's list of a channel's templates like the provider's, so that marketers choose from what exists."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TypeVar

from sqlalchemy import text

from sendproof_bridge.clock import MINUTE
from sendproof_bridge.domain.accounts import Bridge, Channel
from sendproof_bridge.outbound.optimove import TEMPLATES_PER_CALL
from sendproof_bridge.outbound.providers import Template
from sendproof_bridge.storage import job_queue, schema
from sendproof_bridge.storage.job_queue import Job

# Nobody announces a change; who has just written a template waits for this long at most.
EVERY = 30 * MINUTE

_FORGET = text("DELETE FROM template WHERE client = :client AND channel = :channel")
_KNOWN = text("SELECT id, title, body FROM template WHERE client = :client AND channel = :channel ORDER BY id")

T = TypeVar("T")

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Compare, add what is missing or named otherwise, delete what is gone; then again in half an hour."""
    client = bridge.clients[job.payload["client"]]
    channel = client.channels[job.payload["channel"]]
    wanted = {template.id: template.title for template in refresh(bridge, client.config.name, channel)}
    had = client.optimove.channel_templates(channel.config.id)
    changed = {template: title for template, title in wanted.items() if had.get(template) != title}
    gone = [template for template in had if template not in wanted]
    for some in chunks(list(changed.items()), TEMPLATES_PER_CALL):
        client.optimove.add_templates(channel.config.id, dict(some))
    for some_gone in chunks(gone, TEMPLATES_PER_CALL):
        client.optimove.delete_templates(channel.config.id, some_gone)
    with bridge.store.write() as tx:
        job_queue.again(tx, job, bridge.clock.now() + EVERY)
    place = f"client {client.config.name}: channel {channel.config.id}"
    logger.info("%s: %d templates, %d added or renamed, %d deleted", place, len(wanted), len(changed), len(gone))


def refresh(bridge: Bridge, client: str, channel: Channel) -> list[Template]:
    """Fetch the provider's templates and remember them."""
    found = channel.provider.templates()
    place = {"client": client, "channel": channel.config.id}
    rows = [{**place, "id": one.id, "title": one.title, "body": one.body} for one in found]
    with bridge.store.write() as tx:
        tx.execute(_FORGET, place)
        if rows:
            tx.execute(schema.template.insert(), rows)
    return found


def known(bridge: Bridge, client: str, channel: Channel) -> Mapping[int, Template]:
    """The templates as last fetched, by id."""
    with bridge.store.read() as tx:
        rows = tx.execute(_KNOWN, {"client": client, "channel": channel.config.id}).mappings()
        return {row["id"]: Template(**row) for row in rows}


def attributes(channel: Channel, bodies: Iterable[Template]) -> list[str]:
    """Phone first, as vendors' guides have it, then consent, then whatever the provider or any template asks for."""
    asked = {name for template in bodies for name in channel.provider.placeholders(template.body)}
    first = [channel.config.phone_attribute, channel.config.consent_attribute, *channel.provider.attributes]
    return [*dict.fromkeys(first), *sorted(asked.difference(first))]


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in order, `size` at a time."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
