r"""Log lines. They quote services, which can send anything: a character that a terminal obeys appears as `\u001b`."""

import logging
import re

_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class PlainFormatter(logging.Formatter):
    """One line for each message, which no message can forge, and the trace of an error below it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  as in the base class
        """Return the line with its time."""
        return super().formatMessage(record).replace("\n", "\\u000a")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line and the trace."""
        return _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", super().format(record))
