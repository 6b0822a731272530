"""Report the customers of a template that had an event to Optimove, one call per job."""

import logging

from sendproof_bridge.domain import campaigns
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.domain.keys import CampaignKey
from sendproof_bridge.jobs.reports import recorded_call
from sendproof_bridge.storage.job_queue import Job

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Report the customers in the payload."""
    key, customers = CampaignKey.of(job.payload), job.payload["customers"]
    report = {
        "CampaignID": key.number,
        "ChannelID": key.channel,
        "InteractionDate": job.payload["date"],
        "TemplateID": job.payload["template"],
        "EventID": job.payload["event"],
        "CustomerIDs": customers,
    }
    with bridge.store.read() as tx:
        app = campaigns.app(tx, key)
    if app is not None:
        report["AppID"] = app
    bridge.clients[key.client].optimove.update_interactions(report)
    recorded_call.record(bridge, job)
    logger.info("campaign %s: event %d of %d customers reported", key.name(), job.payload["event"], len(customers))
