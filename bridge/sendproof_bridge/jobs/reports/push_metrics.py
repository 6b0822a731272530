"""Report a campaign: totals at once and customers through jobs of their own, or signed events, as the client wants.

Nothing is reported of a channel in testing mode, as nothing went out.
"""

# ruff: noqa: S608 statements are put together from constants of this package only

import logging
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, text

from sendproof_bridge.clock import DAY, MINUTE, Instant, date_of, iso
from sendproof_bridge.config import ADDITIVE, SAVE_EVENT
from sendproof_bridge.domain import campaigns
from sendproof_bridge.domain.accounts import Bridge, CampaignKey, optimove_lane
from sendproof_bridge.domain.metrics import BIT, COUNTS_AS, DROPPED, EVENT_NAMES, EVERY, MARKS, SENT, items, totals
from sendproof_bridge.jobs.setup.sync_templates import chunks
from sendproof_bridge.outbound.optimove import INTERACTIONS_PER_CALL, METRICS_PER_CALL
from sendproof_bridge.outbound.save_event import EVENTS_PER_CALL, OLDEST
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job, NewJob

_WHERE = "client = :client AND channel = :channel AND campaign = :campaign"
_COUNTS = text(
    f"SELECT template, state, COUNT(*) FROM message WHERE {_WHERE} GROUP BY template, state"
    f" UNION ALL SELECT template, kind, COUNT(DISTINCT customer) FROM mark WHERE {_WHERE} GROUP BY template, kind"
)
_UNREPORTED = f"{_WHERE} AND state IN :states AND (reported & :bit) = 0"
# A campaign of a million has millions of these: they are sorted by SQLite, and never held all at once.
_NEW = text(
    "SELECT template, at, customer FROM (SELECT template, customer,"
    " COALESCE(CASE WHEN :as_settled THEN settled_at ELSE ended_at END, :now) AS at"
    f" FROM message WHERE {_UNREPORTED}) ORDER BY template, at / {DAY}, customer"
).bindparams(bindparam("states", expanding=True))
_AT_ONCE = 2_000
_MARK = text(f"UPDATE message SET reported = reported | :bit WHERE {_UNREPORTED}").bindparams(
    bindparam("states", expanding=True)
)
_NEW_MARKS = text(f"SELECT customer, template, kind, at FROM mark WHERE {_WHERE} AND NOT reported ORDER BY id")
_TAKE_MARKS = text(f"UPDATE mark SET reported = TRUE WHERE {_WHERE} AND NOT reported")
_LATEST = text(f"SELECT MAX(settled_at) FROM message WHERE {_WHERE}")

_STILL_TAKEN = text(f"UPDATE message SET state = 'accepted' WHERE {_WHERE} AND state = 'taken' AND settled_at <= :past")

_TOLD = text(f"SELECT template, metric, value FROM told WHERE {_WHERE}")
_TELL = text(
    "INSERT INTO told (client, channel, campaign, template, metric, value)"
    " VALUES (:client, :channel, :campaign, :template, :metric, :value)"
    " ON CONFLICT (client, channel, campaign, template, metric) DO UPDATE SET value = excluded.value"
)

_REPORTED_FOR = 7 * DAY
# Services that reject what they had taken do so within moments (assumed). Some phones never answer, so to wait for the
# network's word would leave messages out of the reports for days, and some for ever.
_REJECTED_WITHIN = 10 * MINUTE

logger = logging.getLogger(__name__)


class _Happened(NamedTuple):
    """One event of one customer."""

    template: int
    event: int
    at: Instant
    customer: str


def run(bridge: Bridge, job: Job) -> None:
    """Push the totals; then set aside what was not reported yet, and end the job."""
    key = CampaignKey.of(job.payload)
    client, now = bridge.clients[key.client], bridge.clock.now()
    testing, signed = bridge.channel(key).config.testing, client.config.reports == SAVE_EVENT
    with bridge.store.write() as tx:
        tx.execute(_STILL_TAKEN, {**key._asdict(), "past": now - _REJECTED_WITHIN})
    adds = client.config.metric_values == ADDITIVE
    if not testing and not signed and not adds:
        _push_totals(bridge, key)
    with bridge.store.write() as tx:
        if not testing:
            happened = _take(tx, key, now)
            name = f"{job.id}:{now}" if job.payload.get("triggered") else job.id
            job_queue.add(tx, (_signed if signed else _interactions)(name, key, happened, now))
            if adds and not signed:
                job_queue.add(tx, _grown(tx, name, key))
        if job.payload["last"]:
            campaigns.move(tx, key, "finished")
        _end(tx, job, key, now)


