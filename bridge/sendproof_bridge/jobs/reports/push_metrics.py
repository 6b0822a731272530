"""Report a campaign: totals at once and customers through their own jobs, or signed events, as the client configured.

Nothing is reported for a channel in testing mode, because nothing was sent.
"""

# ruff: noqa: S608 statements are built from constants of this package only

import logging
from collections.abc import Iterator, Sequence
from itertools import count, groupby
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import Connection, text

from sendproof_bridge.clock import DAY, MINUTE, Instant, iso, utc_date
from sendproof_bridge.config import ADDITIVE, SAVE_EVENT
from sendproof_bridge.domain import campaigns
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.domain.batches import chunks
from sendproof_bridge.domain.keys import CampaignKey, optimove_lane
from sendproof_bridge.domain.metrics import (
    DROPPED,
    ENGAGEMENTS,
    EVENT_NAMES,
    SENT,
    metric_items,
    new_events,
    report_interval,
    totals,
)
from sendproof_bridge.jobs.reports import poll_statuses
from sendproof_bridge.outbound.optimove import INTERACTIONS_PER_CALL, METRICS_PER_CALL
from sendproof_bridge.outbound.save_event import EVENTS_PER_CALL, MAX_AGE
from sendproof_bridge.storage import job_queue, message_counts
from sendproof_bridge.storage.job_queue import Job, NewJob
from sendproof_bridge.storage.message_counts import ChangedMessage

_OF_CAMPAIGN = "client = :client AND channel = :channel AND campaign = :campaign"
# A campaign of a million customers has millions of events: they are never all in memory, and no transaction blocks
# receipts for long.
_MESSAGES_PER_TRANSACTION = 50_000

_UNREPORTED_ENGAGEMENTS = text(
    "SELECT customer, template, kind, at FROM engagement INDEXED BY engagement_unreported"
    f" WHERE {_OF_CAMPAIGN} AND NOT reported ORDER BY id"
)
_SET_ENGAGEMENTS_REPORTED = text(
    f"UPDATE engagement INDEXED BY engagement_unreported SET reported = TRUE WHERE {_OF_CAMPAIGN} AND NOT reported"
)
_LAST_SETTLED = text(
    f"SELECT MAX(settled_at) FROM message INDEXED BY message_settled WHERE {_OF_CAMPAIGN} AND occasion <> ''"
)

_ACCEPT_TAKEN = text(
    "UPDATE message INDEXED BY message_taken SET state = 'accepted'"
    f" WHERE {_OF_CAMPAIGN} AND state = 'taken' AND settled_at <= :past"
    " AND NOT EXISTS (SELECT 1 FROM job WHERE id = :poll AND state IN ('due', 'running') AND due_at <= :now)"
)

_REPORTED_TOTALS = text(f"SELECT template, metric, value FROM reported_total WHERE {_OF_CAMPAIGN}")
_SET_REPORTED_TOTAL = text(
    "INSERT INTO reported_total (client, channel, campaign, template, metric, value)"
    " VALUES (:client, :channel, :campaign, :template, :metric, :value)"
    " ON CONFLICT (client, channel, campaign, template, metric) DO UPDATE SET value = excluded.value"
)

_REPORTED_FOR = 7 * DAY
# Providers that reject accepted messages do so within moments (assumed). Some phones never respond: if the bridge
# waited for the network's status, those messages would be missing in the reports for days, some forever.
_REJECTED_WITHIN = 10 * MINUTE

logger = logging.getLogger(__name__)


class _CustomerEvent(NamedTuple):
    """One event of one customer, sorted as the calls need it. `id` is Optimove's id of the event."""

    id: int
    template: int
    date: str
    customer: str
    at: Instant


def run(bridge: Bridge, job: Job) -> None:
    """Push the totals; then plan the jobs that report new events of customers, and end the job."""
    key = CampaignKey.of(job.payload)
    client, now = bridge.clients[key.client], bridge.clock.now()
    testing, signed = bridge.channel(key).config.testing, client.config.reports == SAVE_EVENT
    with bridge.store.write() as tx:
        # A rejection that is being read must not arrive too late.
        poll = poll_statuses.job_id(key)
        tx.execute(_ACCEPT_TAKEN, {**key._asdict(), "past": now - _REJECTED_WITHIN, "now": now, "poll": poll})
    additive = client.config.metric_values == ADDITIVE
    if not testing and not signed and not additive:
        _push_totals(bridge, key)
    for part in count(job.payload.get("part", 0)):
        with bridge.store.write() as tx:
            events, more = ([], False) if testing else _take_unreported(tx, key, now)
            name = _report_name(job, now, part)
            job_queue.add(tx, (_event_jobs if signed else _interaction_jobs)(name, key, events, now))
            if more:
                # If this process dies now, the next attempt continues under other names.
                job_queue.set_payload(tx, job, {**job.payload, "part": part + 1})
                continue
            if additive and not testing and not signed:
                job_queue.add(tx, _delta_jobs(tx, name, key))
            if job.payload["last"]:
                campaigns.move(tx, key, "finished")
            _end(tx, job, key, now, report_interval(bridge.reports_a_day(key)))
            return


def _report_name(job: Job, now: Instant, part: int) -> str:
    name = f"{job.id}:{now}" if job.payload.get("triggered") else job.id
    return f"{name}.{part}" if part else name


