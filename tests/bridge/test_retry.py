"""The retry decision: error, attempts and time in, decision out."""

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
def test_failures_of_the_way_are_tried_again_for_ever_at_growing_distances(attempts, delay):
    """A lost connection doubles the delay each time, up to five minutes."""
    assert decide(NotSentError("no connection"), attempts, NOW) == RetryAt(at=NOW + delay)


def test_an_unknown_outcome_is_not_given_up():
    """What may have happened is asked about again, however often that failed."""
    assert decide(OutcomeUnknownError("no answer"), 1_000, NOW) == RetryAt(at=NOW + 5 * MINUTE)


def test_retry_after_is_honoured():
    """The other side knows best when to come back."""
    assert decide(RateLimitedError("429", 7_000), 9, NOW) == RetryAt(at=NOW + 7_000)


def test_a_rate_limit_without_retry_after_waits_a_whole_window():
    """Optimove's window is ten seconds, so a shorter wait could not help."""
    assert decide(RateLimitedError("429"), 1, NOW) == RetryAt(at=NOW + 10 * SECOND)


@pytest.mark.parametrize(("attempts", "delay"), [(1, MINUTE), (3, 4 * MINUTE), (30, HOUR)])
def test_refused_credentials_are_tried_again_ever_more_rarely(attempts, delay):
    """Somebody has to act first, and hammering with a refused key gets it blocked."""
    assert decide(UnauthorizedError("401"), attempts, NOW) == RetryAt(at=NOW + delay)


def test_a_refusal_is_asked_again_a_few_times():
    """A campaign can be announced moments before it can be read."""
    assert decide(RejectedError("404"), 5, NOW) == RetryAt(at=NOW + 160 * SECOND)


def test_a_lasting_refusal_is_given_up():
    """After six times somebody has to look at it."""
    assert decide(RejectedError("404"), 6, NOW) == GiveUp()


def test_a_fault_of_the_bridge_itself_is_given_up_in_the_end():
    """A mistake in the program does not go away, but the job must be seen."""
    assert (decide(KeyError("x"), 1, NOW), decide(KeyError("x"), 6, NOW)) == (RetryAt(at=NOW + SECOND), GiveUp())
