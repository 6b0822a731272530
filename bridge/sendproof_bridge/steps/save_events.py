"""Report signed events: one call a job. One whose reply was lost is not repeated, as events might count twice."""

import logging

from sendproof_bridge import jobs
from sendproof_bridge.bridge import Bridge
from sendproof_bridge.errors import NotDoneError, UnknownOutcomeError
from sendproof_bridge.jobs import Job

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Report the events that the job names."""
    service = bridge.clients[job.payload["client"]].save_event
    if service is None:
        raise LookupError(f"client {job.payload['client']} has no metrics_url any more")
    if job.payload.get("begun"):
        _unknown(bridge, job, "the bridge ended during the call")
        return
    _note(bridge, job, begun=True)
    try:
        service.save(job.payload["events"])
    except UnknownOutcomeError as error:
        _unknown(bridge, job, str(error))
        return
    except NotDoneError:
        _note(bridge, job, begun=False)
        raise
    with bridge.store.write() as tx:
        jobs.complete(tx, job)
    logger.info("%d events reported (%s)", len(job.payload["events"]), job.id)


def _note(bridge: Bridge, job: Job, *, begun: bool) -> None:
    """The word that a call is being made is on the disk before it is."""
    with bridge.store.write_durably() as tx:
        jobs.rewrite(tx, job, {**job.payload, "begun": begun})


def _unknown(bridge: Bridge, job: Job, trouble: str) -> None:
    with bridge.store.write() as tx:
        jobs.leave_unknown(tx, job, trouble)
    logger.warning("%s: %s; whether its events count is not known", job.id, trouble)
