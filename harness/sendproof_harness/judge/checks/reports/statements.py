"""Rules for statements about single customers, by interactions or events: their times, and faults that disturb them."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import DAY, MINUTE, SECOND, span, spoken
from sendproof_harness.judge.causes.times import zone_offset
from sendproof_harness.judge.facts.clients.key_outages import has_key_outage, with_key_after
from sendproof_harness.judge.facts.fault_effects import downtime, is_result_hidden
from sendproof_harness.judge.facts.metrics import fresh_within, lost_growth
from sendproof_harness.judge.facts.reports.occurrences import Occurrence
from sendproof_harness.judge.facts.reports.required_interactions import RequiredInteraction
from sendproof_harness.judge.findings import Finding, cached_per_history

K = TypeVar("K", bound=Hashable)

# The clocks of a bridge and of Optimove may differ by this much.
_CLOCK_DIFFERENCE = MINUTE


def parse_utc(text: str) -> int | None:
    """Return the instant of an ISO 8601 time, in milliseconds; None for another text. No zone means UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * SECOND)


def date_cause(history: History, happened: Sequence[Occurrence], stated: int, reported_at: int) -> str | None:
    """Return what is wrong with the time that a report states, or None. `happened` are the events before the report."""
    if not happened:
        return None
    ranges = [occurrence.may_be_dated(history, reported_at) for occurrence in happened]
    if any(earliest <= stated <= latest + _CLOCK_DIFFERENCE for earliest, latest in ranges):
        return None
    if abs(stated - reported_at) <= _CLOCK_DIFFERENCE:
        return "dated when it was reported"
    if len(happened) == 1:
        zone = zone_offset(stated - happened[0].at)
        if zone is not None:
            return f"dated exactly {span(zone)} {'early' if stated < happened[0].at else 'late'}, as if in local time"
    return _wrong_order(stated, ranges[0][0], reported_at + _CLOCK_DIFFERENCE)


@lru_cache(maxsize=64)
def day_start(day: str) -> int:
    """Return the beginning of a day such as `2026-03-02`, in UTC."""
    return round(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * SECOND)


def day_cause(history: History, happened: Sequence[Occurrence], stated: int, reported_at: int) -> str | None:
    """Return what is wrong with the day that a report states, or None. `stated` is the beginning of that day."""
    if not happened:
        return None
    ranges = [occurrence.may_be_dated(history, reported_at) for occurrence in happened]
    if any(earliest - DAY < stated <= latest for earliest, latest in ranges):
        return None
    return _wrong_order(stated, ranges[0][0], reported_at)


def _wrong_order(stated: int, earliest: int, reported_at: int) -> str:
    if stated > reported_at:
        return "dated in the future"
    return "dated before it happened" if stated < earliest else "dated after it happened"


@dataclass(frozen=True, kw_only=True, slots=True)
class LateReport:
    """A report that came more than the allowed time after the bridge knew its content."""

    interaction: RequiredInteraction
    reported_at: int

    @property
    def got(self) -> str:
        """The delay, for a finding."""
        return f"{span(self.reported_at - self.interaction.known_at)} after the bridge knew it, or could ask for it"


def late_reports(
    history: History,
    required: Iterable[RequiredInteraction],
    reported: Mapping[K, Sequence[int]],
    key: Callable[[RequiredInteraction], K],
) -> Iterator[LateReport]:
    """Yield the late ones of the required reports; `reported` are the times of all reports by `key`."""
    of_key: defaultdict[K, list[RequiredInteraction]] = defaultdict(list)
    for interaction in sorted(required, key=lambda interaction: interaction.known_at):
        of_key[key(interaction)].append(interaction)
    within = fresh_within(history)
    for name, interactions in of_key.items():
        for interaction, at in zip(interactions, reported.get(name, ()), strict=False):
            limit = with_key_after(history, interaction.known_at, within)
            if at > limit and not is_disturbed_by_fault(history, interaction.known_at, at):
                yield LateReport(interaction=interaction, reported_at=at)


def is_disturbed(history: History, start: int, end: int) -> bool:
    """Return True if a fault, an outage of the bridge or one of its key may have kept it from a call."""
    return has_key_outage(history, start, end) or is_disturbed_by_fault(history, start, end)


def is_disturbed_by_fault(history: History, start: int, end: int) -> bool:
    """Return True if a fault hid a result from the bridge between two instants, or the bridge was down."""
    return downtime(history, start, end) > 0 or any(start <= at <= end for at in _hidden_results(history))


@cached_per_history
def _hidden_results(history: History) -> Sequence[int]:
    """Return the times of all requests with a hidden result."""
    return [request.at for request in history.requests if is_result_hidden(request)]


def unknown_growth(history: History, check: str) -> Iterator[Finding]:
    """Yield the `unknown` finding about totals that add up, if a report among them may count or not."""
    report = lost_growth(history)
    if report is not None:
        yield Finding(
            check=check,
            level="unknown",
            blame="network",
            cause="a report was lost where values add up, so the totals may lack it or have it twice",
            expected="reports whose responses arrive",
            got=f"no response to the report at {spoken(report.at)}",
            at=report.at,
        )
