"""Entries of the journal by their number, or by words in them."""

from collections.abc import AsyncIterator, Collection, Sequence

import msgspec

from sendproof_simulators.control.activity.pages import Entry, json_text
from sendproof_simulators.core.clock.costly_work import next_turn
from sendproof_simulators.core.recording.journal import Journal


def find_entry(journal: Journal, number: int) -> Entry | None:
    """Return the entry with a number, or None."""
    for part in reversed(journal.parts()):
        if part.first <= number < part.first + part.count:
            lines = part.lines()
            # A journal that was closed in the meantime has no lines.
            return msgspec.json.decode(lines[number - part.first]) if lines else None
    return None


async def entries_from(journal: Journal, number: int) -> AsyncIterator[Entry]:
    """Yield the entries from a number on, oldest first."""
    for part in journal.parts():
        if part.first + part.count > number:
            for line in part.lines()[max(0, number - part.first) :]:
                yield msgspec.json.decode(line)
            await next_turn()


async def entries_with(journal: Journal, words: Collection[str]) -> AsyncIterator[Entry]:
    """Yield the entries with one of the words as a whole text of JSON, oldest first.

    Words that are added to a set while this reads count from the next entry on. Nothing else is decoded: reading a
    gigabyte takes about a second, and other requests are served in between.
    """
    for part in journal.parts():
        text = part.text()
        if any(word in text for word in _quoted(words)):
            for line in text.splitlines():
                if any(word in line for word in _quoted(words)):
                    yield msgspec.json.decode(line)
        await next_turn()


def _quoted(words: Collection[str]) -> Sequence[bytes]:
    return [b'"%b"' % json_text(word) for word in words]
