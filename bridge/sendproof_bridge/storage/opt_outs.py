"""Who wants no messages: noted by number, for all channels of a client, and honoured from that moment on."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, text

from sendproof_bridge.clock import Instant
from sendproof_bridge.domain.accounts import CampaignKey
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import NewJob

_NOTE = text(
    "INSERT INTO opt_out (client, number, how, at, taken) VALUES (:client, :number, :how, :at, FALSE)"
    " ON CONFLICT DO NOTHING"
)
_NUMBERS = text(
    "SELECT number FROM message WHERE client = :client AND batch = :batch AND recipient IN :recipients"
).bindparams(bindparam("recipients", expanding=True))
_WAITING = text("SELECT 1 FROM job WHERE id LIKE :prefix AND state = 'due' LIMIT 1")
_NEWEST = text("SELECT COUNT(*) FROM opt_out WHERE client = :client")


def add(tx: Connection, client: str, numbers: Iterable[str], how: str, now: Instant) -> int:
    """Note them, and see to it that a job finds out whose they are; answers how many are new."""
    rows = [{"client": client, "number": number, "how": how, "at": now} for number in numbers]
    new = sum(tx.execute(_NOTE, row).rowcount for row in rows)
    # One waiting job will see them all; one that runs already may have looked before.
    if new and tx.execute(_WAITING, {"prefix": f"opt_outs:{client}:%"}).first() is None:
        count = tx.execute(_NEWEST, {"client": client}).scalar_one()
        job_queue.add(
            tx, [NewJob(id=f"opt_outs:{client}:{count}", kind="opt_outs", payload={"client": client}, due_at=now)]
        )
    return new


def note(tx: Connection, key: CampaignKey, batch: str, recipients: Iterable[str], now: Instant) -> None:
    """The same, for recipients of whom the provider said so when it was to send to them."""
    wanted = list(recipients)
    if wanted:
        found = tx.execute(_NUMBERS, {"client": key.client, "batch": batch, "recipients": wanted})
        add(tx, key.client, found.scalars().all(), "provider", now)
