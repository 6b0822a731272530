"""The limits of `openapi/smtp.yaml` that the simulator enforces itself."""

from dataclasses import dataclass

from sendproof_simulators.core.effects import RetryPolicy
from sendproof_simulators.core.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayLimits:
    """The limits of one sandbox: bytes of a message, recipients of one, and the retries of what it sends."""

    message_bytes: int
    recipients: int
    webhook_retries: RetryPolicy


def read_limits(limits: Limits) -> RelayLimits:
    """Return the limits of a sandbox."""
    return RelayLimits(
        message_bytes=limits.value("submitMessage", "message"),
        recipients=limits.keyword("Submission.rcpt_to", "maxItems"),
        webhook_retries=limits.webhook_retries,
    )
