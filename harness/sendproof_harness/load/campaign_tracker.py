"""Tracker of a scheduled campaign: reads the journal of a sandbox, piece by piece, and counts its events."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import islice

import msgspec

from sendproof_harness.history.timestamps import parse_instant
from sendproof_harness.judge.facts.deliveries.matching import EARLY_TOLERANCE, LATE_AFTER
from sendproof_harness.judge.facts.metrics import DELIVERED, METRIC_NAMES, SENT
from sendproof_harness.load.counters import EXAMPLES, Counts
from sendproof_harness.load.ledger import Ledger, Obligation

#: Callback for a response of the bridge: name of the call, duration in ms, and the error or None.
ResponseRecorder = Callable[[str, float, str | None], None]

_PLATFORM = "optimove"
# Event type of the announcement; pages can be read from then on.
_ANNOUNCEMENT = "13"
#: Stage from the announcement to the last event; it counts the recipients who are due a message.
WHOLE_WAY = "whole way"
_MISREPORTED = "misreported"
_DELIVERY = b'"kind":"delivery"'
_MESSAGE_LOSSES = ("duplicated", "wrong text", "sent to opted-out", "unexpected")
_TIME_LOSSES = ("early", "late")
_TOLERANCE = (EARLY_TOLERANCE, LATE_AFTER)


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


class _Metric(msgspec.Struct):
    campaign: int = msgspec.field(name="CampaignID")
    template: int | str = msgspec.field(name="TemplateID")
    metric: int = msgspec.field(name="MetricID")
    value: int = msgspec.field(name="MetricValue")


class _ExpectationLine(msgspec.Struct):
    kind: str
    customer: str = ""
    number: str | None = None
    text: str | None = None
    due: str = ""
    owed: bool = False


_parse_lines = msgspec.json.Decoder(JournalLine).decode_lines
_parse_summary = msgspec.json.Decoder(_Summary).decode
_parse_metrics = msgspec.json.Decoder(list[_Metric]).decode
_parse_customers = msgspec.json.Decoder(list[str]).decode
_parse_expectation = msgspec.json.Decoder(_ExpectationLine).decode


def parse_journal(piece: bytes) -> Iterable[JournalLine]:
    """Return the lines of a piece of the journal."""
    return _parse_lines(piece)


def parse_obligations(expectations: Iterable[bytes]) -> Iterable[Obligation]:
    """Yield the obligations among the lines of a sandbox's expectations."""
    for text in expectations:
        line = _parse_expectation(text)
        if line.kind == "obligation":
            yield Obligation(line.customer, line.number, line.text if line.owed else None, parse_instant(line.due))


class CampaignTracker:
    """Tracker of a campaign from its pages to its reports. `timed` is True if the bridge uses the sandbox's clock."""

    def __init__(self, counts: Counts, provider: str, record_response: ResponseRecorder, *, timed: bool) -> None:
        """Create a tracker without obligations."""
        self.ready = False
        self._counts = counts
        self._ledger = Ledger()
        self._provider = provider
        self._record_response = record_response
        self._time_losses = _TIME_LOSSES if timed else ()
        self._start: float | None = None
        self._statuses: Counter[str] = Counter()
        self._totals: dict[tuple[int, int | str, int], int] = {}
        self._handlers: Mapping[str, Callable[[JournalLine, float], None]] = {
            "request": self._count_request,
            "delivery": self._count_delivery,
            "delivery_status": self._count_status,
            "webhook": self._count_webhook,
            "metrics": self._count_metrics,
            "interactions": self._count_interactions,
            "engagement": self._count_engagement,
        }
        for loss in ("lost", *_MESSAGE_LOSSES, *self._time_losses):
            counts.record_checked(loss, "messages", "bridge", 0)

    def set_obligations(self, obligations: Iterable[Obligation]) -> None:
        """Set all obligations of the campaign; deliveries can be processed afterwards."""
        for obligation in obligations:
            self._ledger.add(obligation)
        self._ledger.seal()
        self._counts.record_checked("lost", "messages", "bridge", self._ledger.due)
        self.ready = True

    def can_process(self, piece: bytes) -> bool:
        """Return True if a piece of the journal can be judged: deliveries need the obligations first."""
        return self.ready or _DELIVERY not in piece

    def process(self, piece: bytes) -> None:
        """Count the events in a piece of the journal."""
        for line in parse_journal(piece):
            if self._start is None:
                self._start = line.real
            handle = self._handlers.get(line.kind)
            if handle is not None:
                handle(line, line.real - self._start)

    def finish(self, read_obligations: Callable[[], Iterable[Obligation]]) -> None:
        """Count the lost messages at the end. `read_obligations` is called only if examples are needed."""
        lost = self._ledger.lost()
        self._counts.losses["lost"].count = lost
        if lost:
            lost_obligations = islice(self._ledger.lost_obligations(read_obligations()), EXAMPLES)
            self._counts.losses["lost"].examples = [
                f"{obligation.customer}: no message to {obligation.number}" for obligation in lost_obligations
            ]
        self._compare_totals()
        start = min((stage.first for stage in self._counts.stages.values()), default=0.0)
        end = max((stage.last for stage in self._counts.stages.values()), default=0.0)
        self._counts.record_start(WHOLE_WAY, "recipients", start)
        self._counts.record_events(WHOLE_WAY, "recipients", self._ledger.due, end)

    def _count_request(self, line: JournalLine, at: float) -> None:
        if line.service == _PLATFORM and bytes(line.summary):
            rows = _parse_summary(line.summary).rows
            if rows:
                self._counts.record_events("reading", "rows", rows, at)

    def _count_delivery(self, line: JournalLine, at: float) -> None:
        self._counts.record_events("sending", "messages", 1, at)
        for loss in (*_MESSAGE_LOSSES, *self._time_losses):
            self._counts.losses[loss].looked_at += 1
        send_at = line.send_at or line.at
        for loss in self._ledger.check_delivery(line.number, line.text, parse_instant(send_at), _TOLERANCE):
            if loss in self._counts.losses:
                self._counts.record_losses(loss, f"{line.number} at {send_at}: {line.text}")

    def _count_status(self, line: JournalLine, at: float) -> None:
        del at
        self._statuses[str(line.status)] += 1

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
        items = _parse_metrics(line.items)
        self._counts.record_events("reports", "statements", len(items), at)
        for item in items:
            self._totals[item.campaign, item.template, item.metric] = item.value

    def _count_interactions(self, line: JournalLine, at: float) -> None:
        self._counts.record_events("reports", "statements", len(_parse_customers(line.customers)), at)

    def _count_engagement(self, line: JournalLine, at: float) -> None:
        del line
        self._counts.record_events("reports", "statements", 1, at)

    def _compare_totals(self) -> None:
        """Compare the last reported totals with the messages that the provider accepted and delivered.

        A bridge that reports single events has no totals. A bridge that does not use the sandbox's clock may report
        later, so it is not judged.
        """
        if not self._time_losses or (not self._totals and "reports" in self._counts.stages):
            return
        self._counts.record_checked(_MISREPORTED, "totals", "bridge", 2)
        for metric, expected in ((SENT, self._ledger.sent), (DELIVERED, self._statuses["delivered"])):
            got = sum(value for (_, _, reported), value in self._totals.items() if reported == metric)
            if got != expected:
                self._counts.record_losses(
                    _MISREPORTED, f"{METRIC_NAMES[metric]}: expected a total of {expected:,}, got {got:,}"
                )
