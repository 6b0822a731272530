"""The limits of `openapi/delivyr.yaml` that the simulator enforces itself."""

from dataclasses import dataclass

from sendproof_simulators.core.effects import RetryPolicy
from sendproof_simulators.core.limits import SERVICE, Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class DelivyrLimits:
    """The limits of one sandbox, in characters."""

    text: int
    override: int
    url: int
    webhook_retries: RetryPolicy


def read_limits(limits: Limits) -> DelivyrLimits:
    """Return the limits of a sandbox."""
    return DelivyrLimits(
        text=limits.value("sendSms", "text"),
        override=limits.value(SERVICE, "triggered override"),
        url=limits.keyword("Send.url", "maxLength"),
        webhook_retries=limits.webhook_retries,
    )
