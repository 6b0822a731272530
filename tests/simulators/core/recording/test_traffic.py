"""Counts of journal entries over virtual time, in bounded memory."""

from sendproof_simulators.core.clock.wall_clock import DAY, MINUTE, SECOND
from sendproof_simulators.core.recording.traffic import MOST_BUCKETS, WIDTHS, Traffic


def counted(traffic):
    return [(start, dict(counts)) for start, counts in traffic.buckets()]


def test_entries_of_one_interval_are_counted_by_kind():
    traffic = Traffic()
    for at, kind in [(0, "request"), (999, "request"), (999, "delivery"), (SECOND, "request")]:
        traffic.add(at, kind)
    assert counted(traffic) == [(0, {"request": 2, "delivery": 1}), (SECOND, {"request": 1})]


def test_intervals_become_wider_when_there_are_too_many():
    traffic = Traffic()
    for index in range(MOST_BUCKETS + 1):
        traffic.add(index * SECOND, "request")
    assert traffic.width == 5 * SECOND
    assert [counts for _, counts in counted(traffic)] == [{"request": 5}] * (MOST_BUCKETS // 5) + [{"request": 1}]


def test_memory_is_bounded_and_the_newest_entries_are_kept():
    traffic = Traffic()
    for week in range(2 * MOST_BUCKETS):
        traffic.add(week * 7 * DAY + MINUTE, "request")
    starts = [start for start, _ in traffic.buckets()]
    assert (traffic.width, len(starts)) == (WIDTHS[-1], MOST_BUCKETS)
    assert starts[-1] <= (2 * MOST_BUCKETS - 1) * 7 * DAY + MINUTE < starts[-1] + WIDTHS[-1]
