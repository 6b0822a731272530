"""A webhook that arrives late."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from sendproof_simulators.core.clock.wall_clock import DAY, MINUTE
from sendproof_simulators.core.faults.spec import VIRTUAL_DURATION, Draw, WebhookFault, WebhookFaultPlan


@dataclass(frozen=True, kw_only=True)
class DelayWebhook(WebhookFault):
    """The first attempt is made later, on the sandbox's clock."""

    by: Annotated[
        int,
        Meta(ge=0, le=31 * DAY, description="delay of the webhook", extra_json_schema=VIRTUAL_DURATION),
    ] = 30 * MINUTE
    spread: Annotated[
        int,
        Meta(
            ge=0,
            le=31 * DAY,
            description="maximum additional delay, chosen by the seed",
            extra_json_schema=VIRTUAL_DURATION,
        ),
    ] = 0

    def plan(self, draw: Draw) -> WebhookFaultPlan:
        return WebhookFaultPlan(delay_ms=self.by + draw(self.spread + 1))
