"""Ask the provider about messages of which no receipt came.

Textlocal never posts that a message expired, and a receipt can be lost; so what is still open when a message's longest
life is over is asked for. The answers go the way of receipts.
documented: https://api.txtlocal.com/docs/handlingreceipts (what is posted), and `validity`: at most 72 hours.
"""

import logging
from collections.abc import Iterable, Iterator

from sqlalchemy import RowMapping, text

from sendproof_bridge import intake, jobs
from sendproof_bridge.bridge import Bridge, CampaignKey
from sendproof_bridge.channels import MessageProvider
from sendproof_bridge.clock import DAY, HOUR, Instant
from sendproof_bridge.errors import RefusedError
from sendproof_bridge.jobs import Job, NewJob

# 72 hours, and time for a late receipt. Then daily as long as reports are due.
_FIRST = 74 * HOUR
_EVERY = DAY
_TIMES = 4

_OPEN = text(
    "SELECT number, provider_id FROM message WHERE client = :client AND batch = :batch AND state = 'accepted'"
    " AND provider_id IS NOT NULL ORDER BY customer"
)

logger = logging.getLogger(__name__)


def first_job(key: CampaignKey, batch: str, now: Instant) -> NewJob:
    """The inquiry about a batch that was sent now."""
    payload = {**key._asdict(), "batch": batch, "until": now + _FIRST + _TIMES * _EVERY}
    return NewJob(id=f"inquire:{key.client}:{batch}", kind="inquire", payload=payload, due_at=now + _FIRST)


def run(bridge: Bridge, job: Job) -> None:
    """Ask about each open message of a batch; again tomorrow when some are still under way."""
    key, batch = CampaignKey.of(job.payload), job.payload["batch"]
    where = {"client": key.client, "batch": batch}
    with bridge.store.read() as tx:
        still_open = tx.execute(_OPEN, where).mappings().all()
    answers = [{**where, **said} for said in _ask(bridge.channel(key).provider, still_open)]
    now = bridge.clock.now()
    with bridge.store.write() as tx:
        intake.store_receipts(tx, answers)
        if len(answers) < len(still_open) and now + _EVERY < job.payload["until"]:
            jobs.again(tx, job, now + _EVERY)
        else:
            jobs.complete(tx, job)
    if still_open:
        counts = len(still_open), len(answers)
        logger.info("batch %s: asked about %d messages without a receipt, %d have ended", batch, *counts)


def _ask(provider: MessageProvider, still_open: Iterable[RowMapping]) -> Iterator[dict[str, str]]:
    for message in still_open:
        try:
            said = provider.status(message["provider_id"])
        except RefusedError as error:
            logger.warning("message %s: %s", message["provider_id"], error)
            continue
        if said.letter in provider.letters:
            yield {"number": message["number"], "letter": said.letter, "stamp": said.stamp}
