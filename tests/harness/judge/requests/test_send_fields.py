"""The sender of a send, and its declared alphabet."""

from history_builder import START, HistoryBuilder
from sendproof_harness.history.timestamps import iso
from sendproof_harness.judge.checks.requests.send_fields import CHECKS


def found(run: HistoryBuilder, **summary: object) -> list[str]:
    """Return the causes of the findings about one send with this summary, for a client that names a sender."""
    send = {"n": 900, "at": iso(START), "kind": "request", "service": "textlocal", "operation": "bulk_json",
            "method": "POST", "path": "/bulk_json", "credential": "known", "status": 200, "violations": [],
            "summary": {"accepted": 3, "sender": "Sendproof"} | summary}  # fmt: skip
    scenario = {"n": 0, "at": iso(START), "kind": "scenario", "name": "Any", "file": "any", "sender": "Sendproof"}
    return [finding.cause for finding in run.plus(send, scenario).findings(CHECKS)]


def test_send_with_the_clients_sender_passes(correct_run):
    assert found(correct_run) == []


def test_send_with_another_sender_fails(correct_run):
    """Recipients see who writes to them."""
    assert found(correct_run, sender="TXTLCL") == ["textlocal bulk_json: another sender than the client's"]


def test_refused_send_has_no_sender(correct_run):
    assert found(correct_run, accepted=0, sender="TXTLCL") == []


def test_undeclared_unicode_texts_fail(correct_run):
    assert found(correct_run, undeclared_unicode=2) == [
        "textlocal bulk_json: texts beyond the GSM alphabet are not declared as Unicode"
    ]
