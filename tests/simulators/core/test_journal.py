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


def test_whoever_reads_on_gets_every_line_once() -> None:
    """In pieces of whole lines, from disk and from memory alike, while more is written."""
    journal, read = Journal(StillWallClock()), b""
    for number in range(3 * BLOCK_BYTES // 100):
        journal.append(SIX, "request", {"number": number, "padding": "x" * (number % 200)})
        if number % 100 == 0:
            read += journal.read(len(read), 7_000)
    while piece := journal.read(len(read), 7_000):
        assert piece.endswith(b"\n")
        read += piece
    assert read.splitlines() == list(journal.lines())
    journal.close()


def test_a_line_that_is_longer_than_what_is_asked_for_comes_whole() -> None:
    """Nobody waits for ever at a long line."""
    journal = Journal(StillWallClock())
    journal.append(SIX, "interactions", {"customers": "x" * 1000})
    journal.append(SIX, "metrics", {})
    (first, second) = journal.lines()
    assert journal.read(0, 10) == first + b"\n"
    assert journal.read(len(first) + 1, 1_000) == second + b"\n"


def test_a_closed_journal_leaves_no_file() -> None:
    """Nothing stays behind on disk."""
    journal = Journal(StillWallClock())
    journal.append(SIX, "request", {"padding": "x" * BLOCK_BYTES})
    spilled = journal.file
    journal.close()
    assert spilled is not None
    assert not spilled.exists()
