"""A notification that comes again, as services that promise to deliver at least once allow."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from sendproof_simulators.core.faults.spec import WebhookFault, WebhookFaultPlan


@dataclass(frozen=True, kw_only=True)
class DuplicateWebhook(WebhookFault):
    """The notification comes more than once."""

    copies: Annotated[int, Meta(ge=1, le=10, description="number of extra copies")] = 1

    def way(self, draw: Callable[[int], int]) -> WebhookFaultPlan:
        del draw
        return WebhookFaultPlan(copies=self.copies)
