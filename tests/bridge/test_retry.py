"""The retry policy: error, attempts and time in, decision out."""

import pytest

from sendproof_bridge.clock import HOUR, MINUTE, SECOND
from sendproof_bridge.outbound.errors import (
    NotSentError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    UnauthorizedError,
)
from sendproof_bridge.retry import GiveUp, RetryAt, decide

NOW = 1_000_000


@pytest.mark.parametrize(("attempts", "delay"), [(1, SECOND), (2, 2 * SECOND), (5, 16 * SECOND), (50, 5 * MINUTE)])
def test_connection_failure_is_retried_forever_with_growing_delay(attempts, delay):
    assert decide(NotSentError("no connection"), attempts, NOW) == RetryAt(at=NOW + delay)


def test_unknown_outcome_is_never_given_up():
    assert decide(OutcomeUnknownError("no answer"), 1_000, NOW) == RetryAt(at=NOW + 5 * MINUTE)


def test_rate_limit_with_retry_after_waits_that_long():
    assert decide(RateLimitedError("429", 7_000), 9, NOW) == RetryAt(at=NOW + 7_000)


def test_rate_limit_without_retry_after_waits_ten_seconds():
    """Optimove's window is ten seconds, so a shorter delay could not help."""
    assert decide(RateLimitedError("429"), 1, NOW) == RetryAt(at=NOW + 10 * SECOND)


@pytest.mark.parametrize(("attempts", "delay"), [(1, MINUTE), (3, 4 * MINUTE), (30, HOUR)])
def test_unauthorized_call_is_retried_with_growing_delay(attempts, delay):
    """An operator must act first, and frequent calls with a refused key may get it blocked."""
    assert decide(UnauthorizedError("401"), attempts, NOW) == RetryAt(at=NOW + delay)


def test_rejected_call_is_retried_a_few_times():
    """A campaign can be announced moments before it can be read."""
    assert decide(RejectedError("404"), 5, NOW) == RetryAt(at=NOW + 160 * SECOND)


def test_rejected_call_is_given_up_after_six_attempts():
    assert decide(RejectedError("404"), 6, NOW) == GiveUp()


def test_internal_error_is_given_up_after_six_attempts():
    """A programming error does not go away, and the dead job is reported by `/status`."""
    assert (decide(KeyError("x"), 1, NOW), decide(KeyError("x"), 6, NOW)) == (RetryAt(at=NOW + SECOND), GiveUp())
