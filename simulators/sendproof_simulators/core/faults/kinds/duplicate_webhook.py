"""A webhook that arrives more than once, as at-least-once delivery allows."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from sendproof_simulators.core.faults.spec import Draw, WebhookFault, WebhookFaultPlan


@dataclass(frozen=True, kw_only=True)
class DuplicateWebhook(WebhookFault):
    """The webhook is sent more than once."""

    copies: Annotated[int, Meta(ge=1, le=10, description="number of extra copies")] = 1

    def plan(self, draw: Draw) -> WebhookFaultPlan:
        del draw
        return WebhookFaultPlan(copies=self.copies)
