"""Storing Optimove's events, together with the jobs that they require."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, text

from sendproof_bridge.clock import Instant
from sendproof_bridge.domain import campaigns
from sendproof_bridge.domain.keys import CampaignKey, trigger_lane
from sendproof_bridge.inbound.events import Event
from sendproof_bridge.jobs.campaigns import clear_campaign
from sendproof_bridge.outbound.optimove import CAMPAIGN_CANCELLED, CAMPAIGN_EXECUTED_ON_CHANNEL, CAMPAIGN_ON_HOLD
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import NewJob
from sendproof_bridge.storage.store import execute_many

_INSERT_EVENT = text(
    "INSERT INTO event (client, type, campaign, channel, optimove_time)"
    " VALUES (:client, :type, :campaign, :channel, :optimove_time) ON CONFLICT DO NOTHING"
)
_INSERT_TRIGGER = (
    "INSERT INTO trigger (client, key, channel, campaign, body) VALUES (:client, :key, :channel, :campaign, :body)"
    " ON CONFLICT DO NOTHING"
)


def store_events(tx: Connection, events: Sequence[Event], now: Instant) -> None:
    """Store events and begin the work that they require. Repeated events change nothing."""
    for event in events:
        if event.trigger is None:
            _store_event(tx, event, now)
    _store_triggers(tx, [event for event in events if event.trigger is not None], now)


def _store_event(tx: Connection, event: Event, now: Instant) -> None:
    row = {"client": event.client, "type": event.type, "campaign": event.campaign, "channel": event.channel}
    if tx.execute(_INSERT_EVENT, {**row, "optimove_time": event.optimove_time}).rowcount == 0:
        return
    if event.type == CAMPAIGN_EXECUTED_ON_CHANNEL:
        campaigns.start(tx, CampaignKey(event.client, event.channel, event.campaign))
    elif event.type == CAMPAIGN_CANCELLED:
        campaigns.cancel(tx, event.client, event.campaign, now)
    elif event.type == CAMPAIGN_ON_HOLD:
        job_queue.add(tx, [clear_campaign.new_job(event.client, event.campaign, event.required_by, 0)])


def _store_triggers(tx: Connection, events: Sequence[Event], now: Instant) -> None:
    """Store row and job under the event's own key, so that a repeated event finds both."""
    keys = [CampaignKey(event.client, event.channel, event.campaign) for event in events]
    rows = [
        {**key._asdict(), "key": event.key, "body": json.dumps(event.trigger)}
        for key, event in zip(keys, events, strict=True)
    ]
    execute_many(tx, _INSERT_TRIGGER, rows)
    for key in dict.fromkeys(keys):
        campaigns.start_triggered(tx, key)
    job_queue.add(tx, [_trigger_job(key, event, now) for key, event in zip(keys, events, strict=True)])


def _trigger_job(key: CampaignKey, event: Event, now: Instant) -> NewJob:
    payload = {**key._asdict(), "trigger": event.key, "received_at": now}
    id_ = f"send_triggered:{key.client}:{event.key}"
    return NewJob(id=id_, kind="send_triggered", payload=payload, due_at=now, lane=trigger_lane(key))
