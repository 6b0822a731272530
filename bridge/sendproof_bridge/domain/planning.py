"""From who is to get what, to messages and batches in the database. Scheduled pages and triggers both end here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from sendproof_bridge.clock import Instant
from sendproof_bridge.domain import recipient_rules
from sendproof_bridge.domain.accounts import CampaignKey, Channel
from sendproof_bridge.domain.batches import Batch, plan
from sendproof_bridge.outbound.optimove import Recipient
from sendproof_bridge.outbound.providers import Order, Template
from sendproof_bridge.storage import job_queue, schema
from sendproof_bridge.storage.job_queue import NewJob


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One customer's message before it is planned. With a `reason` it is dropped, else it has all that is sent.

    `occasion` names the trigger that it is for, if any.
    """

    customer: str
    template: int
    at: Instant
    number: str = ""
    recipient: str = ""
    content: str = ""
    group: str = ""
    occasion: str = ""
    reason: str | None = None


def draft(
    channel: Channel,
    bodies: Mapping[int, Template],
    row: Recipient,
    event: Mapping[str, Any] | None = None,
) -> Draft:
    """What one customer is to get, or why nothing. Who opted out here is left out when the batch is sent."""
    config, template = channel.config, bodies.get(row.template)
    if not recipient_rules.consents(row.attributes[config.consent_attribute]):
        return _dropped(row, recipient_rules.OPTED_OUT)
    number = recipient_rules.digits(row.attributes[config.phone_attribute], config.default_region)
    if template is None:
        return _dropped(row, recipient_rules.UNUSABLE_NUMBER if number is None else recipient_rules.UNKNOWN_TEMPLATE)
    try:
        made = channel.provider.compose(
            Order(customer=row.customer, template=template, values=row.attributes, event=event)
        )
    except ValueError:
        return _dropped(row, recipient_rules.NOT_PERSONALISED)
    if made.phone != row.attributes[config.phone_attribute]:
        number = recipient_rules.digits(made.phone, config.default_region)
    if number is None:
        return _dropped(row, recipient_rules.UNUSABLE_NUMBER)
    return Draft(
        customer=row.customer,
        template=row.template,
        at=row.at,
        number=number,
        recipient=made.recipient or number,
        content=made.content,
        group=made.group,
    )


def _dropped(row: Recipient, reason: str) -> Draft:
    return Draft(customer=row.customer, template=row.template, at=row.at, reason=reason)


def store(tx: Connection, key: CampaignKey, channel: Channel, drafts: Sequence[Draft], name: str, now: Instant) -> int:
    """Insert messages, batches and send jobs; answers how many batches there are. `name` is a part of their names."""
    dropped = [one for one in drafts if one.reason is not None]
    batches = plan((one for one in drafts if one.reason is None), channel.provider.batch_size)
    named = [(f"{key.channel}-{key.campaign}-{name}-{index}", batch) for index, batch in enumerate(batches)]
    same = key._asdict()
    messages = [_message(same, one, None, now) for one in dropped]
    messages += [_message(same, one, batch_name, None) for batch_name, batch in named for one in batch.messages]
    if messages:
        tx.execute(schema.message.insert(), messages)
    if named:
        tx.execute(schema.batch.insert(), [_batch(key, batch_name, batch) for batch_name, batch in named])
    job_queue.add(tx, [_send_job(key, batch_name, batch) for batch_name, batch in named])
    return len(batches)


def _message(
    same: Mapping[str, object], one: Draft, batch: str | None, settled_at: Instant | None
) -> dict[str, object]:
    return {
        **same,
        "customer": one.customer,
        "occasion": one.occasion,
        "template": one.template,
        "number": one.number or None,
        "recipient": one.recipient or None,
        "content": one.content if batch else None,
        "batch": batch,
        "state": "pending" if batch else "dropped",
        "reason": one.reason,
        "settled_at": settled_at,
        "reported": 0,
    }


def _batch(key: CampaignKey, name: str, batch: Batch[Draft]) -> dict[str, object]:
    return {**key._asdict(), "id": name, "due_at": batch.at, "state": "planned"}


def _send_job(key: CampaignKey, name: str, batch: Batch[Draft]) -> NewJob:
    payload = {**key._asdict(), "batch": name}
    return NewJob(id=f"send:{key.client}:{name}", kind="send", payload=payload, due_at=batch.at)
