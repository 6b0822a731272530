"""Read a provider's list of opted-out numbers: opt-outs on its own pages, by a link, or by a STOP without a webhook."""

import logging

from sendproof_bridge.clock import HOUR
from sendproof_bridge.domain import recipient_rules
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.storage import job_queue, opt_outs
from sendproof_bridge.storage.job_queue import Job

_INTERVAL = 6 * HOUR

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Store new opt-outs and opt-ins; come back after the interval, or when a campaign begins."""
    client, channel = job.payload["client"], job.payload["channel"]
    account = bridge.clients[client].channels[channel]
    # Other systems may have added numbers, in any spelling.
    region = account.config.default_region
    listed = account.provider.list_opt_outs()
    numbers = sorted({recipient_rules.normalize_listed_number(number, region) for number in listed})
    now = bridge.clock.now()
    with bridge.store.write() as tx:
        new, gone = opt_outs.store_list(tx, client, account.config.provider, numbers, now)
        job_queue.reschedule(tx, job, now + _INTERVAL)
    counts = len(numbers), new, gone
    logger.info("client %s: channel %d: %d opt-outs at the provider, %d new, %d gone", client, channel, *counts)
