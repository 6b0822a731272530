"""The limits of `openapi/optimove-metrics.yaml` that the simulator enforces itself."""

from dataclasses import dataclass

from sendproof_simulators.core.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsLimits:
    """The limits of one sandbox."""

    timestamp_age_ms: int


def read_limits(limits: Limits) -> MetricsLimits:
    """Return the limits of a sandbox."""
    return MetricsLimits(timestamp_age_ms=limits.value("saveEvent", "age of the timestamp"))
