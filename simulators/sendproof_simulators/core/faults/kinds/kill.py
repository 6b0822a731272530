"""The end of the bridge's process, in the middle of something."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from sendproof_simulators.core.clock.wall_clock import DAY
from sendproof_simulators.core.faults.spec import VIRTUAL_DURATION, BridgeFault


@dataclass(frozen=True, kw_only=True)
class Kill(BridgeFault):
    """The bridge is killed (kill -9) by whoever started it, and started again; the call's connection is dropped."""

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

    def wanted(self) -> Mapping[str, object]:
        return {"down_ms": self.down}
