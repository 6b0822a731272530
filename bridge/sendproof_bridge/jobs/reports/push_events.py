"""Report signed events: one call a job. One whose reply was lost is not repeated, as events might count twice."""

from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.jobs.reports.at_most_once import at_most_once
from sendproof_bridge.storage.job_queue import Job


def run(bridge: Bridge, job: Job) -> None:
    """Report the events that the job names."""
    service, events = bridge.clients[job.payload["client"]].save_event, job.payload["events"]
    if service is None:
        raise LookupError(f"client {job.payload['client']} has no metrics_url any more")
    at_most_once(bridge, job, lambda: service.save(events), f"{len(events)} events")