def _totals(tx: Connection, key: CampaignKey) -> dict[int, dict[int, int]]:
    return totals(message_counts.counts(tx, key._asdict()))


def _delta_jobs(tx: Connection, name: str, key: CampaignKey) -> Iterator[NewJob]:
    """Yield jobs with the growth of all totals since their last report, also if it is zero; store the new totals."""
    before = {(template, metric): value for template, metric, value in tx.execute(_REPORTED_TOTALS, key._asdict())}
    current = _totals(tx, key)
    rows = [
        {**key._asdict(), "template": template, "metric": metric, "value": value}
        for template, values in current.items()
        for metric, value in values.items()
    ]
    if rows:
        tx.execute(_SET_REPORTED_TOTAL, rows)
    growth = {
        template: {metric: value - before.get((template, metric), 0) for metric, value in values.items()}
        for template, values in current.items()
    }
    for index, items in enumerate(chunks(metric_items(key.channel, key.number, growth), METRICS_PER_CALL)):
        payload, lane = {"client": key.client, "items": items}, optimove_lane(key.client)
        yield NewJob(id=f"push_metric_deltas:{name}:{index}", kind="push_metric_deltas", payload=payload, lane=lane)


def _push_totals(bridge: Bridge, key: CampaignKey) -> None:
    with bridge.store.read() as tx:
        items = metric_items(key.channel, key.number, _totals(tx, key))
    for part in chunks(items, METRICS_PER_CALL):
        bridge.clients[key.client].optimove.update_metrics(part)
    logger.info("campaign %s: %d totals reported", key.name(), len(items))


def _end(tx: Connection, job: Job, key: CampaignKey, now: Instant, interval: int) -> None:
    """Complete the job; the reports of a triggered campaign continue for a week after its last message."""
    last_settled = tx.execute(_LAST_SETTLED, key._asdict()).scalar_one() if job.payload.get("triggered") else None
    if last_settled is not None and now + interval <= last_settled + _REPORTED_FOR:
        job_queue.reschedule(tx, job, now + interval)
    else:
        job_queue.complete(tx, job)


def _take_unreported(tx: Connection, key: CampaignKey, now: Instant) -> tuple[list[_CustomerEvent], bool]:
    """Return unreported events, sorted, and True if there are more; from now on they are reported."""
    changed, more = message_counts.take_changed(tx, key._asdict(), _MESSAGES_PER_TRANSACTION)
    events = [
        _CustomerEvent(event, message.template, utc_date(at), message.customer, at)
        for message in changed
        for event in new_events(message.state, message.reported_state)
        for at in [_happened_at(message, event, now)]
    ]
    engagements = tx.execute(_UNREPORTED_ENGAGEMENTS, key._asdict()).all()
    events += [
        _CustomerEvent(ENGAGEMENTS[row.kind], row.template, utc_date(row.at), row.customer, row.at)
        for row in engagements
    ]
    tx.execute(_SET_ENGAGEMENTS_REPORTED, key._asdict())
    return sorted(events), more


def _happened_at(message: ChangedMessage, event: int, now: Instant) -> Instant:
    at = message.settled_at if event in {SENT, DROPPED} else message.ended_at
    return now if at is None else at


def _interaction_jobs(name: str, key: CampaignKey, events: Sequence[_CustomerEvent], now: Instant) -> Iterator[NewJob]:
    """Yield one job per call, with its customers fixed, so that a repeated call has the same content.

    Optimove adds up calls with equal parameters; documented:
    https://developer.optimove.com/reference/post_integrations-updatecampaigninteractions
    """
    del now
    for (event_id, template, date), group in groupby(events, key=itemgetter(0, 1, 2)):
        for index, customers in enumerate(chunks((event.customer for event in group), INTERACTIONS_PER_CALL)):
            report = {"template": template, "event": event_id, "date": date, "customers": customers}
            yield NewJob(
                id=f"push_interactions:{name}:{template}:{event_id}:{date}:{index}",
                kind="push_interactions",
                payload={**key._asdict(), **report},
                lane=optimove_lane(key.client),
            )


def _event_jobs(name: str, key: CampaignKey, events: Sequence[_CustomerEvent], now: Instant) -> Iterator[NewJob]:
    """Yield jobs with signed events. The service has no event "sent", and refuses events older than a week."""
    reportable = sorted(
        (event for event in events if event.id in EVENT_NAMES and event.at > now - MAX_AGE), key=_event_order
    )
    for index, part in enumerate(chunks(reportable, EVENTS_PER_CALL)):
        payload = {"client": key.client, "events": [_event_json(key, event) for event in part]}
        yield NewJob(id=f"push_events:{name}:{index}", kind="push_events", payload=payload)


def _event_order(event: _CustomerEvent) -> tuple[int, int, Instant, str]:
    return event.template, event.id, event.at, event.customer


def _event_json(key: CampaignKey, event: _CustomerEvent) -> dict[str, object]:
    context = {"campaign_id": key.number, "channel_id": key.channel, "template_id": event.template}
    return {
        "event": EVENT_NAMES[event.id],
        "category": "metric",
        "customer": event.customer,
        "timestamp": iso(event.at),
        "context": context,
    }
