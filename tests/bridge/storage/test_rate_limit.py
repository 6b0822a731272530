"""Optimove's rate limit, kept in rows."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from sendproof_bridge.storage.rate_limit import MAX_CALLS, WINDOW_MS, acquire_call


def test_call_above_limit_waits_until_first_leaves_window(store):
    for number in range(MAX_CALLS):
        assert acquire_call(store, "acme", 1_000 + number) is None

    assert acquire_call(store, "acme", 2_000) == 1_000 + WINDOW_MS - 2_000


def test_each_client_has_its_own_limit(store):
    """The limit is per key."""
    for _ in range(MAX_CALLS):
        acquire_call(store, "acme", 1_000)

    assert acquire_call(store, "other", 1_000) is None


@given(st.lists(st.integers(0, 400), min_size=60, max_size=150))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_window_has_more_calls_than_the_limit(store, pauses):
    with store.write() as tx:
        tx.execute(text("DELETE FROM optimove_call"))
    calls, now = [], 0
    for pause in pauses:
        now += pause
        wait_ms = acquire_call(store, "acme", now)
        if wait_ms is not None:
            now += wait_ms
            assert acquire_call(store, "acme", now) is None
        calls.append(now)
    assert all(later - earlier > 10_000 for earlier, later in zip(calls, calls[MAX_CALLS:], strict=False))
