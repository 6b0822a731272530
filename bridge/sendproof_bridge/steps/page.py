"""Read one page of a campaign's customers, decide whom to send to, and plan the batches."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, text

from sendproof_bridge import campaigns, jobs, recipients, schema
from sendproof_bridge.batches import Batch, plan
from sendproof_bridge.bridge import Bridge, CampaignKey, Channel
from sendproof_bridge.channels import Template
from sendproof_bridge.clock import Instant
from sendproof_bridge.jobs import Job, NewJob
from sendproof_bridge.optimove import Recipient
from sendproof_bridge.steps import templates
from sendproof_bridge.text import needs_unicode

# Below the 999 parameters that older builds of SQLite take in one statement.
_AT_ONCE = 900

_HAVE = text(
    "SELECT customer FROM message WHERE client = :client AND channel = :channel AND campaign = :campaign"
    " AND customer IN :customers"
).bindparams(bindparam("customers", expanding=True))

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One customer's message before it is planned. With a `reason` it is dropped, else it has a number and a text."""

    customer: str
    template: int
    at: Instant
    number: str = ""
    text: str = ""
    reason: str | None = None

    @property
    def unicode(self) -> bool:
        return needs_unicode(self.text)


def run(bridge: Bridge, job: Job) -> None:
    """Store this page's messages, their batches and send jobs, and the next page's job, in one transaction."""
    key, skip = CampaignKey.of(job.payload), job.payload["skip"]
    channel = bridge.channel(key)
    rows, bodies = _read(bridge, key, channel, skip)
    # Numbers take long to read, so that is done before the database is locked.
    drafts = {row.customer: draft(channel, bodies, row) for row in rows}
    with bridge.store.write() as tx:
        fresh = _without_known(tx, key, drafts)
        batches = _store(tx, job, channel, fresh, bridge.clock.now())
        if rows:
            # By what came, not by what was asked: a service that caps its pages must not cost the customers behind.
            jobs.add(tx, [campaigns.page_job(key, skip + len(rows))])
        else:
            campaigns.collected(tx, key, bridge.clock.now())
        jobs.complete(tx, job)
    dropped = sum(one.reason is not None for one in fresh)
    place = f"campaign {key.name()} from {skip}"
    logger.info("%s: %d customers, %d new, %d dropped, %d batches", place, len(rows), len(fresh), dropped, batches)


def _read(
    bridge: Bridge, key: CampaignKey, channel: Channel, skip: int
) -> tuple[list[Recipient], Mapping[int, Template]]:
    """The page, with the templates that it names: fetched for each campaign's start, as bodies may have changed."""
    bodies = templates.known(bridge, key.client, channel) if skip else _fetched(bridge, key, channel)
    rows = _page(bridge, key, channel, bodies, skip)
    if skip and any(row.template not in bodies for row in rows):
        bodies = _fetched(bridge, key, channel)
        rows = _page(bridge, key, channel, bodies, skip)
    return rows, bodies


def _fetched(bridge: Bridge, key: CampaignKey, channel: Channel) -> Mapping[int, Template]:
    return {template.id: template for template in templates.refresh(bridge, key.client, channel)}


def _page(
    bridge: Bridge, key: CampaignKey, channel: Channel, bodies: Mapping[int, Template], skip: int
) -> list[Recipient]:
    names = _attributes(channel, bodies.values())
    return bridge.clients[key.client].optimove.send_details(key.channel, key.campaign, names, skip)


def _attributes(channel: Channel, bodies: Iterable[Template]) -> list[str]:
    """Phone first, as vendors' guides have it, then consent, then whatever any template asks for."""
    asked = {name for template in bodies for name in channel.provider.placeholders(template.body)}
    first = [channel.config.phone_attribute, channel.config.consent_attribute]
    return [*dict.fromkeys(first), *sorted(asked.difference(first))]


def draft(channel: Channel, bodies: Mapping[int, Template], row: Recipient) -> Draft:
    """What one customer is to get, or why nothing."""
    config = channel.config
    template = bodies.get(row.template)
    if not recipients.consents(row.attributes[config.consent_attribute]):
        return _dropped(row, recipients.OPTED_OUT)
    number = recipients.digits(row.attributes[config.phone_attribute], config.default_region)
    if number is None:
        return _dropped(row, recipients.UNUSABLE_NUMBER)
    if template is None:
        return _dropped(row, recipients.UNKNOWN_TEMPLATE)
    final = channel.provider.fill(template.body, row.attributes)
    return Draft(customer=row.customer, template=row.template, at=row.at, number=number, text=final)


def _dropped(row: Recipient, reason: str) -> Draft:
    return Draft(customer=row.customer, template=row.template, at=row.at, reason=reason)


def _without_known(tx: Connection, key: CampaignKey, drafts: Mapping[str, Draft]) -> list[Draft]:
    """Pages may overlap when rows move between calls: whoever has a message already gets no second one."""
    have: set[str] = set()
    for customers in templates.chunks(list(drafts), _AT_ONCE):
        have.update(tx.execute(_HAVE, {**key._asdict(), "customers": customers}).scalars())
    return [one for customer, one in drafts.items() if customer not in have]


def _store(tx: Connection, job: Job, channel: Channel, fresh: Sequence[Draft], now: Instant) -> int:
    """Insert messages, batches and send jobs; answers how many batches there are."""
    key, skip = CampaignKey.of(job.payload), job.payload["skip"]
    dropped = [one for one in fresh if one.reason is not None]
    batches = plan((one for one in fresh if one.reason is None), channel.provider.batch_size)
    named = [(f"{key.channel}-{key.campaign}-{skip}-{index}", batch) for index, batch in enumerate(batches)]
    messages = [_message(key, one, None, now) for one in dropped]
    messages += [_message(key, one, name, None) for name, batch in named for one in batch.messages]
    if messages:
        tx.execute(schema.message.insert(), messages)
    if named:
        tx.execute(schema.batch.insert(), [_batch(key, name, batch) for name, batch in named])
    jobs.add(tx, [_send_job(key, name, batch) for name, batch in named])
    return len(batches)


def _message(key: CampaignKey, one: Draft, batch: str | None, settled_at: Instant | None) -> dict[str, object]:
    return {
        **key._asdict(),
        "customer": one.customer,
        "template": one.template,
        "number": one.number or None,
        "text": one.text if batch else None,
        "batch": batch,
        "state": "pending" if batch else "dropped",
        "reason": one.reason,
        "settled_at": settled_at,
        "reported": 0,
    }


def _batch(key: CampaignKey, name: str, batch: Batch[Draft]) -> dict[str, object]:
    return {**key._asdict(), "id": name, "due_at": batch.at, "unicode": batch.unicode, "state": "planned"}


def _send_job(key: CampaignKey, name: str, batch: Batch[Draft]) -> NewJob:
    payload = {**key._asdict(), "batch": name}
    return NewJob(id=f"send:{key.client}:{name}", kind="send", payload=payload, due_at=batch.at)
