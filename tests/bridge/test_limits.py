"""Optimove's rate limit, kept by rows."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text

from sendproof_bridge import limits
from sendproof_bridge.errors import RateLimitedError
from sendproof_bridge.limits import CALLS, WINDOW_MS, take


def test_the_fifty_first_call_waits_for_the_first_to_leave_the_window(store):
    """The error says how long, so that the job comes back in time and not before."""
    for number in range(CALLS):
        take(store, "acme", 1_000 + number)

    with pytest.raises(RateLimitedError) as error:
        take(store, "acme", 2_000)
    assert error.value.retry_after_ms == 1_000 + WINDOW_MS - 2_000


def test_clients_have_limits_of_their_own(store):
    """The limit is one of the key."""
    for _ in range(CALLS):
        take(store, "acme", 1_000)

    take(store, "other", 1_000)


@given(st.lists(st.integers(0, 400), min_size=60, max_size=150))
@hypothesis_settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_window_ever_holds_more_than_fifty(store, pauses):
    """However calls are spread, any ten seconds see at most fifty."""
    with store.write() as tx:
        tx.execute(text("DELETE FROM call"))
    made, now = [], 0
    for pause in pauses:
        now += pause
        try:
            limits.take(store, "acme", now)
        except RateLimitedError as error:
            now += error.retry_after_ms or 0
            limits.take(store, "acme", now)
        made.append(now)
    assert all(later - earlier > 10_000 for earlier, later in zip(made, made[CALLS:], strict=False))
