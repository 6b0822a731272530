"""The complete record of a sandbox: events in the order they happened, a line of JSON each.

Lines gather in memory and go to a file in blocks, so that a sandbox of a million recipients costs
the memory of one block. A journal never drops a line: what a judge reads must be whole.
"""

import io
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

import msgspec

from sendproof_simulators.core.clock.wall_clock import Instant, WallClock, iso

# One write of this size costs about 0.1 ms; smaller blocks would only add system calls.
BLOCK_BYTES = 256 * 1024

_encode = msgspec.json.Encoder().encode


class Journal:
    """Append events, count them by kind, read them back. The file is gone when the journal is closed."""

    def __init__(self, wall: WallClock) -> None:
        self.counts: Counter[str] = Counter()
        self._wall = wall
        self._lines: list[bytes] = []
        self._count = 0
        self._pending = 0
        self._file: IO[bytes] | None = None
        self._stamp: tuple[Instant, str] = (-1, "")

    def append(self, at: Instant, kind: str, fields: Mapping[str, object]) -> int:
        """Record one event of the given instant; answers its number."""
        self.counts[kind] += 1
        self._count += 1
        line = _encode(
            {
                "n": self._count,
                "at": self._text(at),
                "real": round(self._wall.time(), 3),
                "kind": kind,
                **fields,
            }
        )
        self._lines.append(line)
        self._pending += len(line)
        if self._pending > BLOCK_BYTES:
            self._spill()
        return self._count

    @property
    def file(self) -> Path | None:
        """Where the spilled lines are, if any have been."""
        return None if self._file is None else Path(self._file.name)

    def lines(self) -> Iterator[bytes]:
        """Every line so far, without line ends. Events appended while reading are not seen."""
        rest = list(self._lines)
        if self._file is not None:
            self._file.flush()
            with Path(self._file.name).open("rb") as spilled:
                size = self._file.tell()
                while spilled.tell() < size:
                    yield spilled.readline().rstrip(b"\n")
        yield from rest

    def read(self, start: int, most: int) -> bytes:
        """Whole lines from the byte `start` on, `most` bytes of them or a single longer one; empty past the end.

        Who reads on adds up the lengths of what came.
        """
        written = 0
        if self._file is not None:
            self._file.flush()
            written = self._file.tell()
            if start < written:
                with Path(self._file.name).open("rb") as spilled:
                    spilled.seek(start)
                    return _whole(spilled.read(most), spilled.readline)
        pending = b"".join(line + b"\n" for line in self._lines)
        rest = io.BytesIO(pending[max(0, start - written) :])
        return _whole(rest.read(most), rest.readline)

    def close(self) -> None:
        """Forget everything."""
        if self._file is not None:
            self._file.close()
            Path(self._file.name).unlink(missing_ok=True)
            self._file = None
        self._lines.clear()

    def _spill(self) -> None:
        file = self._file or tempfile.NamedTemporaryFile(prefix="sendproof-journal-", delete=False)  # noqa: SIM115 - closed by close()
        file.write(b"\n".join(self._lines) + b"\n")
        self._file = file
        self._lines.clear()
        self._pending = 0

    def _text(self, at: Instant) -> str:
        if self._stamp[0] != at:
            self._stamp = (at, iso(at))
        return self._stamp[1]


def _whole(text: bytes, more: Callable[[], bytes]) -> bytes:
    """Up to the last line that has ended; of one that goes on beyond all of it, the rest, too."""
    end = text.rfind(b"\n") + 1
    return text[:end] if end else text + more()
