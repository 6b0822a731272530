"""The entries of a customer's timeline, and the part of a history that they come from."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from sendproof_harness.history.records import Delivery, DeliveryStatus, History, Rejection, Webhook
from sendproof_harness.judge.causes.rejections import rejection_index
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult
from sendproof_harness.judge.facts.fault_effects import message_of_webhook

#: Who acted: Optimove, the bridge, the message provider, the customer, or a fault; `expected` where an action is
#: missing.
Actor = Literal["optimove", "bridge", "provider", "customer", "fault", "expected"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineEntry:
    """One action, or a missing one. `line` is its number in the history; 0 if the history has no line for it."""

    at: int
    actor: Actor
    text: str
    detail: str = ""
    line: int = 0
    wrong: bool = False


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The customer of a timeline, with their numbers, results and deliveries in a history."""

    history: History
    customer: str | None
    numbers: tuple[str, ...]
    recipients: tuple[RecipientResult, ...]
    deliveries: tuple[Delivery, ...]

    @cached_property
    def messages(self) -> frozenset[str]:
        """The ids of the deliveries."""
        return frozenset(delivery.message for delivery in self.deliveries)

    @cached_property
    def receipt_keys(self) -> frozenset[str]:
        """The webhook keys of the receipts for the deliveries."""
        deliveries = {(delivery.service, delivery.message) for delivery in self.deliveries}
        return frozenset(
            attempt.key
            for attempt in self.history.webhooks
            if (attempt.service, message_of_webhook(attempt.key)) in deliveries
        )

    @cached_property
    def rejections(self) -> tuple[Rejection, ...]:
        """The rejections of the customer's messages, whatever number the bridge wrote."""
        index = rejection_index(self.history)
        matched = (index.find(recipient.obligation) for recipient in self.recipients if recipient.obligation.owed)
        found = {rejection.n: rejection for rejection in matched if rejection is not None}
        found |= {
            rejection.n: rejection
            for rejection in self.history.rejections
            if rejection.number in self.numbers
            or (rejection.customer is not None and rejection.customer == self.customer)
        }
        return tuple(found[line] for line in sorted(found))

    @cached_property
    def campaigns(self) -> frozenset[int]:
        """The campaigns of the customer."""
        return frozenset(recipient.obligation.campaign for recipient in self.recipients)


def statuses_of(history: History, deliveries: tuple[Delivery, ...]) -> list[DeliveryStatus]:
    """Return the delivery statuses of some deliveries."""
    messages = {delivery.message for delivery in deliveries}
    return [status for status in history.delivery_statuses if status.message in messages]


def attempt_text(attempt: Webhook) -> str:
    """Describe the response to a webhook, and the number of the attempt unless it is the first."""
    response = attempt.error or f"status {attempt.status}"
    return response if attempt.attempt == 1 else f"{response}, attempt {attempt.attempt}"
