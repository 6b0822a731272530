"""Check the reaction to a 429 response: the bridge must send the request again, and not too soon."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sendproof_harness.history.records import History, Request
from sendproof_harness.history.timestamps import HOUR, span, spoken
from sendproof_harness.judge.facts.fault_effects import requests_before_probes, retry_delay
from sendproof_harness.judge.facts.requests import STATUS_TOO_MANY_REQUESTS, request_name
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import RETRY_AFTER_RESPECTED

_ID = "contract.retry_after"

# A bridge that intends to retry has done so by then, with any usual waiting time.
_RETRY_WITHIN = 2 * HOUR
# Requests that were already on their way arrive at the same instant; no bridge has so many of one kind on their way.
_MAX_AT_ONCE = 20

_LOGINS = frozenset({"Login", "LoginByQuery"})

_Address = tuple[str, str, str]


def check_retry_after(history: History) -> CheckResult:
    """Find 429 responses, by a limit or by a fault, that the bridge ignored."""
    entries = {entry.id: entry for entry in history.header.faults}
    by_address = _by_address(history.requests)
    limited = [request for request in requests_before_probes(history) if _is_limited(request)]
    findings = [
        finding
        for request in limited
        for finding in _judge(
            history,
            request,
            by_address[_address(request)],
            retry_delay(entries.get(request.fault.id) if request.fault else None),
        )
    ]
    return CheckResult(looked_at=len(limited), unit="calls", findings=tuple(findings))


def _is_limited(request: Request) -> bool:
    """Return True for a 429 response to anything but a login.

    A login while the token is still valid also gets a 429 response, and need not be repeated.
    documented: https://github.com/optimove-tech/Optimove-APIs (sandbox guide)
    """
    return request.status == STATUS_TOO_MANY_REQUESTS and request.operation not in _LOGINS


def _by_address(requests: Sequence[Request]) -> Mapping[_Address, Sequence[Request]]:
    grouped: defaultdict[_Address, list[Request]] = defaultdict(list)
    for request in requests:
        grouped[_address(request)].append(request)
    return grouped


def _address(request: Request) -> _Address:
    """Return service, method and path; a request that is rejected early has no operation, but it has a path."""
    return request.service, request.method, request.path


def _judge(history: History, limited: Request, same_address: Sequence[Request], delay: int) -> Iterator[Finding]:
    later = [request for request in same_address if request.n > limited.n]
    if not later and limited.at + _RETRY_WITHIN <= history.header.ended:
        yield _ignored(limited, "the request was never retried", "the same request, later", "no such request")
    at_once = sum(request.at == limited.at for request in later)
    if at_once > _MAX_AT_ONCE:
        yield _ignored(limited, "retried at once", "a pause", f"{at_once:,} more requests at the same instant")
    early = next((request for request in later if limited.at < request.at < limited.at + delay), None)
    if early is not None and not _may_be_other_work(history, limited, early, same_address):
        expected = f"no request for {span(delay)}, as Retry-After requires"
        got = f"retried {span(early.at - limited.at)} later"
        yield _ignored(limited, "retried too early", expected, got)


def _may_be_other_work(history: History, limited: Request, early: Request, same_address: Sequence[Request]) -> bool:
    """Return True if the early request may be no retry: another one had to be retried, or new work was due by then."""
    if any(request.fault is not None and request.n != limited.n and request.n < early.n for request in same_address):
        return True
    announced = (campaign.announced_at for campaign in history.campaigns)
    due = (split.send_at for campaign in history.campaigns for split in campaign.splits)
    triggered = (trigger.at for trigger in history.triggers)
    return any(at is not None and limited.at < at <= early.at for at in (*announced, *due, *triggered))


def _ignored(limited: Request, how: str, expected: str, got: str) -> Finding:
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"429 ignored: {request_name(limited)}: {how}",
        expected=expected,
        got=f"{got}, after the 429 at {spoken(limited.at)}",
        where=Location(request=limited.n),
        at=limited.at,
    )


CHECKS = (
    Check(
        id=_ID,
        title="429 responses are retried after the delay",
        requirement=RETRY_AFTER_RESPECTED,
        run=check_retry_after,
        applies=lambda history: any(map(_is_limited, history.requests)),
        scope="runs with a 429 response",
    ),
)
