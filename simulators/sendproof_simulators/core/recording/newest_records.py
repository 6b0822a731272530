"""The newest records of a kind, for people who look at what happened last. Their number and size are bounded."""

from collections import deque
from collections.abc import Iterator, Mapping

import msgspec

#: Bounds of one list: records, and bytes of them as JSON. As objects they would need up to eight times as much.
RECORDS_MAX, KEPT_BYTES_MAX = 1_000, 1024 * 1024

_encode = msgspec.json.Encoder().encode


class NewestRecords:
    """The fields of each record, the oldest first. `count` is the number of all, also of dropped ones."""

    def __init__(self) -> None:
        """Start without records."""
        self.count = 0
        self._lines: deque[bytes] = deque()
        self._bytes = 0

    def __iter__(self) -> Iterator[Mapping[str, object]]:
        return map(msgspec.json.decode, self._lines)

    def add(self, fields: Mapping[str, object]) -> None:
        """Keep a record, and drop the oldest ones beyond the bounds."""
        line = _encode(fields)
        self.count += 1
        self._lines.append(line)
        self._bytes += len(line)
        while self._bytes > KEPT_BYTES_MAX or len(self._lines) > RECORDS_MAX:
            self._bytes -= len(self._lines.popleft())
