"""Poll messages without a receipt, at providers with receipts that each send requests.

Textlocal never posts that a message expired, and a receipt can be lost. So messages that are still open after the
longest validity are polled. The results are stored as receipts. Other providers are polled before each report
(poll_statuses.py).
documented: https://api.txtlocal.com/docs/handlingreceipts (what is posted), and `validity`: at most 72 hours.
"""

import json
import logging
from collections.abc import Collection, Sequence

from msgspec.structs import replace
from sqlalchemy import Connection, text

from sendproof_bridge.clock import DAY, HOUR, MINUTE, Instant
from sendproof_bridge.domain import receipts
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.domain.keys import CampaignKey
from sendproof_bridge.outbound.errors import RemoteCallError
from sendproof_bridge.outbound.providers import KnownIds, OpenMessage, Receipt
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job, NewJob

# 72 hours, and time for a late receipt; then daily while reports are due.
_FIRST_POLL = 74 * HOUR
_INTERVAL = DAY
_REPETITIONS = 4
_RETRY_DELAY = MINUTE

_OPEN = text(
    "SELECT recipient, COALESCE(provider_id, '') AS message, template, settled_at AS sent_at FROM message"
    " WHERE client = :client AND batch = :batch AND state IN ('accepted', 'taken', 'unknown') AND ended_at IS NULL"
    " ORDER BY customer"
)
_KNOWN_IDS = text(
    "SELECT provider_id FROM message WHERE client = :client AND provider_id IN (SELECT value FROM json_each(:ids))"
)

logger = logging.getLogger(__name__)


def new_job(key: CampaignKey, batch: str, now: Instant) -> NewJob:
    """Return the polling job of a batch that is sent now."""
    payload = {**key._asdict(), "batch": batch, "until": now + _FIRST_POLL + _REPETITIONS * _INTERVAL}
    id_ = f"poll_missing_receipts:{key.client}:{batch}"
    return NewJob(id=id_, kind="poll_missing_receipts", payload=payload, due_at=now + _FIRST_POLL)


def run(bridge: Bridge, job: Job) -> None:
    """Poll each open message of a batch; come back the next day if some are still open."""
    key, batch = CampaignKey.of(job.payload), job.payload["batch"]
    with bridge.store.read() as tx:
        rows = tx.execute(_OPEN, {"client": key.client, "batch": batch}).mappings()
        open_messages = [OpenMessage(**row) for row in rows]
    found, error = poll(bridge, key, open_messages)
    if error is not None and not found:
        raise error
    now = bridge.clock.now()
    with bridge.store.write() as tx:
        receipts.record(tx, bridge, [(key.client, replace(receipt, batch=batch)) for receipt in found])
        if error is not None:
            # Stored results stay, so that the next attempt polls fewer messages.
            job_queue.retry_at(tx, job, now + _RETRY_DELAY, str(error))
        elif len(found) < len(open_messages) and now + _INTERVAL < job.payload["until"]:
            job_queue.reschedule(tx, job, now + _INTERVAL)
        else:
            job_queue.complete(tx, job)
    if open_messages:
        counts = len(open_messages), len(found)
        logger.info("batch %s: %d messages without a receipt polled, %d have a final status", batch, *counts)


def poll(
    bridge: Bridge, key: CampaignKey, messages: Sequence[OpenMessage]
) -> tuple[list[Receipt], RemoteCallError | None]:
    """Return a receipt for each message with a final status, and the error that ended polling early, if any.

    In testing mode nothing was sent, so the provider may not know the messages.
    """
    channel, found = bridge.channel(key), list[Receipt]()
    if channel.config.testing or not messages:
        return found, None
    try:
        for receipt in channel.provider.poll_statuses(messages, _reading_known_ids(bridge, key.client)):
            found.append(receipt)
    except RemoteCallError as error:
        return found, error
    return found, None


def known_ids(tx: Connection, client: str, ids: Collection[str]) -> Collection[str]:
    """Return those of the provider's ids that belong to messages of the client already."""
    return tx.execute(_KNOWN_IDS, {"client": client, "ids": json.dumps(sorted(ids))}).scalars().all()


def _reading_known_ids(bridge: Bridge, client: str) -> KnownIds:
    def read(ids: Collection[str]) -> Collection[str]:
        with bridge.store.read() as tx:
            return known_ids(tx, client, ids)

    return read
