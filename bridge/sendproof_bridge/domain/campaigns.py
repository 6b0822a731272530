"""The course of a campaign, and the schedule of its reports."""

# ruff: noqa: S608 statements are built from constants of this package only

from sqlalchemy import Connection, Text, bindparam, text

from sendproof_bridge.clock import Instant
from sendproof_bridge.domain.keys import CampaignKey, optimove_lane
from sendproof_bridge.domain.metrics import report_interval, report_times
from sendproof_bridge.domain.recipient_rules import GIVEN_UP
from sendproof_bridge.outbound.optimove import CAMPAIGN_CANCELLED
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import NewJob
from sendproof_bridge.storage.lifecycle import BATCH, CAMPAIGN
from sendproof_bridge.storage.store import plain

_OF_CAMPAIGN = "client = :client AND channel = :channel AND campaign = :campaign"
# On any channel of the client.
_OF_CLIENT_CAMPAIGN = "client = :client AND campaign = :campaign"

_START = text(
    "INSERT INTO campaign (client, channel, campaign, state) VALUES (:client, :channel, :campaign, 'collecting')"
    " ON CONFLICT DO NOTHING"
)
_START_TRIGGERED = text(
    "INSERT INTO campaign (client, channel, campaign, state) VALUES (:client, :channel, :campaign, 'triggered')"
    " ON CONFLICT DO NOTHING"
)
_SET_FIRST_SENT = f"UPDATE campaign SET first_sent_at = :now WHERE {_OF_CAMPAIGN} AND first_sent_at IS NULL"
_FIRST_SENT = text(f"SELECT first_sent_at FROM campaign WHERE {_OF_CAMPAIGN}")
_NEXT_REPORT = text("SELECT due_at FROM job WHERE id = :id AND state IN ('due', 'running')")
_SET_APP = text(f"UPDATE campaign SET app = :app WHERE {_OF_CAMPAIGN}")
_APP = text(f"SELECT app FROM campaign WHERE {_OF_CAMPAIGN}")
_STATE = f"SELECT state FROM campaign WHERE {_OF_CAMPAIGN}"
_OPEN_BATCH = f"SELECT 1 FROM batch WHERE {_OF_CAMPAIGN} AND state <> 'settled' LIMIT 1"
_MOVE = text(f"UPDATE campaign SET state = :state WHERE {_OF_CAMPAIGN} AND state IN :sources").bindparams(
    bindparam("sources", expanding=True, type_=Text)
)
_CANCELLATION = text("SELECT 1 FROM event WHERE client = :client AND type = :type AND campaign = :campaign LIMIT 1")
_CANCEL = text(
    f"UPDATE campaign SET state = 'cancelled' WHERE {_OF_CLIENT_CAMPAIGN} AND state IN {CAMPAIGN.sql('cancelled')}"
)
_PLANNED = (
    f"{_OF_CLIENT_CAMPAIGN} AND batch IN (SELECT id FROM batch WHERE {_OF_CLIENT_CAMPAIGN} AND state = 'planned')"
)
_CANCEL_MESSAGES = text(
    f"UPDATE message SET state = 'cancelled', reason = 'cancelled', settled_at = :now WHERE {_PLANNED}"
    " AND state = 'pending'"
)
_CANCEL_BATCHES = text(f"UPDATE batch SET state = 'cancelled' WHERE {_OF_CLIENT_CAMPAIGN} AND state = 'planned'")

_BATCH_STATE = text("SELECT state FROM batch WHERE client = :client AND id = :batch")
_END_PENDING = text(
    f"UPDATE message SET state = :state, reason = '{GIVEN_UP}', settled_at = :now"
    " WHERE client = :client AND batch = :batch AND state = 'pending'"
)
_SETTLE = text(
    f"UPDATE batch SET state = 'settled' WHERE client = :client AND id = :batch AND state IN {BATCH.sql('settled')}"
)


def start(tx: Connection, key: CampaignKey) -> None:
    """Store a scheduled campaign and begin to fetch its recipients. A second start changes nothing.

    Events can overtake each other: a campaign that is cancelled already stays cancelled.
    """
    cancellation = {"client": key.client, "type": CAMPAIGN_CANCELLED, "campaign": key.campaign}
    if tx.execute(_CANCELLATION, cancellation).first() is not None:
        return
    tx.execute(_START, key._asdict())
    job_queue.add(tx, [fetch_page_job(key, 0)])


def start_triggered(tx: Connection, key: CampaignKey) -> None:
    """Store a triggered campaign, if this is its first trigger."""
    tx.execute(_START_TRIGGERED, key._asdict())


def cancel(tx: Connection, client: str, campaign: str, now: Instant) -> None:
    """Mark a campaign as cancelled on every channel, so that no more batches begin; a job cancels its messages."""
    payload = {"client": client, "campaign": campaign}
    tx.execute(_CANCEL, payload)
    id_ = f"cancel_campaign:{client}:{campaign}"
    job_queue.add(tx, [NewJob(id=id_, kind="cancel_campaign", payload=payload, due_at=now)])


