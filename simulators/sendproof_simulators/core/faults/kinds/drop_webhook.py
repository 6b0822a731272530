"""Webhook attempts that are lost on the way. They never leave the sandbox."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from sendproof_simulators.core.faults.spec import Draw, WebhookFault, WebhookFaultPlan


@dataclass(frozen=True, kw_only=True)
class DropWebhook(WebhookFault):
    """The first attempts are lost; the next one follows the service's retry policy."""

    attempts: Annotated[int, Meta(ge=1, le=100, description="number of lost attempts")] = 1

    def plan(self, draw: Draw) -> WebhookFaultPlan:
        del draw
        return WebhookFaultPlan(dropped=self.attempts)
