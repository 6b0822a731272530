"""The facts about one client by which the histories of the other clients recognise its data."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping

from sendproof_harness.history.parts import TemplateId
from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import iso
from sendproof_harness.history.writer import OtherClient

_SUCCESS = range(200, 300)
_OPTED_OUT = "0"
_PAGES = "GetCustomerSendDetailsByChannel"


def _misdirected(history: History, own: Container[str]) -> Iterator[str]:
    """Yield the numbers of real messages to people who are no customers of this client."""
    return (delivery.number for delivery in history.deliveries if not delivery.test and delivery.number not in own)


def _listeners(history: History) -> Iterator[tuple[int, int | None, str]]:
    """Yield event, channel and URL of each listener that was registered with this client's key."""
    return (
        (listener.event_type, listener.channel, listener.url)
        for listener in history.listeners
        if listener.action == "registered"
    )


def _sent(history: History) -> Iterable[tuple[int, int]]:
    """Return campaign and channel of each text that went out to its customer."""
    sent = {(delivery.number, delivery.text) for delivery in history.deliveries if not delivery.test}
    return dict.fromkeys(
        (obligation.campaign, obligation.channel)
        for obligation in history.obligations
        if (obligation.number, obligation.text) in sent
    )


def _opt_outs(history: History) -> Iterator[Mapping[str, object]]:
    """Yield the first opt-out of each customer at each of its numbers."""
    found: dict[tuple[str, str | None], int] = {}
    for customer, number, at in sorted(_all_opt_outs(history), key=lambda opt_out: opt_out[2]):
        found.setdefault((customer, number), at)
    for (customer, number), at in found.items():
        yield {"at": iso(at), "customer": customer, **({} if number is None else {"number": number})}


def _all_opt_outs(history: History) -> Iterator[tuple[str, str | None, int]]:
    started = history.header.clock.start or min((obligation.at for obligation in history.obligations), default=0)
    number_of, customers = dict[str, str | None](), defaultdict[str | None, set[str]](set)
    for obligation in history.obligations:
        number_of[obligation.customer] = obligation.number
        customers[obligation.number].add(obligation.customer)
        if obligation.opted_out_by is not None:
            yield obligation.customer, obligation.number, started
    for opt_out in history.opt_outs:
        yield from ((customer, opt_out.number, opt_out.at) for customer in customers.get(opt_out.number, ()))
    for update in history.attributes:
        for change in update.changes:
            if (change.field, change.value) == (history.header.attributes.consent, _OPTED_OUT):
                yield change.customer, number_of.get(change.customer), update.at
    for preference in history.preferences:
        for customer in preference.customers if preference.opted_out else ():
            yield customer, number_of.get(customer), preference.at


def client_facts(client: str, templates: tuple[TemplateId, ...], history: History) -> OtherClient:
    """Return the facts that the history of a client shows."""
    number_of = {obligation.number: obligation.customer for obligation in history.obligations if obligation.number}
    campaigns = {
        (campaign.campaign, campaign.channel): campaign.customers if campaign.rows is None else campaign.rows
        for campaign in history.campaigns
        if campaign.announced_at is not None
    }
    read = {
        (request.summary.get("campaign"), request.summary.get("channel"))
        for request in history.requests
        if request.operation == _PAGES and request.summary and request.summary.get("rows")
    }
    # A campaign that no event announced to the bridge is no sign of a wrong key.
    announced = {attempt.key for attempt in history.webhooks if attempt.status in _SUCCESS}
    notified = [key for key in campaigns if any(f"{event}:{key[0]}:{key[1]}" in announced for event in ("13", "1"))]
    return OtherClient(
        client=client,
        templates=templates,
        numbers=tuple(number_of),
        campaigns=tuple(campaigns),
        unread=tuple(key for key in notified if campaigns[key] and key not in read),
        triggered=tuple(dict.fromkeys(trigger.customer for trigger in history.triggers)),
        misdirected=tuple(dict.fromkeys(_misdirected(history, number_of))),
        opted_out=tuple(number_of[opt_out.number] for opt_out in history.opt_outs if opt_out.number in number_of),
        listeners=tuple(dict.fromkeys(_listeners(history))),
        opt_outs=tuple(_opt_outs(history)),
        sent=tuple(_sent(history)),
        calls=tuple(sorted({f"{request.service} {request.operation}" for request in history.requests})),
    )
