"""The measurements of the process, for Prometheus. Nothing is measured for it: it only reads counts.

Labels have few values: services, operations of contracts, and the class of a status. Names of sandboxes are none of
them, because clients choose these.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.registry import Collector

from sendproof_simulators.control.activity.counts import Counts

__all__ = ["CONTENT_TYPE", "page"]

T = TypeVar("T")

_PREFIX = "sendproof_simulators"


def page(own: Counts, others: Sequence[Counts] = ()) -> bytes:
    """Return all values in Prometheus' text format: the sums of this process and of the others with sandboxes."""
    registry = CollectorRegistry()
    registry.register(_Counts(own, others))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Counts(Collector):
    def __init__(self, own: Counts, others: Sequence[Counts]) -> None:
        self._own = own
        self._all = (own, *others)

    def collect(self) -> Iterator[Metric]:
        """Yield the counts of the services, the webhooks, and the sandboxes."""
        calls = _counter(
            "requests", "Calls with a known credential; no status: no response.", "service", "operation", "status"
        )
        strangers = _counter("unauthenticated_requests", "Calls without a known credential.", "service")
        # The other processes only repeat this number.
        for name, count in self._own.unauthenticated.items():
            strangers.add_metric([name], count)
        for (name, operation, hundreds), count in self._sums(lambda part: [(row[:3], row[3]) for row in part.calls]):
            calls.add_metric([name, operation or "", _status_class(hundreds)], count)
        webhooks = _counter("webhook_attempts", "Webhooks, with repetitions; no status: no response.", "status")
        for status, count in self._sums(lambda part: part.webhooks):
            webhooks.add_metric([_status_class(status)], count)
        sandboxes = sum(part.sandboxes for part in self._all)
        entries = sum(part.journal_entries for part in self._all)
        yield from (calls, strangers, webhooks)
        yield GaugeMetricFamily(f"{_PREFIX}_sandboxes", "Sandboxes that exist.", value=sandboxes)
        yield GaugeMetricFamily(f"{_PREFIX}_journal_entries", "Entries of their journals.", value=entries)

    def _sums(self, rows: Callable[[Counts], list[tuple[T, int]]]) -> list[tuple[T, int]]:
        """Return the sum of the rows of all processes by what they count, in order."""
        total: Counter[T] = Counter()
        for part in self._all:
            for counted, number in rows(part):
                total[counted] += number
        return sorted(total.items(), key=str)


def _status_class(hundreds: int | None) -> str:
    """Return `2xx` for 2; nothing if a fault or the bridge gave no response."""
    return f"{hundreds}xx" if hundreds else ""


def _counter(name: str, documentation: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"{_PREFIX}_{name}", documentation, labels=labels)
