"""The calls of a conformance run and their answers: what was posted to the listeners, and what the bridge requested."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.records import History, Request
from sendproof_harness.history.run_records import Probe
from sendproof_harness.judge.checks.listeners.probed import is_failed_response
from sendproof_harness.judge.facts.fault_effects import requests_before_probes
from sendproof_harness.judge.facts.wishes import is_conformance_run

_KINDS: Mapping[str, str] = {
    "accepted": "valid events",
    "answered": "events and calls that the bridge may refuse",
    "survived": "five megabytes",
}
_REQUIRED: Mapping[str, str] = {
    "accepted": "accepted: 2xx in time",
    "answered": "answered: no server error, in time",
    "survived": "survived: the connection may end",
}
_NO_RESPONSE = "none"


@dataclass(frozen=True, kw_only=True)
class PostedCalls:
    """Calls of one kind to the listeners of one event, with the number of each answer; `wrong` answers are failures."""

    event: int
    kind: str
    required: str
    count: int
    answers: str
    wrong: int
    contents: str


@dataclass(frozen=True, kw_only=True)
class BridgeCalls:
    """The requests of the bridge to one operation; `wrong` ones violate the contract."""

    service: str
    operation: str
    count: int
    answers: str
    wrong: int


@dataclass(frozen=True, kw_only=True)
class Calls:
    """All calls of the run, by kind."""

    posted: tuple[PostedCalls, ...]
    requests: tuple[BridgeCalls, ...]


def calls(history: History) -> Calls | None:
    """Return the calls of a conformance run, None for any other run."""
    if not is_conformance_run(history):
        return None
    probes: defaultdict[tuple[int, str], list[Probe]] = defaultdict(list)
    for probe in history.probes:
        probes[probe.event, probe.expects].append(probe)
    requests: defaultdict[tuple[str, str], list[Request]] = defaultdict(list)
    for request in requests_before_probes(history):
        requests[request.service, request.operation or f"{request.method} {request.path}"].append(request)
    return Calls(
        posted=tuple(_posted(event, expects, probes[event, expects]) for event, expects in sorted(probes, key=_order)),
        requests=tuple(_requested(service, name, requests[service, name]) for service, name in sorted(requests)),
    )


def _order(key: tuple[int, str]) -> tuple[int, int]:
    event, expects = key
    return event, list(_KINDS).index(expects)


def _posted(event: int, expects: str, probes: Sequence[Probe]) -> PostedCalls:
    contents = Counter(probe.what for probe in probes)
    return PostedCalls(
        event=event,
        kind=_KINDS[expects],
        required=_REQUIRED[expects],
        count=len(probes),
        answers=_answers(probe.status for probe in probes),
        wrong=sum(
            is_failed_response(probe.expects, probe.method, probe.status, timed_out=probe.timed_out) for probe in probes
        ),
        contents=", ".join(what if count == 1 else f"{what} ({count})" for what, count in contents.items()),
    )


def _requested(service: str, name: str, requests: Sequence[Request]) -> BridgeCalls:
    return BridgeCalls(
        service=service,
        operation=name,
        count=len(requests),
        answers=_answers(request.status or None for request in requests),
        wrong=sum(bool(request.violations) or request.operation is None for request in requests),
    )


def _answers(statuses: Iterable[int | None]) -> str:
    """Return the number of each status, such as `200: 48, 400: 9`."""
    counts = Counter(_NO_RESPONSE if status is None else str(status) for status in statuses)
    return ", ".join(f"{status}: {count:,}" for status, count in sorted(counts.items()))
