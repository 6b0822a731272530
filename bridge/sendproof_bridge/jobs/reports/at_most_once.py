"""Calls that are made at most once, because a repetition might count twice and nobody can be asked.

The word that a call is being made is on the disk before it is; whoever finds it so later leaves the job as unknown.
"""

import logging
from collections.abc import Callable

from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.outbound.errors import NotDoneError, UnknownOutcomeError
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job

logger = logging.getLogger(__name__)


def at_most_once(bridge: Bridge, job: Job, call: Callable[[], None], what: str) -> None:
    """Make the call and end the job; one that surely had no effect is tried again. `what` was reported, for the log."""
    if job.payload.get("begun"):
        _unknown(bridge, job, "the bridge ended during the call")
        return
    _note(bridge, job, begun=True)
    try:
        call()
    except UnknownOutcomeError as error:
        _unknown(bridge, job, str(error))
        return
    except NotDoneError:
        _note(bridge, job, begun=False)
        raise
    with bridge.store.write() as tx:
        job_queue.complete(tx, job)
    logger.info("%s reported (%s)", what, job.id)


def _note(bridge: Bridge, job: Job, *, begun: bool) -> None:
    with bridge.store.write_durably() as tx:
        job_queue.rewrite(tx, job, {**job.payload, "begun": begun})


def _unknown(bridge: Bridge, job: Job, trouble: str) -> None:
    with bridge.store.write() as tx:
        job_queue.leave_unknown(tx, job, trouble)
    logger.warning("%s: %s; whether it counts is not known", job.id, trouble)
