"""Credentials in the bridge's log and responses, and in addresses."""

from history_builder import START, HistoryBuilder, Line
from sendproof_harness.history.timestamps import iso
from sendproof_harness.judge.checks.requests.secrets import CHECKS, check_secrets


def causes(run: HistoryBuilder) -> list[str]:
    return [finding.cause for finding in run.findings(CHECKS)]


def bridge_log(*leaks: Line) -> Line:
    return {"n": 0, "at": iso(START), "real": 0.0, "kind": "bridge_log", "leaks": list(leaks)}


def get(service: str) -> Line:
    """Return a request with its credential in the query."""
    return {"n": 900, "at": iso(START), "kind": "request", "service": service, "operation": "Any", "method": "GET",
            "path": "/any", "credential": "known", "credential_name": "api_key", "status": 200, "violations": [],
            "credential_in_query": True}  # fmt: skip


def test_log_without_credentials_passes(correct_run):
    assert causes(correct_run.plus(bridge_log())) == []


def test_credential_in_the_log_fails(correct_run):
    leak: Line = {"service": "optimove", "name": "api_key", "count": 7, "line": 12}
    (finding,) = correct_run.plus(bridge_log(leak)).findings(CHECKS)

    assert finding.cause == "the api_key of optimove is in the bridge's log"
    assert finding.got == "7 lines with it; the first is line 12 of bridge.log"


def test_log_without_its_middle_is_noted(correct_run):
    """Nothing is wrong with a long log, but a credential in the middle is not seen."""
    history = correct_run.plus(bridge_log() | {"cut": True}).history()
    (finding,) = check_secrets(history).findings

    assert (finding.level, finding.cause) == ("note", "the bridge's log is too long to be kept")


def probe(*shown: str) -> Line:
    """Return an invalid event whose response has these credentials."""
    return {"n": 901, "at": iso(START), "kind": "probe", "url": "http://127.0.0.1:9000/events", "event": 13,
            "what": "invalid JSON", "expects": "answered", "method": "POST", "sent": "{", "within_s": 10.0,
            "status": 400, "shows": list(shown)}  # fmt: skip


def test_response_without_credentials_passes(correct_run):
    assert causes(correct_run.plus(probe())) == []


def test_credential_in_a_response_fails(correct_run):
    """A page for developers prints the settings of the program to everyone who makes it fail."""
    (finding,) = correct_run.plus(probe("api_key of optimove")).findings(CHECKS)

    assert finding.cause == "the api_key of optimove is in a response of the bridge"
    assert finding.got == "status 400 for invalid JSON, with the credential in the body"


def test_credential_in_an_address_fails_unless_documented(correct_run):
    """Textlocal documents GET with all parameters."""
    assert causes(correct_run.plus(get("textlocal"))) == []
    assert causes(correct_run.plus(get("optimove"))) == ["optimove Any: the api_key is in the address"]


def test_credential_of_another_company_fails(correct_run):
    """A client of all services with one set of headers shows Optimove's key to the provider."""
    request = get("textlocal") | {"stray_credential": "api_key of optimove"}
    (finding,) = correct_run.plus(request).findings(CHECKS)

    assert finding.cause == "the api_key of optimove was sent to textlocal"
    assert finding.got == "textlocal Any with the api_key of optimove in a header"


def test_place_of_a_credential_of_another_company_is_named(correct_run):
    shown = {"stray_credential": "api_key of optimove", "stray_place": "form"}
    (finding,) = correct_run.plus(get("textlocal") | shown).findings(CHECKS)

    assert finding.got == "textlocal Any with the api_key of optimove in the form"
