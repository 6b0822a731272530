"""Read one page of a campaign's customers, decide which of them get messages, and plan the batches."""

import json
import logging
from collections.abc import Mapping

from sqlalchemy import Connection, text

from sendproof_bridge.domain import campaigns, planning
from sendproof_bridge.domain.accounts import Bridge, Channel
from sendproof_bridge.domain.keys import MAX_ID_BYTES, CampaignKey, is_storable
from sendproof_bridge.domain.planning import PlannedMessage
from sendproof_bridge.domain.templates import attribute_names, fetch_templates, stored_templates
from sendproof_bridge.outbound.optimove import Recipient
from sendproof_bridge.outbound.providers import Template
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job

_WITH_MESSAGE = text(
    "SELECT customer FROM message WHERE client = :client AND channel = :channel AND campaign = :campaign"
    " AND customer IN (SELECT value FROM json_each(:customers))"
)

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Store this page's messages, batches and send jobs, and the next page's job, in one transaction."""
    key, skip = CampaignKey.of(job.payload), job.payload["skip"]
    channel = bridge.channel(key)
    if _complete_if_cancelled(bridge, job, key):
        return
    rows, templates = _read(bridge, key, channel, skip)
    # Parsing phone numbers takes long, so it is done before the database is locked.
    planned = {row.customer: planning.plan_message(channel, templates, row) for row in rows}
    _leave_out_long_ids(key, planned)
    now = bridge.clock.now()
    with bridge.store.write() as tx:
        new = _without_known(tx, key, planned)
        batches = planning.store_messages(tx, key, channel, new, str(skip), now)
        if skip == 0:
            # New opt-outs at the provider must be known before any message of this campaign goes out.
            job_queue.make_due(tx, campaigns.poll_opt_outs_job(key.client, key.channel))
        if rows and rows[0].app is not None:
            campaigns.set_app(tx, key, rows[0].app)
        if rows:
            # Skip the rows that came, not the rows requested: a service may return fewer rows per page.
            job_queue.add(tx, [campaigns.fetch_page_job(key, skip + len(rows))])
        else:
            campaigns.on_all_pages_read(tx, key, now, bridge.reports_a_day(key))
        job_queue.complete(tx, job)
    dropped = sum(message.reason is not None for message in new)
    counts = len(rows), len(new), dropped, batches
    logger.info("campaign %s from %d: %d customers, %d new, %d dropped, %d batches", key.name(), skip, *counts)


def _complete_if_cancelled(bridge: Bridge, job: Job, key: CampaignKey) -> bool:
    """Complete the job and return True if the campaign is cancelled."""
    with bridge.store.write() as tx:
        cancelled = campaigns.state(tx, key) == "cancelled"
        if cancelled:
            job_queue.complete(tx, job)
    return cancelled


def _read(
    bridge: Bridge, key: CampaignKey, channel: Channel, skip: int
) -> tuple[list[Recipient], Mapping[int, Template]]:
    """Return the page and the templates. They are fetched at each campaign's start, as their texts may have changed."""
    fetch = stored_templates if skip else fetch_templates
    templates = fetch(bridge, key.client, channel)
    rows = _page(bridge, key, channel, templates, skip)
    if skip and any(row.template not in templates for row in rows):
        templates = fetch_templates(bridge, key.client, channel)
        rows = _page(bridge, key, channel, templates, skip)
    return rows, templates


def _page(
    bridge: Bridge, key: CampaignKey, channel: Channel, templates: Mapping[int, Template], skip: int
) -> list[Recipient]:
    optimove = bridge.clients[key.client].optimove
    # Only attributes of the campaign's own templates: templates of triggers may use event parameters, which are no
    # customer attributes.
    used = optimove.campaign_templates(key.channel, key.campaign)
    names = attribute_names(channel, [template for id_, template in templates.items() if not used or id_ in used])
    return optimove.send_details(key.channel, key.campaign, names, skip)


def _leave_out_long_ids(key: CampaignKey, planned: dict[str, PlannedMessage]) -> None:
    """Remove customers that no table can hold, so that the others get their messages."""
    too_long = [customer for customer in planned if not is_storable(customer)]
    for customer in too_long:
        del planned[customer]
    if too_long:
        text = "campaign %s: %d customers get no message: their ids have more than %d bytes"
        logger.warning(text, key.name(), len(too_long), MAX_ID_BYTES)


def _without_known(tx: Connection, key: CampaignKey, planned: Mapping[str, PlannedMessage]) -> list[PlannedMessage]:
    """Leave out customers that have a message already: pages may overlap when rows move between calls."""
    known = set(tx.execute(_WITH_MESSAGE, {**key._asdict(), "customers": json.dumps(list(planned))}).scalars())
    return [message for customer, message in planned.items() if customer not in known]
