"""Tracker of a scheduled campaign: reads the journal of a sandbox, piece by piece, and counts its events.

It shows the speed of a running test. What was wrong is found afterwards, in the history (`campaign_audit`).
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from sendproof_harness.load.counters import Counts

#: Callback for a response of the bridge: name of the call, duration in ms, and the error or None.
ResponseRecorder = Callable[[str, float, str | None], None]

_PLATFORM = "optimove"
# Event type of the announcement; pages can be read from then on.
_ANNOUNCEMENT = "13"


class JournalLine(msgspec.Struct, gc=False):
    """Fields of a journal line that load tests use; a field that the kind does not have has its default."""

    kind: str
    real: float
    at: str = ""
    service: str = ""
    event: str = ""
    key: str = ""
    attempt: int = 1
    status: int | str | None = None
    error: str | None = None
    duration_ms: float | None = None
    number: str = ""
    text: str = ""
    send_at: str | None = None
    campaign: int | None = None
    channel: int | None = None
    customer: str | None = None
    parameters: msgspec.Raw = msgspec.Raw()
    summary: msgspec.Raw = msgspec.Raw()
    items: msgspec.Raw = msgspec.Raw()
    customers: msgspec.Raw = msgspec.Raw()


class _Summary(msgspec.Struct):
    rows: int = 0


_parse_lines = msgspec.json.Decoder(JournalLine).decode_lines
_parse_summary = msgspec.json.Decoder(_Summary).decode
_parse_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_parse_customers = msgspec.json.Decoder(list[str]).decode


def parse_journal(piece: bytes) -> Iterable[JournalLine]:
    """Return the lines of a piece of the journal."""
    return _parse_lines(piece)


class CampaignTracker:
    """Tracker of a campaign from its pages to its reports."""

    def __init__(self, counts: Counts, provider: str, record_response: ResponseRecorder) -> None:
        """Create a tracker that adds to `counts`."""
        self._counts = counts
        self._provider = provider
        self._record_response = record_response
        self._start: float | None = None
        self._handlers: Mapping[str, Callable[[JournalLine, float], None]] = {
            "customer_event": self._count_event,
            "request": self._count_request,
            "delivery": self._count_delivery,
            "webhook": self._count_webhook,
            "metrics": self._count_metrics,
            "interactions": self._count_interactions,
            "engagement": self._count_engagement,
        }

    def process(self, piece: bytes) -> None:
        """Count the events in a piece of the journal."""
        for line in parse_journal(piece):
            if self._start is None:
                self._start = line.real
            handle = self._handlers.get(line.kind)
            if handle is not None:
                handle(line, line.real - self._start)

    def _count_event(self, line: JournalLine, at: float) -> None:
        del line
        self._counts.record_events("triggers", "events", 1, at)

    def _count_request(self, line: JournalLine, at: float) -> None:
        if line.service == _PLATFORM and bytes(line.summary):
            rows = _parse_summary(line.summary).rows
            if rows:
                self._counts.record_events("reading", "rows", rows, at)

    def _count_delivery(self, line: JournalLine, at: float) -> None:
        del line
        self._counts.record_events("sending", "messages", 1, at)

    def _count_webhook(self, line: JournalLine, at: float) -> None:
        is_success = isinstance(line.status, int) and 200 <= line.status < 300  # noqa: PLR2004 - success in HTTP
        if line.event == _ANNOUNCEMENT and line.service == _PLATFORM:
            self._counts.record_start("reading", "rows", at)
        if line.service == self._provider and is_success:
            self._counts.record_events("receipts", "receipts", 1, at)
        if line.duration_ms is not None:
            name = "acknowledgement" if line.service == _PLATFORM else "receipt"
            self._record_response(name, line.duration_ms, None if is_success else line.error or f"status {line.status}")

    def _count_metrics(self, line: JournalLine, at: float) -> None:
        self._counts.record_events("reports", "statements", len(_parse_items(line.items)), at)

    def _count_interactions(self, line: JournalLine, at: float) -> None:
        self._counts.record_events("reports", "statements", len(_parse_customers(line.customers)), at)

    def _count_engagement(self, line: JournalLine, at: float) -> None:
        del line
        self._counts.record_events("reports", "statements", 1, at)
