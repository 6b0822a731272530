"""Check the reaction to a 429 response: the bridge must send the request again, and not too soon."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sendproof_harness.history.records import History, Request
from sendproof_harness.history.timestamps import SECOND, span, spoken
from sendproof_harness.judge.checks.requests.ended_purposes import has_ended, retry_by
from sendproof_harness.judge.checks.requests.repeated_calls import is_of_one_work, max_at_once
from sendproof_harness.judge.facts.acknowledgement import is_acknowledged
from sendproof_harness.judge.facts.fault_effects import (
    demanded_delay,
    is_own_response,
    message_of_webhook,
    outages,
    requests_before_probes,
)
from sendproof_harness.judge.facts.observation import pause, rate_at_work, times_are_meaningful
from sendproof_harness.judge.facts.requests import LOGINS, STATUS_TOO_MANY_REQUESTS, request_name
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location, cached_per_history
from sendproof_harness.judge.requirements import RETRY_AFTER_RESPECTED

_ID = "contract.retry_after"

# A request that was sent before the 429 response arrived; if time stands still, it arrives at the same instant.
_ON_THE_WAY = 1 * SECOND

_Address = tuple[str, str, str]


def check_retry_after(history: History) -> CheckResult:
    """Find 429 responses, by a limit or by a fault, that the bridge ignored.

    A fault limits one call: only the same call, with equal query and body, must wait. A service's own limit is one for
    the key, so every call with this key must wait.
    """
    by_address = _by_address(history.requests)
    limited = [request for request in requests_before_probes(history) if _is_limited(request)]
    findings = [finding for request in limited for finding in _judge(history, request, by_address[_address(request)])]
    return CheckResult(looked_at=len(limited), unit="calls", findings=tuple(findings))


def _is_limited(request: Request) -> bool:
    """Return True for a 429 response to anything but a login.

    A login while the token is still valid also gets a 429 response, and need not be repeated.
    documented: https://github.com/optimove-tech/Optimove-APIs (sandbox guide)
    """
    return request.status == STATUS_TOO_MANY_REQUESTS and request.operation not in LOGINS


def _by_address(requests: Sequence[Request]) -> Mapping[_Address, Sequence[Request]]:
    grouped: defaultdict[_Address, list[Request]] = defaultdict(list)
    for request in requests:
        grouped[_address(request)].append(request)
    return grouped


def _address(request: Request) -> _Address:
    """Return service, method and path; a request that is rejected early has no operation, but it has a path."""
    return request.service, request.method, request.path


def _judge(history: History, limited: Request, same_address: Sequence[Request]) -> Iterator[Finding]:
    # A retry may have another content: totals change, for example.
    later = [request for request in same_address if request.n > limited.n]
    is_over = retry_by(history, limited) <= history.header.ended
    if not later and is_over and not (_was_told_meanwhile(history, limited) or has_ended(history, limited)):
        yield _ignored(limited, "the request was never retried", "the same request, later", "no such request")
    delay = demanded_delay(history, limited)
    if not delay:
        # The bridge chooses the pause itself, as after any failed call: R606.
        return
    same_call = [request for request in later if request.content == limited.content]
    at_once = sum(request.at == limited.at for request in same_call)
    if at_once > max_at_once(limited):
        yield _ignored(limited, "retried at once", "a pause", f"{at_once:,} more requests at the same instant")
    if is_own_response(limited):
        yield from _within_key_limit(history, limited, delay)
        return
    early = next((request for request in same_call if _is_early(history, limited, request, delay)), None)
    if early is not None and not _may_be_other_work(history, limited, early, same_address):
        yield _too_early(history, limited, early, "retried too early", "no request", delay)


def _was_told_meanwhile(history: History, limited: Request) -> bool:
    """Return True if a webhook told the bridge about the message whose state it had asked for."""
    message = limited.path.rstrip("/").rpartition("/")[2]
    return limited.method == "GET" and _last_told(history).get((limited.service, message), -1) >= limited.at


@cached_per_history
def _last_told(history: History) -> Mapping[tuple[str, str], int]:
    """Return when the bridge last acknowledged a webhook about each message, by provider and message."""
    told: dict[tuple[str, str], int] = {}
    for attempt in filter(is_acknowledged, history.webhooks):
        key = attempt.service, message_of_webhook(attempt.key)
        told[key] = max(attempt.at, told.get(key, attempt.at))
    return told


def _is_early(history: History, limited: Request, request: Request, delay: int) -> bool:
    """Return True if a request came before the delay was over, on the clock of the bridge.

    No document demands that a bridge stores the delay, so one that was down since the response may have forgotten it.
    """
    if any(limited.at <= gone and back <= request.at for gone, back in outages(history)):
        return False
    if times_are_meaningful(history):
        return limited.at < request.at < limited.at + delay
    # The delay of a bridge with its own clock begins when the response arrives.
    return pause(history, limited, request) < delay - _ON_THE_WAY


def _within_key_limit(history: History, limited: Request, delay: int) -> Iterator[Finding]:
    """Yield a finding if another call with the same key came before the limit of the key was over."""
    start = limited.at + round(_ON_THE_WAY * rate_at_work(history))
    key = limited.service, limited.credential_name
    for request in history.requests:
        same_key = (request.service, request.credential_name) == key and request.operation not in LOGINS
        may_be_early = start < request.at or _is_repetition(limited, request)
        if same_key and request.n > limited.n and may_be_early and _is_early(history, limited, request, delay):
            got_name = request_name(request)
            yield _too_early(
                history, limited, request, f"{got_name} called too early with the same key", "no call", delay
            )
            return


def _is_repetition(limited: Request, request: Request) -> bool:
    """Return True for the same call of one piece of work: it cannot have been on its way before the response."""
    is_same = _address(request) == _address(limited) and request.content == limited.content
    return is_same and request.content is not None and is_of_one_work(request)


def _too_early(history: History, limited: Request, early: Request, how: str, expected: str, delay: int) -> Finding:
    return _ignored(
        limited,
        how,
        f"{expected} for {span(delay)}, as Retry-After requires",
        f"{early.method} {early.path} {span(pause(history, limited, early))} later",
    )


def _may_be_other_work(history: History, limited: Request, early: Request, same_address: Sequence[Request]) -> bool:
    """Return True if the early request may be no retry: another one had to be retried, or new work was due by then.

    Work of different kinds may look up the same thing; a request that changes something has a content of its own.
    """
    same_call = [request for request in same_address if request.content == limited.content]
    if any(request.fault is not None and request.n != limited.n and request.n < early.n for request in same_call):
        return True
    if early.method != "GET" and early.content is not None:
        return False
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
