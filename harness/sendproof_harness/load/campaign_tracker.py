"""Follows the journal of a sandbox and counts what happens in it, a piece at a time."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import msgspec

from sendproof_harness.history.timestamps import parse_instant
from sendproof_harness.judge.facts.deliveries.matching import EARLY_TOLERANCE, LATE_AFTER
from sendproof_harness.judge.facts.metrics import DELIVERED, METRIC_NAMES, SENT
from sendproof_harness.load.counters import Counts
from sendproof_harness.load.ledger import Ledger, Obligation

#: What went wrong in a call to the bridge, or None; the name of the call, and how many milliseconds it took.
ResponseRecorder = Callable[[str, float, str | None], None]

_PLATFORM = "optimove"
# Pages can be read from the moment in which the campaign is announced.
_ANNOUNCED = "13"
#: The stage from the announcement to the last that happened, for everybody who is owed a message.
WHOLE = "whole way"
_MISREPORTED = "misreported"
_DELIVERY = b'"kind":"delivery"'
_OF_MESSAGES = ("duplicated", "wrong text", "sent to opted-out", "unexpected")
_OF_TIME = ("early", "late")
_TOLERANCE = (EARLY_TOLERANCE, LATE_AFTER)


class JournalLine(msgspec.Struct, gc=False):
    """As much of a line of the journal as load tests look at; what a kind does not have has its default."""

    kind: str
    real: float
    at: str = ""
    service: str = ""
    event: str = ""
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


class _Note(msgspec.Struct):
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


_lines = msgspec.json.Decoder(JournalLine).decode_lines
_note = msgspec.json.Decoder(_Note).decode
_metrics = msgspec.json.Decoder(list[_Metric]).decode
_customers = msgspec.json.Decoder(list[str]).decode
_obligation = msgspec.json.Decoder(_ExpectationLine).decode


def parse_journal(piece: bytes) -> Iterable[JournalLine]:
    """The lines of a piece of the journal."""
    return _lines(piece)


def parse_obligations(truth: Iterable[bytes]) -> Iterable[Obligation]:
    """The obligations among the lines of the truth."""
    for text in truth:
        one = _obligation(text)
        if one.kind == "obligation":
            yield Obligation(one.customer, one.number, one.text if one.owed else None, parse_instant(one.due))


class CampaignTracker:
    """A scheduled campaign from its pages to its reports. `timed`: whether the bridge lives by the sandbox's clock."""

    def __init__(self, counts: Counts, provider: str, answered: ResponseRecorder, *, timed: bool) -> None:
        """Begin with nothing owed."""
        self.ready = False
        self._counts = counts
        self._ledger = Ledger()
        self._provider = provider
        self._answered = answered
        self._of_time = _OF_TIME if timed else ()
        self._began: float | None = None
        self._outcomes: Counter[str] = Counter()
        self._reported: dict[tuple[int, int | str, int], int] = {}
        self._kinds: Mapping[str, Callable[[JournalLine, float], None]] = {
            "request": self._request,
            "delivery": self._delivery,
            "delivery_status": self._outcome,
            "webhook": self._webhook,
            "metrics": self._metrics,
            "interactions": self._interactions,
            "engagement": self._engagement,
        }
        for name in ("lost", *_OF_MESSAGES, *self._of_time):
            counts.record_checked(name, "messages", "bridge", 0)

    def set_obligations(self, everything: Iterable[Obligation]) -> None:
        """From now on it is known what is owed to whom; whoever was announced to gets it."""
        for one in everything:
            self._ledger.owe(one)
        self._ledger.close()
        self._counts.record_checked("lost", "messages", "bridge", self._ledger.owed)
        self.ready = True

    def can_process(self, piece: bytes) -> bool:
        """Whether all in a piece of the journal can be judged: messages only when it is known what is owed."""
        return self.ready or _DELIVERY not in piece

    def process(self, piece: bytes) -> None:
        """Count what a piece of the journal tells."""
        for line in parse_journal(piece):
            if self._began is None:
                self._began = line.real
            handle = self._kinds.get(line.kind)
            if handle is not None:
                handle(line, line.real - self._began)

    def finish(self, everything: Callable[[], Iterable[Obligation]]) -> None:
        """All has come that will come. `everything` is asked for what is owed when somebody must be named."""
        lost = self._ledger.lost()
        self._counts.losses["lost"].count = lost
        if lost:
            examples = zip(range(3), self._ledger.lost_ones(everything()), strict=False)
            self._counts.losses["lost"].examples = [
                f"{one.customer}: nothing came to {one.number}" for _, one in examples
            ]
        self._compare_reports()
        began = min((stage.first for stage in self._counts.stages.values()), default=0.0)
        ended = max((stage.last for stage in self._counts.stages.values()), default=0.0)
        self._counts.record_start(WHOLE, "recipients", began)
        self._counts.record_events(WHOLE, "recipients", self._ledger.owed, ended)

    def _request(self, line: JournalLine, at: float) -> None:
        if line.service == _PLATFORM and bytes(line.summary):
            rows = _note(line.summary).rows
            if rows:
                self._counts.record_events("reading", "rows", rows, at)

    def _delivery(self, line: JournalLine, at: float) -> None:
        self._counts.record_events("sending", "messages", 1, at)
        for name in (*_OF_MESSAGES, *self._of_time):
            self._counts.losses[name].looked_at += 1
        for wrong in self._ledger.take(line.number, line.text, parse_instant(line.send_at or line.at), _TOLERANCE):
            if wrong in self._counts.losses:
                self._counts.record_losses(wrong, f"{line.number} at {line.send_at or line.at}: {line.text}")

    def _outcome(self, line: JournalLine, at: float) -> None:
        del at
        self._outcomes[str(line.status)] += 1

    def _webhook(self, line: JournalLine, at: float) -> None:
        good = isinstance(line.status, int) and 200 <= line.status < 300  # noqa: PLR2004 - what HTTP calls success
        if line.event == _ANNOUNCED and line.service == _PLATFORM:
            self._counts.record_start("reading", "rows", at)
        if line.service == self._provider and good:
            self._counts.record_events("receipts", "receipts", 1, at)
        if line.duration_ms is not None:
            name = "acknowledgement" if line.service == _PLATFORM else "receipt"
            self._answered(name, line.duration_ms, None if good else line.error or f"status {line.status}")

    def _metrics(self, line: JournalLine, at: float) -> None:
        items = _metrics(line.items)
        self._counts.record_events("reports", "statements", len(items), at)
        for item in items:
            self._reported[item.campaign, item.template, item.metric] = item.value

    def _interactions(self, line: JournalLine, at: float) -> None:
        self._counts.record_events("reports", "statements", len(_customers(line.customers)), at)

    def _engagement(self, line: JournalLine, at: float) -> None:
        del line
        self._counts.record_events("reports", "statements", 1, at)

    def _compare_reports(self) -> None:
        """The last totals against what the provider took and delivered.

        Single events are another way to report; and a bridge that does not live by this clock was not due to report.
        """
        if not self._of_time or (not self._reported and "reports" in self._counts.stages):
            return
        self._counts.record_checked(_MISREPORTED, "totals", "bridge", 2)
        for metric, true in ((SENT, self._ledger.came), (DELIVERED, self._outcomes["delivered"])):
            said = sum(value for (_, _, one), value in self._reported.items() if one == metric)
            if said != true:
                self._counts.record_losses(
                    _MISREPORTED, f"{METRIC_NAMES[metric]}: expected {true:,} in the end, got {said:,}"
                )
