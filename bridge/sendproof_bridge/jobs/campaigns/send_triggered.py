"""Send messages to customers that met a trigger: personalize them from the events, and send them at once.

Waiting events of one campaign are processed together, in one transaction, and go out in one call if the provider takes
several messages per call. No event waits for others: a single trigger goes out alone. An event that lacks values, or
that causes an error, gets its own job (fetch_attributes.py) and does not block the others.
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, text

from sendproof_bridge.domain import campaigns, planning
from sendproof_bridge.domain.accounts import Bridge, Channel
from sendproof_bridge.domain.keys import CampaignKey
from sendproof_bridge.domain.planning import PlannedMessage
from sendproof_bridge.domain.templates import attribute_names, stored_templates
from sendproof_bridge.json_body import lowercase_keys
from sendproof_bridge.outbound.optimove import Recipient
from sendproof_bridge.outbound.providers import Template
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job, NewJob

_EVENTS = text(
    "SELECT key, body FROM trigger WHERE client = :client AND key IN (SELECT value FROM json_each(:keys)) ORDER BY key"
)
_WITH_MESSAGE = text(
    "SELECT occasion FROM json_each(:customers) JOIN message ON client = :client AND channel = :channel"
    " AND campaign = :campaign AND customer = json_each.value AND occasion = json_each.key"
)
_PERSONAL_INFO = "personalInfo"
_NOTHING_TO_SEND = object()

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerEvent:
    """One event 11: its key, its body, and the body with lower-case names."""

    key: str
    body: Mapping[str, Any]
    fields: Mapping[str, Any]

    @property
    def customer(self) -> str:
        return str(self.fields["customerid"])

    @property
    def is_visitor(self) -> bool:
        """True for a visitor of the client's site, who is no customer and has no number."""
        return self.fields.get("isvisitor") is True

    @property
    def template(self) -> int:
        return int(self.fields["templateid"])

    @property
    def occasion(self) -> str:
        """Distinguishes the messages of one campaign to one customer."""
        return f"t{self.key}"


def run(bridge: Bridge, jobs: Sequence[Job]) -> None:
    """Store the messages of one campaign's triggers, and the jobs that send them or fetch missing attributes.

    Visitors get no message, and are in no report.
    """
    key = CampaignKey.of(jobs[0].payload)
    channel = bridge.channel(key)
    templates = stored_templates(bridge, key.client, channel)
    of_customers = [event for event in events(bridge, key, jobs) if not event.is_visitor]
    planned = {event.key: _plan_if_complete(bridge, channel, templates, event) for event in of_customers}
    complete = [message for message in planned.values() if message is not None]
    incomplete = [job for job in jobs if planned.get(job.payload["trigger"], _NOTHING_TO_SEND) is None]
    with bridge.store.write() as tx:
        batches = store(bridge, tx, key, complete)
        job_queue.add(tx, [_fetch_attributes_job(bridge, job) for job in incomplete])
        job_queue.complete_all(tx, jobs)
    counts = len(complete), batches, len(incomplete)
    logger.info("campaign %s: %d triggers in %d batches, %d without all attributes", key.name(), *counts)


def events(bridge: Bridge, key: CampaignKey, jobs: Sequence[Job]) -> list[TriggerEvent]:
    """Return the events of these jobs, sorted by key, so that every run has the same order."""
    keys = json.dumps([job.payload["trigger"] for job in jobs])
    with bridge.store.read() as tx:
        rows = tx.execute(_EVENTS, {"client": key.client, "keys": keys}).all()
    bodies = [(row.key, json.loads(row.body)) for row in rows]
    return [TriggerEvent(key=event_key, body=body, fields=lowercase_keys(body)) for event_key, body in bodies]


def store(bridge: Bridge, tx: Connection, key: CampaignKey, messages: Iterable[PlannedMessage]) -> int:
    """Store the messages that do not exist yet, and schedule sends and reports; return the number of batches."""
    by_occasion = {message.occasion: message for message in messages}
    customers = json.dumps({occasion: message.customer for occasion, message in by_occasion.items()})
    known = set(tx.execute(_WITH_MESSAGE, {**key._asdict(), "customers": customers}).scalars())
    new = [message for occasion, message in by_occasion.items() if occasion not in known]
    if not new:
        return 0
    now = bridge.clock.now()
    # The first occasion is in no other batch, so the ids of the batches are new.
    batches = planning.store_messages(tx, key, bridge.channel(key), new, new[0].occasion, now)
    if any(message.reason is not None for message in new):
        campaigns.schedule_reports(tx, key, now, bridge.reports_a_day(key))
    return batches


def _plan_if_complete(
    bridge: Bridge, channel: Channel, templates: Mapping[int, Template], event: TriggerEvent
) -> PlannedMessage | None:
    """Return the message; None if the event lacks values or causes an error."""
    try:
        values = event_values(event.fields)
        if event.template not in templates or not required_names(channel, templates, event).issubset(values):
            return None
        return plan(bridge, channel, templates, event, values)
    except Exception:  # noqa: BLE001 the other events go out; this event's own job will report the error
        return None


def _fetch_attributes_job(bridge: Bridge, job: Job) -> NewJob:
    id_ = f"fetch_attributes:{job.payload['client']}:{job.payload['trigger']}"
    return NewJob(id=id_, kind="fetch_attributes", payload=job.payload, due_at=bridge.clock.now())


def required_names(channel: Channel, templates: Mapping[int, Template], event: TriggerEvent) -> set[str]:
    """Return the names of the values that a message needs."""
    template = [templates[event.template]] if event.template in templates else []
    return set(attribute_names(channel, template))


def plan(
    bridge: Bridge,
    channel: Channel,
    templates: Mapping[int, Template],
    event: TriggerEvent,
    values: Mapping[str, str | None],
) -> PlannedMessage:
    """Return the event's message, to be sent now."""
    now = bridge.clock.now()
    row = Recipient(customer=event.customer, template=event.template, send_at=now, attributes=values)
    return replace(planning.plan_message(channel, templates, row, event.body), occasion=event.occasion)


def event_values(fields: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the values in an event: its parameters, overridden by the customer's attributes."""
    personalization = fields.get("personalization")
    if not isinstance(personalization, dict):
        return {}
    parts = [part for name, part in personalization.items() if name != _PERSONAL_INFO and isinstance(part, dict)]
    personal_info = personalization.get(_PERSONAL_INFO)
    values = {name: value for part in parts for name, value in part.items()}
    values |= personal_info if isinstance(personal_info, dict) else {}
    return {name: _as_text(value) for name, value in values.items()}


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    # A consent of `true` must remain readable as consent, and a number must keep its spelling.
    return json.dumps(value)
