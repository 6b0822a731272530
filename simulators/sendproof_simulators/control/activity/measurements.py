"""The counts of the simulators as a page for Prometheus.

Labels have few values: services, operations of contracts, and the class of a status. Names of sandboxes are none of
them, because clients choose these.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.registry import Collector

from sendproof_simulators.control.activity.counts import Counts
from sendproof_simulators.core.http import Response

_PREFIX = "sendproof_simulators"


def metrics_response(counts: Counts) -> Response:
    """Return the page, with the memory and CPU time of this process, in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Page(counts))
    ProcessCollector(registry=registry)
    return Response(content_type=CONTENT_TYPE, body=generate_latest(registry))


class _Page(Collector):
    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Yield the counts of the services, the webhooks, and the sandboxes."""
        counts = self._counts
        calls = _counter("requests", "Calls with a known credential.", "service", "operation", "status")
        for (service, operation, hundreds), number in sorted(counts.calls.items(), key=str):
            calls.add_metric([service, operation or "", f"{hundreds}xx"], number)
        strangers = _counter("unauthenticated_requests", "Calls without a known credential.", "service")
        for service, number in counts.unauthenticated.items():
            strangers.add_metric([service], number)
        webhooks = _counter("webhook_attempts", "Webhooks, with repetitions; no status: no response.", "status")
        for status, number in sorted(counts.webhook_attempts.items(), key=str):
            webhooks.add_metric(["" if status is None else f"{status}xx"], number)
        yield from (calls, strangers, webhooks)
        yield GaugeMetricFamily(f"{_PREFIX}_sandboxes", "Sandboxes that exist.", value=counts.sandboxes)
        yield GaugeMetricFamily(
            f"{_PREFIX}_journal_entries", "Entries of their journals.", value=counts.journal_entries
        )


def _counter(name: str, documentation: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"{_PREFIX}_{name}", documentation, labels=labels)
