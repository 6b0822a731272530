"""Report signed events, one call per job. If a response is lost, the call is not repeated: events might count twice."""

from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.jobs.reports.at_most_once import at_most_once
from sendproof_bridge.storage.job_queue import Job


def run(bridge: Bridge, job: Job) -> None:
    """Report the events in the payload."""
    save_event, events = bridge.clients[job.payload["client"]].save_event, job.payload["events"]
    if save_event is None:
        raise LookupError(f"client {job.payload['client']} no longer has a metrics_url")
    at_most_once(bridge, job, lambda: save_event.save(events), f"{len(events)} events")
