"""Matching deliveries to recipients: all possible pairs in order of preference, each side at most once.

Deliveries to exactly the recipient's number come first, then those to another form of the number, then those to any
number. Within each, the due text comes first, then a damaged form of it, then any text. Among equal texts, pairs in
time come first. Otherwise the nearest time counts.
"""

import sqlite3
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Form:
    """What makes a recipient and a delivery alike: the columns to compare."""

    columns: str
    recipients: str
    deliveries: str


_NUMBERS = ("place", "digits")
_TEXTS = {"text": "COALESCE(text, '')", "letters": "letters(text)", "any": "''"}
_OPEN = "SELECT id, {key} FROM obligation WHERE owed AND {condition} AND id NOT IN (SELECT obligation FROM pair)"
_FREE = "SELECT id, {key} FROM free"
_OTHER_NUMBER = _Form(
    "text",
    _OPEN.format(key="text", condition="text <> ''"),
    _FREE.format(key="text"),
)


def _form(number: str, text: str) -> _Form:
    key = f"json_array({number}, {_TEXTS[text]})"
    return _Form(
        f"{number}, {text}",
        _OPEN.format(key=key, condition="number <> ''"),
        _FREE.format(key=key),
    )


def match(database: sqlite3.Connection) -> None:
    """Fill the table `pair` from the tables of recipients and deliveries; what stays in `free` belongs to none."""
    database.executescript(_PREPARED)
    for number in _NUMBERS:
        database.execute(_ONE_TO_ONE[number])
        _pair_by(database, _form(number, "text"))
        _add_duplicates(database, number)
        _pair_by(database, _form(number, "letters"))
        _pair_by(database, _form(number, "any"))
        _add_forbidden(database, number)
    _pair_by(database, _OTHER_NUMBER)


_PREPARED = """
CREATE TABLE pair (obligation INTEGER, delivery INTEGER UNIQUE);
CREATE INDEX paired ON pair (obligation);
CREATE VIEW free AS SELECT * FROM delivery WHERE NOT test AND NOT withdrawn AND id NOT IN (SELECT delivery FROM pair);
CREATE TABLE open_key (obligation INTEGER, key TEXT);
CREATE TABLE free_key (delivery INTEGER, key TEXT);
CREATE INDEX free_key_key ON free_key (key);
"""

# Nearly every number has one recipient and one delivery: they belong together, whatever the text.
_ONE_TO_ONE = {
    number: f"""
INSERT INTO pair SELECT recipient.id, sent.id
FROM (SELECT {number} AS key, MIN(id) AS id FROM obligation WHERE number <> '' GROUP BY 1 HAVING COUNT(*) = 1)
    AS recipient
JOIN (SELECT {number} AS key, MIN(id) AS id FROM free GROUP BY 1 HAVING COUNT(*) = 1) AS sent USING (key)
WHERE recipient.id NOT IN (SELECT obligation FROM pair)
"""
    for number in _NUMBERS
}


def _pair_by(database: sqlite3.Connection, form: _Form) -> None:
    """Pair recipients who got nothing yet with deliveries of the same form."""
    for preference in (_IN_TIME, _NEAREST):
        if database.execute("SELECT EXISTS (SELECT 1 FROM free)").fetchone() == (0,):
            return
        database.execute("DELETE FROM open_key")
        database.execute("DELETE FROM free_key")
        database.execute(f"INSERT INTO open_key {form.recipients}")
        database.execute(f"INSERT INTO free_key {form.deliveries}")
        database.executemany("INSERT INTO pair VALUES (?, ?)", _taken(database, database.execute(preference)))


# Recipients with one key, due time and deadline are one window, of whom any may get a delivery.
_WINDOWS = """
WITH place AS (SELECT DISTINCT key, due, deadline, unread FROM open_key JOIN obligation ON id = obligation)
SELECT key, due, deadline, unread, delivery
FROM place JOIN free_key USING (key) JOIN delivery ON id = delivery
"""
# In order of sending, each takes the window that closes first, so that as many as possible are in time.
_IN_TIME = f"""{_WINDOWS}
WHERE send_at BETWEEN due - 1000 AND deadline
ORDER BY unread, send_at, at, message, deadline, due
"""
_NEAREST = f"""{_WINDOWS} ORDER BY ABS(send_at - due), send_at, at, message, due, deadline"""


