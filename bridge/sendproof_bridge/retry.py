"""The retry policy: a pure function of the error, the number of attempts and the time."""

from dataclasses import dataclass

from sendproof_bridge.clock import HOUR, MINUTE, SECOND, Instant
from sendproof_bridge.outbound.errors import (
    NotSentError,
    RateLimitedError,
    RejectedError,
    RemoteCallError,
    UnauthorizedError,
)

# A rejection can be temporary (a campaign announced before it can be read, a template not yet known), so it is retried
# a few times. An error in the bridge itself can be temporary, too.
_MAX_REJECTIONS = 6
_MAX_INTERNAL_ERRORS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAt:
    """Try again at an instant."""

    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Do not try again."""


Decision = RetryAt | GiveUp


def decide(error: Exception, attempts: int, now: Instant) -> Decision:
    """Return the next step after a failed attempt. `attempts` includes it: 1 for the first."""
    match error:
        case RateLimitedError():
            return RetryAt(at=rate_limit_ends_at(error, attempts, now))
        case UnauthorizedError():
            return RetryAt(at=now + _delay(attempts, MINUTE, HOUR))
        case RejectedError():
            give_up = attempts >= _MAX_REJECTIONS
            return GiveUp() if give_up else RetryAt(at=now + _delay(attempts, 10 * SECOND, 5 * MINUTE))
        case NotSentError() if error.retry_after_ms is not None:
            return RetryAt(at=now + error.retry_after_ms)
        case RemoteCallError():
            return RetryAt(at=now + _delay(attempts, SECOND, 5 * MINUTE))
        case _:
            give_up = attempts >= _MAX_INTERNAL_ERRORS
            return GiveUp() if give_up else RetryAt(at=now + _delay(attempts, SECOND, MINUTE))


def rate_limit_ends_at(error: RateLimitedError, refusals: int, now: Instant) -> Instant:
    """Return when to call again: after the requested delay, else after one that grows with the refusals in a row."""
    return now + (error.retry_after_ms or _delay(refusals, 10 * SECOND, 5 * MINUTE))


def _delay(attempts: int, first: int, maximum: int) -> int:
    # 20 doublings exceed every `maximum`, and keep the number small.
    return min(first << min(attempts - 1, 20), maximum)
