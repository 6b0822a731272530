"""Fetch what a trigger event lacks, and send its message at once.

The customer's attributes come from Optimove, a template that is not stored yet from the provider. Each such event has
its own job, so that none waits for the response to another. documented, in both parts:
https://developer.optimove.com/docs/integrate-your-service-with-optimove and Delivyr's guide to triggered overrides.
"""

import logging
from collections.abc import Mapping

from sendproof_bridge.clock import HOUR
from sendproof_bridge.domain import recipient_rules
from sendproof_bridge.domain.accounts import Bridge, Channel
from sendproof_bridge.domain.keys import CampaignKey
from sendproof_bridge.domain.planning import PlannedMessage
from sendproof_bridge.domain.templates import fetch_templates, stored_templates
from sendproof_bridge.jobs.campaigns import send_triggered
from sendproof_bridge.jobs.campaigns.send_triggered import TriggerEvent
from sendproof_bridge.outbound.errors import NotSentError, RejectedError, UnauthorizedError
from sendproof_bridge.outbound.providers import Template
from sendproof_bridge.retry import GiveUp, decide
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job

logger = logging.getLogger(__name__)


class _AttributesUnavailableError(Exception):
    """Optimove refused the customer's attributes: the key has no permission, or the customer does not exist."""

    def __init__(self, reason: NotSentError) -> None:
        super().__init__(str(reason))
        self.reason = reason


def run(bridge: Bridge, job: Job) -> None:
    """Store the message, and the job that sends it."""
    key = CampaignKey.of(job.payload)
    channel = bridge.channel(key)
    (event,) = send_triggered.events(bridge, key, [job])
    try:
        message = _plan(bridge, key, channel, event)
    except _AttributesUnavailableError as error:
        if not _is_final(bridge, channel, job, error.reason):
            raise error.reason from error
        message = _dropped(bridge, event)
    with bridge.store.write() as tx:
        send_triggered.store(bridge, tx, key, [message])
        job_queue.complete(tx, job)
    logger.info("campaign %s: trigger %s: %s", key.name(), event.key, message.reason or "to be sent")


def _is_final(bridge: Bridge, channel: Channel, job: Job, reason: NotSentError) -> bool:
    """Return True if no retry is left, or a retry would come too late to send the message."""
    now = bridge.clock.now()
    latest = job.payload["received_at"] + channel.config.too_late_after_hours * HOUR
    return now >= latest or isinstance(decide(reason, job.attempts, now), GiveUp)


def _dropped(bridge: Bridge, event: TriggerEvent) -> PlannedMessage:
    return PlannedMessage(
        customer=event.customer,
        occasion=event.occasion,
        template=event.template,
        send_at=bridge.clock.now(),
        reason=recipient_rules.NOT_LOOKED_UP,
    )


def _plan(bridge: Bridge, key: CampaignKey, channel: Channel, event: TriggerEvent) -> PlannedMessage:
    templates = _templates(bridge, key, channel, event.template)
    values = send_triggered.event_values(event.fields)
    required = send_triggered.required_names(channel, templates, event)
    if not required.issubset(values):
        try:
            attributes = bridge.clients[key.client].optimove.attributes(event.customer)
        except (RejectedError, UnauthorizedError) as error:
            raise _AttributesUnavailableError(error) from error
        values = {**attributes, **values}
    return send_triggered.plan(bridge, channel, templates, event, {**dict.fromkeys(required), **values})


def _templates(bridge: Bridge, key: CampaignKey, channel: Channel, template: int) -> Mapping[int, Template]:
    """Return the stored templates; fetch them if this one is not stored."""
    templates = stored_templates(bridge, key.client, channel)
    return templates if template in templates else fetch_templates(bridge, key.client, channel)
