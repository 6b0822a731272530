"""Receipts: each is stored and applied to its message in one transaction, in the order of their arrival.

A receipt that is lost is posted again, after others. So of two final statuses the later one decides, by the provider's
time, until a report has counted the other one.
"""

# ruff: noqa: S608 statements are built from constants of this module only

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from sendproof_bridge.clock import Instant, parse_time
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.outbound.providers import CLICKED, OPENED, UNSUBSCRIBED, MessageProvider, Receipt
from sendproof_bridge.storage import opt_outs
from sendproof_bridge.storage.lifecycle import MESSAGE
from sendproof_bridge.storage.store import PlainConnection, plain

_MESSAGE = (
    "SELECT recipient, id, channel, campaign, customer, occasion, template, number, state, provider_id,"
    " ended_at, reported_state FROM message"
    " WHERE client = ?"
)
# Most receipts arrive at the URL of a batch; those of some providers only have the provider's id.
_OF_BATCH = f"{_MESSAGE} AND batch = ? AND recipient IN (SELECT value FROM json_each(?))"
_OF_IDS = f"{_MESSAGE} AND provider_id IN (SELECT value FROM json_each(?)) ORDER BY id"
_SET_STATE = "UPDATE message SET state = ?, ended_at = ?, settled_at = COALESCE(settled_at, ?) WHERE id = ?"
_SET_ID = "UPDATE message SET provider_id = ? WHERE id = ? AND provider_id IS NULL"
_SET_ID_IN_BATCH = (
    "UPDATE message SET provider_id = ? WHERE client = ? AND batch = ? AND recipient = ? AND provider_id IS NULL"
)
# A response to a send may have no id. The receipt then belongs to a message by its template to its number that has no
# id, and gives it one. Of several such messages the provider's record tells which one it is (poll_statuses.py). Without
# a record it is taken for the first.
_WITHOUT_ID = (
    "SELECT id, channel FROM message WHERE client = :client"
    " AND recipient = :recipient AND template = :template AND provider_id IS NULL AND state IN ('taken', 'accepted')"
    " AND NOT EXISTS (SELECT 1 FROM message WHERE client = :client AND provider_id = :message)"
    " ORDER BY settled_at, id LIMIT 2"
)
# What a phone or its network did with a message.
_FINAL = frozenset({"delivered", "undelivered", "invalid", "expired"})
_ADD_CLICK = (
    "INSERT INTO engagement (client, channel, campaign, customer, occasion, template, kind, at, reported)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, FALSE)"
)
_IS_OPENED = (
    "SELECT 1 FROM engagement WHERE client = ? AND channel = ? AND campaign = ? AND customer = ? AND occasion = ?"
    " AND template = ? AND kind = 'opened'"
)
# A customer can click several times. The same webhook again has the time of its click.
_IS_CLICKED = (
    "SELECT 1 FROM engagement WHERE client = ? AND channel = ? AND campaign = ? AND customer = ? AND occasion = ?"
    " AND template = ? AND kind = 'clicked' AND at = ?"
)
_ADD_RECEIPT = (
    "INSERT INTO receipt (client, batch, recipient, status_code, provider_time, message, template, result)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_COUNT = (
    "INSERT INTO receipt_count (client, channel, campaign, result, number) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (client, channel, campaign, result) DO UPDATE SET number = receipt_count.number + excluded.number"
)
_CAMPAIGN_OF_BATCH = "SELECT channel, campaign FROM batch WHERE client = ? AND id = ?"
_STRAY = (
    "SELECT id, recipient, status_code, provider_time, message, template FROM receipt WHERE client = ? AND batch = ''"
    " AND result = 'stray' AND message IN (SELECT value FROM json_each(?)) ORDER BY id"
)
_SET_RESULT = "UPDATE receipt SET result = ? WHERE id = ?"


def record(tx: Connection, bridge: Bridge, receipts: Sequence[tuple[str, Receipt]]) -> list[str]:
    """Store (client, receipt) pairs and apply them to their messages; return the result of each."""
    results = _apply(tx, bridge, receipts) if receipts else []
    rows = [_row(client, receipt, result) for (client, receipt), result in zip(receipts, results, strict=True)]
    plain(tx).executemany(_ADD_RECEIPT, rows)
    return results


