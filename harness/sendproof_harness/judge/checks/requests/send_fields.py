"""Check the fields of a send that belong to all of its messages: the sender, and the declared alphabet.

Only the providers with such fields put them into the journal.
"""

from collections.abc import Iterator, Sequence

from sendproof_harness.history.records import History, Request
from sendproof_harness.judge.facts.fault_effects import is_send
from sendproof_harness.judge.facts.requests import request_name
from sendproof_harness.judge.facts.wishes import wanted_sender
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import SEND_FIELDS_RIGHT

_ID = "delivery.send_fields"


def check_send_fields(history: History) -> CheckResult:
    """Find sends with another sender than the client's, and undeclared texts beyond the GSM alphabet."""
    sends = _sends(history)
    sender = wanted_sender(history)
    findings = [finding for send in sends for finding in _findings(send, sender)]
    return CheckResult(looked_at=len(sends), unit="sends", findings=tuple(findings))


def _sends(history: History) -> Sequence[Request]:
    """Return the sends that name their sender, and had at least one message accepted."""
    return [
        request
        for request in history.requests
        if request.summary and request.summary.get("accepted") and "sender" in request.summary and is_send(request)
    ]


def _findings(send: Request, wanted: str | None) -> Iterator[Finding]:
    summary = send.summary or {}
    if wanted is not None and summary["sender"] != wanted:
        got = f"sender {summary['sender']!r}"
        yield _finding(send, "another sender than the client's", f"sender {wanted!r}, as in the handover", got)
    if undeclared := summary.get("undeclared_unicode"):
        cause = "texts beyond the GSM alphabet are not declared as Unicode"
        expected = "unicode true; without it, the provider may replace characters"
        yield _finding(send, cause, expected, f"{undeclared} such texts in a call without unicode")


def _finding(send: Request, cause: str, expected: str, got: str) -> Finding:
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"{request_name(send)}: {cause}",
        expected=expected,
        got=got,
        where=Location(request=send.n),
        at=send.at,
    )


CHECKS = (
    Check(
        id=_ID,
        title="Sends name the client's sender and alphabet",
        requirement=SEND_FIELDS_RIGHT,
        run=check_send_fields,
        applies=lambda history: bool(_sends(history)),
        scope="runs with a send that names its sender",
    ),
)