def _totals(tx: Connection, key: CampaignKey) -> dict[int, dict[int, int]]:
    return totals((template, state, number) for template, state, number in tx.execute(_COUNTS, key._asdict()))


def _grown(tx: Connection, name: str, key: CampaignKey) -> Iterator[NewJob]:
    """By how much the totals have grown since they were told last, which they are from now on; also by nothing."""
    had = {(template, metric): value for template, metric, value in tx.execute(_TOLD, key._asdict())}
    have = _totals(tx, key)
    rows = [
        {**key._asdict(), "template": template, "metric": metric, "value": value}
        for template, values in have.items()
        for metric, value in values.items()
    ]
    if rows:
        tx.execute(_TELL, rows)
    grown = {
        template: {metric: value - had.get((template, metric), 0) for metric, value in values.items()}
        for template, values in have.items()
    }
    for index, some in enumerate(chunks(items(key.channel, key.number, grown), METRICS_PER_CALL)):
        payload = {"client": key.client, "items": some}
        yield NewJob(id=f"additions:{name}:{index}", kind="additions", payload=payload, lane=optimove_lane(key.client))


def _push_totals(bridge: Bridge, key: CampaignKey) -> None:
    with bridge.store.read() as tx:
        everything = items(key.channel, key.number, _totals(tx, key))
    for some in chunks(everything, METRICS_PER_CALL):
        bridge.clients[key.client].optimove.update_metrics(some)
    logger.info("campaign %s: %d totals reported", key.name(), len(everything))


def _end(tx: Connection, job: Job, key: CampaignKey, now: Instant) -> None:
    """The reports of a triggered campaign go on for a week after its last message."""
    latest = tx.execute(_LATEST, key._asdict()).scalar_one() if job.payload.get("triggered") else None
    if latest is not None and now + EVERY <= latest + _REPORTED_FOR:
        job_queue.again(tx, job, now + EVERY)
    else:
        job_queue.complete(tx, job)


def _take(tx: Connection, key: CampaignKey, now: Instant) -> Iterator[_Happened]:
    """What was not reported yet, and is from now on: event by event, then by template, day and customer."""
    for event, states in COUNTS_AS.items():
        wanted = {**key._asdict(), "states": states, "bit": BIT[event]}
        about = {"as_settled": event in {SENT, DROPPED}, "now": now}
        rows = tx.execute(_NEW, {**wanted, **about}, execution_options={"yield_per": _AT_ONCE})
        yield from (_Happened(template, event, at, customer) for template, at, customer in rows)
        tx.execute(_MARK, wanted)
    marked = tx.execute(_NEW_MARKS, key._asdict()).all()
    yield from sorted((_Happened(row.template, MARKS[row.kind], row.at, row.customer) for row in marked), key=_group)
    tx.execute(_TAKE_MARKS, key._asdict())


def _group(one: _Happened) -> tuple[int, int, str, str]:
    return one.event, one.template, date_of(one.at), one.customer


def _interactions(name: str, key: CampaignKey, happened: Iterator[_Happened], now: Instant) -> Iterator[NewJob]:
    """One job a call, with its customers fixed, so that a repeated call has the same content.

    Optimove adds up calls with equal parameters; documented:
    https://developer.optimove.com/reference/post_integrations-updatecampaigninteractions
    """
    del now
    for (event, template, date), some in groupby(happened, key=lambda one: _group(one)[:3]):
        for index, several in enumerate(chunks((one.customer for one in some), INTERACTIONS_PER_CALL)):
            about = {"template": template, "event": event, "date": date, "customers": several}
            yield NewJob(
                id=f"interactions:{name}:{template}:{event}:{date}:{index}",
                kind="interactions",
                payload={**key._asdict(), **about},
                lane=optimove_lane(key.client),
            )


def _signed(name: str, key: CampaignKey, happened: Iterator[_Happened], now: Instant) -> Iterator[NewJob]:
    """The same as signed events. "Sent" is none, and what is older than a week is not taken."""
    told = sorted(one for one in happened if one.event in EVENT_NAMES and one.at > now - OLDEST)
    for index, some in enumerate(chunks(told, EVENTS_PER_CALL)):
        events = [_event(key, one) for one in some]
        payload = {"client": key.client, "events": events}
        yield NewJob(id=f"save_events:{name}:{index}", kind="save_events", payload=payload)


def _event(key: CampaignKey, one: _Happened) -> dict[str, object]:
    context = {"campaign_id": key.number, "channel_id": key.channel, "template_id": one.template}
    return {
        "event": EVENT_NAMES[one.event],
        "category": "metric",
        "customer": one.customer,
        "timestamp": iso(one.at),
        "context": context,
    }