def set_ids(tx: Connection, receipts: Iterable[tuple[str, Receipt]]) -> None:
    """Give each message of a batch that has no id the one of its receipt, if that has one."""
    rows = [(found.message, client, found.batch, found.recipient) for client, found in receipts if found.message]
    plain(tx).executemany(_SET_ID_IN_BATCH, rows)


def is_ahead(provider_time: str, now: Instant) -> bool:
    """Return True if the time of a receipt is after `now`, or is not known."""
    time = _time(provider_time)
    return time is None or time > now


def on_ids_known(tx: Connection, bridge: Bridge, client: str, ids: Iterable[str]) -> None:
    """Apply the receipts that arrived before the provider's ids of their messages were known."""
    db = plain(tx)
    stray = db.execute(_STRAY, (client, json.dumps(list(ids)))).fetchall()
    if stray:
        receipts = [
            (
                client,
                Receipt(recipient=recipient, status_code=code, provider_time=at, message=message, template=template),
            )
            for _, recipient, code, at, message, template in stray
        ]
        results = _apply(tx, bridge, receipts)
        db.executemany(_SET_RESULT, [(result, row[0]) for result, row in zip(results, stray, strict=True)])


@dataclass(slots=True)
class _Message:
    row: int
    channel: int
    campaign: str
    customer: str
    occasion: str
    template: int
    number: str
    state: str
    provider_id: str | None
    ended_at: Instant | None
    reported_state: str | None


class _Messages:
    """The messages of some receipts, with the changes of the receipts so far. They are stored together at the end.

    With a statement for each receipt, PostgreSQL on another machine would take most of the time to wait for it.
    """

    def __init__(self, db: PlainConnection, receipts: Sequence[tuple[str, Receipt]], now: Instant) -> None:
        self._db, self.now = db, now
        self._by_row: dict[int, _Message] = {}
        self._of_batch: dict[tuple[str, str, str], list[_Message]] = defaultdict(list)
        self._of_id: dict[tuple[str, str], list[_Message]] = defaultdict(list)
        self._states: list[tuple[object, ...]] = []
        self._ids: list[tuple[object, ...]] = []
        wanted: dict[tuple[str, str], set[str]] = defaultdict(set)
        for client, receipt in receipts:
            wanted[client, receipt.batch].add(receipt.recipient if receipt.batch else receipt.message)
        for (client, batch), values in wanted.items():
            self._read(client, batch, json.dumps(sorted(values)))

    def _read(self, client: str, batch: str, values: str) -> None:
        statement, where = (_OF_BATCH, (client, batch, values)) if batch else (_OF_IDS, (client, values))
        for recipient, *columns in self._db.execute(statement, where):
            message = self._by_row.setdefault(columns[0], _Message(*columns))
            if batch:
                self._of_batch[client, batch, recipient].append(message)
            else:
                self._of_id[client, str(message.provider_id)].append(message)

    def of(self, client: str, receipt: Receipt) -> Sequence[_Message]:
        """Return the messages that a receipt is about."""
        if receipt.batch:
            return self._of_batch.get((client, receipt.batch, receipt.recipient), ())
        return self._of_id.get((client, receipt.message), ())

    def set_state(self, message: _Message, state: str, ended_at: Instant) -> None:
        message.state, message.ended_at = state, ended_at
        self._states.append((state, ended_at, self.now, message.row))

    def set_id(self, client: str, message: _Message, id_: str) -> None:
        message.provider_id = id_
        self._of_id[client, id_].append(message)
        self._ids.append((id_, message.row))

    def store(self) -> None:
        self._db.executemany(_SET_STATE, self._states)
        self._db.executemany(_SET_ID, self._ids)


def _apply(tx: Connection, bridge: Bridge, receipts: Sequence[tuple[str, Receipt]]) -> list[str]:
    """Apply receipts to their messages, and count them; return the result of each."""
    db = plain(tx)
    _assign_missing_ids(db, bridge, receipts)
    all_messages = _Messages(db, receipts, bridge.clock.now())
    results = []
    counts: Counter[tuple[str, int, str, str]] = Counter()
    for client, receipt in receipts:
        result, messages = "stray", all_messages.of(client, receipt)
        for message in messages:
            result = _apply_to_message(tx, bridge, all_messages, client, message, receipt)
        results.append(result)
        places = [(message.channel, message.campaign) for message in messages] or _campaign(db, client, receipt)
        for channel, campaign in places:
            counts[client, channel, campaign, result] += 1
    all_messages.store()
    db.executemany(_COUNT, [(*key, number) for key, number in counts.items()])
    return results


