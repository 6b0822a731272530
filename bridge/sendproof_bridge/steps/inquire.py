"""Ask the provider about messages of which no receipt came.

Textlocal never posts that a message expired, and a receipt can be lost; so what is still open when a message's longest
life is over is asked for. The answers go the way of receipts.
documented: https://api.txtlocal.com/docs/handlingreceipts (what is posted), and `validity`: at most 72 hours.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import text

from sendproof_bridge import intake, jobs
from sendproof_bridge.bridge import Bridge, CampaignKey
from sendproof_bridge.channels import Open, Receipt
from sendproof_bridge.clock import DAY, HOUR, MINUTE, Instant
from sendproof_bridge.errors import OutsideError
from sendproof_bridge.jobs import Job, NewJob

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
    answers, trouble = _ask(bridge, key, batch, still_open)
    now = bridge.clock.now()
    with bridge.store.write() as tx:
        intake.store_receipts(tx, answers)
        if trouble is not None:
            # What was answered is kept, so that the next try has less to ask.
            jobs.later(tx, job, now + _PAUSE, str(trouble))
        elif len(answers) < len(still_open) and now + _EVERY < job.payload["until"]:
            jobs.again(tx, job, now + _EVERY)
        else:
            jobs.complete(tx, job)
    if still_open:
        counts = len(still_open), len(answers)
        logger.info("batch %s: asked about %d messages without a receipt, %d have ended", batch, *counts)


def _ask(
    bridge: Bridge, key: CampaignKey, batch: str, still_open: Sequence[Open]
) -> tuple[list[tuple[str, Receipt]], OutsideError | None]:
    """The answers, and what ended the asking early, if anything did."""
    answers: list[tuple[str, Receipt]] = []
    try:
        for said in bridge.channel(key).provider.outcomes(still_open) if still_open else ():
            answers.append((key.client, replace(said, batch=batch)))  # noqa: PERF401 what was asked before trouble counts
    except OutsideError as error:
        if not answers:
            raise
        return answers, error
    return answers, None
