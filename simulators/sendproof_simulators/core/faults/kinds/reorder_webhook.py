"""A webhook that later ones overtake."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from sendproof_simulators.core.clock.wall_clock import DAY, HOUR
from sendproof_simulators.core.faults.spec import VIRTUAL_DURATION, Draw, WebhookFault, WebhookFaultPlan


@dataclass(frozen=True, kw_only=True)
class ReorderWebhook(WebhookFault):
    """Later webhooks of the service are sent first."""

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

    def plan(self, draw: Draw) -> WebhookFaultPlan:
        del draw
        return WebhookFaultPlan(overtaken_by=self.behind, within_ms=self.within)
