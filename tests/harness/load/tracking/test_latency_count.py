"""Latencies in buckets, which several processes add up."""

from hypothesis import given
from hypothesis import strategies as st

from sendproof_harness.load.tracking.latency_count import LatencyCount, bucket_of

TIMES = st.lists(st.floats(0.001, 1_000_000), max_size=30)


def latency_of(times) -> LatencyCount:
    latency = LatencyCount()
    for ms in times:
        latency.record(ms, is_failed=ms > 500)
    return latency


def test_percentile_is_the_time_of_that_share_of_responses():
    """Nearest rank: 95 of 100 responses arrived within the 95th time."""
    latency = latency_of(range(1, 101))
    assert (latency.percentile(0.5), latency.percentile(0.95), latency.percentile(0.99)) == (50.0, 95.0, 99.0)
    assert (latency.count, latency.failed, latency.longest) == (100, 0, 100)


def test_percentile_is_never_above_the_longest_time():
    assert latency_of([1234.0]).percentile(0.5) == 1234.0


def test_no_responses_have_percentile_zero():
    assert LatencyCount().percentile(0.5) == 0.0


@given(TIMES, TIMES)
def test_sum_of_two_processes_equals_one_process(first, second):
    total = latency_of(first)
    total.add(latency_of(second))
    assert total == latency_of([*first, *second])


@given(st.floats(0.001, 1_000_000))
def test_bucket_is_at_most_one_percent_above_the_time(ms):
    assert ms * 1000 <= bucket_of(ms) <= max(1, ms * 1000 * 1.01 + 1)
