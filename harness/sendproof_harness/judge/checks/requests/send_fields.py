"""Check the fields of a send that belong to all of its messages: the sender, and the declared alphabet.

Only the providers with such fields put them into the journal. A send without a sender has the default sender of the
account, or that of the provider's campaign.
"""

from collections.abc import Iterator, Mapping, Sequence

from sendproof_harness.history.records import History, Request
from sendproof_harness.judge.facts.fault_effects import is_send
from sendproof_harness.judge.facts.requests import request_name
from sendproof_harness.judge.facts.wishes import NO_SENDER, wanted_sender
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import SEND_FIELDS_RIGHT
from sendproof_harness.providers import provider

_ID = "delivery.send_fields"


def check_send_fields(history: History) -> CheckResult:
    """Find sends with another sender than the client's, and undeclared texts beyond the GSM alphabet."""
    sends = _sends(history)
    sender = wanted_sender(history)
    findings = [finding for send in sends for finding in _findings(send, sender)]
    return CheckResult(looked_at=len(sends), unit="sends", findings=tuple(findings))


def _sends(history: History) -> Sequence[Request]:
    """Return the sends that name their sender, and had at least one message or target accepted."""
    return [
        request
        for request in history.requests
        if request.summary and "sender" in request.summary and _is_accepted(request.summary) and is_send(request)
    ]


def _is_accepted(summary: Mapping[str, object]) -> bool:
    return bool(summary.get("accepted") or summary.get("targets"))


def _expected_senders(send: Request, wanted: str | None) -> Mapping[str, str]:
    """Return the senders that the send may have, each with its origin in words; empty if the history says nothing.

    A provider with templates that name the sender may keep that, because the documents leave open how the client's
    reaches it.
    """
    default, record = (send.summary or {}).get("default_sender"), provider(send.service)
    if wanted is None:
        return {}
    senders = {} if wanted == NO_SENDER else {wanted: "as in the handover"}
    if default is not None and (wanted == NO_SENDER or not record.bridge_has_sender):
        origin = "the default sender of the account" if record.bridge_has_sender else "as in the provider's template"
        senders.setdefault(default, origin)
    return senders


def _findings(send: Request, wanted: str | None) -> Iterator[Finding]:
    summary = send.summary or {}
    senders = _expected_senders(send, wanted)
    if senders and summary["sender"] not in senders:
        is_left_out = wanted != NO_SENDER and summary["sender"] == summary.get("default_sender")
        hint = ": the account's default, because the client's is not used" if is_left_out else ""
        expected = "sender " + " or ".join(f"{name!r}, {origin}" for name, origin in senders.items())
        yield _finding(send, f"another sender than the client's{hint}", expected, f"sender {summary['sender']!r}")
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
