"""Lines of the log that quote what services sent."""

import json
import logging
import sys

import pytest

from sendproof_bridge.config import secrets
from sendproof_bridge.log_format import JsonFormatter, PlainFormatter, logged_job
from small_bridge import bridge_config


def log_record(message, *arguments, exc_info=None):
    return logging.LogRecord("jobs", logging.WARNING, "jobs.py", 1, message, arguments, exc_info)


def test_quoted_text_stays_on_its_line_and_is_not_obeyed():
    """A forged line would be read as one of the bridge."""
    line = PlainFormatter().format(log_record("refused: %s", "\x1b[31mno\n2026-03-02 INFO all is well\r\x9bZoë"))

    assert line.endswith(" jobs: refused: \\u001b[31mno\\u000a2026-03-02 INFO all is well\\u000d\\u009bZoë")


def failed_record(message, error_text):
    """Return a record with the trace of an error."""

    def fail():
        raise ValueError(error_text)

    try:
        fail()
    except ValueError:
        return log_record(message, exc_info=sys.exc_info())


def test_trace_keeps_its_lines():
    lines = PlainFormatter().format(failed_record("failed", "\x1b[31mno")).splitlines()

    assert (lines[1], lines[-1]) == ("Traceback (most recent call last):", "ValueError: \\u001b[31mno")


def test_json_line_of_a_job_has_its_subject_as_fields():
    with logged_job(
        "send_batch:acme:b1", {"client": "acme", "channel": 505, "campaign": "7001", "batch": "b1", "x": 1}
    ):
        line = json.loads(JsonFormatter().format(log_record("3 accepted")))
    after = json.loads(JsonFormatter().format(log_record("3 accepted")))

    expected = {"client": "acme", "channel": 505, "campaign": "7001", "batch": "b1", "job": "send_batch:acme:b1"}
    assert {name: line[name] for name in line.keys() - after.keys()} == expected
    assert (after["message"], after["level"], after["at"][-6:]) == ("3 accepted", "WARNING", "+00:00")


@pytest.mark.parametrize("formatter", [PlainFormatter, JsonFormatter])
def test_secret_in_a_message_or_a_trace_is_masked(formatter):
    """An error of a library can quote a URL with a token."""
    line = formatter({"a-token", "token"}).format(failed_record("key a-token", "/webhooks/a-token"))

    assert ("token" in line, "***" in line) == (False, True)


def test_secrets_of_the_settings_are_found_in_every_section(tmp_path):
    found = secrets(bridge_config(tmp_path, "http://127.0.0.1:9"))

    assert found == {"a-textlocal-key", "an-optimove-key", "a-token-for-tests"}
