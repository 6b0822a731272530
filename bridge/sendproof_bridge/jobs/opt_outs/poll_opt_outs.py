"""Ask a provider who opted out there: on its own pages, by a link, or by a STOP of which the bridge was not told."""

import logging

from sendproof_bridge.clock import HOUR
from sendproof_bridge.domain import recipient_rules
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.storage import job_queue, opt_outs
from sendproof_bridge.storage.job_queue import Job

EVERY = 6 * HOUR

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Note those that are new; then again in six hours, or when a campaign begins."""
    client, channel = job.payload["client"], job.payload["channel"]
    account = bridge.clients[client].channels[channel]
    # Others may have put them there, in any spelling.
    region = account.config.default_region
    numbers = sorted({recipient_rules.listed(number, region) for number in account.provider.opt_outs()})
    now = bridge.clock.now()
    with bridge.store.write() as tx:
        new = opt_outs.add(tx, client, numbers, "listed", now)
        job_queue.again(tx, job, now + EVERY)
    logger.info("client %s: channel %d: %d opted out at the provider, %d new", client, channel, len(numbers), new)
