"""Customers met a trigger: personalise from what the events hold, and send at once.

What waits of one campaign is done together, in one transaction, and goes out in one call where the provider takes
several messages a call. Nothing waits for more to come: a trigger that is alone goes out alone. An event that does not
hold all that is needed, or is the cause of a fault, gets a job of its own (look_up.py) and holds up no other.
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, text

from sendproof_bridge.domain import campaigns, planning
from sendproof_bridge.domain.accounts import Bridge, CampaignKey, Channel
from sendproof_bridge.domain.planning import Draft
from sendproof_bridge.inbound.events import in_lower_case
from sendproof_bridge.jobs.setup import sync_templates
from sendproof_bridge.outbound.optimove import Recipient
from sendproof_bridge.outbound.providers import Template
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job, NewJob

_EVENTS = text(
    "SELECT key, body FROM trigger WHERE client = :client AND key IN (SELECT value FROM json_each(:keys)) ORDER BY key"
)
_HAVE = text(
    "SELECT occasion FROM json_each(:customers) JOIN message ON client = :client AND channel = :channel"
    " AND campaign = :campaign AND customer = json_each.value AND occasion = json_each.key"
)
_PERSONAL = "personalInfo"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """One event 11: its name, and what it says, as it came and with its members' names in lower case."""

    key: str
    event: Mapping[str, Any]
    said: Mapping[str, Any]

    @property
    def customer(self) -> str:
        return str(self.said["customerid"])

    @property
    def template(self) -> int:
        return int(self.said["templateid"])

    @property
    def occasion(self) -> str:
        """What tells the messages apart that one customer gets of one campaign."""
        return f"t{self.key}"


def run(bridge: Bridge, together: Sequence[Job]) -> None:
    """Store the messages of triggers of one campaign, and the jobs that send them or ask for what is missing."""
    key = CampaignKey.of(together[0].payload)
    channel = bridge.channel(key)
    bodies = sync_templates.known(bridge, key.client, channel)
    made = {one.key: _at_hand(bridge, channel, bodies, one) for one in met(bridge, key, together)}
    ready = [one for one in made.values() if one is not None]
    wanting = [job for job in together if made[job.payload["trigger"]] is None]
    with bridge.store.write() as tx:
        batches = store(bridge, tx, key, ready)
        job_queue.add(tx, [_look_up_job(bridge, job) for job in wanting])
        job_queue.complete_all(tx, together)
    counts = len(ready), batches, len(wanting)
    logger.info("campaign %s: %d triggers in %d batches, %d to be looked up", key.name(), *counts)


def met(bridge: Bridge, key: CampaignKey, together: Sequence[Job]) -> list[Met]:
    """The events of these jobs, in the order of their names, which is the same in every run."""
    keys = json.dumps([job.payload["trigger"] for job in together])
    with bridge.store.read() as tx:
        rows = tx.execute(_EVENTS, {"client": key.client, "keys": keys}).all()
    events = [(row.key, json.loads(row.body)) for row in rows]
    return [Met(key=name, event=event, said=in_lower_case(event)) for name, event in events]


def store(bridge: Bridge, tx: Connection, key: CampaignKey, made: Iterable[Draft]) -> int:
    """Store those that have no message yet, and see to it that they are sent and reported; answers how many batches."""
    by_occasion = {one.occasion: one for one in made}
    customers = json.dumps({occasion: one.customer for occasion, one in by_occasion.items()})
    have = set(tx.execute(_HAVE, {**key._asdict(), "customers": customers}).scalars())
    fresh = [one for occasion, one in by_occasion.items() if occasion not in have]
    if not fresh:
        return 0
    now = bridge.clock.now()
    # The first occasion is in no other batch, so the names are new.
    batches = planning.store(tx, key, bridge.channel(key), fresh, fresh[0].occasion, now)
    if any(one.reason is not None for one in fresh):
        campaigns.begin_reports(tx, key, now)
    return batches


def _at_hand(bridge: Bridge, channel: Channel, bodies: Mapping[int, Template], one: Met) -> Draft | None:
    """The message, if its event holds all that is needed."""
    try:
        values = told(one.said)
        if one.template not in bodies or not needed(channel, bodies, one).issubset(values):
            return None
        return draft(bridge, channel, bodies, one, values)
    except Exception:  # noqa: BLE001 whatever it is, the others go out; alone, its job will say what is wrong
        return None


def _look_up_job(bridge: Bridge, job: Job) -> NewJob:
    id_ = f"look_up:{job.payload['client']}:{job.payload['trigger']}"
    return NewJob(id=id_, kind="look_up", payload=job.payload, due_at=bridge.clock.now())


def needed(channel: Channel, bodies: Mapping[int, Template], one: Met) -> set[str]:
    """The names of the values that a message needs."""
    known = [bodies[one.template]] if one.template in bodies else []
    return set(sync_templates.attributes(channel, known))


def draft(
    bridge: Bridge, channel: Channel, bodies: Mapping[int, Template], one: Met, values: Mapping[str, str | None]
) -> Draft:
    """What the customer is to get now."""
    row = Recipient(customer=one.customer, template=one.template, at=bridge.clock.now(), attributes=values)
    return replace(planning.draft(channel, bodies, row, one.event), occasion=one.occasion)


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
