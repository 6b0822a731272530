r"""Log lines, as text or as JSON objects.

They quote services, which can send anything: in text, a character that a terminal obeys appears as `\u001b`. A secret
of the settings appears as `***`, whatever quotes it.
"""

import json
import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType

_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_MASK = "***"

# Members of a job's payload that its log lines have as fields.
_SUBJECT = ("client", "channel", "campaign", "batch")

_fields: ContextVar[Mapping[str, object]] = ContextVar("log_fields", default=MappingProxyType({}))


def one_line(text: str) -> str:
    """Return the text with escapes for everything that a terminal would obey, line ends included."""
    return _escaped(text).replace("\n", "\\u000a")


def _escaped(text: str) -> str:
    return _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


@contextmanager
def logged_job(id_: str, payload: Mapping[str, object]) -> Iterator[None]:
    """Add the job and what it is about to the JSON lines that this thread logs meanwhile."""
    subject = {name: payload[name] for name in _SUBJECT if name in payload}
    token = _fields.set({**subject, "job": id_})
    try:
        yield
    finally:
        _fields.reset(token)


def masking(secrets: Collection[str]) -> Callable[[str], str]:
    """Return a function that replaces secrets in a text."""
    if not secrets:
        return str
    # The longest first: one secret may be part of another.
    longest_first = sorted(secrets, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    return lambda text: pattern.sub(_MASK, text)


class _MaskingFormatter(logging.Formatter):
    def __init__(self, secrets: Collection[str], line: str | None = None) -> None:
        super().__init__(line)
        self.masked = masking(secrets)


class PlainFormatter(_MaskingFormatter):
    """One line for each message, which no message can forge, and the trace of an error below it."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__(secrets, "%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  as in the base class
        """Return the line with its time."""
        return super().formatMessage(record).replace("\n", "\\u000a")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line and the trace."""
        return _escaped(self.masked(super().format(record)))


class JsonFormatter(_MaskingFormatter):
    """One JSON object on each line, with client, channel, campaign, batch and job where a job logs it."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """Return the object, with the trace of an error as `error`."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": self.masked(record.getMessage()),
            **_fields.get(),
        }
        if record.exc_info:
            line["error"] = self.masked(self.formatException(record.exc_info))
        return json.dumps(line)
