"""Decide about some customers of a campaign that waits for clearance, and report the decisions to Optimove.

The list of waiting customers has no attributes, so each customer costs a call, and the rate limit decides how many can
be checked in time. Decisions are reported at once, a part at a time: a deadline then costs only the customers that were
not reached.
"""

import logging
from collections.abc import Mapping, Sequence

from sqlalchemy import Text, bindparam, text

from sendproof_bridge.clock import parse_time
from sendproof_bridge.config import EMAIL, ChannelConfig
from sendproof_bridge.domain import recipient_rules
from sendproof_bridge.domain.accounts import Bridge, Client
from sendproof_bridge.domain.keys import is_storable, optimove_lane
from sendproof_bridge.outbound.errors import RateLimitedError, RejectedError
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job, NewJob

_INSERT = text(
    "INSERT INTO clearance (client, campaign, customer, allowed) VALUES (:client, :campaign, :customer, :allowed)"
    " ON CONFLICT DO NOTHING"
)
_OPTED_OUT = text("SELECT 1 FROM opt_out WHERE client = :client AND number = :number")
_DECISIONS = text(
    "SELECT customer, allowed FROM clearance WHERE client = :client AND campaign = :campaign AND customer IN :customers"
).bindparams(bindparam("customers", expanding=True, type_=Text))

logger = logging.getLogger(__name__)


def new_job(client: str, campaign: str, required_by: str, offset: int, customers: list[str]) -> NewJob:
    """Return the job that decides about these customers; the first is at `offset` in the list."""
    payload = {"client": client, "campaign": campaign, "required_by": required_by, "customers": customers}
    id_ = f"clear_customers:{client}:{campaign}:{offset}"
    return NewJob(id=id_, kind="clear_customers", payload=payload, lane=optimove_lane(client))


def run(bridge: Bridge, job: Job) -> None:
    """Decide about the customers and report the decisions, or give up after the deadline."""
    client, campaign = bridge.clients[job.payload["client"]], job.payload["campaign"]
    customers, required_by = job.payload["customers"], job.payload["required_by"]
    if _is_past(bridge, required_by):
        _complete(bridge, job, f"{len(customers)} customers were not reached in time, and count as not cleared")
        return
    try:
        _decide(bridge, client, campaign, customers)
    except RateLimitedError:
        # Stored decisions are not made again.
        if not _is_past(bridge, required_by):
            raise
    decisions = _decisions(bridge, client, campaign, customers)
    client.optimove.update_promotion_status(campaign, decisions, bridge.clock.now())
    _complete(bridge, job, f"{sum(decisions.values())} of {len(customers)} customers cleared")


def _complete(bridge: Bridge, job: Job, result: str) -> None:
    with bridge.store.write() as tx:
        job_queue.complete(tx, job)
    logger.info("campaign %s: %s", job.payload["campaign"], result)


def _is_past(bridge: Bridge, required_by: str) -> bool:
    try:
        return bridge.clock.now() >= parse_time(required_by)
    except ValueError:
        # If the deadline cannot be read, Optimove itself refuses decisions that are too late.
        return False


def _decide(bridge: Bridge, client: Client, campaign: str, customers: Sequence[str]) -> None:
    decided = _decisions(bridge, client, campaign, customers)
    for customer in customers:
        if customer not in decided:
            row = {"client": client.config.name, "campaign": campaign, "customer": customer}
            numbers = _numbers_with_consent(client, customer, _attributes(client, customer))
            with bridge.store.write() as tx:
                opted_out = {number for number in numbers if tx.execute(_OPTED_OUT, {**row, "number": number}).first()}
                tx.execute(_INSERT, {**row, "allowed": bool(numbers - opted_out)})


def _decisions(bridge: Bridge, client: Client, campaign: str, customers: Sequence[str]) -> dict[str, bool]:
    # No table can hold such a customer, who gets no message either.
    too_long = {customer: False for customer in customers if not is_storable(customer)}
    with bridge.store.read() as tx:
        values = {"client": client.config.name, "campaign": campaign, "customers": list(customers)}
        return too_long | {customer: bool(allowed) for customer, allowed in tx.execute(_DECISIONS, values)}


def _attributes(client: Client, customer: str) -> Mapping[str, str | None]:
    try:
        return client.optimove.attributes(customer)
    except RejectedError as error:
        logger.warning("customer %s: attributes cannot be read, so it is not cleared: %s", customer, error)
        return {}


def _numbers_with_consent(client: Client, customer: str, values: Mapping[str, str | None]) -> set[str]:
    """Return the numbers that any channel of the client may send to: the event does not name the channel.

    Channels for e-mails have the address in place of a number, and those for push notifications the customer.
    """
    numbers = {
        _number(channel.config, customer, values)
        for channel in client.channels.values()
        if not channel.config.checks_attribute
        or recipient_rules.has_consent(values.get(channel.config.consent_attribute))
    }
    return {number for number in numbers if number is not None}


def _number(config: ChannelConfig, customer: str, values: Mapping[str, str | None]) -> str | None:
    if config.message == EMAIL:
        return recipient_rules.normalize_address(values.get(config.email_attribute))
    if not config.needs_number:
        return recipient_rules.opt_out_key(config.message, customer)
    return recipient_rules.normalize_number(values.get(config.phone_attribute), config.default_region)
