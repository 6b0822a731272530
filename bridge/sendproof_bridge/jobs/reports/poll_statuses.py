"""Poll a campaign's messages without a final status, just before each report.

For providers that only post receipts if the account is set up for it. A report of the same instant waits for this job
(storage/job_queue.py), so it includes what the provider knows. Messages with a final status are not polled again. An
error ends polling until the next report: no result is needed earlier.
"""

import logging
from collections.abc import Iterator, Mapping

from msgspec.structs import replace
from sqlalchemy import Connection, text

from sendproof_bridge.clock import Instant
from sendproof_bridge.domain import campaigns, receipts
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.domain.keys import CampaignKey
from sendproof_bridge.jobs.reports import poll_missing_receipts
from sendproof_bridge.outbound.errors import RemoteCallError
from sendproof_bridge.outbound.providers import OpenMessage
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job, NewJob

# The number of messages that are polled before their results are stored.
_MESSAGES_PER_PART = 1_000

_OPEN = text(
    "SELECT batch, recipient, COALESCE(provider_id, '') AS message, template, settled_at AS sent_at FROM message"
    " WHERE client = :client AND channel = :channel AND campaign = :campaign"
    " AND state IN ('accepted', 'taken', 'unknown') AND ended_at IS NULL ORDER BY settled_at, customer, occasion"
)

#: Open messages with their batches, by recipient.
_Part = Mapping[str, tuple[OpenMessage, str]]

logger = logging.getLogger(__name__)


def job_id(key: CampaignKey) -> str:
    """Return the id of the job that polls the campaign."""
    return f"poll_statuses:{key.name()}"


def ensure_job(tx: Connection, key: CampaignKey, now: Instant, reports_a_day: int) -> None:
    """Ensure that the campaign is polled before its next report, and then before each."""
    due_at = campaigns.next_report_at(tx, key, now, reports_a_day)
    if due_at is not None:
        job_queue.requeue_done(tx, NewJob(id=job_id(key), kind="poll_statuses", payload=key._asdict(), due_at=due_at))


def run(bridge: Bridge, job: Job) -> None:
    """Poll all open messages, and come back with the next report."""
    key, now = CampaignKey.of(job.payload), bridge.clock.now()
    polled = final = 0
    for part in _parts(bridge, key):
        found, error = _poll_part(bridge, key, part)
        polled, final = polled + len(part), final + found
        if error is not None:
            logger.warning("campaign %s: %s; polled again before the next report", key.name(), error)
            break
    _end(bridge, job, key, now)
    logger.info("campaign %s: %d messages polled, %d have a final status", key.name(), polled, final)


def _poll_part(bridge: Bridge, key: CampaignKey, part: _Part) -> tuple[int, RemoteCallError | None]:
    """Poll some messages and store what is found; return the number of final statuses, and the error, if any."""
    found, error = poll_missing_receipts.poll(bridge, key, [message for message, _ in part.values()])
    # Its receipts may have been stored when no message had the id.
    new_ids = {receipt.message for receipt in found if receipt.message and not part[receipt.recipient][0].message}
    with bridge.store.write() as tx:
        # Another campaign may have found the row at the same time, for an equal message to the same recipient.
        of_others = set(poll_missing_receipts.known_ids(tx, key.client, new_ids)) if new_ids else set()
        own = [receipt for receipt in found if receipt.message not in of_others]
        with_batch = [(key.client, replace(receipt, batch=part[receipt.recipient][1])) for receipt in own]
        receipts.record(tx, bridge, [pair for pair in with_batch if pair[1].status_code])
        receipts.set_ids(tx, with_batch)
        receipts.on_ids_known(tx, bridge, key.client, sorted(new_ids - of_others))
    final = sum(bool(receipt.status_code) for receipt in own)
    again = {receipt.recipient: part[receipt.recipient] for receipt in found if receipt.message in of_others}
    if not again or error is not None:
        return final, error
    more, error = _poll_part(bridge, key, again)
    return final + more, error


def _parts(bridge: Bridge, key: CampaignKey) -> Iterator[_Part]:
    """Yield open messages and their batches by recipient, oldest first, with no recipient twice in a part."""
    with bridge.store.read() as tx:
        rows = tx.execute(_OPEN, key._asdict()).mappings().all()
    part: dict[str, tuple[OpenMessage, str]] = {}
    for row in rows:
        if row["recipient"] in part or len(part) == _MESSAGES_PER_PART:
            yield part
            part = {}
        part[row["recipient"]] = OpenMessage(**{name: row[name] for name in row if name != "batch"}), row["batch"]
    if part:
        yield part


def _end(bridge: Bridge, job: Job, key: CampaignKey, now: Instant) -> None:
    with bridge.store.write() as tx:
        due_at = campaigns.next_report_at(tx, key, now, bridge.reports_a_day(key))
        if due_at is None:
            job_queue.complete(tx, job)
        else:
            job_queue.reschedule(tx, job, due_at)
