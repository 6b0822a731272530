"""Numbers that want no messages. An opt-out applies to all channels of a client, as soon as it is stored."""

# ruff: noqa: S608 statements are built from constants of this module only

import json
from collections.abc import Iterable, Sequence

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
_LISTED_NOW = "number IN (SELECT value FROM json_each(:numbers))"
_SET_LISTED = text(f"UPDATE opt_out SET source = :source WHERE client = :client AND source = 'reply' AND {_LISTED_NOW}")
_UNLISTED = text(f"SELECT number FROM opt_out WHERE client = :client AND source = :source AND NOT {_LISTED_NOW}")
_DELETE = text(f"DELETE FROM opt_out WHERE client = :client AND {_LISTED_NOW} RETURNING number")
_WAITING_JOB = text("SELECT 1 FROM job WHERE id LIKE :prefix AND state = 'due' LIMIT 1")
_COUNT = text("SELECT COUNT(*) FROM opt_out WHERE client = :client")


def add(tx: Connection, client: str, numbers: Iterable[str], source: str, now: Instant) -> int:
    """Store opt-outs and ensure that a job applies them; return the number of new ones."""
    rows = [{"client": client, "number": number, "source": source, "at": now} for number in numbers]
    new = sum(tx.execute(_INSERT, row).rowcount for row in rows)
    # A waiting job will process all of them; a running one may have read the table before.
    if new and tx.execute(_WAITING_JOB, {"prefix": f"apply_opt_outs:{client}:%"}).first() is None:
        count = tx.execute(_COUNT, {"client": client}).scalar_one()
        id_ = f"apply_opt_outs:{client}:{now}:{count}"
        job_queue.add(tx, [NewJob(id=id_, kind="apply_opt_outs", payload={"client": client}, due_at=now)])
    return new


def store_list(tx: Connection, client: str, provider: str, numbers: Sequence[str], now: Instant) -> tuple[int, int]:
    """Store a provider's list; return how many numbers are new, and how many are not on it any more.

    Only a number that was on this provider's list can leave it: other opt-outs may come from other providers.
    """
    values = {"client": client, "source": f"listed by {provider}", "numbers": json.dumps(numbers)}
    new = add(tx, client, numbers, str(values["source"]), now)
    tx.execute(_SET_LISTED, values)
    return new, remove(tx, client, list(tx.execute(_UNLISTED, values).scalars()), now)


def remove(tx: Connection, client: str, numbers: Sequence[str], now: Instant) -> int:
    """Remove the opt-outs of numbers that opted in again, and plan their reports; return how many there were."""
    removed = sorted(tx.execute(_DELETE, {"client": client, "numbers": json.dumps(numbers)}).scalars())
    if removed:
        payload = {"client": client, "numbers": removed}
        id_ = f"apply_opt_ins:{client}:{now}:{removed[0]}"
        job_queue.add(tx, [NewJob(id=id_, kind="apply_opt_ins", payload=payload, due_at=now)])
    return len(removed)


def add_recipients(tx: Connection, client: str, batch: str, recipients: Iterable[str], now: Instant) -> None:
    """Store the opt-outs of recipients in a batch: the provider refused their messages for that reason."""
    refused = list(recipients)
    if refused:
        numbers = tx.execute(_NUMBERS, {"client": client, "batch": batch, "recipients": refused})
        add(tx, client, numbers.scalars().all(), "provider", now)
