"""Notifications that overtake each other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from sendproof_simulators.core.clock.wall_clock import DAY, HOUR
from sendproof_simulators.core.faults.spec import VIRTUAL_DURATION, WebhookFault, WebhookFaultPlan


@dataclass(frozen=True, kw_only=True)
class ReorderWebhook(WebhookFault):
    """Later notifications of the service overtake it."""

    behind: Annotated[int, Meta(ge=1, le=1_000, description="number of later webhooks that overtake it")] = 1
    within: Annotated[
        int,
        Meta(
            ge=1,
            le=31 * DAY,
            description="time after which it is sent in any case",
            extra_json_schema=VIRTUAL_DURATION,
        ),
    ] = HOUR

    def way(self, draw: Callable[[int], int]) -> WebhookFaultPlan:
        del draw
        return WebhookFaultPlan(behind=self.behind, within_ms=self.within)
