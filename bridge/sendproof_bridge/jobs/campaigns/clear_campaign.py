"""Conditional execution: decide which customers of a waiting campaign may get messages, before its deadline.

This job reads the waiting customers; `clear_customers` decides about them. A customer that is not named counts as not
cleared; documented: https://developer.optimove.com/reference/post_integrations-updatecustomerpromotionstatus .
"""

import logging

from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.domain.batches import chunks
from sendproof_bridge.domain.keys import optimove_lane
from sendproof_bridge.jobs.campaigns import clear_customers
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job, NewJob

# The bridge can decide about this many customers in about twenty seconds.
_CUSTOMERS_PER_JOB = 100

logger = logging.getLogger(__name__)


def new_job(client: str, campaign: str, required_by: str, skip: int) -> NewJob:
    """Return the job that reads the page of waiting customers from `skip` on."""
    payload = {"client": client, "campaign": campaign, "required_by": required_by, "skip": skip}
    id_ = f"clear_campaign:{client}:{campaign}:{skip}"
    return NewJob(id=id_, kind="clear_campaign", payload=payload, lane=optimove_lane(client))


def run(bridge: Bridge, job: Job) -> None:
    """Read one page of the waiting customers, and plan the jobs that decide about them."""
    client, campaign, required_by = (job.payload[name] for name in ("client", "campaign", "required_by"))
    skip = job.payload["skip"]
    customers = bridge.clients[client].optimove.waiting_customers(campaign, skip)
    jobs = [
        clear_customers.new_job(client, campaign, required_by, skip + index * _CUSTOMERS_PER_JOB, part)
        for index, part in enumerate(chunks(customers, _CUSTOMERS_PER_JOB))
    ]
    with bridge.store.write() as tx:
        job_queue.add(tx, jobs)
        if customers:
            job_queue.add(tx, [new_job(client, campaign, required_by, skip + len(customers))])
        job_queue.complete(tx, job)
    logger.info("campaign %s from %d: %d customers wait for clearance", campaign, skip, len(customers))
