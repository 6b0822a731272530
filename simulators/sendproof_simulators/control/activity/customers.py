"""The operations of `control.yaml` on the customers of a sandbox: search, and everything about one of them."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from sendproof_simulators.control.activity.attribution import Attribution, Obligation
from sendproof_simulators.control.activity.consent import consent_on, opted_out_by
from sendproof_simulators.control.activity.entries import entries_with
from sendproof_simulators.control.activity.messages import DELIVERY, Messages
from sendproof_simulators.control.activity.pages import Entry
from sendproof_simulators.control.activity.story import story_of
from sendproof_simulators.control.call import ControlCall, ControlError
from sendproof_simulators.core.audience.audience import Customer
from sendproof_simulators.core.audience.records import CustomerRecords
from sendproof_simulators.core.clock.costly_work import next_turn
from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.messaging.addresses import read_address
from sendproof_simulators.core.messaging.delivery_outcomes import DELIVERED
from sendproof_simulators.core.messaging.lifecycle import PENDING, SCHEDULED
from sendproof_simulators.core.messaging.phone import read_number
from sendproof_simulators.core.sandbox import Sandbox

#: Most customers that one page of a search looks at.
LOOKED_AT_MAX = 100_000
#: Most entries of the story of a customer, and most of its events and messages.
STORY_MAX = 1_000
# Customers of a step: those of a usual page, which needs no second one.
_BLOCK = 100
_NAMES = ("FIRST_NAME", "LAST_NAME")


async def list_customers(call: ControlCall) -> Response:
    """List customers by position, or search them by id, name, number and e-mail address."""
    records, offset, limit = call.sandbox.customers, call.value("offset"), call.value("limit")
    search = call.params.get("search", "").strip()
    if not search:
        stop = min(offset + limit, records.size)
        items = await _summaries(call, range(min(offset, stop), stop))
        return json_response({"items": items, "next": stop if stop < records.size else None, "total": records.size})
    exact = _find_exactly(records, search)
    if exact:
        items = await _summaries(call, exact[:limit])
        return json_response({"items": items, "next": None, "total": len(exact)})
    items, following = await _search(call, search.lower(), offset, limit)
    total = len(items) if offset == 0 and following is None else None
    return json_response({"items": items, "next": following, "total": total})


async def get_customer(call: ControlCall) -> Response:
    """Return one customer with obligations, messages, events and story."""
    sandbox, records = call.sandbox, call.sandbox.customers
    index = records.index_of(call.params["customer"])
    if index is None:
        known = records.audience.id_of(0)
        raise ControlError(404, f"expected the id of a customer such as {known}, got {call.params['customer']!r}")
    customer = records.customer(index, call.now)
    found = [entry async for entry in _entries_about(sandbox, index)]
    messages = _messages(call, customer.id, found)
    return json_response(
        {
            **_summary(call, index, customer),
            "opted_out_by": customer.opted_out_by,
            "attributes": dict(customer.attributes),
            "consent": _consent(call, index, customer, found),
            "obligations": [
                obligation_json(obligation, provider, messages, call.now)
                for obligation, provider in _obligations(sandbox, index)
            ],
            "events": [
                {"at": entry["at"], "event": entry["event"], "parameters": entry["parameters"]}
                for entry in found
                if entry["kind"] == "customer_event"
            ][-STORY_MAX:],
            "messages": messages[-STORY_MAX:],
            "story": story_of(found[:STORY_MAX], customer.id),
            "story_truncated": len(found) > STORY_MAX,
        }
    )


def _find_exactly(records: CustomerRecords, search: str) -> list[int]:
    """Return the customers with this id, number or address: no search through all of them is needed."""
    index = records.index_of(search)
    if index is not None:
        return [index]
    address = read_address(search)
    if address is not None:
        return records.indices_of_address(address)
    number = read_number(search, records.audience.recipe.country)
    return [] if number is None else records.indices_of_number(number)


async def _search(
    call: ControlCall, search: str, offset: int, limit: int
) -> tuple[list[dict[str, object]], int | None]:
    """Return the customers from a position on who match, and the position at which the search has to go on."""
    records, items = call.sandbox.customers, list[dict[str, object]]()
    stop = min(offset + LOOKED_AT_MAX, records.size)
    for index in range(offset, stop):
        customer = records.customer(index, call.now)
        known = (customer.id, _name(records, customer), customer.recorded_number, customer.number)
        texts = (*known, _email(records, customer))
        if search in " ".join(str(text) for text in texts if text is not None).lower():
            items.append(_summary(call, index, customer))
            if len(items) == limit:
                return items, index + 1 if index + 1 < records.size else None
        if (index - offset + 1) % _BLOCK == 0:
            await next_turn()
    return items, stop if stop < records.size else None


async def _summaries(call: ControlCall, indices: Sequence[int]) -> list[dict[str, object]]:
    items: list[dict[str, object]] = []
    for number, index in enumerate(indices):
        if number and number % _BLOCK == 0:
            await next_turn()
        items.append(_summary(call, index, call.sandbox.customers.customer(index, call.now)))
    return items


def _summary(call: ControlCall, index: int, customer: Customer) -> dict[str, object]:
    records = call.sandbox.customers
    types = dict.fromkeys(channel.message for channel in call.sandbox.settings.channels)
    return {
        "customer": customer.id,
        "name": _name(records, customer),
        "phone": customer.recorded_number,
        "number": customer.number,
        "email": _email(records, customer),
        "opted_out": customer.opted_out,
        "opted_out_of": [type_ for type_ in types if opted_out_by(records, index, customer, type_) is not None],
    }


def _name(records: CustomerRecords, customer: Customer) -> str:
    names = (customer.attributes.get(records.audience.recipe.name_of(name)) for name in _NAMES)
    return " ".join(name for name in names if name)


def _email(records: CustomerRecords, customer: Customer) -> str | None:
    return customer.attributes.get(records.audience.email_attribute)


async def _entries_about(sandbox: Sandbox, index: int) -> AsyncIterator[Entry]:
    """Yield the entries that name the customer, a number or address of the customer, or a message to it."""
    numbers = set(_addresses(sandbox, index))
    words = {sandbox.customers.id_of(index), *numbers}
    messages: set[tuple[str, str]] = set()
    async for entry in entries_with(sandbox.journal, words):
        if entry["kind"] == DELIVERY:
            messages.add((entry["service"], entry["message"]))
            words.add(entry["message"])
        about = entry.get("about", entry)
        message = about.get("message")
        is_of_another = message is not None and (entry.get("service"), message) not in messages
        if not is_of_another or about.get("number") in numbers:
            yield entry


def _addresses(sandbox: Sandbox, index: int) -> Iterator[str]:
    """Yield the numbers and e-mail addresses that a customer had at the start or has now."""
    records = sandbox.customers
    for at in (sandbox.settings.start, sandbox.clock.now()):
        customer = records.customer(index, at)
        yield from filter(None, (customer.number, read_address(_email(records, customer))))


def _messages(call: ControlCall, customer: str, found: list[Entry]) -> list[dict[str, object]]:
    messages = Messages(call, call.sandbox)
    items = [messages.item(entry, {}) for entry in found if entry["kind"] == DELIVERY]
    # A number can belong to several customers.
    return [item for item in items if item is not None and item["customer"] in {customer, None}]


def _obligations(sandbox: Sandbox, index: int) -> Iterator[tuple[Obligation, str | None]]:
    attribution = Attribution(sandbox)
    for obligation in attribution.obligations(index):
        yield obligation, attribution.provider(obligation)


def obligation_json(
    obligation: Obligation, provider: str | None, messages: list[dict[str, object]], now: Instant
) -> dict[str, object]:
    """Return an obligation as JSON, with the message that was sent for it."""
    sent = next(
        (
            message
            for message in messages
            if message["campaign"] == obligation["campaign"] and message["channel"] == obligation["channel"]
        ),
        None,
    )
    names = ("campaign", "channel", "template", "due", "number", "text", "owed", "reason")
    return {
        **{name: obligation[name] for name in names},
        "provider": provider,
        "trigger": obligation.get("trigger"),
        "state": _obligation_state(obligation, sent, now),
        "message": None if sent is None else sent["id"],
    }


def _obligation_state(obligation: Obligation, sent: Mapping[str, Any] | None, now: Instant) -> str:
    if sent is not None:
        return _STATES.get(sent["state"], "failed")
    if not obligation["owed"]:
        return "none"
    return "missing" if obligation["due"] < iso(now) else "due"


# The state of an obligation by that of its message; a message in any other state did not arrive.
_STATES: Mapping[str | None, str] = {None: "sent", PENDING: "sent", SCHEDULED: "sent", DELIVERED: "delivered"}


def _consent(call: ControlCall, index: int, customer: Customer, found: list[Entry]) -> list[dict[str, object]]:
    records, channels = call.sandbox.customers, call.sandbox.settings.channels
    return [
        consent_on(channel, customer.id, opted_out_by(records, index, customer, channel.message), found)
        for channel in channels
    ]
