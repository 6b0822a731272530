"""The campaign and the customer that a message belongs to, found by what customers are due.

A provider knows neither: it gets numbers and texts. A message belongs to the obligation with its number and text, or
else to the only campaign of its customer at this provider. Where several are possible, it belongs to none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sendproof_simulators.control.activity.pages import Entry
from sendproof_simulators.core.sandbox import CustomerObligations, Sandbox

Obligation = Mapping[str, Any]

# Recipients that are remembered, and customers with their obligations: some megabytes.
_RECIPIENTS_MAX, _CUSTOMERS_MAX = 50_000, 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Campaign, channel and customer of a message; None for what is not known."""

    campaign: int | None = None
    channel: int | None = None
    customer: str | None = None


class Attribution:
    """The look-up of recipients in one sandbox, as long as what customers are due stays the same: see `version_of`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.version = version_of(sandbox)
        self._recipients: dict[int, Recipient] = {}
        self._sandbox = sandbox
        self._known: dict[int, Sequence[Obligation]] = {}
        self._providers = {channel.id: channel.provider for channel in sandbox.settings.channels}

    @cached_property
    def _obligations(self) -> CustomerObligations:
        return self._sandbox.obligations_of_customers()

    def obligations(self, customer: int) -> Sequence[Obligation]:
        """Return what a customer is due, by the index of the customer."""
        if customer not in self._known:
            if len(self._known) == _CUSTOMERS_MAX:
                self._known.clear()
            self._known[customer] = self._obligations(customer)
        return self._known[customer]

    def provider(self, obligation: Obligation) -> str | None:
        """Return the provider of an obligation's channel."""
        return self._providers.get(obligation["channel"])

    def recipient(self, delivery: Entry, customer: str | None) -> Recipient:
        """Return the recipient of a delivery; `customer` is the id that the provider knows, if any."""
        number = delivery["n"]
        if number not in self._recipients:
            if len(self._recipients) == _RECIPIENTS_MAX:
                self._recipients.clear()
            self._recipients[number] = self._find(delivery, customer)
        return self._recipients[number]

    def _find(self, delivery: Entry, customer: str | None) -> Recipient:
        customers = self._customers(delivery["number"], customer)
        due = [
            obligation
            for index in customers
            for obligation in self.obligations(index)
            if self.provider(obligation) == delivery["service"]
            and (customer is not None or obligation["number"] == delivery["number"])
        ]
        found = _best(due, delivery)
        if found is not None:
            return Recipient(campaign=found["campaign"], channel=found["channel"], customer=found["customer"])
        ids = [self._sandbox.customers.id_of(index) for index in customers]
        return Recipient(customer=ids[0] if len(ids) == 1 else None)

    def _customers(self, number: str, customer: str | None) -> Sequence[int]:
        records = self._sandbox.customers
        index = None if customer is None else records.index_of(customer)
        if index is not None:
            return (index,)
        return records.indices_of_address(number) if "@" in number else records.indices_of_number(number)


def version_of(sandbox: Sandbox) -> object:
    """Return a value that changes with everything that decides whom a message was due to."""
    counts = sandbox.customers.change_count, sandbox.journal.counts["trigger"]
    return sandbox.generation, counts, sandbox.campaign_states()


def _best(due: Sequence[Obligation], delivery: Entry) -> Obligation | None:
    exact = [obligation for obligation in due if obligation["text"] == delivery["text"]]
    if exact:
        past = [obligation for obligation in exact if _whole_seconds(obligation["due"]) <= delivery["send_at"]]
        return max(past, key=_due) if past else min(exact, key=_due)
    campaigns = {obligation["campaign"] for obligation in due}
    return due[0] if len(campaigns) == 1 else None


def _due(obligation: Obligation) -> str:
    return str(obligation["due"])


def _whole_seconds(instant: str) -> str:
    """Return an instant without its fraction, which a send time may lose: providers accept whole seconds."""
    return f"{instant[:19]}.000Z"
