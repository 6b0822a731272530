"""Latencies of a load test from Locust's statistics, in milliseconds."""

from collections.abc import Collection, Sequence

from locust.env import Environment
from locust.stats import StatsEntry

from sendproof_harness.load.model import Latency


def percentile(times: Sequence[float], share: float) -> float:
    """Return the time within which this share (0 to 1) of the responses arrived."""
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def latency_results(
    environment: Environment, names: Sequence[str], from_intended_start: Collection[str]
) -> list[Latency]:
    """Return the latencies with these names, in this order, without those that have no requests."""
    entries = {entry.name: entry for entry in environment.stats.entries.values() if entry.num_requests}
    return [
        _latency(entries[name], is_from_intended_start=name in from_intended_start) for name in names if name in entries
    ]


def _latency(entry: StatsEntry, *, is_from_intended_start: bool) -> Latency:
    p50, p90, p95, p99 = (float(entry.get_response_time_percentile(share)) for share in (0.5, 0.9, 0.95, 0.99))
    return Latency(
        name=entry.name,
        since="the intended start" if is_from_intended_start else "the request",
        count=entry.num_requests,
        failed=entry.num_failures,
        p50=p50,
        p90=p90,
        p95=p95,
        p99=p99,
        longest=float(entry.max_response_time),
    )
