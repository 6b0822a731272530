"""The record of a call whose result cannot be asked for again, such as a report that counts again when it is repeated.

If the database is away, the thread waits for it with what it knows. The record is on disk at the end, because a crash
of the server would undo it too.
"""

import logging
import threading
from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection
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
    keep(bridge, job, partial(job_queue.complete_called, job=job))


def keep(bridge: Bridge, job: Job, store: Callable[[Connection], None]) -> None:
    """Store what is known of the job's call in one transaction. If a server is away, wait until it is back."""
    is_late = False
    while not _is_stored(bridge, job, store, log=not is_late):
        is_late = True
        threading.Event().wait(_RETRY_SECONDS)


def _is_stored(bridge: Bridge, job: Job, store: Callable[[Connection], None], *, log: bool) -> bool:
    try:
        with bridge.store.write_durably() as tx:
            store(tx)
    except OperationalError as error:
        if not bridge.store.is_server:
            raise
        if log:
            logger.warning("%s: done; recorded when the database is back: %s", job.id, sentence_on(error))
        return False
    return True
