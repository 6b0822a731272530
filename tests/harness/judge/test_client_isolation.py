"""Requests that use the key of another client."""

from history_builder import FIRST_SEND, HistoryBuilder, Line, iso
from sendproof_harness.judge.checks.requests.client_isolation import CHECKS

OTHER_CLIENT: Line = {
    "n": 0,
    "at": iso(FIRST_SEND),
    "real": 0.0,
    "kind": "other_client",
    "client": "south",
    "templates": [91],
}


def report(template: int) -> Line:
    """Return one total, reported in this client's sandbox."""
    item = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": template, "MetricID": 0, "MetricValue": 4}
    return {"n": 9_001, "at": iso(FIRST_SEND), "real": 0.0, "kind": "metrics", "channel": 505, "items": [item]}


def request_line(operation: str) -> Line:
    """Return the request that carried the report."""
    return {"n": 9_000, "at": iso(FIRST_SEND), "real": 0.0, "kind": "request", "service": "optimove",
            "operation": operation, "method": "POST", "path": "/x", "credential": "known", "credential_name": "api_key",
            "status": 200, "violations": []}  # fmt: skip


def found(run: HistoryBuilder) -> list[tuple[str, str, str]]:
    """Return cause, expected and got of each finding."""
    return [(finding.cause, finding.expected, finding.got) for finding in run.findings(CHECKS)]


def test_own_templates_pass(correct_run):
    """The check does not apply to a bridge with a single client."""
    assert found(correct_run.plus(OTHER_CLIENT)) == []
    assert [
        check.applies(run.history()) for check in CHECKS for run in (correct_run, correct_run.plus(OTHER_CLIENT))
    ] == [
        False,
        True,
    ]


def test_report_about_template_of_other_client_fails(correct_run):
    """Only the other client has template 91, so the report is about its campaign."""
    run = correct_run.plus(OTHER_CLIENT, request_line("UpdateCampaignMetrics"), report(91))

    assert found(run) == [
        ("UpdateCampaignMetrics: one client's key was used for another client",
         "the key of 'south', the only client with this template",
         "the api_key of the client of this history")
    ]  # fmt: skip


def test_template_listed_for_wrong_client_fails(correct_run):
    listed = {"n": 9_001, "at": iso(FIRST_SEND), "real": 0.0, "kind": "channel_templates", "channel": 505,
              "action": "added", "templates": [{"id": 91, "name": "News"}]}  # fmt: skip
    run = correct_run.plus(OTHER_CLIENT, request_line("AddChannelTemplates"), listed)

    assert [cause for cause, *_ in found(run)] == ["AddChannelTemplates: one client's key was used for another client"]


def test_templates_of_both_clients_are_ignored(correct_run):
    """Two accounts may have the same template ids."""
    both = OTHER_CLIENT | {"templates": [11, 12, 13]}

    assert found(correct_run.plus(both)) == []


def test_unknown_template_is_ignored(correct_run):
    """Another check reports wrong ids."""
    assert found(correct_run.plus(OTHER_CLIENT, report(92))) == []
