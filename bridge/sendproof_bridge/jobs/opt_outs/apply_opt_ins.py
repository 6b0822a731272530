"""Find the customers of numbers that opted in again, and report their opt-ins to Optimove."""

import json
import logging

from sqlalchemy import text

from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.jobs.opt_outs import push_opt_outs
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job

_CUSTOMERS = text(
    "SELECT DISTINCT channel, customer FROM message WHERE client = :client"
    " AND number IN (SELECT value FROM json_each(:numbers)) ORDER BY channel, customer"
)

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Plan a report for each channel on which the customers had messages."""
    client, numbers = bridge.clients[job.payload["client"]], job.payload["numbers"]
    with bridge.store.write() as tx:
        rows = tx.execute(_CUSTOMERS, {"client": client.config.name, "numbers": json.dumps(numbers)}).all()
        for channel in sorted({row.channel for row in rows} & client.channels.keys()):
            customers = [row.customer for row in rows if row.channel == channel]
            jobs = push_opt_outs.new_jobs(client.config, channel, customers, job.id, opted_in=True)
            job_queue.add(tx, jobs)
        job_queue.complete(tx, job)
    logger.info("client %s: %d numbers opted in again", client.config.name, len(numbers))
