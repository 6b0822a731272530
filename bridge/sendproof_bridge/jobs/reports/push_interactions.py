"""Tell Optimove which customers of a template had an event: one call a job."""

import logging

from sendproof_bridge.domain.accounts import Bridge, CampaignKey
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Report the customers that the job names."""
    key, customers = CampaignKey.of(job.payload), job.payload["customers"]
    report = {
        "CampaignID": key.number,
        "ChannelID": key.channel,
        "InteractionDate": job.payload["date"],
        "TemplateID": job.payload["template"],
        "EventID": job.payload["event"],
        "CustomerIDs": customers,
    }
    bridge.clients[key.client].optimove.update_interactions(report)
    with bridge.store.write() as tx:
        job_queue.complete(tx, job)
    place = f"campaign {key.name()}"
    logger.info("%s: event %d of %d customers reported", place, job.payload["event"], len(customers))
