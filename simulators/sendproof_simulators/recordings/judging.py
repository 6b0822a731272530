"""The judgement of recorded calls by the contracts.

The service is real, so a difference between its behaviour and the contract is a fault of the contract. A request is
the bridge's fault only if the service refused it, and the contract gives the reason.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sendproof_simulators.core.contracts import CONTENT_TYPE, JSON, Operation
from sendproof_simulators.core.http import Request, Response, Violation
from sendproof_simulators.recordings.known_contracts import KnownContract, KnownContracts, Match
from sendproof_simulators.recordings.recorded_call import CALLBACK, RecordedCall, json_value

#: Who has to act: the bridge, or those who keep the contracts; or nobody can tell, because no response was recorded.
BRIDGE, CONTRACT, UNCONFIRMED = "bridge", "contract", "unconfirmed"
#: The part of a call that a finding is about.
REQUEST, RESPONSE, EVENT, REPLY = "request", "response", "callback", "reply"
_POSITION = re.compile(r"\.[0-9]+(?=\.|$)")
_FIRST_SUCCESS, _FIRST_REDIRECT = 200, 300
_TYPE_MEMBERS = frozenset({"eventtypeid", "event"})
# The statuses of a service that refuses what a request says, not who sends it or when. Some refuse with 200.
_REFUSALS_OF_FORM = frozenset({200, 400, 404, 405, 406, 411, 413, 414, 415, 422})
# More findings of one call would hide those of others.
_MOST_FINDINGS = 20
# Bounds of what a judgement keeps: differences, the findings of each, and calls of no known service.
_MOST_GROUPS, _KEPT_FINDINGS, _KEPT_UNMATCHED = 1_000, 20, 100

#: Blame, part, service, operation, place and rule.
FindingKey = tuple[str, str, str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference between a call and the contract. `operation` is empty for an unknown one.

    `place` has no positions (`body[].TemplateID`), so that equal findings of several calls are equal.
    """

    blame: str
    part: str
    service: str
    operation: str
    place: str
    violation: Violation = field(compare=False)
    call: RecordedCall = field(compare=False, repr=False)
    value: Any = field(compare=False, default=None, repr=False)

    @property
    def key(self) -> FindingKey:
        """What findings have in common that are about the same difference."""
        return (self.blame, self.part, self.service, self.operation, self.place, self.violation.rule)


@dataclass(slots=True)
class Judgement:
    """The judgement of a recording. `judged` counts the calls by service and operation.

    `groups` has the first findings of each difference, and `counts` the number of calls with it. `unmatched` are the
    first calls of no known service, and `unmatched_count` is the number of all; `without_body` counts the calls with a
    body that was not recorded. What is kept is bounded, as a proxy may run for weeks.
    """

    groups: dict[FindingKey, list[Finding]] = field(default_factory=dict)
    counts: dict[FindingKey, int] = field(default_factory=dict)
    judged: dict[tuple[str, str], int] = field(default_factory=dict)
    unmatched: list[RecordedCall] = field(default_factory=list)
    unmatched_count: int = 0
    without_body: int = 0

    @property
    def findings(self) -> list[Finding]:
        """The findings that are kept, those of each difference together."""
        return [finding for group in self.groups.values() for finding in group]

    @property
    def grouped(self) -> Sequence[Sequence[Finding]]:
        """The findings of each difference together, in the order of their first calls."""
        return list(self.groups.values())

    def add(self, findings: Sequence[Finding]) -> None:
        """Add the findings of one call."""
        for finding in findings:
            group = self.groups.get(finding.key)
            if group is None and len(self.groups) < _MOST_GROUPS:
                group = self.groups[finding.key] = []
            if group is not None and len(group) < _KEPT_FINDINGS:
                group.append(finding)
        for key in {finding.key for finding in findings} & self.groups.keys():
            self.counts[key] = self.counts.get(key, 0) + 1

    def add_unmatched(self, call: RecordedCall) -> None:
        """Add a call of no known service."""
        self.unmatched_count += 1
        if len(self.unmatched) < _KEPT_UNMATCHED:
            self.unmatched.append(call)


