"""Find the customers of new opt-outs, count each opt-out for the last message before it, and report it to Optimove."""

import logging
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, text

from sendproof_bridge.clock import Instant
from sendproof_bridge.domain import campaigns
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.domain.keys import CampaignKey
from sendproof_bridge.domain.metrics import SENT, STATES_COUNTED
from sendproof_bridge.jobs.opt_outs import push_opt_outs
from sendproof_bridge.outbound.providers import UNSUBSCRIBED
from sendproof_bridge.storage import job_queue, message_numbers, schema
from sendproof_bridge.storage.job_queue import Job
from sendproof_bridge.storage.message_numbers import NumberedMessage

# Keeps one transaction much shorter than the time limit for acknowledging a webhook.
_NUMBERS_PER_TRANSACTION = 10_000

_NEW = text(
    "SELECT number FROM opt_out INDEXED BY opt_out_new WHERE client = :client AND NOT processed"
    " ORDER BY number LIMIT :limit"
)
_SET_PROCESSED = text(
    "UPDATE opt_out INDEXED BY opt_out_new SET processed = TRUE"
    " WHERE client = :client AND NOT processed AND number <= :last"
)

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Process all new opt-outs."""
    client = bridge.clients[job.payload["client"]]
    name = client.config.name
    message_numbers.enter_all(bridge.store)
    total, more = 0, True
    while more:
        with bridge.store.write() as tx:
            numbers = list(tx.execute(_NEW, {"client": name, "limit": _NUMBERS_PER_TRANSACTION}).scalars())
            messages = message_numbers.search(tx, name, numbers) if numbers else []
            _store_engagements(tx, name, messages, bridge.clock.now(), client.config.reports_a_day)
            for channel, customers in _customers_by_channel(messages).items():
                if channel in client.channels:
                    jobs = push_opt_outs.new_jobs(client.config, channel, customers, f"{job.id}:{total}")
                    job_queue.add(tx, jobs)
            if numbers:
                tx.execute(_SET_PROCESSED, {"client": name, "last": numbers[-1]})
            total, more = total + len(numbers), len(numbers) == _NUMBERS_PER_TRANSACTION
            if not more:
                job_queue.complete(tx, job)
    logger.info("client %s: %d new opt-outs", name, total)


def _customers_by_channel(messages: Sequence[NumberedMessage]) -> dict[int, list[str]]:
    found: defaultdict[int, set[str]] = defaultdict(set)
    for message in messages:
        found[message.channel].add(message.customer)
    return {channel: sorted(customers) for channel, customers in sorted(found.items())}


def _store_engagements(
    tx: Connection, client: str, messages: Sequence[NumberedMessage], now: Instant, reports_a_day: int
) -> None:
    """Count the opt-out for the last message that was sent to the number."""
    last = {message.number: message for message in messages if message.state in STATES_COUNTED[SENT]}
    rows = [
        {
            **CampaignKey(client, message.channel, message.campaign)._asdict(),
            "customer": message.customer,
            "occasion": message.occasion,
            "template": message.template,
            "kind": UNSUBSCRIBED,
            "at": now,
            "reported": False,
        }
        for message in last.values()
    ]
    if rows:
        tx.execute(schema.engagement.insert(), rows)
    for channel, campaign in dict.fromkeys((message.channel, message.campaign) for message in last.values()):
        campaigns.schedule_reports(tx, CampaignKey(client, channel, campaign), now, reports_a_day)
