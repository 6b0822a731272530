"""Calls for one client that show another client's key."""

from history_builder import FIRST_SEND, HistoryBuilder, Line, iso
from sendproof_harness.judge.checks.client_isolation import CHECKS

NEIGHBOUR: Line = {
    "n": 0,
    "at": iso(FIRST_SEND),
    "real": 0.0,
    "kind": "other_client",
    "client": "south",
    "templates": [91],
}


def report(template: int) -> Line:
    """One total, in this client's sandbox."""
    item = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": template, "MetricID": 0, "MetricValue": 4}
    return {"n": 9_001, "at": iso(FIRST_SEND), "real": 0.0, "kind": "metrics", "channel": 505, "items": [item]}


def request_line(operation: str) -> Line:
    """The call that the report came with."""
    return {"n": 9_000, "at": iso(FIRST_SEND), "real": 0.0, "kind": "request", "service": "optimove",
            "operation": operation, "method": "POST", "path": "/x", "credential": "known", "credential_name": "api_key",
            "status": 200, "violations": []}  # fmt: skip


def found(run: HistoryBuilder) -> list[tuple[str, str, str]]:
    """What was found, in short."""
    return [(some.cause, some.expected, some.got) for some in run.findings(CHECKS)]


def test_sound(correct_run):
    """Whatever is said is of this client's own templates; a bridge of one client is not asked."""
    assert found(correct_run.plus(NEIGHBOUR)) == []
    assert [check.applies(run.history()) for check in CHECKS for run in (correct_run, correct_run.plus(NEIGHBOUR))] == [
        False,
        True,
    ]


def test_a_report_with_the_key_of_another_client(correct_run):
    """Only the other client has template 91, so the report is about that one's campaign."""
    run = correct_run.plus(NEIGHBOUR, request_line("UpdateCampaignMetrics"), report(91))

    assert found(run) == [
        ("UpdateCampaignMetrics: one client's key was used for another client",
         "the key of 'south', the only client with this template",
         "the api_key of the client of this history")
    ]  # fmt: skip


def test_templates_with_the_key_of_another_client(correct_run):
    """A template was listed in the wrong client's channel."""
    listed = {"n": 9_001, "at": iso(FIRST_SEND), "real": 0.0, "kind": "channel_templates", "channel": 505,
              "action": "added", "templates": [{"id": 91, "name": "News"}]}  # fmt: skip
    run = correct_run.plus(NEIGHBOUR, request_line("AddChannelTemplates"), listed)

    assert [cause for cause, *_ in found(run)] == ["AddChannelTemplates: one client's key was used for another client"]


def test_what_both_have_says_nothing(correct_run):
    """Two accounts may number their templates alike."""
    both = NEIGHBOUR | {"templates": [11, 12, 13]}

    assert found(correct_run.plus(both)) == []


def test_what_nobody_has_says_nothing_of_clients(correct_run):
    """An id that is simply wrong is the business of another check."""
    assert found(correct_run.plus(NEIGHBOUR, report(92))) == []
