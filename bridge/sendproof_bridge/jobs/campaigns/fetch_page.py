"""Read one page of a campaign's customers, decide whom to send to, and plan the batches."""

import json
import logging
from collections.abc import Mapping

from sqlalchemy import Connection, text

from sendproof_bridge.domain import campaigns, planning
from sendproof_bridge.domain.accounts import Bridge, CampaignKey, Channel
from sendproof_bridge.domain.planning import Draft
from sendproof_bridge.jobs.setup import sync_templates
from sendproof_bridge.outbound.optimove import Recipient
from sendproof_bridge.outbound.providers import Template
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job

_HAVE = text(
    "SELECT customer FROM message WHERE client = :client AND channel = :channel AND campaign = :campaign"
    " AND customer IN (SELECT value FROM json_each(:customers))"
)

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Store this page's messages, their batches and send jobs, and the next page's job, in one transaction."""
    key, skip = CampaignKey.of(job.payload), job.payload["skip"]
    channel = bridge.channel(key)
    if _cancelled(bridge, job, key):
        return
    rows, bodies = _read(bridge, key, channel, skip)
    # Numbers take long to read, so that is done before the database is locked.
    made = {row.customer: planning.draft(channel, bodies, row) for row in rows}
    now = bridge.clock.now()
    with bridge.store.write() as tx:
        fresh = _without_known(tx, key, made)
        batches = planning.store(tx, key, channel, fresh, str(skip), now)
        if skip == 0:
            # Who opted out at the provider meanwhile is to be known before anything of this campaign goes out.
            job_queue.start_over(tx, campaigns.opted_out_job(key.client, key.channel))
        if rows:
            # By what came, not by what was asked: a service that caps its pages must not cost the customers behind.
            job_queue.add(tx, [campaigns.page_job(key, skip + len(rows))])
        else:
            campaigns.collected(tx, key, now)
        job_queue.complete(tx, job)
    dropped = sum(one.reason is not None for one in fresh)
    place = f"campaign {key.name()} from {skip}"
    logger.info("%s: %d customers, %d new, %d dropped, %d batches", place, len(rows), len(fresh), dropped, batches)


def _cancelled(bridge: Bridge, job: Job, key: CampaignKey) -> bool:
    """Whether nobody is to be sent to any more; the job is done then."""
    with bridge.store.write() as tx:
        cancelled = campaigns.state(tx, key) == "cancelled"
        if cancelled:
            job_queue.complete(tx, job)
    return cancelled


def _read(
    bridge: Bridge, key: CampaignKey, channel: Channel, skip: int
) -> tuple[list[Recipient], Mapping[int, Template]]:
    """The page, with the templates that it names: fetched for each campaign's start, as bodies may have changed."""
    bodies = sync_templates.known(bridge, key.client, channel) if skip else _fetched(bridge, key, channel)
    rows = _page(bridge, key, channel, bodies, skip)
    if skip and any(row.template not in bodies for row in rows):
        bodies = _fetched(bridge, key, channel)
        rows = _page(bridge, key, channel, bodies, skip)
    return rows, bodies


def _fetched(bridge: Bridge, key: CampaignKey, channel: Channel) -> Mapping[int, Template]:
    return {template.id: template for template in sync_templates.refresh(bridge, key.client, channel)}


def _page(
    bridge: Bridge, key: CampaignKey, channel: Channel, bodies: Mapping[int, Template], skip: int
) -> list[Recipient]:
    optimove = bridge.clients[key.client].optimove
    # Not what every template asks for: that of a trigger may want parameters of events, which nobody has as attributes.
    used = optimove.campaign_templates(key.channel, key.campaign)
    names = sync_templates.attributes(channel, [body for id_, body in bodies.items() if not used or id_ in used])
    return optimove.send_details(key.channel, key.campaign, names, skip)


def _without_known(tx: Connection, key: CampaignKey, made: Mapping[str, Draft]) -> list[Draft]:
    """Pages may overlap when rows move between calls: whoever has a message already gets no second one."""
    have = set(tx.execute(_HAVE, {**key._asdict(), "customers": json.dumps(list(made))}).scalars())
    return [one for customer, one in made.items() if customer not in have]
