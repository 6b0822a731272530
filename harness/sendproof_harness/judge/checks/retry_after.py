"""Whether the bridge heeds a 429: makes the call again, and not too soon."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sendproof_harness.history.header import FaultEntry
from sendproof_harness.history.records import History, Request
from sendproof_harness.history.timestamps import HOUR, span, spoken
from sendproof_harness.judge.checks.contract import STATUS_TOO_MANY_REQUESTS, name_of
from sendproof_harness.judge.facts.fault_effects import before_probes, retry_after
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import RETRY_AFTER_RESPECTED

_ID = "contract.retry_after"

# However long it waits in between, a bridge that means to come back has done so by then.
_AGAIN_WITHIN = 2 * HOUR
# Calls that were under way already come in at the same instant; nobody has so many of one kind under way.
_AT_ONCE_MOST = 20

_Place = tuple[str, str, str]


def heeded(history: History) -> CheckResult:
    """Calls that were answered with 429, by a limit or by a fault."""
    entries = {entry.id: entry for entry in history.header.faults}
    calls = _by_place(history.requests)
    limited = [one for one in before_probes(history) if _is_limited(one)]
    findings = [
        finding
        for one in limited
        for finding in _judge(history, one, calls[_place(one)], entries.get(one.fault.id if one.fault else ""))
    ]
    return CheckResult(looked_at=len(limited), unit="calls", findings=tuple(findings))


def _is_limited(request: Request) -> bool:
    """A login while the token is still good is answered with 429, too, and need not be made again.

    documented: https://github.com/optimove-tech/Optimove-APIs (sandbox guide)
    """
    return request.status == STATUS_TOO_MANY_REQUESTS and request.operation not in _LOGINS


_LOGINS = frozenset({"Login", "LoginByQuery"})


def _by_place(requests: Sequence[Request]) -> Mapping[_Place, Sequence[Request]]:
    found: defaultdict[_Place, list[Request]] = defaultdict(list)
    for request in requests:
        found[_place(request)].append(request)
    return found


def _place(request: Request) -> _Place:
    """A call that is refused before it is understood has no operation, but it has a path."""
    return request.service, request.method, request.path


def _judge(history: History, limited: Request, same: Sequence[Request], entry: FaultEntry | None) -> Iterator[Finding]:
    later = [one for one in same if one.n > limited.n]
    if not later and limited.at + _AGAIN_WITHIN <= history.header.ended:
        yield _ignored(limited, "the call was never made again", "the same call, later", "no such call")
    at_once = sum(one.at == limited.at for one in later)
    if at_once > _AT_ONCE_MOST:
        yield _ignored(limited, "called again at once", "a pause", f"{at_once:,} more calls at that instant")
    wait = retry_after(entry)
    early = next((one for one in later if limited.at < one.at < limited.at + wait), None)
    if early is not None and not _is_other_work(history, limited, early, same):
        got = f"called again {span(early.at - limited.at)} later"
        yield _ignored(
            limited, "called again before it was time", f"no call for {span(wait)}, as Retry-After says", got
        )


def _is_other_work(history: History, limited: Request, early: Request, same: Sequence[Request]) -> bool:
    """Whether this call may be no repetition: another call had to be made again, or something new was due by then."""
    if any(one.fault is not None and one.n != limited.n and one.n < early.n for one in same):
        return True
    announced = (campaign.announced_at for campaign in history.campaigns)
    due = (split.send_at for campaign in history.campaigns for split in campaign.splits)
    met = (trigger.at for trigger in history.triggers)
    return any(at is not None and limited.at < at <= early.at for at in (*announced, *due, *met))


def _ignored(limited: Request, how: str, expected: str, got: str) -> Finding:
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"429 ignored: {name_of(limited)}: {how}",
        expected=expected,
        got=f"{got}, after the 429 of {spoken(limited.at)}",
        where=Location(request=limited.n),
        at=limited.at,
    )


CHECKS = (
    Check(
        id=_ID,
        title="A 429 is heeded",
        requirement=RETRY_AFTER_RESPECTED,
        run=heeded,
        applies=lambda history: any(map(_is_limited, history.requests)),
        asked_of="runs in which a call was answered with 429",
    ),
)
