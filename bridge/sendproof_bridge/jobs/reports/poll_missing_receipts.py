"""Ask the provider about messages of which no receipt came.

For providers whose receipts are asked for with each send. Textlocal never posts that a message expired, and a receipt
can be lost; so what is still open when a message's longest life is over is asked for. The answers go the way of
receipts. All other providers are asked before each report (outcomes.py).
documented: https://api.txtlocal.com/docs/handlingreceipts (what is posted), and `validity`: at most 72 hours.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import text

from sendproof_bridge.clock import DAY, HOUR, MINUTE, Instant
from sendproof_bridge.domain.accounts import Bridge, CampaignKey
from sendproof_bridge.inbound import group_commit
from sendproof_bridge.outbound.errors import OutsideError
from sendproof_bridge.outbound.providers import Open, Receipt
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job, NewJob

# 72 hours, and time for a late receipt. Then daily as long as reports are due.
_FIRST = 74 * HOUR
_EVERY = DAY
_TIMES = 4
_PAUSE = MINUTE

_OPEN = text(
    "SELECT recipient, COALESCE(provider_id, '') AS message, template, settled_at AS sent_at FROM message"
    " WHERE client = :client AND batch = :batch AND state IN ('accepted', 'taken', 'unknown') AND ended_at IS NULL"
    " ORDER BY customer"
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
        still_open = [Open(**row) for row in tx.execute(_OPEN, where).mappings()]
    answers, trouble = ask(bridge, key, still_open)
    if trouble is not None and not answers:
        raise trouble
    now = bridge.clock.now()
    with bridge.store.write() as tx:
        group_commit.store_receipts(tx, [(key.client, replace(said, batch=batch)) for said in answers])
        if trouble is not None:
            # What was answered is kept, so that the next try has less to ask.
            job_queue.later(tx, job, now + _PAUSE, str(trouble))
        elif len(answers) < len(still_open) and now + _EVERY < job.payload["until"]:
            job_queue.again(tx, job, now + _EVERY)
        else:
            job_queue.complete(tx, job)
    if still_open:
        counts = len(still_open), len(answers)
        logger.info("batch %s: asked about %d messages without a receipt, %d have ended", batch, *counts)


def ask(bridge: Bridge, key: CampaignKey, messages: Sequence[Open]) -> tuple[list[Receipt], OutsideError | None]:
    """What became of them, and what ended the asking early, if anything did. What was asked before that counts."""
    answers: list[Receipt] = []
    try:
        for said in bridge.channel(key).provider.outcomes(messages) if messages else ():
            answers.append(said)  # noqa: PERF402 what was asked before trouble counts
    except OutsideError as error:
        return answers, error
    return answers, None
