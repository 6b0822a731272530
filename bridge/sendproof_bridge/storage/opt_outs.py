"""Numbers that want no messages. An opt-out applies to all channels of a client, as soon as it is stored."""

# ruff: noqa: S608 statements are built from constants of this module only

import json
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, Text, bindparam, text

from sendproof_bridge.clock import Instant
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import NewJob
from sendproof_bridge.storage.store import execute_many, plain

_LISTED = "listed"

_INSERT = (
    "INSERT INTO opt_out (client, number, source, at, processed) VALUES (:client, :number, :source, :at, FALSE)"
    " ON CONFLICT DO NOTHING"
)
_NUMBERS = text(
    "SELECT number FROM message WHERE client = :client AND batch = :batch AND recipient IN :recipients"
).bindparams(bindparam("recipients", expanding=True, type_=Text))
_AMONG_NUMBERS = "number IN (SELECT value FROM json_each(:numbers))"
_DELETE = text(f"DELETE FROM opt_out WHERE client = :client AND {_AMONG_NUMBERS} RETURNING number")
_DELETE_LISTED_NUMBERS = text(f"DELETE FROM listed_opt_out WHERE client = :client AND {_AMONG_NUMBERS}")
# A text comparison that uses the index; `;` is the character after `:`.
_WAITING_JOB = text(
    "SELECT 1 FROM job WHERE id > 'apply_opt_outs:' || :client || ':' AND id < 'apply_opt_outs:' || :client || ';'"
    " AND state = 'due' LIMIT 1"
)
_NEWEST = text("SELECT MAX(id) FROM opt_out")

_LIST = "SELECT listed FROM listed_opt_out WHERE client = :client AND channel = :channel"
_INSERT_LISTED = (
    "INSERT INTO listed_opt_out (client, channel, listed, number) VALUES (:client, :channel, :listed, :number)"
    " ON CONFLICT DO NOTHING"
)
# The list also has those who replied STOP, or were refused for that. From now on they opt in by leaving it.
_SET_LISTED = f"UPDATE opt_out SET source = '{_LISTED}' WHERE client = :client AND number = :number"
_DELETE_LISTED = text(
    "DELETE FROM listed_opt_out WHERE client = :client AND channel = :channel"
    " AND listed IN (SELECT value FROM json_each(:listed)) RETURNING number"
)
# Other opt-outs stay: a refusal by a provider without a list, and numbers on the list of another channel.
_UNLISTED = text(
    f"SELECT number FROM opt_out o WHERE client = :client AND source = '{_LISTED}' AND {_AMONG_NUMBERS}"
    " AND NOT EXISTS (SELECT 1 FROM listed_opt_out l WHERE l.client = o.client AND l.number = o.number)"
)


def add(tx: Connection, client: str, numbers: Iterable[str], source: str, now: Instant) -> int:
    """Store opt-outs and ensure that a job applies them; return the number of new ones."""
    new = execute_many(
        tx, _INSERT, [{"client": client, "number": number, "source": source, "at": now} for number in numbers]
    )
    # A waiting job will process all of them; a running one may have read the table before.
    if new and tx.execute(_WAITING_JOB, {"client": client}).first() is None:
        id_ = f"apply_opt_outs:{client}:{now}:{tx.execute(_NEWEST).scalar_one()}"
        job_queue.add(tx, [NewJob(id=id_, kind="apply_opt_outs", payload={"client": client}, due_at=now)])
    return new


def difference(tx: Connection, client: str, channel: int, listed: Iterable[str]) -> tuple[list[str], list[str]]:
    """Compare a list with the last one of the channel; return what is new on it, and what is gone. Both are sorted."""
    new, gone = set(listed), []
    # A list can have a million numbers, so the last one is never in memory as a whole.
    for (before,) in plain(tx).execute(_LIST, {"client": client, "channel": channel}):
        if before in new:
            new.remove(before)
        else:
            gone.append(before)
    return sorted(new), sorted(gone)


def add_listed(tx: Connection, client: str, channel: int, numbers: Mapping[str, str], now: Instant) -> int:
    """Store what is new on a provider's list, as numbers by the provider's spelling; return how many are new here."""
    ids = {"client": client, "channel": channel}
    rows = [{**ids, "listed": listed, "number": number} for listed, number in numbers.items()]
    execute_many(tx, _INSERT_LISTED, rows)
    new = add(tx, client, sorted(set(numbers.values())), _LISTED, now)
    execute_many(tx, _SET_LISTED, rows)
    return new


def remove_listed(tx: Connection, client: str, channel: int, listed: Sequence[str], now: Instant) -> int:
    """Remove what is not on a provider's list any more; return how many numbers opted in by that.

    Only a number that was on a list can opt in by leaving it.
    """
    values = {"client": client, "channel": channel, "listed": json.dumps(listed)}
    numbers = sorted(set(tx.execute(_DELETE_LISTED, values).scalars()))
    unlisted = tx.execute(_UNLISTED, {"client": client, "numbers": json.dumps(numbers)}).scalars()
    return remove(tx, client, list(unlisted), now)


def remove(tx: Connection, client: str, numbers: Sequence[str], now: Instant) -> int:
    """Remove the opt-outs of numbers that opted in again, and plan their reports; return how many there were.

    If a number is still on a provider's list, the next list adds it again.
    """
    values = {"client": client, "numbers": json.dumps(numbers)}
    removed = sorted(tx.execute(_DELETE, values).scalars())
    tx.execute(_DELETE_LISTED_NUMBERS, values)
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
