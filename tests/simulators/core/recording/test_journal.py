"""The journal is complete, in order, and small in memory."""

import tracemalloc

import msgspec

from instants import SIX, StillWallClock
from sendproof_simulators.core.recording.journal import BLOCK_BYTES, Journal
from sendproof_simulators.core.recording.redaction import Redaction


def test_entry_has_number_times_and_fields() -> None:
    journal = Journal(StillWallClock(5.0))
    journal.append(SIX, "metrics", {"channel": 505})
    assert [msgspec.json.decode(line) for line in journal.lines()] == [
        {"n": 1, "at": "2026-03-02T06:00:00.000Z", "real": 5.0, "kind": "metrics", "channel": 505}
    ]


def test_change_of_the_machine_s_clock_is_no_time_that_passes() -> None:
    """A load test measures by these times, and the judge the pauses of a bridge."""
    wall = StillWallClock(5.0)
    journal = Journal(wall)
    journal.append(SIX, "request", {})
    wall.seconds, wall.changed = 6.0, -86_400.0
    journal.append(SIX, "request", {})
    assert [msgspec.json.decode(line)["real"] for line in journal.lines()] == [5.0, 6.0]


def test_long_journal_is_complete_and_in_order() -> None:
    """More than one block goes to disk."""
    journal = Journal(StillWallClock())
    count = BLOCK_BYTES // 50
    for number in range(count):
        journal.append(SIX, "request", {"number": number})
    numbers = [msgspec.json.decode(line)["number"] for line in journal.lines()]
    journal.close()
    assert numbers == list(range(count))
    assert journal.counts == {"request": count}


def test_closed_journal_opens_no_file() -> None:
    """A request may end after its sandbox was deleted."""
    journal = Journal(StillWallClock())
    journal.close()
    journal.append(SIX, "request", {"padding": "x" * BLOCK_BYTES})
    assert [(part.file, part.count) for part in journal.parts()] == [(None, 0)]


def test_reading_in_parts_returns_each_line_once() -> None:
    """From disk and from memory, while more is written."""
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


def test_line_above_the_maximum_is_returned_whole() -> None:
    """A reader must not wait forever at a long line."""
    journal = Journal(StillWallClock())
    journal.append(SIX, "interactions", {"customers": "x" * 1000})
    journal.append(SIX, "metrics", {})
    (first, second) = journal.lines()
    assert journal.read(0, 10) == first + b"\n"
    assert journal.read(len(first) + 1, 1_000) == second + b"\n"


def test_file_of_a_journal_has_no_name_and_ends_with_it() -> None:
    """So a process that is killed leaves no file."""
    journal = Journal(StillWallClock())
    journal.append(SIX, "request", {"padding": "x" * BLOCK_BYTES})
    spilled = journal.parts()[0].file
    assert spilled is not None
    assert isinstance(spilled.name, int)
    journal.close()
    assert spilled.closed


def test_parts_have_each_line_once_with_its_number() -> None:
    """From disk and from memory."""
    journal = Journal(StillWallClock())
    for number in range(3 * BLOCK_BYTES // 50):
        journal.append(SIX, "request" if number % 1000 else "delivery", {"number": number})
    numbered = [(part.first + index, line) for part in journal.parts() for index, line in enumerate(part.lines())]
    assert [line for _, line in numbered] == list(journal.lines())
    assert [number for number, _ in numbered] == list(range(1, journal.last + 1))
    assert all({msgspec.json.decode(line)["kind"] for line in part.lines()} == part.kinds for part in journal.parts())
    journal.close()


def test_part_of_a_closed_journal_is_empty() -> None:
    """A reader may still have it, while the sandbox is deleted."""
    journal = Journal(StillWallClock())
    journal.append(SIX, "request", {"padding": "x" * BLOCK_BYTES})
    (spilled, _) = journal.parts()
    journal.close()
    assert list(spilled.lines()) == []


def test_long_entry_among_others_is_not_copied() -> None:
    """Bodies have up to 8 MiB, and a copy of each for every step would add up."""
    redaction = Redaction()
    redaction.add("a-secret-key")
    journal = Journal(StillWallClock(), redaction)
    journal.append(SIX, "request", {})
    text = "x" * (16 * BLOCK_BYTES)
    tracemalloc.start()
    journal.append(SIX, "request", {"text": text})
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    counts = [part.count for part in journal.parts()]
    journal.close()
    assert most < 1.75 * len(text)
    assert counts == [1, 1, 0]
