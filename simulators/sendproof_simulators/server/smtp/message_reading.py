"""The content of a message as it arrives after DATA, within bounds.

documented: the end of the content, the dots at the beginning of lines, and the length of a line (RFC 5321, 4.5.2 and
4.5.3.1.6). Only CR LF ends a line, so a lone LF hides no second message.
"""

from sendproof_simulators.core.messaging.smtp import SmtpReply

#: Bytes of the incomplete messages of all connections together.
HELD_BYTES = 32 * 1024 * 1024
_LINE_END, _END = b"\r\n", b"\r\n.\r\n"

_LONG_LINE = SmtpReply(code=500, text="5.5.2 A line is too long")
_LARGE = SmtpReply(code=552, text="5.3.4 The message is too large")
_MUCH_AT_ONCE = SmtpReply(code=452, text="4.3.1 Too much at once; try again later")


class HeldCount:
    """The number of bytes that all connections of a port hold of incomplete messages."""

    def __init__(self) -> None:
        """Hold nothing."""
        self.size = 0


class MessageReading:
    """One message as it arrives. Once it is refused, it is read to its end, but not kept.

    `rest` are the bytes after its end, and `refusal` is the reply to a message that exceeds a bound.
    """

    def __init__(self, held: HeldCount, most_bytes: int, longest_line: int) -> None:
        """Begin with nothing. `longest_line` includes the end of the line."""
        self.refusal: SmtpReply | None = None
        self.is_complete = False
        self.rest = b""
        self._held = held
        self._most_bytes = most_bytes
        self._longest_line = longest_line
        # The line end before the content, so that its first line can be the end.
        self._buffer = bytearray(_LINE_END)
        self._own = 0
        # The beginning of the first line that is not known to be short.
        self._line = len(_LINE_END)

    @property
    def content(self) -> bytes:
        """The message, without the dots that its client has added to lines; empty if it is refused."""
        return b"" if self.refusal else bytes(self._buffer[len(_LINE_END) :].replace(b"\r\n.", _LINE_END))

    def add(self, block: bytes) -> None:
        """Add what has arrived; raise `ConnectionResetError` if nothing did, as the client has gone."""
        if not block:
            raise ConnectionResetError
        searched = max(0, len(self._buffer) - len(_END))
        self._buffer += block
        end = self._buffer.find(_END, searched)
        if end >= 0:
            self.is_complete = True
            self.rest = bytes(self._buffer[end + len(_END) :])
            del self._buffer[end + len(_LINE_END) :]
        self._count()
        if self.refusal is None:
            self.refusal = self._found_refusal()
        if self.refusal is not None and not self.is_complete:
            del self._buffer[: -len(_END)]
            self._count()

    def release(self) -> None:
        """Hold nothing any more."""
        self._buffer = bytearray()
        self._count()

    def _count(self) -> None:
        self._held.size += len(self._buffer) - self._own
        self._own = len(self._buffer)

    def _found_refusal(self) -> SmtpReply | None:
        if self._own - len(_LINE_END) > self._most_bytes:
            return _LARGE
        if self._held.size > HELD_BYTES:
            return _MUCH_AT_ONCE
        return _LONG_LINE if self._has_long_line() else None

    def _has_long_line(self) -> bool:
        lines = self._buffer[self._line :].split(_LINE_END)
        self._line = self._own - len(lines[-1])
        return max(map(len, lines)) + len(_LINE_END) > self._longest_line
