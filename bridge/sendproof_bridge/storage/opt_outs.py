"""Numbers that want no messages. An opt-out applies to all channels of a client, as soon as it is stored."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, text

from sendproof_bridge.clock import Instant
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import NewJob

_INSERT = text(
    "INSERT INTO opt_out (client, number, source, at, processed) VALUES (:client, :number, :source, :at, FALSE)"
    " ON CONFLICT DO NOTHING"
)
_NUMBERS = text(
    "SELECT number FROM message WHERE client = :client AND batch = :batch AND recipient IN :recipients"
).bindparams(bindparam("recipients", expanding=True))
_WAITING_JOB = text("SELECT 1 FROM job WHERE id LIKE :prefix AND state = 'due' LIMIT 1")
_COUNT = text("SELECT COUNT(*) FROM opt_out WHERE client = :client")


def add(tx: Connection, client: str, numbers: Iterable[str], source: str, now: Instant) -> int:
    """Store opt-outs and ensure that a job applies them; return the number of new ones."""
    rows = [{"client": client, "number": number, "source": source, "at": now} for number in numbers]
    new = sum(tx.execute(_INSERT, row).rowcount for row in rows)
    # A waiting job will process all of them; a running one may have read the table before.
    if new and tx.execute(_WAITING_JOB, {"prefix": f"apply_opt_outs:{client}:%"}).first() is None:
        count = tx.execute(_COUNT, {"client": client}).scalar_one()
        id_ = f"apply_opt_outs:{client}:{count}"
        job_queue.add(tx, [NewJob(id=id_, kind="apply_opt_outs", payload={"client": client}, due_at=now)])
    return new


def add_recipients(tx: Connection, client: str, batch: str, recipients: Iterable[str], now: Instant) -> None:
    """Store the opt-outs of recipients in a batch: the provider refused their messages for that reason."""
    refused = list(recipients)
    if refused:
        numbers = tx.execute(_NUMBERS, {"client": client, "batch": batch, "recipients": refused})
        add(tx, client, numbers.scalars().all(), "provider", now)
