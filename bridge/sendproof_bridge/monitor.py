"""Measurements of one process, for Prometheus.

Labels have few values: clients and channels of the settings, kinds of jobs, operations and results of calls.
"""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

PREFIX = "sendproof_bridge"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
# Those of all services together are fewer. The module of another provider may name more.
_MAX_OPERATIONS = 100
_OTHER_OPERATION = "other"


class Monitor:
    """The measurements. Every method can be called in any thread."""

    def __init__(self) -> None:
        """Begin all counts with 0."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._operations: set[str] = set()
        self._events = self._counter("events", "Events of Optimove that were stored.", "client")
        self._receipts = self._counter("receipts", "Receipts that were stored, by their effect.", "client", "result")
        self._commits = self._histogram("webhook_commit_seconds", "From the first webhook of a transaction to its end.")
        self._sends = self._counter(
            "sends", "Messages that the provider accepted or rejected.", "client", "channel", "result"
        )
        self._send_errors = self._counter("send_errors", "Sends that failed as a whole.", "client", "channel", "error")
        self._calls = self._counter("calls", "Calls to Optimove and the providers.", "operation", "result")
        self._call_seconds = self._histogram(
            "call_seconds", "Until the end of the response, or the error.", "operation"
        )
        self._job_seconds = self._histogram("job_seconds", "Attempts of jobs, with those that failed.", "kind")
        self._job_errors = self._counter("job_errors", "Attempts of jobs that failed.", "kind", "error")

    def webhooks_stored(
        self, seconds: float, events: Mapping[str, int], receipts: Mapping[tuple[str, str], int]
    ) -> None:
        """Count a transaction with events by client, and receipts by client and result."""
        self._commits.observe(seconds)
        for client, number in events.items():
            self._events.labels(client).inc(number)
        for (client, result), number in receipts.items():
            self._receipts.labels(client, result).inc(number)

    def messages_sent(self, client: str, channel: int, *, accepted: int, rejected: int) -> None:
        """Count the messages of a batch that the provider has responded to."""
        self._sends.labels(client, str(channel), "accepted").inc(accepted)
        self._sends.labels(client, str(channel), "rejected").inc(rejected)

    def send_failed(self, client: str, channel: int, error: str) -> None:
        """Count a batch that was not sent, or has an unknown outcome."""
        self._send_errors.labels(client, str(channel), error).inc()

    def call_ended(self, operation: str, result: str, seconds: float) -> None:
        """Count a call."""
        if operation not in self._operations:
            if len(self._operations) >= _MAX_OPERATIONS:
                operation = _OTHER_OPERATION
            self._operations.add(operation)
        self._calls.labels(operation, result).inc()
        self._call_seconds.labels(operation).observe(seconds)

    def attempt_ended(self, kind: str, seconds: float) -> None:
        """Count an attempt of a job, or of several that were handled together."""
        self._job_seconds.labels(kind).observe(seconds)

    def attempt_failed(self, kind: str, error: str) -> None:
        """Count the failure of an attempt."""
        self._job_errors.labels(kind, error).inc()

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", documentation, labels, registry=self.registry)

    def _histogram(self, name: str, documentation: str, *labels: str) -> Histogram:
        return Histogram(f"{PREFIX}_{name}", documentation, labels, registry=self.registry, buckets=_SECONDS)
