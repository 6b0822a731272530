"""Notifications that overtake each other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from sendproof_simulators.core.clock.wall_clock import DAY, HOUR
from sendproof_simulators.core.faults.spec import WebhookFault, WebhookFaultPlan


@dataclass(frozen=True, kw_only=True)
class ReorderWebhook(WebhookFault):
    """Later notifications of the service overtake it."""

    behind: Annotated[int, Meta(ge=1, le=1_000, description="how many overtake it")] = 1
    within: Annotated[
        int, Meta(ge=1, le=31 * DAY, description="milliseconds of the sandbox's clock after which it comes in any case")
    ] = HOUR

    def way(self, draw: Callable[[int], int]) -> WebhookFaultPlan:
        del draw
        return WebhookFaultPlan(behind=self.behind, within_ms=self.within)