def _apply_to_message(
    tx: Connection, bridge: Bridge, messages: _Messages, client: str, message: _Message, receipt: Receipt
) -> str:
    now = messages.now
    after = _meaning(bridge, client, message.channel, receipt.status_code)
    result = "applied" if _is_corrected(message, receipt, after, now) else _result(message.state, after)
    if result == "applied":
        messages.set_state(message, str(after), _ended_at(receipt, now))
    elif result == "marked":
        _mark(tx, client, message, receipt, after, now)
    if receipt.message and message.provider_id is None:
        messages.set_id(client, message, receipt.message)
    return result


def _campaign(db: PlainConnection, client: str, receipt: Receipt) -> list[tuple[int, str]]:
    """Return channel and campaign of the batch to which a stray receipt was posted; none if it is not known."""
    return db.execute(_CAMPAIGN_OF_BATCH, (client, receipt.batch)).fetchall()


def _assign_missing_ids(db: PlainConnection, bridge: Bridge, receipts: Sequence[tuple[str, Receipt]]) -> None:
    for client, receipt in receipts:
        if receipt.message and not receipt.batch and receipt.template is not None:
            values = (client, receipt.recipient, receipt.template, receipt.message)
            names = ("client", "recipient", "template", "message")
            rows = db.execute(_WITHOUT_ID, dict(zip(names, values, strict=True))).fetchall()
            if len(rows) == 1 or (rows and not _has_record(bridge, client, rows[0][1])):
                db.execute(_SET_ID, (receipt.message, rows[0][0]))


def _provider(bridge: Bridge, client: str, channel: int) -> MessageProvider | None:
    accounts = bridge.clients.get(client)
    account = accounts.channels.get(channel) if accounts else None
    return account.provider if account else None


def _has_record(bridge: Bridge, client: str, channel: int) -> bool:
    provider = _provider(bridge, client, channel)
    return provider is not None and provider.has_send_record


def _meaning(bridge: Bridge, client: str, channel: int, status_code: str) -> str | None:
    provider = _provider(bridge, client, channel)
    return provider.status_meanings.get(status_code) if provider else None


def _is_corrected(message: _Message, receipt: Receipt, after: str | None, now: Instant) -> bool:
    """Return True if a receipt of a later final status replaces a final status that was not reported."""
    is_final = message.state in _FINAL and after in _FINAL and message.state != after
    is_reported = message.reported_state == message.state
    if not is_final or is_reported or message.ended_at is None or _time(receipt.provider_time) is None:
        return False
    return _ended_at(receipt, now) > message.ended_at


def _result(before: str, after: str | None) -> str:
    if after is None:
        return "stray"
    if after in {CLICKED, OPENED, UNSUBSCRIBED}:
        return "marked"
    if before == after:
        return "repeated"
    return "applied" if MESSAGE.allows(before, after) else "illegal"


def _mark(tx: Connection, client: str, message: _Message, receipt: Receipt, meaning: str | None, now: Instant) -> None:
    """Store each click once, and the first opening; store an unsubscription as an opt-out."""
    place = client, message.channel, message.campaign, message.customer, message.occasion, message.template
    if meaning == CLICKED:
        at = _ended_at(receipt, now)
        if plain(tx).execute(_IS_CLICKED, (*place, at)).fetchone() is None:
            plain(tx).execute(_ADD_CLICK, (*place, CLICKED, at))
    elif meaning == OPENED:
        if plain(tx).execute(_IS_OPENED, place).fetchone() is None:
            plain(tx).execute(_ADD_CLICK, (*place, OPENED, _ended_at(receipt, now)))
    else:
        opt_outs.add(tx, client, [message.number], "reply", now)


def _time(provider_time: str) -> Instant | None:
    try:
        return parse_time(provider_time)
    except ValueError:
        return None


def _ended_at(receipt: Receipt, now: Instant) -> Instant:
    """Return the provider's time of the status; now if it has none or is in the future."""
    time = _time(receipt.provider_time)
    return now if time is None else min(time, now)


def _row(client: str, receipt: Receipt, result: str) -> tuple[str | int | None, ...]:
    return (
        client,
        receipt.batch,
        receipt.recipient,
        receipt.status_code,
        receipt.provider_time,
        receipt.message,
        receipt.template,
        result,
    )
