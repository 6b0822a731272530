"""Find the customers of numbers that opted in again, and report their opt-ins to Optimove."""

import logging

from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.jobs.opt_outs import push_opt_outs
from sendproof_bridge.storage import job_queue, message_numbers
from sendproof_bridge.storage.job_queue import Job

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Plan a report for each channel on which the customers had messages."""
    client, numbers = bridge.clients[job.payload["client"]], job.payload["numbers"]
    message_numbers.enter_all(bridge.store)
    with bridge.store.write() as tx:
        messages = message_numbers.search(tx, client.config.name, numbers)
        for channel in sorted({message.channel for message in messages} & client.channels.keys()):
            customers = sorted({message.customer for message in messages if message.channel == channel})
            jobs = push_opt_outs.new_jobs(client.config, channel, customers, job.id, opted_in=True)
            job_queue.add(tx, jobs)
        job_queue.complete(tx, job)
    logger.info("client %s: %d numbers opted in again", client.config.name, len(numbers))