def cancel_messages(tx: Connection, client: str, campaign: str, now: Instant) -> int:
    """Cancel the messages of batches that have not begun; return their number. Batches that have begun complete."""
    values = {"client": client, "campaign": campaign, "now": now}
    cancelled: int = tx.execute(_CANCEL_MESSAGES, values).rowcount
    tx.execute(_CANCEL_BATCHES, values)
    return cancelled


def drop_batch(tx: Connection, key: CampaignKey, batch: str, now: Instant, reports_a_day: int) -> None:
    """Drop the messages of a batch that was given up; those of a call without a known outcome become unknown."""
    values = {"client": key.client, "batch": batch, "now": now}
    began = tx.execute(_BATCH_STATE, values).scalar_one_or_none() == "sending"
    tx.execute(_END_PENDING, {**values, "state": "unknown" if began else "dropped"})
    tx.execute(_SETTLE, values)
    schedule_reports(tx, key, now, reports_a_day)
    on_batch_done(tx, key, now, reports_a_day)


def poll_opt_outs_job(client: str, channel: int) -> NewJob:
    """Return the job that reads the provider's list of opt-outs."""
    payload = {"client": client, "channel": channel}
    return NewJob(id=f"poll_opt_outs:{client}:{channel}", kind="poll_opt_outs", payload=payload)


def fetch_page_job(key: CampaignKey, skip: int) -> NewJob:
    """Return the job that reads the page of customers from `skip` on."""
    payload = {**key._asdict(), "skip": skip}
    lane = optimove_lane(key.client)
    return NewJob(id=f"fetch_page:{key.name()}:{skip}", kind="fetch_page", payload=payload, lane=lane)


def schedule_reports(tx: Connection, key: CampaignKey, now: Instant, reports_a_day: int) -> None:
    """Schedule the reports, beginning when the first message is sent or dropped. Only the first call has an effect.

    A triggered campaign is reported while messages are sent; the next message after a pause schedules it again.
    """
    if state(tx, key) == "triggered":
        payload = {**key._asdict(), "last": False, "triggered": True}
        id_, lane, due_at = _triggered_report_id(key), optimove_lane(key.client), report_times(now, reports_a_day)[0]
        job_queue.requeue_done(tx, NewJob(id=id_, kind="push_metrics", payload=payload, due_at=due_at, lane=lane))
        return
    if plain(tx).execute(_SET_FIRST_SENT, {**key._asdict(), "now": now}).rowcount:
        times = report_times(now, reports_a_day)
        last = len(times) - 1
        job_queue.add(tx, [_report_job(key, index, at, last=index == last) for index, at in enumerate(times)])


def _triggered_report_id(key: CampaignKey) -> str:
    return f"push_metrics:{key.name()}:triggered"


def next_report_at(tx: Connection, key: CampaignKey, now: Instant, reports_a_day: int) -> Instant | None:
    """Return the time of the first report after now, or None."""
    first_sent = tx.execute(_FIRST_SENT, key._asdict()).scalar_one_or_none()
    if first_sent is not None:
        return next((at for at in report_times(first_sent, reports_a_day) if at > now), None)
    due: Instant | None = tx.execute(_NEXT_REPORT, {"id": _triggered_report_id(key)}).scalar_one_or_none()
    return due if due is None or due > now else now + report_interval(reports_a_day)


def _report_job(key: CampaignKey, index: int, at: Instant, *, last: bool) -> NewJob:
    payload = {**key._asdict(), "last": last}
    id_, lane = f"push_metrics:{key.name()}:{index}", optimove_lane(key.client)
    return NewJob(id=id_, kind="push_metrics", payload=payload, due_at=at, lane=lane)


def on_all_pages_read(tx: Connection, key: CampaignKey, now: Instant, reports_a_day: int) -> None:
    """Move the campaign to sending: every recipient is known."""
    move(tx, key, "sending")
    on_batch_done(tx, key, now, reports_a_day)


def on_batch_done(tx: Connection, key: CampaignKey, now: Instant, reports_a_day: int) -> None:
    """Move the campaign to reporting if this was its last batch."""
    if state(tx, key) == "sending" and plain(tx).execute(_OPEN_BATCH, key._asdict()).fetchone() is None:
        schedule_reports(tx, key, now, reports_a_day)
        move(tx, key, "reporting")


def state(tx: Connection, key: CampaignKey) -> str | None:
    """Return the state of a campaign; None if the bridge does not know it."""
    found = plain(tx).execute(_STATE, key._asdict()).fetchone()
    return found[0] if found else None


def set_app(tx: Connection, key: CampaignKey, app: str) -> None:
    """Store the app that the marketer chose."""
    tx.execute(_SET_APP, {**key._asdict(), "app": app})


def app(tx: Connection, key: CampaignKey) -> str | None:
    """Return the app that the marketer chose, or None."""
    found: str | None = tx.execute(_APP, key._asdict()).scalar_one_or_none()
    return found


def move(tx: Connection, key: CampaignKey, after: str) -> None:
    """Make a transition if the table allows it, else leave the state unchanged."""
    tx.execute(_MOVE, {**key._asdict(), "state": after, "sources": CAMPAIGN.sources(after)})
