"""The page for Prometheus: the measurements of the process, and what waits in its database."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.registry import Collector

from sendproof_bridge.clock import SECOND, Instant
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.monitor import PREFIX
from sendproof_bridge.storage import backlog

__all__ = ["CONTENT_TYPE", "Measurements"]


class Measurements(Collector):
    """The measurements of one process, read anew for each request."""

    def __init__(self, bridge: Bridge) -> None:
        """Read nothing yet."""
        self._bridge = bridge
        self._registry = CollectorRegistry()
        self._registry.register(self)
        # When each job without a due time was first seen, on the bridge's clock.
        self._first_seen: Mapping[str, Instant] = {}

    def page(self) -> bytes:
        """Return the page in Prometheus' text format."""
        return generate_latest(self._registry) + generate_latest(self._bridge.monitor.registry)

    def describe(self) -> list[GaugeMetricFamily]:
        """Return nothing: registration must not read the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read the database."""
        now = self._bridge.clock.now()
        with self._bridge.store.read() as tx:
            jobs, opt_outs = backlog.open_jobs(tx), backlog.opt_outs(tx)
            oldest, at_once = backlog.oldest_due(tx, now), backlog.due_at_once(tx)
        self._first_seen = {id_: self._first_seen.get(id_, now) for id_ in at_once}
        oldest = min([now, *self._first_seen.values(), *([] if oldest is None else [oldest])])
        open_jobs = _gauge("jobs", "Open jobs; `retrying` waits after an error.", "kind", "state")
        for kind, state, number in jobs:
            open_jobs.add_metric([kind, state], number)
        yield open_jobs
        age = _gauge("oldest_due_job_age_seconds", "For how long the oldest due job has waited to begin.")
        age.add_metric([], (now - oldest) / SECOND)
        yield age
        waiting = _gauge("opt_outs_waiting", "Opt-outs that are not processed yet.", "client")
        waiting_age = _gauge("opt_outs_waiting_age_seconds", "The age of the oldest of them.", "client")
        for client in self._bridge.clients:
            number, since = opt_outs.get(client, (0, now))
            waiting.add_metric([client], number)
            waiting_age.add_metric([client], (now - since) / SECOND)
        yield from (waiting, waiting_age)
        times = self._bridge.store.write_times
        yield _counter("database_writes", "Writing transactions of this process.", times.number)
        yield _counter("database_write_wait_seconds", "For how long they waited for others.", times.waited)
        yield _counter("database_write_seconds", "For how long they lasted, and others waited.", times.lasted)
        yield _counter("database_write_cpu_seconds", "The processor time of this process in them.", times.processor)


def _counter(name: str, documentation: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(f"{PREFIX}_{name}", documentation, value=value)


def _gauge(name: str, documentation: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", documentation, labels=labels)
