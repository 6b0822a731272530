"""Numbers of messages by template and state, kept instead of counted.

`reported_count` has the numbers as of the last report: a message counts in its `reported_state`. Messages that have
changed since have an index of their own. So a report costs what is new, however large its campaign is. Nothing has to
be kept up to date when a message changes its state.
"""

# ruff: noqa: S608 statements are built from constants of this module only

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from sendproof_bridge.clock import Instant
from sendproof_bridge.storage.store import execute_many

_OF_CAMPAIGN = "client = :client AND channel = :channel AND campaign = :campaign"
# Spelled as in the condition of the index. SQLite refuses the statement if it cannot use the index.
_MESSAGE = "message INDEXED BY message_unreported"
_UNREPORTED = "state <> 'pending' AND state IS NOT reported_state"
_KEPT = f"SELECT template, state, number FROM reported_count WHERE {_OF_CAMPAIGN}"
_CHANGED = f"FROM {_MESSAGE} WHERE {_OF_CAMPAIGN} AND {_UNREPORTED}"
_COUNTS = text(
    "SELECT template, state, SUM(number) FROM ("
    f"{_KEPT} UNION ALL SELECT template, state, COUNT(*) {_CHANGED} GROUP BY template, state"
    f" UNION ALL SELECT template, reported_state, -COUNT(*) {_CHANGED} AND reported_state IS NOT NULL"
    " GROUP BY template, reported_state) GROUP BY template, state HAVING SUM(number) <> 0"
    # Any number of clicks of a customer counts once.
    " UNION ALL SELECT template, kind, COUNT(DISTINCT customer)"
    f" FROM engagement WHERE {_OF_CAMPAIGN} GROUP BY template, kind"
)
_NEXT = (
    f"SELECT id, template, state, reported_state, settled_at, ended_at, customer {_CHANGED} ORDER BY id LIMIT :limit"
)
_SET_REPORTED = f"UPDATE {_MESSAGE} SET reported_state = state WHERE {_OF_CAMPAIGN} AND {_UNREPORTED} AND id <= :last"
_ADD = (
    "INSERT INTO reported_count (client, channel, campaign, template, state, number)"
    " VALUES (:client, :channel, :campaign, :template, :state, :number)"
    " ON CONFLICT (client, channel, campaign, template, state) DO UPDATE SET number = number + excluded.number"
)
_WRONG = text(
    "SELECT client, channel, campaign, template, state, SUM(kept) AS kept, SUM(counted) AS counted FROM ("
    "SELECT client, channel, campaign, template, state, number AS kept, 0 AS counted FROM reported_count"
    " UNION ALL SELECT client, channel, campaign, template, reported_state, 0, COUNT(*) FROM message"
    " WHERE reported_state IS NOT NULL GROUP BY client, channel, campaign, template, reported_state"
    ") GROUP BY client, channel, campaign, template, state HAVING SUM(kept) <> SUM(counted)"
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


def take_changed(tx: Connection, campaign: Mapping[str, Any], limit: int) -> list[ChangedMessage]:
    """Return up to `limit` messages that have changed since the last report; from now on they are reported."""
    rows = tx.exec_driver_sql(_NEXT, {**campaign, "limit": limit}).all()
    changed = [ChangedMessage(*row) for row in rows]
    if changed:
        tx.exec_driver_sql(_SET_REPORTED, {**campaign, "last": changed[-1].id})
        execute_many(tx, _ADD, [{**campaign, **growth} for growth in _growth(changed)])
    return changed


def _growth(changed: Sequence[ChangedMessage]) -> list[dict[str, object]]:
    numbers = Counter((message.template, message.state) for message in changed)
    numbers.subtract(
        (message.template, message.reported_state) for message in changed if message.reported_state is not None
    )
    return [{"template": template, "state": state, "number": number} for (template, state), number in numbers.items()]


def wrong_counts(tx: Connection) -> list[WrongCount]:
    """Count all messages, and return the numbers that were kept wrongly."""
    return [WrongCount(*row) for row in tx.execute(_WRONG)]
