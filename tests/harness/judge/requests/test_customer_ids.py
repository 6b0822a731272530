"""Sends to a provider that knows the customers by their ids."""

import pytest

from history_builder import START, HistoryBuilder
from sendproof_harness.history.timestamps import iso
from sendproof_harness.judge.checks.requests.customer_ids import CHECKS


@pytest.fixture
def run(correct_run: HistoryBuilder) -> HistoryBuilder:
    """Return a run with a channel of customer ids."""
    return correct_run.change("history", lambda line: with_channels(line, recipients="customer_ids"))


def with_channels(line: dict[str, object], **fields: object) -> dict[str, object]:
    return line | {"channels": [channel | fields for channel in line["channels"]]}


def causes(run: HistoryBuilder, **summary: object) -> list[str]:
    """Return the causes of the findings about one send with this summary."""
    send = {"n": 900, "at": iso(START), "kind": "request", "service": "textlocal", "operation": "send",
            "method": "POST", "path": "/send", "credential": "known", "status": 200, "violations": [],
            "summary": {"accepted": 3} | summary}  # fmt: skip
    return [finding.cause for finding in run.without("request").plus(send).findings(CHECKS)]


def test_template_for_a_group_passes(run):
    assert causes(run, template_id=11, group_id=100) == []


def test_own_text_fails(run):
    """The customer would miss the translation, and the provider's records would not count."""
    assert causes(run) == [
        "textlocal send: the bridge's own text instead of a template for a group of customer ids",
    ]


def test_refused_send_is_not_judged(run):
    assert causes(run, accepted=0) == []


def test_channel_of_numbers_is_not_judged(correct_run):
    assert causes(correct_run) == []
