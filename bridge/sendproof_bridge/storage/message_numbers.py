"""Finding messages by their numbers.

Numbers come in no order. With an index on the number, each new message would change a page of the index, which costs
more than storing the message. So messages are only entered in `message_number` before a search: many together, in the
order of their numbers.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, text

from sendproof_bridge.storage.store import Store

# Keeps one transaction much shorter than the time limit for acknowledging a webhook.
_MESSAGES_PER_TRANSACTION = 50_000

_BOUNDS = text("SELECT COALESCE((SELECT message FROM numbered), 0), COALESCE((SELECT MAX(id) FROM message), 0)")
_ENTER = text(
    "INSERT INTO message_number (client, number, message) SELECT client, number, id FROM message"
    " WHERE id > :entered AND id <= :last AND number IS NOT NULL ORDER BY client, number, id"
)
_FORGET_END = text("DELETE FROM numbered")
_SET_END = text("INSERT INTO numbered (message) VALUES (:last)")
_SEARCH = text(
    "SELECT m.channel, m.campaign, m.customer, m.occasion, m.template, m.number, m.state"
    " FROM json_each(:numbers) AS wanted"
    " CROSS JOIN message_number n CROSS JOIN message m"
    " WHERE n.client = :client AND n.number = wanted.value AND m.id = n.message ORDER BY m.settled_at NULLS FIRST, m.id"
)


class NumberedMessage(NamedTuple):
    """A message to one of the numbers."""

    channel: int
    campaign: str
    customer: str
    occasion: str
    template: int
    number: str
    state: str


def enter_all(store: Store) -> None:
    """Prepare a search, in transactions of bounded length."""
    more = True
    while more:
        with store.write() as tx:
            more = _enter_next(tx)


def search(tx: Connection, client: str, numbers: Sequence[str]) -> list[NumberedMessage]:
    """Return a client's messages to any of these numbers, in the order in which they were settled."""
    while _enter_next(tx):
        pass
    rows = tx.execute(_SEARCH, {"client": client, "numbers": json.dumps(numbers)})
    return [NumberedMessage(*row) for row in rows]


def _enter_next(tx: Connection) -> bool:
    """Enter the next messages; return True if there are more."""
    entered, newest = tx.execute(_BOUNDS).one()
    last = min(newest, entered + _MESSAGES_PER_TRANSACTION)
    if last > entered:
        tx.execute(_ENTER, {"entered": entered, "last": last})
        tx.execute(_FORGET_END)
        tx.execute(_SET_END, {"last": last})
    return bool(last < newest)
