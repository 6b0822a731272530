"""The measurements of the process, for Prometheus. Nothing is measured for it: it only reads counts.

Labels have few values: services, operations of contracts, and the class of a status. Names of sandboxes are none of
them, because clients choose these.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.registry import Collector

from sendproof_simulators.control.call import ControlContext

__all__ = ["CONTENT_TYPE", "page"]

_PREFIX = "sendproof_simulators"


def page(control: ControlContext) -> bytes:
    """Return all values in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Counts(control))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Counts(Collector):
    def __init__(self, control: ControlContext) -> None:
        self._control = control

    def collect(self) -> Iterator[Metric]:
        """Yield the counts of the services, the webhooks, and the sandboxes."""
        calls = _counter("requests", "Calls with a known credential.", "service", "operation", "status")
        strangers = _counter("unauthenticated_requests", "Calls without a known credential.", "service")
        for name, service in self._control.services.items():
            strangers.add_metric([name], service.unauthenticated.count)
            for (operation, hundreds), number in sorted(service.calls.items(), key=str):
                calls.add_metric([name, operation or "", f"{hundreds}xx"], number)
        webhooks = _counter("webhook_attempts", "Webhooks, with repetitions; no status: no response.", "status")
        for status, number in sorted(self._control.sandboxes.webhook_attempts.items(), key=str):
            webhooks.add_metric(["" if status is None else f"{status}xx"], number)
        sandboxes = list(self._control.sandboxes)
        entries = sum(sandbox.journal.count for sandbox in sandboxes)
        yield from (calls, strangers, webhooks)
        yield GaugeMetricFamily(f"{_PREFIX}_sandboxes", "Sandboxes that exist.", value=len(sandboxes))
        yield GaugeMetricFamily(f"{_PREFIX}_journal_entries", "Entries of their journals.", value=entries)


def _counter(name: str, documentation: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"{_PREFIX}_{name}", documentation, labels=labels)
