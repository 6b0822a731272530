"""A notification that comes late."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from sendproof_simulators.core.clock.wall_clock import DAY, MINUTE
from sendproof_simulators.core.faults.spec import WebhookFault, WebhookFaultPlan


@dataclass(frozen=True, kw_only=True)
class DelayWebhook(WebhookFault):
    """The first attempt is made later, in the sandbox's time."""

    by: Annotated[int, Meta(ge=0, le=31 * DAY, description="milliseconds of the sandbox's clock")] = 30 * MINUTE
    spread: Annotated[int, Meta(ge=0, le=31 * DAY, description="up to so many more, as the seed decides")] = 0

    def way(self, draw: Callable[[int], int]) -> WebhookFaultPlan:
        return WebhookFaultPlan(wait_ms=self.by + draw(self.spread + 1))
