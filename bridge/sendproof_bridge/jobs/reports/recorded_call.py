"""The record that a call was made which counts again when it is repeated.

If the database is away, the thread waits for it with what it knows: the next attempt would make the call once more. The
record is on disk at the end, because a crash of the server would undo it too.
"""

import logging
import threading

from sqlalchemy.exc import OperationalError

from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job
from sendproof_bridge.storage.store import sentence_on

# Sooner than workers that find the database again take over the jobs of others (worker.py).
_RETRY_SECONDS = 0.25

logger = logging.getLogger(__name__)


def record(bridge: Bridge, job: Job) -> None:
    """End the job, whose call was made. If a server is away, wait until it is back."""
    is_late = False
    while not _is_recorded(bridge, job, log=not is_late):
        is_late = True
        threading.Event().wait(_RETRY_SECONDS)


def _is_recorded(bridge: Bridge, job: Job, *, log: bool) -> bool:
    try:
        with bridge.store.write_durably() as tx:
            job_queue.complete_called(tx, job)
    except OperationalError as error:
        if not bridge.store.is_server:
            raise
        if log:
            logger.warning("%s: reported; recorded when the database is back: %s", job.id, sentence_on(error))
        return False
    return True
