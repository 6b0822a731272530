"""Attempts that are lost on the way. They never leave the sandbox."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from sendproof_simulators.core.faults.spec import WebhookFault, WebhookFaultPlan


@dataclass(frozen=True, kw_only=True)
class DropWebhook(WebhookFault):
    """The first attempts are lost on the way; the next is made when the service tries again."""

    attempts: Annotated[int, Meta(ge=1, le=100, description="number of lost attempts")] = 1

    def way(self, draw: Callable[[int], int]) -> WebhookFaultPlan:
        del draw
        return WebhookFaultPlan(lost=self.attempts)
