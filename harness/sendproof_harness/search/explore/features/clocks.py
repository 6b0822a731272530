"""Positions of the scenario in time: the first message is due where bridges take one time for another."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sendproof_harness.search.explore.builder import SCHEDULED, ScenarioBuilder
from sendproof_harness.search.explore.feature import Feature


def _sent_at(*parts: int) -> Callable[[ScenarioBuilder], None]:
    def apply(builder: ScenarioBuilder) -> None:
        builder.sends_at = datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]

    return apply


def _announce_by_night(builder: ScenarioBuilder) -> None:
    builder.sends_at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    builder.announced, builder.sent = timedelta(hours=5, minutes=30), timedelta(hours=9)
    builder.top["nightly"] = "05:30"


def _clock(name: str, *parts: int) -> Feature:
    return Feature(name=name, topic="clock", apply=_sent_at(*parts))


FEATURES = (
    _clock("sent as European clocks go forward", 2026, 3, 29, 1),
    _clock("sent as European clocks go back", 2026, 10, 25, 1),
    _clock("sent as American clocks go forward", 2026, 3, 8, 7),
    _clock("sent on a leap day", 2028, 2, 29),
    _clock("sent at midnight", 2026, 3, 3),
    _clock("sent in the last minute of a day", 2026, 3, 2, 23, 59),
    _clock("sent at new year", 2027, 1, 1),
    _clock("sent at an odd second", 2026, 3, 2, 10, 0, 17),
    Feature(
        name="announced by a nightly process",
        topic="clock",
        apply=_announce_by_night,
        flows=frozenset({SCHEDULED}),
    ),
)
