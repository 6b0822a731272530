"""The check of the requests that the bridge has sent so far: what the simulators say differs from what was meant."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sendproof_harness.preflight.context import OK, PreflightContext
from sendproof_harness.preflight.results import PreflightResult, ok, unknown, wrong

_EXPECTED = "requests that each service serves as they are meant"
_CLOCK = "/clock"
# A page of the list, newest first; older problems are mostly the same.
_NEWEST = 1_000
# More would hide the first.
_MOST_REPORTED = 10

_CREDENTIAL_STATUSES = frozenset({401, 403})


class _Miss(NamedTuple):
    """What differs in a request: `name` is its operation or address.

    It is no certain mistake if the service served the request, or if a bridge may try whether its key has a right.
    """

    service: str
    name: str
    differs: str
    is_certain: bool = True


def check_recorded_requests(context: PreflightContext) -> Iterator[PreflightResult]:
    """Report the near misses of a sandbox. Without a `clock_url` there is no sandbox, and nothing to check."""
    url = context.handover.clock_url
    if url is None or not url.endswith(_CLOCK):
        return
    sandbox = url.removesuffix(_CLOCK)
    recorded = context.client.request("GET", f"{sandbox}/requests", query={"problems": "true", "limit": str(_NEWEST)})
    if recorded.status != OK or not isinstance(recorded.json, dict):
        yield unknown("requests of the bridge", _EXPECTED, recorded.summary, "correct clock_url", "config")
        return
    root, _, name = sandbox.rpartition("/sandboxes/")
    content = context.client.request("GET", f"{root}/unauthenticated-requests").json
    others = content["requests"] if isinstance(content, dict) else []
    misplaced = [request for request in others if request.get("sandbox") == name]
    found = Counter((*_recorded(recorded.json["items"]), *_unauthenticated(misplaced)))
    yield from (_result(miss, count) for miss, count in found.most_common(_MOST_REPORTED))
    if not found:
        yield _without_misses(context, sandbox)
    ownerless = [*_unauthenticated([request for request in others if "sandbox" not in request])]
    if ownerless:
        yield _without_owner(ownerless)


def _recorded(items: Sequence[Mapping[str, Any]]) -> Iterator[_Miss]:
    for item in items:
        if item["near_miss"]:
            name = item["nearest"] or item["operation"] or f"{item['method']} {item['path']}"
            is_certain = item["refused"] and item["status"] not in _CREDENTIAL_STATUSES
            yield _Miss(item["service"], name, item["near_miss"], is_certain)


def _unauthenticated(requests: Sequence[Mapping[str, Any]]) -> Iterator[_Miss]:
    for request in requests:
        if "differs" in request:
            name = request.get("meant") or request["operation"] or f"{request['method']} {request['path']}"
            yield _Miss(request["service"], name, request["differs"])


def _result(miss: _Miss, count: int) -> PreflightResult:
    times = "once" if count == 1 else f"{count:,} times"
    subject, got = f"{miss.service} {miss.name}", f"{times}: {miss.differs}"
    action = f"correct this call; /docs/{miss.service} of the control port describes it"
    if miss.is_certain:
        return wrong(subject, _EXPECTED, got, action, "bridge")
    return unknown(subject, _EXPECTED, got, f"if it was no try, {action}", "bridge")


def _without_owner(misses: Sequence[_Miss]) -> PreflightResult:
    """Return the result on requests with no credential of any sandbox: another bridge may have sent them."""
    last = misses[-1]
    got = f"{len(misses):,}, the last one {last.service} {last.name}: {last.differs}"
    action = "if your bridge sent them, correct its credentials or addresses"
    return unknown("requests without a known credential", "none", got, action, "bridge")


def _without_misses(context: PreflightContext, sandbox: str) -> PreflightResult:
    any_request = context.client.request("GET", f"{sandbox}/requests", query={"limit": "1"}).json
    if isinstance(any_request, dict) and any_request.get("items"):
        return ok("requests of the bridge", _EXPECTED, "no near miss")
    action = "start the bridge, or ask again when it has sent requests"
    return unknown("requests of the bridge", _EXPECTED, "no request yet", action, "bridge")
