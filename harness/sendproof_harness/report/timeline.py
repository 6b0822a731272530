"""The run as a chart: sent messages and receipts per hour, and the pushes of metrics."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import DAY, HOUR, spoken
from sendproof_harness.history.wording import counted
from sendproof_harness.judge.facts.acknowledgement import is_acknowledged
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.facts.fault_effects import message_of_webhook
from sendproof_harness.judge.facts.metrics import pushes

WIDTH = 960
LANE_HEIGHT = 64
_LEFT, _RIGHT = 96, 8
_BAR_TOP = 8
_BAR_WIDTH_MIN = 2.0
_DATE_WIDTH = 72

# The bars of a whole year would be hairlines; the chart then shows the first weeks.
_HOURS_MAX = 24 * 60


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One hour of one lane, in the units of the chart, with its tooltip."""

    x: float
    height: float
    width: float
    label: str


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One row of the chart. Heights grow with the square root, so that a few late messages stay visible."""

    name: str
    total: int
    peak: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, kw_only=True)
class Tick:
    """One instant in the chart, with its tooltip."""

    x: float
    label: str


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The content of the chart, with its description."""

    lanes: tuple[Lane, ...]
    days: tuple[Tick, ...]
    due: tuple[Tick, ...]
    pushes: tuple[Tick, ...]
    description: str


def timeline(history: History) -> Timeline | None:
    """Return the chart of a run, or None if no message was due or sent."""
    messages = history.alike.messages
    sent = Counter[int]()
    for delivery in history.deliveries:
        if not delivery.test:
            sent[delivery.send_at] += messages.get(delivery.message, 1)
    due = {recipient.obligation.due for recipient in ledger(history).recipients if recipient.obligation.owed}
    if not sent and not due:
        return None
    receipts = _receipts(history)
    pushed = sorted({at for campaign_pushes in pushes(history).values() for at in campaign_pushes})
    scale = _Scale.of([*sent, *due], history.header.ended)
    return Timeline(
        lanes=(_lane("sent", sent, scale), _lane("receipts", receipts, scale)),
        days=tuple(_day(at, scale) for at in range(scale.first_midnight, scale.end, DAY)),
        due=tuple(Tick(x=scale.x(at), label=f"due {spoken(at)}") for at in sorted(due)),
        pushes=tuple(Tick(x=scale.x(at), label=f"metrics pushed {spoken(at)}") for at in pushed if at < scale.end),
        description=_description(sent, _status_count(history), receipts, pushed),
    )


def _status_count(history: History) -> int:
    return history.alike.count_messages(status.message for status in history.delivery_statuses)


def _receipts(history: History) -> Counter[int]:
    """Return when the bridge first acknowledged a receipt of each delivery status: resent ones do not count."""
    status_at = {(status.service, status.message): status.at for status in history.delivery_statuses}
    received: dict[tuple[str, str], int] = {}
    for attempt in history.webhooks:
        message = (attempt.service, message_of_webhook(attempt.key))
        if is_acknowledged(attempt) and message in status_at and attempt.at >= status_at[message]:
            received.setdefault(message, attempt.at)
    receipts = Counter[int]()
    for (_, of_message), at in received.items():
        receipts[at] += history.alike.messages.get(of_message, 1)
    return receipts


@dataclass(frozen=True, kw_only=True)
class _Scale:
    start: int
    end: int

    @classmethod
    def of(cls, instants: Iterable[int], ended: int) -> "_Scale":
        start = min(instants) // HOUR * HOUR - HOUR
        return cls(start=start, end=min(max(ended, start + DAY) // HOUR * HOUR + HOUR, start + _HOURS_MAX * HOUR))

    @property
    def first_midnight(self) -> int:
        return -(-self.start // DAY) * DAY

    def x(self, at: int) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * (at - self.start) / (self.end - self.start), 1)


def _day(midnight: int, scale: _Scale) -> Tick:
    """Return the tick of a midnight, with the date if there is room for it."""
    x = scale.x(midnight)
    return Tick(x=x, label=spoken(midnight)[:10] if x < WIDTH - _DATE_WIDTH else "")


def _lane(name: str, instants: Mapping[int, int], scale: _Scale) -> Lane:
    """Return the lane of events, given as the number at each instant."""
    hours = Counter[int]()
    for at, count in instants.items():
        hours[at // HOUR * HOUR] += count
    peak = max(hours.values(), default=0)
    width = max(_BAR_WIDTH_MIN, scale.x(scale.start + HOUR) - scale.x(scale.start))
    bars = (
        Bar(
            x=scale.x(hour),
            height=round((LANE_HEIGHT - _BAR_TOP) * sqrt(count / peak), 1),
            width=round(width, 1),
            label=f"{count:,} in the hour from {spoken(hour)}",
        )
        for hour, count in sorted(hours.items())
        if hour < scale.end
    )
    return Lane(name=name, total=sum(hours.values()), peak=peak, bars=tuple(bars))


def _description(sent: Counter[int], statuses: int, receipts: Counter[int], pushed: Sequence[int]) -> str:
    if not sent:
        return "No message was sent."
    return (
        f"{counted(sent.total(), 'messages')} went out {_when(min(sent), max(sent))}. "
        f"The bridge acknowledged receipts for {receipts.total():,} of {statuses:,} delivery statuses, "
        f"and it pushed metrics {counted(len(pushed), 'times')}."
    )


def _when(first: int, last: int) -> str:
    if spoken(first) == spoken(last):
        return f"at {spoken(first)}"
    return f"between {spoken(first)} and {spoken(last)}"
