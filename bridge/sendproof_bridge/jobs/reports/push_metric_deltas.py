"""Report the growth of totals to an Optimove that adds up reported values: one call per job, made at most once."""

from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.jobs.reports.at_most_once import at_most_once
from sendproof_bridge.storage.job_queue import Job


def run(bridge: Bridge, job: Job) -> None:
    """Report the items in the payload."""
    optimove, items = bridge.clients[job.payload["client"]].optimove, job.payload["items"]
    at_most_once(bridge, job, lambda: optimove.update_metrics(items), f"growth of {len(items)} totals")
