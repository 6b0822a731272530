"""A trigger whose event does not hold all that its message needs: ask for it, and send at once.

The customer's attributes are asked of Optimove by customer, a template that is not known yet of the provider. Each such
trigger is a job of its own, so that none waits for another's answer. documented, in both parts:
https://developer.optimove.com/docs/integrate-your-service-with-optimove and Delivyr's guide to triggered overrides.
"""

import logging
from collections.abc import Mapping

from sendproof_bridge.clock import HOUR
from sendproof_bridge.domain import recipient_rules
from sendproof_bridge.domain.accounts import Bridge, CampaignKey, Channel
from sendproof_bridge.domain.planning import Draft
from sendproof_bridge.jobs.campaigns import send_triggered
from sendproof_bridge.jobs.campaigns.send_triggered import Met
from sendproof_bridge.jobs.setup import sync_templates
from sendproof_bridge.outbound.errors import CredentialsRefusedError, NotDoneError, RefusedError
from sendproof_bridge.outbound.providers import Template
from sendproof_bridge.retry import GiveUp, decide
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job

logger = logging.getLogger(__name__)


class _NotLookedUpError(Exception):
    """Optimove did not let the bridge read the customer's attributes: the key may not, or there is no such customer."""

    def __init__(self, reason: NotDoneError) -> None:
        super().__init__(str(reason))
        self.reason = reason


def run(bridge: Bridge, job: Job) -> None:
    """Store the message, and the job that sends it."""
    key = CampaignKey.of(job.payload)
    channel = bridge.channel(key)
    (met,) = send_triggered.met(bridge, key, [job])
    try:
        one = _draft(bridge, key, channel, met)
    except _NotLookedUpError as error:
        if not _hopeless(bridge, channel, job, error.reason):
            raise error.reason from error
        one = _left_out(bridge, met)
    with bridge.store.write() as tx:
        send_triggered.store(bridge, tx, key, [one])
        job_queue.complete(tx, job)
    logger.info("campaign %s: trigger %s: %s", key.name(), met.key, one.reason or "to be sent")


def _hopeless(bridge: Bridge, channel: Channel, job: Job, reason: NotDoneError) -> bool:
    """Whether it makes no sense to ask again: what is said is not sent any more when the key may do so at last."""
    now = bridge.clock.now()
    latest = job.payload["came_at"] + channel.config.too_late_after_hours * HOUR
    return now >= latest or isinstance(decide(reason, job.attempts, now), GiveUp)


def _left_out(bridge: Bridge, met: Met) -> Draft:
    return Draft(
        customer=met.customer,
        occasion=met.occasion,
        template=met.template,
        at=bridge.clock.now(),
        reason=recipient_rules.NOT_LOOKED_UP,
    )


def _draft(bridge: Bridge, key: CampaignKey, channel: Channel, met: Met) -> Draft:
    bodies = _bodies(bridge, key, channel, met.template)
    values = send_triggered.told(met.said)
    needed = send_triggered.needed(channel, bodies, met)
    if not needed.issubset(values):
        try:
            asked = bridge.clients[key.client].optimove.attributes(met.customer)
        except (RefusedError, CredentialsRefusedError) as error:
            raise _NotLookedUpError(error) from error
        values = {**asked, **values}
    return send_triggered.draft(bridge, channel, bodies, met, {**dict.fromkeys(needed), **values})


def _bodies(bridge: Bridge, key: CampaignKey, channel: Channel, template: int) -> Mapping[int, Template]:
    """The templates as they were last fetched; fetched anew when this one is not among them."""
    bodies = sync_templates.known(bridge, key.client, channel)
    if template in bodies:
        return bodies
    return {one.id: one for one in sync_templates.refresh(bridge, key.client, channel)}
