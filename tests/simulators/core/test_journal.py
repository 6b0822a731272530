"""The journal: whole, in order, and small in memory."""

import msgspec

from instants import SIX, StillWallClock
from sendproof_simulators.core.journal import BLOCK_BYTES, Journal


def test_events_come_back_as_they_went_in() -> None:
    """Every event has its number, both times, and its fields."""
    journal = Journal(StillWallClock(5.0))
    journal.append(SIX, "metrics", {"channel": 505})
    assert [msgspec.json.decode(line) for line in journal.lines()] == [
        {"n": 1, "at": "2026-03-02T06:00:00.000Z", "real": 5.0, "kind": "metrics", "channel": 505}
    ]


def test_a_long_journal_spills_and_stays_whole() -> None:
    """More than a block goes to disk, and reads back complete and in order."""
    journal = Journal(StillWallClock())
    count = BLOCK_BYTES // 50
    for number in range(count):
        journal.append(SIX, "request", {"number": number})
    numbers = [msgspec.json.decode(line)["number"] for line in journal.lines()]
    journal.close()
    assert numbers == list(range(count))
    assert journal.counts == {"request": count}


def test_a_closed_journal_leaves_no_file() -> None:
    """Nothing stays behind on disk."""
    journal = Journal(StillWallClock())
    journal.append(SIX, "request", {"padding": "x" * BLOCK_BYTES})
    spilled = journal.file
    journal.close()
    assert spilled is not None
    assert not spilled.exists()
