"""Conditional execution: say who of a campaign that waits may be sent to, before its time is over.

Whoever is not named counts as no; documented:
https://developer.optimove.com/reference/post_integrations-updatecustomerpromotionstatus . The list of waiting customers
has no attributes, so each customer costs a call, and the rate limit decides how many can be looked at in time; what is
decided is told at once, some customers at a time, so that a deadline costs only those who were not reached.
"""

import logging
from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, text

from sendproof_bridge.clock import parse_time
from sendproof_bridge.domain import clearing, recipient_rules
from sendproof_bridge.domain.accounts import Bridge, Client
from sendproof_bridge.jobs.setup.sync_templates import chunks
from sendproof_bridge.outbound.errors import RateLimitedError, RefusedError
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job

# So many can be looked at within about twenty seconds.
_AT_ONCE = 100

_NOTE = text(
    "INSERT INTO clearance (client, campaign, customer, allowed) VALUES (:client, :campaign, :customer, :allowed)"
    " ON CONFLICT DO NOTHING"
)
_OPTED_OUT = text("SELECT 1 FROM opt_out WHERE client = :client AND number = :number")
_DECIDED = text(
    "SELECT customer, allowed FROM clearance WHERE client = :client AND campaign = :campaign AND customer IN :customers"
).bindparams(bindparam("customers", expanding=True))

logger = logging.getLogger(__name__)


def run(bridge: Bridge, job: Job) -> None:
    """Read one page of the waiting customers, and plan to decide about them."""
    told = job.payload
    where = (told["client"], told["campaign"], told["required_by"])
    customers = bridge.clients[told["client"]].optimove.waiting_customers(told["campaign"], told["skip"])
    parts = list(chunks(customers, _AT_ONCE))
    first = [told["skip"] + index * _AT_ONCE for index in range(len(parts))]
    with bridge.store.write() as tx:
        job_queue.add(tx, [clearing.some_job(*where, place, some) for place, some in zip(first, parts, strict=True)])
        if customers:
            job_queue.add(tx, [clearing.page_job(*where, told["skip"] + len(customers))])
        job_queue.complete(tx, job)
    logger.info("campaign %s from %d: %d customers wait for clearance", told["campaign"], told["skip"], len(customers))


def run_some(bridge: Bridge, job: Job) -> None:
    """Decide about some customers, and tell Optimove."""
    told, client = job.payload, bridge.clients[job.payload["client"]]
    campaign, customers = told["campaign"], told["customers"]
    if _too_late(bridge, told["required_by"]):
        _end(bridge, job, f"{len(customers)} customers were not reached in time, and count as not cleared")
        return
    try:
        _decide(bridge, client, campaign, customers)
    except RateLimitedError:
        # What is decided is kept, and is not asked for again.
        if not _too_late(bridge, told["required_by"]):
            raise
    decided = _decided(bridge, client, campaign, customers)
    client.optimove.update_promotion_status(campaign, decided, bridge.clock.now())
    _end(bridge, job, f"{sum(decided.values())} of {len(customers)} customers cleared")


def _end(bridge: Bridge, job: Job, result: str) -> None:
    with bridge.store.write() as tx:
        job_queue.complete(tx, job)
    logger.info("campaign %s: %s", job.payload["campaign"], result)


def _too_late(bridge: Bridge, required_by: str) -> bool:
    try:
        return bridge.clock.now() >= parse_time(required_by)
    except ValueError:
        # Without a deadline that can be read, Optimove will say itself when it is over.
        return False


def _decide(bridge: Bridge, client: Client, campaign: str, customers: Sequence[str]) -> None:
    known = _decided(bridge, client, campaign, customers)
    for customer in customers:
        if customer not in known:
            row = {"client": client.config.name, "campaign": campaign, "customer": customer}
            numbers = _numbers(client, _attributes(client, customer))
            with bridge.store.write() as tx:
                gone = {one for one in numbers if tx.execute(_OPTED_OUT, {**row, "number": one}).first()}
                tx.execute(_NOTE, {**row, "allowed": bool(numbers - gone)})


def _decided(bridge: Bridge, client: Client, campaign: str, customers: Sequence[str]) -> dict[str, bool]:
    with bridge.store.read() as tx:
        about = {"client": client.config.name, "campaign": campaign, "customers": list(customers)}
        return {customer: bool(allowed) for customer, allowed in tx.execute(_DECIDED, about)}


def _attributes(client: Client, customer: str) -> Mapping[str, str | None]:
    try:
        return client.optimove.attributes(customer)
    except RefusedError as error:
        logger.warning("customer %s cannot be looked at, and is not cleared: %s", customer, error)
        return {}


def _numbers(client: Client, values: Mapping[str, str | None]) -> set[str]:
    """Where any of the client's channels could send to; the event does not say on which it will be."""
    found = {
        recipient_rules.digits(values.get(channel.config.phone_attribute), channel.config.default_region)
        for channel in client.channels.values()
        if recipient_rules.consents(values.get(channel.config.consent_attribute))
    }
    return {number for number in found if number is not None}
