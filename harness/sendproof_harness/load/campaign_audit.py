"""Audit of a scheduled campaign: every message and the last totals, from the history of the load test.

It runs after the test, and neither slows it down nor lets the simulators compute what was due a second time. The memory
is that of the ledger.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

import msgspec

from sendproof_harness.history.timestamps import parse_instant
from sendproof_harness.judge.facts.deliveries.ledger import PROVIDER_EXCLUSIONS
from sendproof_harness.judge.facts.deliveries.matching import EARLY_TOLERANCE, LATE_AFTER
from sendproof_harness.judge.facts.metrics import DELIVERED, METRIC_NAMES, SENT
from sendproof_harness.load.counters import EXAMPLES, Counts
from sendproof_harness.load.ledger import Ledger, Obligation

#: Stage from the announcement to the last event; it counts the recipients who are due a message.
WHOLE_WAY = "whole way"
_MISREPORTED = "misreported"
_MESSAGE_LOSSES = ("duplicated", "wrong text", "sent to opted-out", "unexpected")
_TIME_LOSSES = ("early", "late")
_TOLERANCE = (EARLY_TOLERANCE, LATE_AFTER)
# The kind follows the number and the times.
_KIND = re.compile(rb'"kind": ?"([a-z_]+)"')


class _ObligationLine(msgspec.Struct, gc=False):
    customer: str
    number: str | None
    text: str | None
    due: str
    owed: bool
    reason: str | None = None


class _DeliveryLine(msgspec.Struct, gc=False):
    number: str
    text: str
    at: str
    send_at: str | None = None


class _StatusLine(msgspec.Struct, gc=False):
    status: str


class _Metric(msgspec.Struct):
    campaign: int = msgspec.field(name="CampaignID")
    template: int | str = msgspec.field(name="TemplateID")
    metric: int = msgspec.field(name="MetricID")
    value: int = msgspec.field(name="MetricValue")


class _MetricsLine(msgspec.Struct):
    items: list[_Metric]


_parse_obligation = msgspec.json.Decoder(_ObligationLine).decode
_parse_delivery = msgspec.json.Decoder(_DeliveryLine).decode
_parse_status = msgspec.json.Decoder(_StatusLine).decode
_parse_metrics = msgspec.json.Decoder(_MetricsLine).decode


def audit(read_lines: Callable[[], Iterable[bytes]], counted: Counts, *, timed: bool) -> Counts:
    """Return the losses in a history, and the whole way of what was `counted` while the test ran.

    `read_lines` returns the lines of the history; it is called again only if examples of lost messages are needed.
    `timed` is True if the bridge uses the sandbox's clock. Raises `ValueError` for a line that has an unknown form.
    """
    campaign = _Campaign(timed=timed)
    for line in read_lines():
        campaign.add(line)
    campaign.finish(lambda: parse_obligations(read_lines()), has_reports="reports" in counted.stages)
    start = min((stage.first for stage in counted.stages.values()), default=0.0)
    end = max((stage.last for stage in counted.stages.values()), default=0.0)
    campaign.counts.record_start(WHOLE_WAY, "recipients", start)
    campaign.counts.record_events(WHOLE_WAY, "recipients", campaign.ledger.due, end)
    return campaign.counts


def parse_obligations(lines: Iterable[bytes]) -> Iterator[Obligation]:
    """Yield the obligations among the lines of a history."""
    return (_obligation(_parse_obligation(line)) for line in lines if _kind_of(line) == b"obligation")


def _kind_of(line: bytes) -> bytes:
    found = _KIND.search(line)
    return b"" if found is None else found[1]


def _obligation(line: _ObligationLine) -> Obligation:
    return Obligation(line.customer, line.number, line.text if line.owed else None, parse_instant(line.due))


class _Campaign:
    """The ledger of a campaign, and the statuses and totals of its messages."""

    def __init__(self, *, timed: bool) -> None:
        self.counts, self.ledger = Counts(), Ledger()
        self._is_sealed = False
        self._time_losses = _TIME_LOSSES if timed else ()
        self._statuses: Counter[str] = Counter()
        self._refused = 0
        self._totals: dict[tuple[int, int | str, int], int] = {}
        self._handlers: Mapping[bytes, Callable[[bytes], None]] = {
            b"obligation": self._add_obligation,
            b"delivery": self._check_delivery,
            b"delivery_status": self._count_status,
            b"metrics": self._add_metrics,
        }
        for loss in ("lost", *_MESSAGE_LOSSES, *self._time_losses):
            self.counts.record_checked(loss, "messages", "bridge", 0)

    def add(self, line: bytes) -> None:
        """Take a line of the history. All obligations must come first."""
        handle = self._handlers.get(_kind_of(line))
        if handle is not None:
            handle(line)

    def finish(self, read_obligations: Callable[[], Iterable[Obligation]], *, has_reports: bool) -> None:
        """Count the lost messages and compare the totals. `read_obligations` is called only if examples are needed."""
        self._seal()
        self.counts.record_checked("lost", "messages", "bridge", self.ledger.due)
        lost = self.ledger.lost()
        self.counts.losses["lost"].count = lost
        if lost:
            lost_obligations = islice(self.ledger.lost_obligations(read_obligations()), EXAMPLES)
            self.counts.losses["lost"].examples = [
                f"{obligation.customer}: no right message to {obligation.number}" for obligation in lost_obligations
            ]
        self._compare_totals(has_reports=has_reports)

    def _seal(self) -> None:
        if not self._is_sealed:
            self.ledger.seal()
            self._is_sealed = True

    def _add_obligation(self, text: bytes) -> None:
        if self._is_sealed:
            raise ValueError("expected all obligations before the first delivery, got one after it")
        line = _parse_obligation(text)
        self.ledger.add(_obligation(line))
        self._refused += line.reason in PROVIDER_EXCLUSIONS

    def _check_delivery(self, text: bytes) -> None:
        self._seal()
        line = _parse_delivery(text)
        for loss in (*_MESSAGE_LOSSES, *self._time_losses):
            self.counts.losses[loss].looked_at += 1
        send_at = line.send_at or line.at
        for loss in self.ledger.check_delivery(line.number, line.text, parse_instant(send_at), _TOLERANCE):
            if loss in self.counts.losses:
                self.counts.record_losses(loss, f"{line.number} at {send_at}: {line.text}")

    def _count_status(self, text: bytes) -> None:
        self._statuses[_parse_status(text).status] += 1

    def _add_metrics(self, text: bytes) -> None:
        for item in _parse_metrics(text).items:
            self._totals[item.campaign, item.template, item.metric] = item.value

    def _compare_totals(self, *, has_reports: bool) -> None:
        """Compare the last reported totals with the messages that the provider accepted and delivered.

        A bridge that reports single events has no totals. A bridge that does not use the sandbox's clock may report
        later, so it is not judged. A recipient whom the provider alone excludes counts as sent or as dropped.
        """
        if not self._time_losses or (not self._totals and has_reports):
            return
        self.counts.record_checked(_MISREPORTED, "totals", "bridge", 2)
        totals = ((SENT, self.ledger.sent, self._refused), (DELIVERED, self._statuses["delivered"], 0))
        for metric, expected, refused in totals:
            got = sum(value for (_, _, reported), value in self._totals.items() if reported == metric)
            if not expected <= got <= expected + refused:
                self.counts.record_losses(
                    _MISREPORTED, f"{METRIC_NAMES[metric]}: expected a total of {expected:,}, got {got:,}"
                )
