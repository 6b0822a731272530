"""Report a campaign: totals at once, customers by event through jobs of their own."""

# ruff: noqa: S608 statements are put together from constants of this package only

import logging
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, text

from sendproof_bridge import campaigns, jobs
from sendproof_bridge.bridge import Bridge, CampaignKey, optimove_lane
from sendproof_bridge.clock import Instant, date_of
from sendproof_bridge.jobs import Job, NewJob
from sendproof_bridge.metrics import BIT, COUNTS_AS, DROPPED, SENT, items, totals
from sendproof_bridge.optimove import INTERACTIONS_PER_CALL, METRICS_PER_CALL
from sendproof_bridge.steps.templates import chunks

_WHERE = "client = :client AND channel = :channel AND campaign = :campaign"
_COUNTS = text(f"SELECT template, state, COUNT(*) FROM message WHERE {_WHERE} GROUP BY template, state")
_UNREPORTED = f"{_WHERE} AND state IN :states AND (reported & :bit) = 0"
_NEW = text(
    f"SELECT customer, template, settled_at, ended_at FROM message WHERE {_UNREPORTED} ORDER BY customer"
).bindparams(bindparam("states", expanding=True))
_MARK = text(f"UPDATE message SET reported = reported | :bit WHERE {_UNREPORTED}").bindparams(
    bindparam("states", expanding=True)
)

logger = logging.getLogger(__name__)


class _Group(NamedTuple):
    """What one report of interactions is about."""

    template: int
    event: int
    date: str


def run(bridge: Bridge, job: Job) -> None:
    """Push the totals; then set aside the customers not yet reported, and end the job."""
    key = CampaignKey.of(job.payload)
    with bridge.store.read() as tx:
        counts = [(template, state, number) for template, state, number in tx.execute(_COUNTS, key._asdict())]
    everything = items(key.channel, key.campaign, totals(counts))
    for some in chunks(everything, METRICS_PER_CALL):
        bridge.clients[key.client].optimove.update_metrics(some)
    with bridge.store.write() as tx:
        jobs.add(tx, _interactions(tx, job, key, bridge.clock.now()))
        if job.payload["last"]:
            campaigns.move(tx, key, "finished")
        jobs.complete(tx, job)
    logger.info("campaign %s: %d totals reported (%s)", key.name(), len(everything), job.id)


def _interactions(tx: Connection, job: Job, key: CampaignKey, now: Instant) -> Iterator[NewJob]:
    """One job a call, with its customers fixed, so that a repeated call has the same content.

    Optimove adds up calls with equal parameters; documented:
    https://developer.optimove.com/reference/post_integrations-updatecampaigninteractions
    """
    for group, customers in sorted(_unreported(tx, key, now).items()):
        for index, some in enumerate(chunks(customers, INTERACTIONS_PER_CALL)):
            name = f"interactions:{job.id}:{group.template}:{group.event}:{group.date}:{index}"
            payload = {**key._asdict(), **group._asdict(), "customers": some}
            yield NewJob(id=name, kind="interactions", payload=payload, lane=optimove_lane(key.client))


def _unreported(tx: Connection, key: CampaignKey, now: Instant) -> dict[_Group, list[str]]:
    groups: defaultdict[_Group, list[str]] = defaultdict(list)
    for event, states in COUNTS_AS.items():
        wanted = {**key._asdict(), "states": states, "bit": BIT[event]}
        for customer, template, settled_at, ended_at in tx.execute(_NEW, wanted).all():
            happened = settled_at if event in {SENT, DROPPED} else ended_at
            groups[_Group(template, event, date_of(happened or now))].append(customer)
        tx.execute(_MARK, wanted)
    return dict(groups)
