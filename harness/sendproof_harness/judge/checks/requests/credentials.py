"""Check that every request has a valid credential of its client."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

from sendproof_harness.history.records import History, Key, Request
from sendproof_harness.history.run_records import UnauthenticatedRequest
from sendproof_harness.history.timestamps import MINUTE, parse_instant, span, spoken
from sendproof_harness.judge.checks.requests.findings import response_finding, with_difference
from sendproof_harness.judge.facts.acknowledgement import is_success
from sendproof_harness.judge.facts.clients.key_outages import NEW_KEY_WITHIN
from sendproof_harness.judge.facts.fault_effects import is_own_response, requests_before_probes
from sendproof_harness.judge.facts.requests import CREDENTIAL_STATUSES, LOGINS, is_failed_login, request_name
from sendproof_harness.judge.findings import Blame, Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import AUTHENTICATED

_ID = "contract.credentials"

#: Equal calls with a rejected key in ten minutes. Every piece of work may try a key by itself, so their number says
#: nothing about pauses; with growing pauses, the tries of one piece stay far below this.
MAX_TRIES, TRIES_PERIOD = 20, 10 * MINUTE
#: Calls of one operation with a rejected key in that time, however they differ: the pieces of work are as many as the
#: customers at most, and a bridge that tries without a pause, such as with the current time in the body, makes more.
MAX_DIFFERING_TRIES, TRIES_PER_CUSTOMER = 200, MAX_TRIES

# documented: https://docs.xtremepush.com/docs/optimove ("only support token-based authentication" from this day on)
_LOGINS_END = parse_instant("2024-02-01T00:00:00Z")
_LOGIN_NAME = "login"
#: The service that takes a signature over the body instead of a key.
_SIGNED = "optimove-metrics"
# A request with two proofs, such as a key and an account, of which the second is not of the same client.
_FOREIGN = "foreign"
# What differs in a call with a valid key of another access type.
_NOT_PERMITTED = "may not call"

# A login is repeated after an error, but no bridge stays without a token for longer.
_RENEW_WITHIN = 10 * MINUTE


def check_credentials(history: History) -> CheckResult:
    """Find requests without a credential, with an unknown one, or with one that is no longer valid.

    When the client's admin ends a key, the bridge notices it by a rejected request, and has to try the key now and then
    until it is valid again. Until the bridge has the new key, that is correct. A login token ends without notice, so a
    rejected request is also correct if the bridge then logs in and repeats it.
    """
    requests = requests_before_probes(history)
    rejected = [request for request in requests if is_own_response(request) and _is_rejected(history, request)]
    renewed = _renewed(history, requests, rejected)
    tries = [request for request in rejected if request.n in renewed or _is_allowed_try(request, history.keys)]
    allowed = {request.n for request in tries}
    wrong = [request for request in rejected if request.n not in allowed]
    unauthenticated = history.unauthenticated_requests
    findings = [
        *(_wrong_credential(request, history) for request in wrong),
        *map(_unauthenticated, unauthenticated),
        *islice(_tries_without_pause(tries, _customers(history)), 1),
    ]
    looked_at = len(requests) + sum(not request.shared for request in unauthenticated)
    return CheckResult(looked_at=looked_at, unit="requests", findings=tuple(findings))


def _renewed(history: History, requests: Sequence[Request], rejected: Sequence[Request]) -> frozenset[int]:
    """Return the lines of rejected requests after which the bridge renewed its token and repeated the request.

    documented: a token ends 20 minutes after the last request, and a client logs in again after a 403 response
    (https://developer.optimove.com/docs/general-information)
    """
    logins = [request for request in requests if request.operation in LOGINS and is_success(request.status)]
    lines = [login.n for login in logins]
    accepted: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    for request in requests if logins else ():
        if not _is_rejected(history, request):
            accepted[request.service, request.method, request.path].append(request.n)
    renewed = set()
    for request in rejected:
        position = bisect_right(lines, request.n)
        # Without an earlier login, there was no token to renew.
        if request.credential == "missing" or not 0 < position < len(logins):
            continue
        login = logins[position]
        repeated = accepted[request.service, request.method, request.path]
        is_in_time = login.service == request.service and login.at - request.at <= _RENEW_WITHIN
        if is_in_time and repeated and repeated[-1] > login.n:
            renewed.add(request.n)
    return frozenset(renewed)


def _is_rejected(history: History, request: Request) -> bool:
    is_refused = request.status in CREDENTIAL_STATUSES or is_failed_login(history, request)
    return request.credential != "known" or is_refused


def _is_allowed_try(request: Request, keys: Sequence[Key]) -> bool:
    """Return True if the request tries a key that the admin has just ended."""
    ended = _ended_key(request, keys)
    if ended is None or request.credential == "missing":
        return False
    return ended.action != "rotated" or request.at <= (ended.valid_until or 0) + NEW_KEY_WITHIN


def _ended_key(request: Request, keys: Sequence[Key]) -> Key | None:
    """Return the key of the service that had ended last before the request, unless it was enabled again."""
    earlier = [key for key in keys if key.service == request.service and key.n < request.n]
    ended = [key for key in earlier if key.valid_until is not None and key.valid_until <= request.at]
    last = max(ended, key=lambda key: key.valid_until or 0, default=None)
    is_enabled = last is not None and any(
        key.name == last.name and key.action == "enabled" and key.at >= last.at for key in earlier
    )
    return None if is_enabled else last


def _wrong_credential(request: Request, history: History) -> Finding:
    if request.credential == "missing":
        return response_finding(_ID, request, "no credential", "the client's own credential")
    if request.credential_name == _LOGIN_NAME and request.at >= _LOGINS_END and not _accepts_logins(history):
        cause = "the login with a password, which ended on 1 February 2024; each request has an X-API-KEY instead"
        return response_finding(_ID, request, cause, "the client's API key")
    ended, cause = _ended_key(request, history.keys), "an invalid credential"
    if ended is not None and ended.valid_until is not None:
        cause = (
            f"the old key, long after it was {ended.action}: {ended.name!r} was valid until {spoken(ended.valid_until)}"
        )
    if request.credential == _FOREIGN:
        # One client's settings can only be wrong; with several clients, the bridge has mixed them up.
        blame: Blame = "bridge" if history.other_clients else "config"
        cause = with_difference("a credential of another client", request)
        return response_finding(_ID, request, cause, "the client's own credential", blame=blame)
    if request.differs and (request.service == _SIGNED or _NOT_PERMITTED in request.differs):
        # Another token is a matter of the settings, another form of the signature one of the bridge.
        is_signed = request.service == _SIGNED
        cause = with_difference("an invalid credential" if is_signed else "a call without permission", request)
        expected = "the right signature" if is_signed else "only calls that the access type of the key permits"
        return response_finding(_ID, request, cause, expected)
    header = _missing_header(request)
    if header is not None:
        return response_finding(_ID, request, f"no {header}", "each header of the client's credentials")
    return response_finding(_ID, request, cause, "the client's own credential", blame="config")


def _missing_header(request: Request) -> str | None:
    """Return the name of a header that a refused request lacks, such as the account that belongs to a key."""
    missing = (violation.where for violation in request.violations if violation.rule == "required")
    return next((where.removeprefix("header.") for where in missing if where.startswith("header.")), None)


def _accepts_logins(history: History) -> bool:
    return history.header.dialects.get("optimove.password_login") == "accepted"


def _unauthenticated_cause(request: UnauthenticatedRequest) -> str:
    return "no credential" if request.credential == "missing" else "a credential of no client"


def _unauthenticated(request: UnauthenticatedRequest) -> Finding:
    """Return the finding: a note if another bridge may have made the request."""
    name = request.operation or f"{request.method} {request.path}"
    excerpt = f": {request.response_excerpt}" if request.response_excerpt else ""
    cause = with_difference(_unauthenticated_cause(request), request)
    is_login = request.operation in LOGINS
    if is_login:
        # documented: https://developer.optimove.com/docs/authentication-guide
        cause = "a login of no client; logins ended on 1 February 2024, and each request has an X-API-KEY instead"
    shared = ", at simulators that other bridges use too" if request.shared else ""
    return Finding(
        check=_ID,
        level="note" if request.shared else "fail",
        blame="bridge" if is_login or request.credential == "missing" else "config",
        cause=f"{request.service} {name}: {cause}{shared}",
        expected="the client's own credential",
        got=f"{request.method} {request.path} got status {request.status}{excerpt}",
        where=Location(operation=f"{request.service} {name}"),
        remedy=f"send the credential from `services.{request.service}.credentials` of the handover file",
    )


def _customers(history: History) -> int:
    """Return the number of customers, which a history of an earlier version only has for each campaign."""
    customers: int = history.header.audience.get("customers", 0)
    return max([customers, *(campaign.customers for campaign in history.campaigns)])


def _tries_without_pause(tries: Sequence[Request], customers: int) -> Iterator[Finding]:
    """Yield findings about calls that the bridge keeps trying with an ended key, without a pause."""
    of_call, of_operation = _Tries(MAX_TRIES), _Tries(MAX_DIFFERING_TRIES + TRIES_PER_CUSTOMER * customers)
    cause = "a rejected key is tried without a pause"
    for request in tries:
        name = request_name(request)
        if of_call.are_too_many((name, request.method, request.path, str(request.content)), request.at):
            expected = f"at most {of_call.most} tries of a call in {span(TRIES_PERIOD)} with a rejected key"
            yield response_finding(_ID, request, cause, expected)
        elif of_operation.are_too_many((name,), request.at):
            expected = f"at most {of_operation.most} calls of an operation in {span(TRIES_PERIOD)} with a rejected key"
            yield response_finding(_ID, request, cause, expected)


class _Tries:
    """The times of tries of the same kind; at most `most` of them are expected in a period."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._times: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)

    def are_too_many(self, kind: tuple[str, ...], at: int) -> bool:
        """Add a try; return True if it is one too many."""
        times = self._times[kind]
        times.append(at)
        return len(times) > self.most and at - times[-1 - self.most] <= TRIES_PERIOD


CHECKS = (Check(id=_ID, title="Every request is authenticated", requirement=AUTHENTICATED, run=check_credentials),)
