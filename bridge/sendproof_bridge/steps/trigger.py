"""A customer met a trigger: personalise from what the event holds, and send at once.

What the event lacks is asked of Optimove by customer. documented, in both parts:
https://developer.optimove.com/docs/integrate-your-service-with-optimove and Delivyr's guide to triggered overrides.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from sendproof_bridge import campaigns, drafts, jobs, recipients
from sendproof_bridge.bridge import Bridge, CampaignKey, Channel
from sendproof_bridge.channels import Template
from sendproof_bridge.clock import HOUR, Instant
from sendproof_bridge.drafts import Draft
from sendproof_bridge.errors import CredentialsRefusedError, NotDoneError, RefusedError
from sendproof_bridge.events import in_lower_case
from sendproof_bridge.jobs import Job
from sendproof_bridge.optimove import Recipient
from sendproof_bridge.retry import GiveUp, decide
from sendproof_bridge.steps import templates

_EVENT = text("SELECT body FROM trigger WHERE client = :client AND id = :trigger")
_HAVE = text(
    "SELECT 1 FROM message WHERE client = :client AND channel = :channel AND campaign = :campaign"
    " AND customer = :customer AND occasion = :occasion"
)
_PERSONAL = "personalInfo"

logger = logging.getLogger(__name__)


class _NotLookedUpError(Exception):
    """Optimove did not let the bridge read the customer's attributes: the key may not, or there is no such customer."""

    def __init__(self, reason: NotDoneError) -> None:
        super().__init__(str(reason))
        self.reason = reason


def run(bridge: Bridge, job: Job) -> None:
    """Store the message, and the job that sends it."""
    key, number = CampaignKey.of(job.payload), job.payload["trigger"]
    with bridge.store.read() as tx:
        event = json.loads(tx.execute(_EVENT, {"client": key.client, "trigger": number}).scalar_one())
    try:
        one = _draft(bridge, key, bridge.channel(key), event)
    except _NotLookedUpError as error:
        if not _hopeless(bridge, key, job, error.reason):
            raise error.reason from error
        one = _left_out(event, bridge.clock.now())
    now, occasion = bridge.clock.now(), f"t{number}"
    with bridge.store.write() as tx:
        have = {**key._asdict(), "customer": one.customer, "occasion": occasion}
        if tx.execute(_HAVE, have).first() is None:
            drafts.store(tx, key, bridge.channel(key), [one], drafts.Place(name=occasion, occasion=occasion), now)
        if one.reason is not None:
            campaigns.begin_reports(tx, key, now)
        jobs.complete(tx, job)
    logger.info("campaign %s: trigger %d: %s", key.name(), number, one.reason or "to be sent")


def _hopeless(bridge: Bridge, key: CampaignKey, job: Job, reason: NotDoneError) -> bool:
    """Whether it makes no sense to ask again: what is said is not sent any more when the key may do so at last."""
    now = bridge.clock.now()
    latest = job.payload["came_at"] + bridge.channel(key).config.too_late_after_hours * HOUR
    return now >= latest or isinstance(decide(reason, job.attempts, now), GiveUp)


def _left_out(event: Mapping[str, Any], now: Instant) -> Draft:
    said = in_lower_case(event)
    template = int(said["templateid"])
    return Draft(customer=str(said["customerid"]), template=template, at=now, reason=recipients.NOT_LOOKED_UP)


def _draft(bridge: Bridge, key: CampaignKey, channel: Channel, event: Mapping[str, Any]) -> Draft:
    said = in_lower_case(event)
    template = int(said["templateid"])
    bodies = _bodies(bridge, key, channel, template)
    customer = str(said["customerid"])
    known = [bodies[template]] if template in bodies else []
    values = _values(bridge, key, said, templates.attributes(channel, known))
    row = Recipient(customer=customer, template=template, at=bridge.clock.now(), attributes=values)
    return drafts.draft(channel, bodies, row, event)


def _bodies(bridge: Bridge, key: CampaignKey, channel: Channel, template: int) -> Mapping[int, Template]:
    """The templates as they were last fetched; fetched anew when this one is not among them."""
    bodies = templates.known(bridge, key.client, channel)
    if template in bodies:
        return bodies
    return {one.id: one for one in templates.refresh(bridge, key.client, channel)}


def _values(bridge: Bridge, key: CampaignKey, event: Mapping[str, Any], needed: list[str]) -> dict[str, str | None]:
    """Values by name: those of the event, and what it lacks of those that are needed from Optimove."""
    values = told(event)
    if not set(needed).issubset(values):
        try:
            asked = bridge.clients[key.client].optimove.attributes(str(event["customerid"]))
        except (RefusedError, CredentialsRefusedError) as error:
            raise _NotLookedUpError(error) from error
        values = {**asked, **values}
    return {**dict.fromkeys(needed), **values}


def told(event: Mapping[str, Any]) -> dict[str, str | None]:
    """What an event tells: the parameters of what happened, and above them the customer's attributes."""
    personalisation = event.get("personalization")
    if not isinstance(personalisation, dict):
        return {}
    parts = [part for name, part in personalisation.items() if name != _PERSONAL and isinstance(part, dict)]
    personal = personalisation.get(_PERSONAL)
    values = {name: value for part in parts for name, value in part.items()}
    values |= personal if isinstance(personal, dict) else {}
    return {name: _text(value) for name, value in values.items()}


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    # A consent of `true` must read as one, and a number as it was written.
    return json.dumps(value)
