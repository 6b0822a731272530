"""What to do about a job that failed: a pure function of the error, the attempts so far and the time."""

from dataclasses import dataclass

from sendproof_bridge.clock import HOUR, MINUTE, SECOND, Instant
from sendproof_bridge.outbound.errors import (
    CredentialsRefusedError,
    NotDoneError,
    OutsideError,
    RateLimitedError,
    RefusedError,
)

# A refusal can pass (a campaign announced before it can be read, a template not yet known), so it is asked again a few
# times; a fault of the bridge itself may be one of the moment, too.
_REFUSALS = 6
_FAULTS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Try again at an instant."""

    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Do not try again."""


Decision = Again | GiveUp


def decide(error: Exception, attempts: int, now: Instant) -> Decision:
    """`attempts` counts the one that just failed: 1 for the first."""
    match error:
        case RateLimitedError():
            return Again(at=rate_limit_ends(error, attempts, now))
        case CredentialsRefusedError():
            return Again(at=now + _backoff(attempts, MINUTE, HOUR))
        case RefusedError():
            return GiveUp() if attempts >= _REFUSALS else Again(at=now + _backoff(attempts, 10 * SECOND, 5 * MINUTE))
        case NotDoneError() if error.retry_after_ms is not None:
            return Again(at=now + error.retry_after_ms)
        case OutsideError():
            return Again(at=now + _backoff(attempts, SECOND, 5 * MINUTE))
        case _:
            return GiveUp() if attempts >= _FAULTS else Again(at=now + _backoff(attempts, SECOND, MINUTE))


def rate_limit_ends(error: RateLimitedError, refusals: int, now: Instant) -> Instant:
    """When to call again after so many refusals in a row: when the other side said, else later each time."""
    return now + (error.retry_after_ms or _backoff(refusals, 10 * SECOND, 5 * MINUTE))


def _backoff(attempts: int, first: int, longest: int) -> int:
    # Far more doublings than any `longest` needs, so that the number stays small.
    return min(first << min(attempts - 1, 20), longest)
