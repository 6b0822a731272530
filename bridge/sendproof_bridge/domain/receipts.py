"""Storing receipts for the job that processes them."""

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, text

from sendproof_bridge.outbound.providers import Receipt
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import NewJob
from sendproof_bridge.storage.store import execute_many

_INSERT = (
    "INSERT INTO receipt (client, batch, recipient, status_code, provider_time, message, template)"
    " VALUES (:client, :batch, :recipient, :status_code, :provider_time, :message, :template)"
)
_REPROCESS_STRAY = text(
    "UPDATE receipt SET result = NULL WHERE client = :client AND batch = '' AND result = 'stray'"
    " AND message IN (SELECT value FROM json_each(:messages))"
)
_WAITING_JOB = text("SELECT 1 FROM job WHERE kind = 'process_receipts' AND state = 'due' LIMIT 1")
_NEWEST = text("SELECT MAX(id) FROM receipt")


def store_receipts(tx: Connection, receipts: Sequence[tuple[str, Receipt]]) -> None:
    """Insert (client, receipt) pairs and ensure that a job processes them."""
    if not receipts:
        return
    execute_many(tx, _INSERT, [_row(client, receipt) for client, receipt in receipts])
    _ensure_receipts_job(tx, "")


def on_ids_known(tx: Connection, client: str, ids: Iterable[str]) -> None:
    """Reprocess the receipts that arrived before the provider's ids of their messages were known."""
    known = list(ids)
    if tx.execute(_REPROCESS_STRAY, {"client": client, "messages": json.dumps(known)}).rowcount:
        _ensure_receipts_job(tx, f":{known[0]}")


def _ensure_receipts_job(tx: Connection, suffix: str) -> None:
    # A waiting job will process all of them; a running one may have read the table before.
    if tx.execute(_WAITING_JOB).first() is None:
        id_ = f"process_receipts:{tx.execute(_NEWEST).scalar_one()}{suffix}"
        job_queue.add(tx, [NewJob(id=id_, kind="process_receipts", lane="process_receipts")])


def _row(client: str, receipt: Receipt) -> dict[str, str | int | None]:
    return {
        "client": client,
        "batch": receipt.batch,
        "recipient": receipt.recipient,
        "status_code": receipt.status_code,
        "provider_time": receipt.provider_time,
        "message": receipt.message,
        "template": receipt.template,
    }
