"""Read a provider's list of opted-out numbers: opt-outs on its own pages, by a link, or by a STOP without a webhook."""

import logging

from sendproof_bridge.clock import HOUR
from sendproof_bridge.domain import recipient_rules
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.domain.batches import chunks
from sendproof_bridge.storage import job_queue, opt_outs
from sendproof_bridge.storage.job_queue import Job

_INTERVAL = 6 * HOUR
# Keeps one transaction much shorter than the time limit for acknowledging a webhook.
_NUMBERS_PER_TRANSACTION = 10_000

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Store new opt-outs and opt-ins; come back after the interval, or when a campaign begins."""
    client, channel = job.payload["client"], job.payload["channel"]
    account = bridge.clients[client].channels[channel]
    # Other systems may have added numbers, in any spelling.
    region = account.config.default_region
    listed = account.provider.list_opt_outs()
    with bridge.store.read() as tx:
        new, gone = opt_outs.difference(tx, client, channel, listed)
    now = bridge.clock.now()
    opted_out = opted_in = 0
    for part in chunks(new, _NUMBERS_PER_TRANSACTION):
        numbers = {number: recipient_rules.normalize_listed_number(number, region) for number in part}
        with bridge.store.write() as tx:
            opted_out += opt_outs.add_listed(tx, client, channel, numbers, now)
    for part in chunks(gone, _NUMBERS_PER_TRANSACTION):
        with bridge.store.write() as tx:
            opted_in += opt_outs.remove_listed(tx, client, channel, part, now)
    with bridge.store.write() as tx:
        job_queue.reschedule(tx, job, now + _INTERVAL)
    counts = len(listed), opted_out, opted_in
    logger.info("client %s: channel %d: %d opt-outs at the provider, %d new, %d gone", client, channel, *counts)
