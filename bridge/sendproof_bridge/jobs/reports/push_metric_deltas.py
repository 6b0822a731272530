"""Report by how much totals have grown, to an Optimove that adds up what it is told: one call a job, made once."""

from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.jobs.reports.at_most_once import at_most_once
from sendproof_bridge.storage.job_queue import Job


def run(bridge: Bridge, job: Job) -> None:
    """Report the items that the job names."""
    optimove, grown = bridge.clients[job.payload["client"]].optimove, job.payload["items"]
    at_most_once(bridge, job, lambda: optimove.update_metrics(grown), f"growth of {len(grown)} totals")