def _taken(database: sqlite3.Connection, preferences: Iterable[Row]) -> list[tuple[int, int]]:
    """Return the pairs of recipient and delivery that the preferences lead to, the most preferred first."""
    waiting: defaultdict[Row, deque[int]] = defaultdict(deque)
    for *window, recipient in database.execute(_WAITING):
        waiting[tuple(window)].append(recipient)
    taken: dict[int, int] = {}
    for *window, delivery in preferences:
        recipients = waiting[tuple(window)]
        if recipients and delivery not in taken:
            taken[int(str(delivery))] = recipients.popleft()
    return [(recipient, delivery) for delivery, recipient in taken.items()]


_WAITING = """
SELECT key, due, deadline, unread, id FROM open_key JOIN obligation ON id = obligation
ORDER BY due, campaign, channel, customer
"""


def _add_duplicates(database: sqlite3.Connection, number: str) -> None:
    """Add each delivery with a text that its number already got to a recipient of that text, or one who is due none."""
    for (delivery,) in database.execute(_REPEATED[number]).fetchall():
        database.execute(_ADDED[number], {"delivery": delivery})


def _add_forbidden(database: sqlite3.Connection, number: str) -> None:
    """Add each delivery that is left to a recipient of its number who is due no message."""
    for (delivery,) in database.execute(_LEFT[number]).fetchall():
        database.execute(_ADDED_ANYWAY[number], {"delivery": delivery})


_REPEATED = {
    number: f"""
SELECT id FROM free WHERE EXISTS (
    SELECT 1 FROM obligation WHERE obligation.{number} = free.{number} AND owed AND obligation.text = free.text
        AND obligation.id IN (SELECT obligation FROM pair))
ORDER BY send_at, at, message
"""
    for number in _NUMBERS
}
_LEFT = {
    number: f"""
SELECT id FROM free WHERE {number} IN (SELECT {number} FROM obligation WHERE NOT owed AND number <> '')
ORDER BY send_at, at, message
"""
    for number in _NUMBERS
}
# An equal campaign that was cancelled comes first: the bridge had its message to send.
_DISTANCE = {
    number: f"""
CASE WHEN timed THEN ABS(send_at - due) ELSE 0 END,
NOT (timed AND recipient.reason IS 'cancelled' AND NOT recipient.unread
    AND recipient.id NOT IN (SELECT obligation FROM pair)
    AND EXISTS (SELECT 1 FROM obligation AS equal
        WHERE equal.{number} = recipient.{number} AND equal.owed AND equal.template = recipient.template
            AND equal.text = sent.text AND equal.id IN (SELECT obligation FROM pair))),
NOT owed, (SELECT COUNT(*) FROM pair WHERE pair.obligation = recipient.id), due, campaign, channel, customer LIMIT 1
"""
    for number in _NUMBERS
}
_ADDED = {
    number: f"""
INSERT INTO pair SELECT recipient.id, sent.id
FROM run, free AS sent JOIN obligation AS recipient ON recipient.{number} = sent.{number}
WHERE sent.id = :delivery AND CASE WHEN owed
    THEN recipient.text = sent.text AND recipient.id IN (SELECT obligation FROM pair)
    ELSE recipient.text IS NULL OR recipient.text = sent.text END
ORDER BY {_DISTANCE[number]}
"""
    for number in _NUMBERS
}
_ADDED_ANYWAY = {
    number: f"""
INSERT INTO pair SELECT recipient.id, sent.id
FROM run, free AS sent JOIN obligation AS recipient ON recipient.{number} = sent.{number}
WHERE sent.id = :delivery AND NOT owed
ORDER BY NOT (recipient.text IS NULL OR recipient.text = sent.text), {_DISTANCE[number]}
"""
    for number in _NUMBERS
}
