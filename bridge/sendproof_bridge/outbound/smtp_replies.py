"""Sessions of SMTP whose replies are bounded in size and time.

The library bounds each line only, and the time of each read: a reply of endless lines would fill the memory, and one of
a line per minute would never end.
"""

import io
import smtplib
from socket import socket

from sendproof_bridge.bounded_http import TOTAL_PER_READ, TimedReader

#: All lines of one reply. The longest ones list a few dozen extensions of at most 512 bytes (RFC 5321, 4.5.3.1.5).
MAX_REPLY_BYTES = 64 * 1024


class BoundedSession(smtplib.SMTP):
    """A session whose replies, the greeting included, end in time: else it is closed, and not connected any more."""

    file: "_ReplyFile | None"

    def getreply(self) -> tuple[int, bytes]:
        """Read one reply, of any command; `SMTPServerDisconnected` names the bound that it has exceeded."""
        # STARTTLS replaces the socket, and removes the file.
        if self.file is None and self.sock is not None:
            self.file = _ReplyFile(self.sock, self.timeout)
        if self.file is not None:
            self.file.begin_reply()
        return super().getreply()


class BoundedTlsSession(BoundedSession, smtplib.SMTP_SSL):
    """The same, over TLS from the beginning."""


class _ReplyFile:
    """The lines of replies, with what the library uses of a file."""

    def __init__(self, sock: socket, timeout: float) -> None:
        self._socket, self._timeout = sock, timeout
        self._timed = TimedReader(sock, sock.makefile("rb", buffering=0))
        self._lines = io.BufferedReader(self._timed)
        self._bytes_left = MAX_REPLY_BYTES

    def begin_reply(self) -> None:
        self._timed.restart()
        self._bytes_left = MAX_REPLY_BYTES

    def readline(self, size: int) -> bytes:
        try:
            line = self._lines.readline(size)
        except TimeoutError:
            longest = TOTAL_PER_READ * self._timeout
            raise TimeoutError(
                f"expected a whole reply within {longest:g} s, and no pause of {self._timeout:g} s"
            ) from None
        self._bytes_left -= len(line)
        if self._bytes_left < 0:
            raise OSError(f"expected a reply of at most {MAX_REPLY_BYTES:,} bytes, got more")
        # The next command has the whole time again.
        self._socket.settimeout(self._timeout)
        return line

    def close(self) -> None:
        self._lines.close()
