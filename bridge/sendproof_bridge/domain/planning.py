"""Planning: from recipients to messages and batches in the database, for scheduled pages and for triggers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy import Connection

from sendproof_bridge.clock import Instant
from sendproof_bridge.config import EMAIL
from sendproof_bridge.domain import recipient_rules
from sendproof_bridge.domain.accounts import Channel
from sendproof_bridge.domain.batches import Batch, plan_batches
from sendproof_bridge.domain.keys import CampaignKey, is_storable
from sendproof_bridge.outbound.optimove import Recipient
from sendproof_bridge.outbound.providers import ComposeRequest, Template
from sendproof_bridge.storage import job_queue, schema
from sendproof_bridge.storage.bulk_insert import insert_rows
from sendproof_bridge.storage.job_queue import NewJob

_MESSAGE_COLUMNS = (
    *CampaignKey._fields,
    "customer",
    "occasion",
    "template",
    "number",
    "recipient",
    "content",
    "batch",
    "state",
    "reason",
    "settled_at",
)


class PlannedMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One customer's message. With a `reason` it is dropped, else it has everything that is sent.

    `number` is what opts out: the phone number, the e-mail address, or `opt_out_key` of another type of messages.
    `occasion` identifies the trigger event, if any.
    """

    customer: str
    template: int
    send_at: Instant
    number: str = ""
    recipient: str = ""
    content: str = ""
    group: str = ""
    occasion: str = ""
    reason: str | None = None


def plan_message(
    channel: Channel,
    templates: Mapping[int, Template],
    row: Recipient,
    event: Mapping[str, Any] | None = None,
) -> PlannedMessage:
    """Compose one customer's message, or drop it with a reason. Opt-outs stored here are applied at the send."""
    message = _composed(channel, templates, row, event)
    return message if is_storable(message.recipient) else _dropped(row, recipient_rules.NOT_PERSONALISED)


def _composed(
    channel: Channel, templates: Mapping[int, Template], row: Recipient, event: Mapping[str, Any] | None
) -> PlannedMessage:
    config, template = channel.config, templates.get(row.template)
    if row.is_ambiguous and not channel.provider.knows_customers:
        return _dropped(row, recipient_rules.NOT_LOOKED_UP)
    if config.checks_attribute and not recipient_rules.has_consent(row.attributes[config.consent_attribute]):
        return _dropped(row, recipient_rules.OPTED_OUT)
    if channel.provider.knows_customers:
        return _message_by_id(channel, template, row)
    if config.message == EMAIL:
        return _message_to_address(channel, template, row, event)
    if not config.needs_number:
        return _message_to_user(channel, template, row, event)
    return _message_to_number(channel, template, row, event)


def _message_to_number(
    channel: Channel, template: Template | None, row: Recipient, event: Mapping[str, Any] | None
) -> PlannedMessage:
    config = channel.config
    number = recipient_rules.normalize_number(row.attributes[config.phone_attribute], config.default_region)
    if template is None:
        return _dropped(row, recipient_rules.UNUSABLE_NUMBER if number is None else recipient_rules.UNKNOWN_TEMPLATE)
    request = ComposeRequest(customer=row.customer, template=template, values=row.attributes, event=event)
    try:
        composed = channel.provider.compose(request)
    except ValueError:
        return _dropped(row, recipient_rules.NOT_PERSONALISED)
    if composed.phone != row.attributes[config.phone_attribute]:
        number = recipient_rules.normalize_number(composed.phone, config.default_region)
    if number is None:
        return _dropped(row, recipient_rules.UNUSABLE_NUMBER)
    return PlannedMessage(
        customer=row.customer,
        template=row.template,
        send_at=row.send_at,
        number=number,
        recipient=composed.recipient or number,
        content=composed.content,
        group=composed.group,
    )


