"""How a campaign moves on, and when its reports are due."""

# ruff: noqa: S608 statements are put together from constants of this package only

from sqlalchemy import Connection, bindparam, text

from sendproof_bridge import jobs
from sendproof_bridge.bridge import CampaignKey, optimove_lane
from sendproof_bridge.clock import Instant
from sendproof_bridge.jobs import NewJob
from sendproof_bridge.lifecycle import CAMPAIGN
from sendproof_bridge.metrics import timetable

_WHERE = "client = :client AND channel = :channel AND campaign = :campaign"

_ANNOUNCE = text(
    "INSERT INTO campaign (client, channel, campaign, state) VALUES (:client, :channel, :campaign, 'collecting')"
    " ON CONFLICT DO NOTHING"
)
_FIRST = text(f"UPDATE campaign SET first_sent_at = :now WHERE {_WHERE} AND first_sent_at IS NULL")
_STATE = text(f"SELECT state FROM campaign WHERE {_WHERE}")
_OPEN = text(f"SELECT 1 FROM batch WHERE {_WHERE} AND state <> 'settled' LIMIT 1")
_MOVE = text(f"UPDATE campaign SET state = :state WHERE {_WHERE} AND state IN :sources").bindparams(
    bindparam("sources", expanding=True)
)


def announce(tx: Connection, key: CampaignKey) -> None:
    """Note a campaign and start to collect whom to send to. Announced twice is announced once."""
    tx.execute(_ANNOUNCE, key._asdict())
    jobs.add(tx, [page_job(key, 0)])


def page_job(key: CampaignKey, skip: int) -> NewJob:
    """Read the customers from `skip` on."""
    payload = {**key._asdict(), "skip": skip}
    return NewJob(id=f"page:{key.name()}:{skip}", kind="page", payload=payload, lane=optimove_lane(key.client))


def begin_reports(tx: Connection, key: CampaignKey, now: Instant) -> None:
    """The first message is out, or will never be: from now on reports are due. Only the first call counts."""
    if tx.execute(_FIRST, {**key._asdict(), "now": now}).rowcount:
        due = timetable(now)
        jobs.add(tx, [_report(key, k, at, last=k == len(due) - 1) for k, at in enumerate(due)])


def _report(key: CampaignKey, k: int, at: Instant, *, last: bool) -> NewJob:
    payload = {**key._asdict(), "last": last}
    lane = optimove_lane(key.client)
    return NewJob(id=f"metrics:{key.name()}:{k}", kind="metrics", payload=payload, due_at=at, lane=lane)


def collected(tx: Connection, key: CampaignKey, now: Instant) -> None:
    """Every customer is known."""
    move(tx, key, "sending")
    settled(tx, key, now)


def settled(tx: Connection, key: CampaignKey, now: Instant) -> None:
    """A batch is through; when it was the last one, only reports are left to do."""
    if state(tx, key) == "sending" and tx.execute(_OPEN, key._asdict()).first() is None:
        begin_reports(tx, key, now)
        move(tx, key, "reporting")


def state(tx: Connection, key: CampaignKey) -> str | None:
    """Where a campaign stands; None when it was never announced."""
    found: str | None = tx.execute(_STATE, key._asdict()).scalar_one_or_none()
    return found


def move(tx: Connection, key: CampaignKey, after: str) -> None:
    """Take a step if the table allows it, else leave the campaign where it is."""
    tx.execute(_MOVE, {**key._asdict(), "state": after, "sources": CAMPAIGN.sources(after)})
