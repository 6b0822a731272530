"""Calls that are made at most once, because a repetition might count twice and no call can find out.

The mark that a call begins is on disk before the call. If a later attempt finds the mark, it marks the job as unknown.
"""

import logging
from collections.abc import Callable

from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.jobs.reports import recorded_call
from sendproof_bridge.outbound.errors import NotSentError, OutcomeUnknownError
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.given_up_jobs import BEGUN
from sendproof_bridge.storage.job_queue import Job

logger = logging.getLogger(__name__)


def at_most_once(bridge: Bridge, job: Job, call: Callable[[], None], subject: str) -> None:
    """Make the call and end the job; retry a call that had no effect. `subject` names the report in the log."""
    if job.payload.get(BEGUN):
        _mark_unknown(bridge, job, "the bridge stopped during the call")
        return
    _set_begun(bridge, job, begun=True)
    job.lease.check()
    try:
        call()
    except OutcomeUnknownError as error:
        _mark_unknown(bridge, job, str(error))
        return
    except NotSentError:
        _set_begun(bridge, job, begun=False)
        raise
    recorded_call.record(bridge, job)
    logger.info("%s reported (%s)", subject, job.id)


def _set_begun(bridge: Bridge, job: Job, *, begun: bool) -> None:
    with bridge.store.write_durably() as tx:
        job_queue.set_payload(tx, job, {**job.payload, BEGUN: begun})


def _mark_unknown(bridge: Bridge, job: Job, error: str) -> None:
    with bridge.store.write() as tx:
        job_queue.mark_unknown(tx, job, error)
    logger.warning("%s: %s; it is unknown whether the report counts", job.id, error)
