"""Lines of the log that quote what services sent."""

import logging
import sys

from sendproof_bridge.log_format import PlainFormatter


def log_record(message, *arguments, exc_info=None):
    return logging.LogRecord("jobs", logging.WARNING, "jobs.py", 1, message, arguments, exc_info)


def test_quoted_text_stays_on_its_line_and_is_not_obeyed():
    """A forged line would be read as one of the bridge."""
    line = PlainFormatter().format(log_record("refused: %s", "\x1b[31mno\n2026-03-02 INFO all is well\r\x9bZoë"))

    assert line.endswith(" jobs: refused: \\u001b[31mno\\u000a2026-03-02 INFO all is well\\u000d\\u009bZoë")


def test_trace_keeps_its_lines():
    def fail():
        raise ValueError("\x1b[31mno")

    try:
        fail()
    except ValueError:
        lines = PlainFormatter().format(log_record("failed", exc_info=sys.exc_info())).splitlines()

    assert (lines[1], lines[-1]) == ("Traceback (most recent call last):", "ValueError: \\u001b[31mno")
