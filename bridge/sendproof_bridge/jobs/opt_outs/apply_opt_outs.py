"""Find the customers of new opt-outs, count each opt-out for the last message before it, and report it to Optimove."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

from sendproof_bridge.clock import Instant
from sendproof_bridge.domain import campaigns
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.domain.keys import CampaignKey
from sendproof_bridge.domain.metrics import SENT, STATES_COUNTED
from sendproof_bridge.jobs.opt_outs import push_opt_outs
from sendproof_bridge.outbound.providers import UNSUBSCRIBED
from sendproof_bridge.storage import job_queue, schema
from sendproof_bridge.storage.job_queue import Job

# Below the 999 parameters that older builds of SQLite accept in one statement.
_NUMBERS_PER_TRANSACTION = 900

_NEW = text("SELECT number FROM opt_out WHERE client = :client AND NOT processed ORDER BY number LIMIT :limit")
_SET_PROCESSED = text("UPDATE opt_out SET processed = TRUE WHERE client = :client AND number IN :numbers").bindparams(
    bindparam("numbers", expanding=True)
)
_MESSAGES = text(
    "SELECT client, channel, campaign, customer, occasion, template, number, state FROM message"
    " WHERE client = :client AND number IN :numbers ORDER BY settled_at"
).bindparams(bindparam("numbers", expanding=True))

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Process all new opt-outs."""
    client = bridge.clients[job.payload["client"]]
    total, more = 0, True
    while more:
        with bridge.store.write() as tx:
            values = {"client": client.config.name, "limit": _NUMBERS_PER_TRANSACTION}
            numbers = list(tx.execute(_NEW, values).scalars())
            values = {"client": client.config.name, "numbers": numbers}
            messages = tx.execute(_MESSAGES, values).all() if numbers else []
            _store_engagements(tx, messages, bridge.clock.now(), client.config.reports_a_day)
            for channel, customers in _customers_by_channel(messages).items():
                if channel in client.channels:
                    jobs = push_opt_outs.new_jobs(client.config, channel, customers, f"{job.id}:{total}")
                    job_queue.add(tx, jobs)
            if numbers:
                tx.execute(_SET_PROCESSED, values)
            total, more = total + len(numbers), len(numbers) == _NUMBERS_PER_TRANSACTION
            if not more:
                job_queue.complete(tx, job)
    logger.info("client %s: %d new opt-outs", client.config.name, total)


def _customers_by_channel(messages: Sequence[Row[Any]]) -> dict[int, list[str]]:
    found: defaultdict[int, set[str]] = defaultdict(set)
    for message in messages:
        found[message.channel].add(message.customer)
    return {channel: sorted(customers) for channel, customers in sorted(found.items())}


def _store_engagements(tx: Connection, messages: Sequence[Row[Any]], now: Instant, reports_a_day: int) -> None:
    """Count the opt-out for the last message that was sent to the number."""
    last = {message.number: message for message in messages if message.state in STATES_COUNTED[SENT]}
    for message in last.values():
        key = CampaignKey(message.client, message.channel, message.campaign)
        ids = {"customer": message.customer, "occasion": message.occasion, "template": message.template}
        engagement = {**key._asdict(), **ids, "kind": UNSUBSCRIBED, "at": now, "reported": False}
        tx.execute(schema.engagement.insert(), [engagement])
        campaigns.schedule_reports(tx, key, now, reports_a_day)
