"""The end of the bridge's process at any point of its work."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from sendproof_simulators.core.clock.wall_clock import DAY
from sendproof_simulators.core.faults.spec import VIRTUAL_DURATION, BridgeFault


@dataclass(frozen=True, kw_only=True)
class Kill(BridgeFault):
    """The harness kills the bridge (kill -9) and starts it again; the connection of the call is dropped."""

    down: Annotated[
        int,
        Meta(
            ge=0,
            le=31 * DAY,
            description="downtime of the bridge",
            extra_json_schema=VIRTUAL_DURATION,
        ),
    ] = 0
    within_s: Annotated[float, Meta(gt=0, le=600, description="maximum duration of the kill, in real seconds")] = 30.0

    def instructions(self) -> Mapping[str, object]:
        return {"down_ms": self.down}
