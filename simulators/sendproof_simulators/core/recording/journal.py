"""The complete record of a sandbox: entries in the order of events, one line of JSON each.

Lines are written to a file in blocks, so that a sandbox with a million recipients only needs the memory of one block. A
journal never drops a line: the judge needs all of them. Secrets are removed before a line is written. The file has no
name, so it ends with its process, whatever ends that.
"""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import IO

import msgspec

from sendproof_simulators.core.clock.wall_clock import Instant, WallClock, iso
from sendproof_simulators.core.recording.redaction import Redaction, redact_lines, redact_urls
from sendproof_simulators.core.recording.traffic import Traffic

# A write of this size takes about 0.1 ms; smaller blocks would only add system calls.
BLOCK_BYTES = 256 * 1024

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class JournalPart:
    """Consecutive entries: the number of the first one, the kinds among them, and their lines.

    The lines are `size` bytes, in `file` from `offset` on; those of the newest part are in memory, without a file.
    """

    first: int
    count: int
    kinds: frozenset[str]
    pending: tuple[bytes, ...] = ()
    file: IO[bytes] | None = None
    offset: int = 0
    size: int = 0

    def lines(self) -> Sequence[bytes]:
        """Return the lines without line ends; none if the journal was closed in the meantime."""
        return self.pending if self.file is None else self.text().split(b"\n")[:-1]

    def text(self) -> bytes:
        """Return the lines with their line ends, as one text."""
        if self.file is None:
            return b"".join(line + b"\n" for line in self.pending)
        return b"" if self.file.closed else os.pread(self.file.fileno(), self.size, self.offset)


@dataclass(frozen=True, slots=True)
class JournalMark:
    """A place in a journal: the parts up to there, the number of entries, and their counts by kind and over time."""

    parts: tuple[JournalPart, ...]
    count: int
    counts: Mapping[str, int]
    traffic: Traffic


class Journal:
    """Appends entries, counts them by kind, and reads them back. Closing the journal closes its file."""

    def __init__(self, wall: WallClock, redaction: Redaction | None = None) -> None:
        self._redaction = redaction or Redaction()
        self.counts: Counter[str] = Counter()
        self.traffic = Traffic()
        self._wall = wall
        self._lines: list[bytes] = []
        # The secrets to remove from the newest lines, which begin at `_redacted`.
        self._secrets = self._redaction.names
        self._redacted = 0
        self._count = 0
        self._pending = 0
        self._kinds: set[str] = set()
        self._file: IO[bytes] | None = None
        self._is_closed = False
        # The sparse index of the file: one entry for each block.
        self._written: list[JournalPart] = []
        self._stamp: tuple[Instant, str] = (-1, "")

    def append(self, at: Instant, kind: str, fields: Mapping[str, object]) -> int:
        """Append one entry at an instant and return its number."""
        if self._redaction.names is not self._secrets:
            # A secret is removed from the entries after it became one.
            self._redact()
            self._secrets = self._redaction.names
        if self._stamp[0] != at:
            self._stamp = (at, iso(at))
        line = _encode(
            {
                "n": self._count + 1,
                "at": self._stamp[1],
                "real": round(self._wall.steady(), 3),
                "kind": kind,
                **redact_urls(kind, fields),
            }
        )
        if len(line) > BLOCK_BYTES and self._lines:
            # A long line is redacted and written alone, which copies nothing. With others it would be copied each time.
            self._spill()
        self.counts[kind] += 1
        self.traffic.add(at, kind)
        self._kinds.add(kind)
        self._count += 1
        self._lines.append(line)
        self._pending += len(line)
        if self._pending > BLOCK_BYTES:
            self._spill()
        return self._count

    @property
    def count(self) -> int:
        """The number of entries, which is the number of the last one."""
        return self._count

    @property
    def last(self) -> int:
        """The number of the newest entry, 0 if there is none."""
        return self._count

    def parts(self) -> list[JournalPart]:
        """Return all entries so far in parts, oldest first, for readers that need only some of them."""
        if self._file is not None:
            self._file.flush()
        self._redact()
        first, size = self._count - len(self._lines) + 1, self._pending + len(self._lines)
        newest = JournalPart(first, len(self._lines), frozenset(self._kinds), tuple(self._lines), size=size)
        return [*self._written, newest]

    def mark(self) -> JournalMark:
        """Return this place in the journal, for `return_to`."""
        if self._lines:
            self._spill()
        return JournalMark(tuple(self._written), self._count, dict(self.counts), deepcopy(self.traffic))

    def return_to(self, mark: JournalMark) -> None:
        """Forget every entry after a mark of this journal. Their bytes stay in the file: other marks may need them."""
        self._lines.clear()
        self._redacted = 0
        self._kinds.clear()
        self._pending = 0
        self._written = list(mark.parts)
        self._count = mark.count
        self.traffic = deepcopy(mark.traffic)
        self.counts = Counter(mark.counts)

    def lines(self) -> Iterator[bytes]:
        """Yield all lines so far, without line ends. Entries that are appended while reading are not included."""
        for part in self.parts():
            yield from part.lines()

    def read(self, start: int, max_bytes: int) -> bytes:
        """Return whole lines from byte `start`: up to `max_bytes`, or one longer line; empty past the end.

        To continue, add the length of the result to `start`.
        """
        text, position = b"", 0
        for part in self.parts():
            end = position + part.size
            if end > start:
                text += part.text()[max(0, start - position) :]
            if len(text) >= max_bytes:
                break
            position = end
        return _whole_lines(text, max_bytes)

    def close(self) -> None:
        """Delete the lines and the file. Those of a request that has not ended yet are not kept."""
        self._is_closed = True
        if self._file is not None:
            self._file.close()
            self._file = None
        self._lines.clear()
        self._written.clear()

    def _spill(self) -> None:
        self._redact()
        if not self._is_closed:
            self._write()
        self._lines.clear()
        self._redacted = 0
        self._kinds.clear()
        self._pending = 0

    def _write(self) -> None:
        file = self._file or tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        first, offset = self._count - len(self._lines) + 1, file.tell()
        size = file.write(b"\n".join(self._lines)) + file.write(b"\n")
        self._written.append(JournalPart(first, len(self._lines), frozenset(self._kinds), (), file, offset, size))
        self._file = file

    def _redact(self) -> None:
        """Remove the secrets from the newest lines, before anything reads or writes them."""
        newest = self._lines[self._redacted :]
        if newest and self._secrets:
            self._lines[self._redacted :] = redact_lines(newest, self._secrets)
            self._pending = sum(map(len, self._lines))
        self._redacted = len(self._lines)


def _whole_lines(text: bytes, max_bytes: int) -> bytes:
    """Return the lines that end within `max_bytes`, or else the first one; the text ends with a line end."""
    end = text.rfind(b"\n", 0, max_bytes) + 1
    return text[:end] if end else text[: text.find(b"\n") + 1]
