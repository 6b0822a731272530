"""The judgement of a recording as text and JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from sendproof_simulators.recordings.dialect_signs import Observation
from sendproof_simulators.recordings.judging import BRIDGE, CONTRACT, UNCONFIRMED, Finding, Judgement
from sendproof_simulators.recordings.known_contracts import KnownContracts
from sendproof_simulators.recordings.proposals import Proposal, propose, unique

#: The verdicts of a recording, with their exit statuses.
PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"
EXIT_STATUS = {PASS: 0, FAIL: 1, UNKNOWN: 2}
_VERSION = 1
_SHOWN_UNMATCHED = 5


def verdict(judgement: Judgement) -> str:
    """Return `fail` if the bridge did something wrong, and `unknown` if a part of the recording decides nothing.

    It is also unknown if the service behaves otherwise than the contracts say: a run against the simulators then proves
    less than it seems.
    """
    blames = {group[0].blame for group in judgement.grouped}
    if BRIDGE in blames:
        return FAIL
    is_decided = judgement.judged and not blames and not judgement.unmatched and not judgement.without_body
    return PASS if is_decided else UNKNOWN


def proposals(known: KnownContracts, judgement: Judgement, source: str) -> list[Proposal]:
    """Return the changes of the contracts that the recording suggests; `source` names the recording."""
    return unique(
        propose(known.services[group[0].service], group, f"recorded traffic: {source}, {_times(judgement, group)}")
        for group in judgement.grouped
    )


def as_json(judgement: Judgement, proposed: Sequence[Proposal], observations: Sequence[Observation]) -> dict[str, Any]:
    """Return the judgement as JSON."""
    return {
        "version": _VERSION,
        "verdict": verdict(judgement),
        "calls": [
            {"service": service, "operation": operation, "calls": calls}
            for (service, operation), calls in sorted(judgement.judged.items())
        ],
        "findings": [_finding_json(judgement, group) for group in judgement.grouped],
        "unmatched": [{"entry": call.number, "call": _call_text(call)} for call in judgement.unmatched],
        "unmatched_count": judgement.unmatched_count,
        "without_body": judgement.without_body,
        "proposals": [proposal.as_json() for proposal in proposed],
        "dialects": [asdict(observation) for observation in observations if observation.calls],
    }


def _finding_json(judgement: Judgement, group: Sequence[Finding]) -> dict[str, Any]:
    first = group[0]
    return {
        "blame": first.blame,
        "part": first.part,
        "service": first.service,
        "operation": first.operation,
        "place": first.place,
        "rule": first.violation.rule,
        "message": first.violation.message,
        "status": first.call.response.status if first.call.response else None,
        "calls": judgement.counts[first.key],
        "entries": sorted({finding.call.number for finding in group}),
    }


def text_lines(
    judgement: Judgement, proposed: Sequence[Proposal], observations: Sequence[Observation]
) -> Iterator[str]:
    """Yield the lines for a terminal."""
    for blame in (BRIDGE, UNCONFIRMED, CONTRACT):
        for group in judgement.grouped:
            if group[0].blame == blame:
                yield f"{blame:<12} {_finding_text(judgement, group)}"
    for proposal in proposed:
        value = "" if proposal.value is None else f": {proposal.value}"
        yield f"proposal     {proposal.contract}#{proposal.pointer}: {proposal.action}{value}"
    for observation in observations:
        if observation.calls and observation.options != (observation.default,):
            yield f"dialect      {observation_text(observation)}"
    for call in judgement.unmatched[:_SHOWN_UNMATCHED]:
        yield f"unmatched    entry {call.number}: {_call_text(call)}; name its service with --service NAME=URL"
    if judgement.unmatched_count > _SHOWN_UNMATCHED:
        yield f"unmatched    {judgement.unmatched_count - _SHOWN_UNMATCHED} more"
    if judgement.without_body:
        yield f"not judged   bodies of {_calls(judgement.without_body)}: not recorded whole"
    calls = _calls(sum(judgement.judged.values()))
    yield f"{verdict(judgement)}: {calls} judged, {judgement.unmatched_count} of no known service"


def observation_text(observation: Observation) -> str:
    """Return in one line what a recording shows about a dialect."""
    if not observation.calls:
        return f"{observation.dialect}: not shown"
    times = f"{_calls(observation.calls)}, first: entry {observation.first}"
    if observation.is_contradictory:
        return f"{observation.dialect}: the calls contradict each other ({times})"
    return f"{observation.dialect}={' or '.join(observation.options)} ({times})"


def _finding_text(judgement: Judgement, group: Sequence[Finding]) -> str:
    first = group[0]
    subject = f"{first.service} {first.operation}".strip()
    status = f"; answered with {first.call.response.status}" if first.part == "request" and first.call.response else ""
    message = f"{first.part} {first.place}: {first.violation.message}"
    return f"{subject}: {message}{status} ({_times(judgement, group)}, first: entry {first.call.number})"


def _times(judgement: Judgement, group: Sequence[Finding]) -> str:
    first = group[0]
    return f"{judgement.counts[first.key]} of {_calls(judgement.judged[first.service, first.operation])}"


def _calls(number: int) -> str:
    return f"{number} call" if number == 1 else f"{number} calls"


def _call_text(call: Any) -> str:
    return f"{call.request.method} {call.url}"