def _message_to_address(
    channel: Channel, template: Template | None, row: Recipient, event: Mapping[str, Any] | None
) -> PlannedMessage:
    """Return an e-mail to the address in the customer's record."""
    address = recipient_rules.normalize_address(row.attributes[channel.config.email_attribute])
    if address is None or template is None:
        return _dropped(row, recipient_rules.UNUSABLE_ADDRESS if address is None else recipient_rules.UNKNOWN_TEMPLATE)
    message = _message_to_user(channel, template, row, event)
    return msgspec.structs.replace(message, number=address, recipient=message.recipient or address)


def _message_to_user(
    channel: Channel, template: Template | None, row: Recipient, event: Mapping[str, Any] | None
) -> PlannedMessage:
    """Return a message to a user of an app or website. Only the provider knows which devices the user has."""
    if template is None:
        return _dropped(row, recipient_rules.UNKNOWN_TEMPLATE)
    request = ComposeRequest(customer=row.customer, template=template, values=row.attributes, event=event)
    try:
        composed = channel.provider.compose(request)
    except ValueError:
        return _dropped(row, recipient_rules.NOT_PERSONALISED)
    return PlannedMessage(
        customer=row.customer,
        template=row.template,
        send_at=row.send_at,
        number=recipient_rules.opt_out_key(channel.config.message, composed.recipient),
        recipient=composed.recipient,
        content=composed.content,
        group=composed.group,
    )


def _message_by_id(channel: Channel, template: Template | None, row: Recipient) -> PlannedMessage:
    """Return the message of a customer whom the provider knows: without a number, which this bridge does not have."""
    if template is None:
        return _dropped(row, recipient_rules.UNKNOWN_TEMPLATE)
    request = ComposeRequest(customer=row.customer, template=template, values=row.attributes, send_at=row.send_at)
    composed = channel.provider.compose(request)
    return PlannedMessage(
        customer=row.customer,
        template=row.template,
        send_at=row.send_at,
        recipient=composed.recipient,
        content=composed.content,
        group=composed.group,
    )


def _dropped(row: Recipient, reason: str) -> PlannedMessage:
    return PlannedMessage(customer=row.customer, template=row.template, send_at=row.send_at, reason=reason)


def store_messages(
    tx: Connection, key: CampaignKey, channel: Channel, messages: Sequence[PlannedMessage], name: str, now: Instant
) -> int:
    """Insert messages, batches and send jobs; return the number of batches. `name` makes the ids of batches unique."""
    dropped = [message for message in messages if message.reason is not None]
    batches = plan_batches((message for message in messages if message.reason is None), channel.provider.batch_size)
    by_id = {f"{key.channel}-{key.campaign}-{name}-{index}": batch for index, batch in enumerate(batches)}
    rows = [_message_row(key, message, None, now) for message in dropped]
    rows += [_message_row(key, message, id_, None) for id_, batch in by_id.items() for message in batch.messages]
    insert_rows(tx, "message", _MESSAGE_COLUMNS, rows)
    if by_id:
        tx.execute(schema.batch.insert(), [_batch_row(key, id_, batch) for id_, batch in by_id.items()])
    jobs = [_send_job(key, id_, batch) for id_, batch in by_id.items()]
    job_queue.add(tx, [replace(job, due_at=job.due_at - channel.provider.lead_ms) for job in jobs])
    return len(batches)


def _message_row(
    key: CampaignKey, message: PlannedMessage, batch: str | None, settled_at: Instant | None
) -> tuple[object, ...]:
    return (
        *key,
        message.customer,
        message.occasion,
        message.template,
        message.number or None,
        message.recipient or None,
        message.content if batch else None,
        batch,
        "pending" if batch else "dropped",
        message.reason,
        settled_at,
    )


def _batch_row(key: CampaignKey, id_: str, batch: Batch[PlannedMessage]) -> dict[str, object]:
    return {**key._asdict(), "id": id_, "due_at": batch.send_at, "state": "planned"}


def _send_job(key: CampaignKey, batch_id: str, batch: Batch[PlannedMessage]) -> NewJob:
    payload = {**key._asdict(), "batch": batch_id}
    return NewJob(id=f"send_batch:{key.client}:{batch_id}", kind="send_batch", payload=payload, due_at=batch.send_at)
