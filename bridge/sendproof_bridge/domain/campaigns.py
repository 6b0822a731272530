"""How a campaign moves on, and when its reports are due."""

# ruff: noqa: S608 statements are put together from constants of this package only

from sqlalchemy import Connection, bindparam, text

from sendproof_bridge.clock import Instant
from sendproof_bridge.domain.accounts import CampaignKey, optimove_lane
from sendproof_bridge.domain.metrics import EVERY, timetable
from sendproof_bridge.outbound.optimove import CAMPAIGN_CANCELLED
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import NewJob
from sendproof_bridge.storage.lifecycle import CAMPAIGN

_WHERE = "client = :client AND channel = :channel AND campaign = :campaign"

_WHERE_CLIENT = "client = :client AND campaign = :campaign"

_ANNOUNCE = text(
    "INSERT INTO campaign (client, channel, campaign, state) VALUES (:client, :channel, :campaign, 'collecting')"
    " ON CONFLICT DO NOTHING"
)
_FIRST = text(f"UPDATE campaign SET first_sent_at = :now WHERE {_WHERE} AND first_sent_at IS NULL")
_FIRST_SENT = text(f"SELECT first_sent_at FROM campaign WHERE {_WHERE}")
_NEXT_REPORT = text("SELECT due_at FROM job WHERE id = :id AND state IN ('due', 'running')")
_STATE = text(f"SELECT state FROM campaign WHERE {_WHERE}")
_OPEN = text(f"SELECT 1 FROM batch WHERE {_WHERE} AND state <> 'settled' LIMIT 1")
_MOVE = text(f"UPDATE campaign SET state = :state WHERE {_WHERE} AND state IN :sources").bindparams(
    bindparam("sources", expanding=True)
)


_TRIGGERED = text(
    "INSERT INTO campaign (client, channel, campaign, state) VALUES (:client, :channel, :campaign, 'triggered')"
    " ON CONFLICT DO NOTHING"
)
_WAS_CANCELLED = text("SELECT 1 FROM event WHERE client = :client AND type = :type AND campaign = :campaign LIMIT 1")
_CANCEL = text(
    f"UPDATE campaign SET state = 'cancelled'"
    f" WHERE client = :client AND campaign = :campaign AND state IN {CAMPAIGN.sql('cancelled')}"
)
_PLANNED = f"{_WHERE_CLIENT} AND batch IN (SELECT id FROM batch WHERE {_WHERE_CLIENT} AND state = 'planned')"
_CANCEL_MESSAGES = text(
    f"UPDATE message SET state = 'cancelled', reason = 'cancelled', settled_at = :now WHERE {_PLANNED}"
    " AND state = 'pending'"
)
_CANCEL_BATCHES = text(f"UPDATE batch SET state = 'cancelled' WHERE {_WHERE_CLIENT} AND state = 'planned'")


def announce(tx: Connection, key: CampaignKey) -> None:
    """Note a campaign and start to collect whom to send to. Announced twice is announced once.

    One that was cancelled before, because events overtake each other, stays cancelled.
    """
    about = {"client": key.client, "type": CAMPAIGN_CANCELLED, "campaign": key.campaign}
    if tx.execute(_WAS_CANCELLED, about).first() is not None:
        return
    tx.execute(_ANNOUNCE, key._asdict())
    job_queue.add(tx, [page_job(key, 0)])


def trigger(tx: Connection, key: CampaignKey) -> None:
    """Note a triggered campaign, if this is its first trigger."""
    tx.execute(_TRIGGERED, key._asdict())


def cancel(tx: Connection, client: str, campaign: str, now: Instant) -> None:
    """From now on no batch of this campaign begins, on any channel; the job does the rest."""
    tx.execute(_CANCEL, {"client": client, "campaign": campaign})
    payload = {"client": client, "campaign": campaign}
    job_queue.add(tx, [NewJob(id=f"cancel:{client}:{campaign}", kind="cancel", payload=payload, due_at=now)])


def cancel_messages(tx: Connection, client: str, campaign: str, now: Instant) -> int:
    """Call off what has not begun to be sent; answers how many messages. What was begun ends as it may."""
    about = {"client": client, "campaign": campaign, "now": now}
    called_off: int = tx.execute(_CANCEL_MESSAGES, about).rowcount
    tx.execute(_CANCEL_BATCHES, about)
    return called_off


def opted_out_job(client: str, channel: int) -> NewJob:
    """Ask the channel's provider who opted out there."""
    payload = {"client": client, "channel": channel}
    return NewJob(id=f"opted_out:{client}:{channel}", kind="opted_out", payload=payload)


def page_job(key: CampaignKey, skip: int) -> NewJob:
    """Read the customers from `skip` on."""
    payload = {**key._asdict(), "skip": skip}
    return NewJob(id=f"page:{key.name()}:{skip}", kind="page", payload=payload, lane=optimove_lane(key.client))


def begin_reports(tx: Connection, key: CampaignKey, now: Instant) -> None:
    """The first message is out, or will never be: from now on reports are due. Only the first call counts.

    Reports on a triggered campaign go on as long as messages do, and come back with the next one.
    """
    if state(tx, key) == "triggered":
        payload = {**key._asdict(), "last": False, "triggered": True}
        id_, lane, due_at = _triggered_report(key), optimove_lane(key.client), timetable(now)[0]
        job_queue.wake_up(tx, NewJob(id=id_, kind="metrics", payload=payload, due_at=due_at, lane=lane))
        return
    if tx.execute(_FIRST, {**key._asdict(), "now": now}).rowcount:
        due = timetable(now)
        job_queue.add(tx, [_report(key, k, at, last=k == len(due) - 1) for k, at in enumerate(due)])


def _triggered_report(key: CampaignKey) -> str:
    return f"metrics:{key.name()}:triggered"


def next_report(tx: Connection, key: CampaignKey, now: Instant) -> Instant | None:
    """When the first report after now is due; None when there is none to come."""
    first = tx.execute(_FIRST_SENT, key._asdict()).scalar_one_or_none()
    if first is not None:
        return next((at for at in timetable(first) if at > now), None)
    due: Instant | None = tx.execute(_NEXT_REPORT, {"id": _triggered_report(key)}).scalar_one_or_none()
    return due if due is None or due > now else now + EVERY


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