class CallJudge:
    """Judges calls one by one. `changed_dialects` are, by service, the dialects that do not have their default."""

    def __init__(self, known: KnownContracts, changed_dialects: Mapping[str, frozenset[str]] | None = None) -> None:
        self.known = known
        self._changed = changed_dialects or {}
        self.judgement = Judgement()

    def add(self, call: RecordedCall) -> Sequence[Finding]:
        """Judge one more call, and return its findings."""
        match = self.known.find(call)
        if match is None:
            self.judgement.add_unmatched(call)
            return ()
        if not (call.request_body_known and call.response_body_known):
            self.judgement.without_body += 1
        operation, found = self._judged(match, call)
        counted = (match.known.simulator.name, operation)
        self.judgement.judged[counted] = self.judgement.judged.get(counted, 0) + 1
        findings = list(found)[:_MOST_FINDINGS]
        self.judgement.add(findings)
        return findings

    def operation_of(self, match: Match, call: RecordedCall) -> str:
        """Return the operation or the event of a call, empty for an unknown one."""
        return self._judged(match, call)[0]

    def _judged(self, match: Match, call: RecordedCall) -> tuple[str, Iterator[Finding]]:
        call = replace(call, request=replace(call.request, path=match.path))
        if match.role == CALLBACK:
            return _callback(match.known, call, self._changed.get(match.known.simulator.name, frozenset()))
        return self._call(match, call)

    def _call(self, match: Match, call: RecordedCall) -> tuple[str, Iterator[Finding]]:
        known, request = match.known, match.known.canonical(call.request)
        found = known.contract.find_operation(request)
        name = "" if found is None else found[0].id
        return name, self._findings(known, call, request, found)

    def _findings(
        self,
        known: KnownContract,
        call: RecordedCall,
        request: Request,
        found: tuple[Operation, Mapping[str, str]] | None,
    ) -> Iterator[Finding]:
        service = known.simulator.name
        if found is None:
            violation = _unknown_call(known, request)
            yield _Subject(_blame(call, violation), REQUEST, service, "").finding(violation, call)
            return
        operation, values = found
        for violation, value in _request_violations(known, call, request, operation, values):
            subject = _Subject(_blame(call, violation), REQUEST, service, operation.id)
            yield subject.finding(violation, call, value)
        if call.response is not None:
            changed = self._changed.get(service, frozenset())
            answered = _Subject(CONTRACT, RESPONSE, service, operation.id)
            for violation in _response_violations(known, operation.id, call, changed):
                yield answered.finding(violation, call, json_value(call.response.body))


def request_violations(known: KnownContract, call: RecordedCall) -> tuple[str, Sequence[Violation]]:
    """Return the operation of a call, empty for an unknown one, and how its request violates the contract."""
    request = known.canonical(call.request)
    found = known.contract.find_operation(request)
    if found is None:
        return "", [_unknown_call(known, request)]
    violations = [violation for violation, _ in _request_violations(known, call, request, *found)]
    return found[0].id, violations


def _blame(call: RecordedCall, violation: Violation) -> str:
    """Return who has to act on a violation by a request.

    A service that accepts the request shows that the contract is wrong. One that refuses it for another reason, such as
    a rate limit, shows nothing; and no service is known to refuse parameters that it does not know.
    """
    if call.is_accepted:
        return CONTRACT
    status = 0 if call.response is None else call.response.status
    is_ignored = violation.where.startswith("query.") and violation.rule == "unknown"
    return BRIDGE if status in _REFUSALS_OF_FORM and not is_ignored else UNCONFIRMED


@dataclass(frozen=True, slots=True)
class _Subject:
    """What the findings of one part of a call have in common."""

    blame: str
    part: str
    service: str
    operation: str

    def finding(self, violation: Violation, call: RecordedCall, value: Any = None) -> Finding:
        """Return the finding about a violation; `value` is that of the part of the call."""
        where = violation.where
        if self.part == RESPONSE and call.response is not None and where != "status":
            where = f"{call.response.status}.{where}"
        return Finding(
            blame=self.blame,
            part=self.part,
            service=self.service,
            operation=self.operation,
            place=_POSITION.sub("[]", where),
            violation=violation,
            call=call,
            value=value,
        )


