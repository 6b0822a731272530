"""Check that the credentials of a client stay secret: in the bridge's log, its responses, and its other requests."""

from sendproof_harness.history.parts import LeakedSecret
from sendproof_harness.history.records import History, Request
from sendproof_harness.history.run_records import Probe
from sendproof_harness.judge.facts.requests import request_name
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import SECRETS_KEPT
from sendproof_harness.providers import provider

_ID = "run.secrets"


def check_secrets(history: History) -> CheckResult:
    """Find credentials in the bridge's log and responses, in the query of requests, and in requests to others.

    Some services document a credential in the query.
    """
    exposed = [request for request in history.requests if _is_exposed(request)]
    findings = [
        *(_leaked(leak) for log in history.bridge_logs for leak in log.leaks),
        *(_in_response(probe, shown) for probe in history.probes for shown in probe.shows),
        *map(_in_address, exposed),
        *(_shown(request, request.stray_credential) for request in history.requests if request.stray_credential),
        *(_CUT_LOG for log in history.bridge_logs if log.cut),
    ]
    looked_at = len(history.requests) + len(history.bridge_logs) + len(history.probes)
    return CheckResult(looked_at=looked_at, unit="places", findings=tuple(findings))


_CUT_LOG = Finding(
    check=_ID,
    level="note",
    blame="bridge",
    cause="the bridge's log is too long to be kept",
    expected="a log of at most 32 MB",
    got="only the first and the last 16 MB of bridge.log were searched for credentials",
)


def _is_exposed(request: Request) -> bool:
    return request.credential_in_query and not provider(request.service).documents_credential_in_query


def _leaked(leak: LeakedSecret) -> Finding:
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"the {leak.name} of {leak.service} is in the bridge's log",
        expected="a log without credentials",
        got=f"{leak.count:,} lines with it; the first is line {leak.line:,} of bridge.log",
    )


def _in_response(probe: Probe, credential: str) -> Finding:
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"the {credential} is in a response of the bridge",
        expected="responses without credentials: anyone can make a request that fails",
        got=f"status {probe.status} for {probe.what}, with the credential in the body",
        where=Location(listener=probe.url),
        at=probe.at,
    )


def _in_address(request: Request) -> Finding:
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"{request_name(request)}: the {request.credential_name or 'credential'} is in the address",
        expected="the credential in the documented place only; servers on the way log addresses",
        got=f"{request.method} {request.path} with the credential in its query",
        where=Location(request=request.n),
        at=request.at,
    )


def _shown(request: Request, credential: str) -> Finding:
    place = request.stray_place
    article = "a" if place == "header" else "the"
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"the {credential} was sent to {request.service}",
        expected=f"only the credentials of {request.service} in a request to it",
        got=f"{request_name(request)} with the {credential} in {article} {place}",
        where=Location(request=request.n),
        at=request.at,
    )


CHECKS = (Check(id=_ID, title="Credentials stay secret", requirement=SECRETS_KEPT, run=check_secrets),)
