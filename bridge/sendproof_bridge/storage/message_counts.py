"""Numbers of messages by template and state, kept instead of counted.

`reported_count` has the numbers as of the last report: a message counts in its `reported_state`. An index has the
messages that were never reported, and a trigger collects those that have changed since. So a report costs what is new,
however large its campaign is, and code that changes a state has nothing to keep up to date.
"""

# ruff: noqa: S608 statements are built from constants of this module only

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from sendproof_bridge.clock import Instant
from sendproof_bridge.storage.store import execute_many, plain

_OF_CAMPAIGN = "client = :client AND channel = :channel AND campaign = :campaign"
_KEPT = f"SELECT template, state, number FROM reported_count WHERE {_OF_CAMPAIGN}"
# SQLite refuses the statement if it cannot use the index.
_NEVER_REPORTED = "message INDEXED BY message_never_reported"
_IS_NEW = f"{_OF_CAMPAIGN} AND reported_state IS NULL AND state <> 'pending'"
_CHANGES = f"SELECT message FROM changed_message INDEXED BY changed_message_campaign WHERE {_OF_CAMPAIGN}"
_HAS_CHANGED = "state <> COALESCE(reported_state, '')"
_COUNTS = text(
    "SELECT template, state, CAST(SUM(number) AS BIGINT) FROM ("
    f"{_KEPT} UNION ALL SELECT template, state, COUNT(*) FROM {_NEVER_REPORTED} WHERE {_IS_NEW}"
    " GROUP BY template, state"
    f" UNION ALL SELECT template, state, COUNT(*) FROM message WHERE id IN ({_CHANGES}) AND {_HAS_CHANGED}"
    " GROUP BY template, state"
    f" UNION ALL SELECT template, reported_state, -COUNT(*) FROM message WHERE id IN ({_CHANGES}) AND {_HAS_CHANGED}"
    " GROUP BY template, reported_state) AS counted GROUP BY template, state HAVING SUM(number) <> 0"
    # Any number of clicks of a customer counts once.
    " UNION ALL SELECT template, kind, COUNT(DISTINCT customer)"
    f" FROM engagement WHERE {_OF_CAMPAIGN} GROUP BY template, kind"
)
_COLUMNS = "id, template, state, reported_state, settled_at, ended_at, customer"
_NEXT_NEW = f"SELECT {_COLUMNS} FROM {_NEVER_REPORTED} WHERE {_IS_NEW} ORDER BY id LIMIT :limit"
_SET_NEW_REPORTED = f"UPDATE {_NEVER_REPORTED} SET reported_state = state WHERE {_IS_NEW} AND id <= :last"
_LAST_CHANGE = (
    f"SELECT MAX(id), COUNT(*) FROM (SELECT id {_CHANGES.removeprefix('SELECT message ')} ORDER BY id LIMIT :limit)"
    " AS oldest"
)
_NEXT_CHANGED = (
    f"SELECT {_COLUMNS} FROM message WHERE id IN ({_CHANGES} AND id <= :last) AND {_HAS_CHANGED} ORDER BY id"
)
_SET_CHANGED_REPORTED = f"UPDATE message SET reported_state = state WHERE id IN ({_CHANGES} AND id <= :last)"
_FORGET_CHANGES = (
    f"DELETE FROM changed_message INDEXED BY changed_message_campaign WHERE {_OF_CAMPAIGN} AND id <= :last"
)
_ADD = (
    "INSERT INTO reported_count (client, channel, campaign, template, state, number)"
    " VALUES (:client, :channel, :campaign, :template, :state, :number)"
    " ON CONFLICT (client, channel, campaign, template, state)"
    " DO UPDATE SET number = reported_count.number + excluded.number"
)
_WRONG = text(
    "SELECT client, channel, campaign, template, state, CAST(SUM(kept) AS BIGINT), CAST(SUM(counted) AS BIGINT) FROM ("
    "SELECT client, channel, campaign, template, state, number AS kept, 0 AS counted FROM reported_count"
    " UNION ALL SELECT client, channel, campaign, template, reported_state, 0, COUNT(*) FROM message"
    " WHERE reported_state IS NOT NULL GROUP BY client, channel, campaign, template, reported_state"
    ") AS both_counts GROUP BY client, channel, campaign, template, state HAVING SUM(kept) <> SUM(counted)"
    " ORDER BY client, channel, campaign, template, state"
)


class ChangedMessage(NamedTuple):
    """A message with a new state. `reported_state` is the state in the last report, if it was in one."""

    id: int
    template: int
    state: str
    reported_state: str | None
    settled_at: Instant | None
    ended_at: Instant | None
    customer: str


class WrongCount(NamedTuple):
    """A number that differs from the messages: a defect of the bridge, or a database that was edited."""

    client: str
    channel: int
    campaign: str
    template: int
    state: str
    kept: int
    counted: int


def counts(tx: Connection, campaign: Mapping[str, object]) -> Sequence[tuple[int, str, int]]:
    """Return (template, state of message or kind of engagement, number) of a campaign, as of now.

    Messages that wait to be sent are not counted. `campaign` has client, channel and campaign.
    """
    return [(template, state, number) for template, state, number in tx.execute(_COUNTS, campaign)]


def take_changed(tx: Connection, campaign: Mapping[str, Any], limit: int) -> tuple[list[ChangedMessage], bool]:
    """Return messages that have changed since the last report, and True if there are more than about `limit`.

    From now on they are reported.
    """
    rows = plain(tx).execute(_NEXT_NEW, {**campaign, "limit": limit}).fetchall()
    changed, more = [ChangedMessage(*row) for row in rows], len(rows) == limit
    if changed:
        plain(tx).execute(_SET_NEW_REPORTED, {**campaign, "last": changed[-1].id})
        _keep_growth(tx, campaign, changed)
    if not more:
        again, more = _take_changed_again(tx, campaign, limit)
        changed += again
    return changed, more


def _take_changed_again(tx: Connection, campaign: Mapping[str, Any], limit: int) -> tuple[list[ChangedMessage], bool]:
    last, number = plain(tx).execute(_LAST_CHANGE, {**campaign, "limit": limit}).fetchone()
    if not number:
        return [], False
    values = {**campaign, "last": last}
    changed = [ChangedMessage(*row) for row in plain(tx).execute(_NEXT_CHANGED, values)]
    plain(tx).execute(_SET_CHANGED_REPORTED, values)
    plain(tx).execute(_FORGET_CHANGES, values)
    _keep_growth(tx, campaign, changed)
    return changed, number == limit


def _keep_growth(tx: Connection, campaign: Mapping[str, Any], changed: Sequence[ChangedMessage]) -> None:
    numbers = Counter((message.template, message.state) for message in changed)
    numbers.subtract(
        (message.template, message.reported_state) for message in changed if message.reported_state is not None
    )
    rows = [
        {**campaign, "template": template, "state": state, "number": number}
        for (template, state), number in numbers.items()
    ]
    execute_many(tx, _ADD, rows)


def wrong_counts(tx: Connection) -> list[WrongCount]:
    """Count all messages, and return the numbers that were kept wrongly."""
    return [WrongCount(*row) for row in tx.execute(_WRONG)]