def _unknown_call(known: KnownContract, request: Request) -> Violation:
    methods = known.contract.methods_of(request.path)
    if methods:
        message = f"expected {' or '.join(methods)}, got {request.method}"
        return Violation(where=f"method of {request.path}", rule="enum", message=message)
    return Violation(where=f"path {request.path}", rule="unknown", message="the contract has no such path")


def _request_violations(
    known: KnownContract, call: RecordedCall, request: Request, operation: Operation, values: Mapping[str, str]
) -> Iterator[tuple[Violation, Any]]:
    """Yield the violations by a request, each with the value that it is about."""
    params, violations = operation.read_parameters(request, values)
    for violation in violations:
        yield violation, params.get(violation.where.partition(".")[2])
    for violation in operation.unknown_parameters(request, known.contract.security_names):
        yield violation, dict(request.query).get(violation.where.partition(".")[2])
    if not call.request_body_known:
        return
    kinds = [*operation.missing_content_type(request), *_wrong_content_type(operation, request)]
    yield from ((violation, None) for violation in kinds)
    if not any(violation.rule == "enum" for violation in kinds):
        body, violations = operation.read_body(request, known.rules)
        yield from ((violation, body) for violation in violations)


def _wrong_content_type(operation: Operation, request: Request) -> Iterator[Violation]:
    """Yield the violation of a body that has another type than JSON where the contract wants that."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if operation.body is not None and operation.body.content_type == JSON and kind not in {"", JSON}:
        yield Violation(where=CONTENT_TYPE, rule="enum", message=f"expected {JSON}, got {kind!r}")


def _response_violations(
    known: KnownContract, operation: str, call: RecordedCall, changed: frozenset[str]
) -> Iterator[Violation]:
    response = call.response
    assert response is not None  # noqa: S101 - the caller checked it
    for violation in known.responses.violations(operation, response, changed):
        is_header = violation.where.startswith("header.")
        # Real servers add headers of their own, which no bridge has to read.
        if is_header and violation.rule == "unknown":
            continue
        if call.response_body_known or violation.where == "status":
            yield violation


def _callback(known: KnownContract, call: RecordedCall, changed: frozenset[str]) -> tuple[str, Iterator[Finding]]:
    """Return the event of a call to the bridge and its findings: the event that it fits best, empty without a body."""
    events = known.simulator.events if known.webhooks is not None and call.request_body_known else ()
    kind, body = call.request.headers.get("content-type", ""), call.request.body
    judged = {event: known.webhooks.violations(event, kind, body) for event in events} if known.webhooks else {}
    event = min(judged, key=lambda name: (len(judged[name]), not _is_named(name, body)), default="")
    is_described = known.webhooks is not None and changed.isdisjoint(known.webhooks.default_dialects)
    return event, _callback_findings(known, call, event, judged.get(event, []) if is_described else [])


def _is_named(event: str, body: bytes) -> bool:
    """Return True if a body states this type of event."""
    value = json_value(body)
    members = value.items() if isinstance(value, dict) else ()
    return any(name.lower() in _TYPE_MEMBERS and str(item) == event for name, item in members)


def _callback_findings(
    known: KnownContract, call: RecordedCall, event: str, violations: Sequence[Violation]
) -> Iterator[Finding]:
    service = known.simulator.name
    if call.request_body_known:
        for violation in violations:
            yield _Subject(CONTRACT, EVENT, service, event).finding(violation, call, json_value(call.request.body))
    response = call.response
    if response is not None and not _FIRST_SUCCESS <= response.status < _FIRST_REDIRECT:
        yield _Subject(BRIDGE, REPLY, service, event).finding(_refused_event(response), call)


def _refused_event(response: Response) -> Violation:
    message = f"expected a status of 200 to 299, got {response.status}"
    return Violation(where="status", rule="status", message=message, value=str(response.status))
