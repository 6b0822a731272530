"""What the changes between two contracts mean for recorded bridges.

A recording decides a change where it holds what the change is about: the call, the event, the size of a call, the rate
of calls, or a whole body. Otherwise a bridge that uses the changed part *may* break.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from sendproof_simulators.comparison.changes import BREAKING, HARMLESS, RISKY, SENT, Change
from sendproof_simulators.comparison.comparing import Services
from sendproof_simulators.comparison.contract_sets import ContractSet
from sendproof_simulators.comparison.dialect_changes import CONTRACT as DIALECTS
from sendproof_simulators.comparison.flat_schemas import Document
from sendproof_simulators.comparison.operation_changes import Operation, operations
from sendproof_simulators.comparison.recorded_bridges import RecordedBridge
from sendproof_simulators.core.contracts import Contract
from sendproof_simulators.core.http import Request, Violation
from sendproof_simulators.core.limits import Limit, stated_limits
from sendproof_simulators.recordings.judging import request_violations
from sendproof_simulators.recordings.known_contracts import KnownContracts
from sendproof_simulators.recordings.recorded_call import CALL

BREAKS, MAY_BREAK, SAFE = "breaks", "may break", "safe"
#: The severity that the impact on a bridge corresponds to, for the exit status.
SEVERITY = {BREAKS: BREAKING, MAY_BREAK: RISKY, SAFE: HARMLESS}
# Changes that break each bridge which uses the operation: what it has to send now, it has never sent.
_CERTAIN = frozenset({
    "operation removed", "contract removed", "call", "credential", "required parameter added", "required member added",
})  # fmt: skip
_REQUESTS = "requests"


@dataclass(frozen=True, slots=True)
class Impact:
    """What a change means for a bridge, or what a call of its recording breaks; `reason` is in words."""

    severity: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class BridgeImpact:
    """The impacts on one recorded bridge."""

    bridge: str
    impacts: Sequence[Impact]

    @property
    def verdict(self) -> str:
        """Whether the bridge breaks, may break, or is safe."""
        found = {impact.severity for impact in self.impacts}
        return next((severity for severity in (BREAKS, MAY_BREAK) if severity in found), SAFE)


class ImpactJudge:
    """Judges recorded bridges by the changes between two sets of contracts."""

    def __init__(
        self, changes: Sequence[Change], old: ContractSet, new: ContractSet, services: Services, known: KnownContracts
    ) -> None:
        """Take the changes, also harmless ones, and compile the contracts of both sets that services have."""
        self._changes = [change for change in changes if change.severity != HARMLESS and not change.allowed]
        self._services = services
        self._known = known
        self._old, self._new = (_contracts(known, documents.documents) for documents in (old, new))
        self._old_operations = {
            name: {operation.id: operation for operation in operations(Document(document))}
            for name, document in old.documents.items()
        }

    def judge(self, bridge: RecordedBridge) -> BridgeImpact:
        """Return what all changes together mean for a bridge."""
        found = [*self._broken_calls(bridge)]
        for change in self._changes:
            impact = self._impact(bridge, change)
            if impact is not None:
                found.append(impact)
        return BridgeImpact(bridge.name, found)

    # -- changes ---------------------------------------------------------------------------------

    def _impact(self, bridge: RecordedBridge, change: Change) -> Impact | None:
        if change.contract == DIALECTS:
            return _dialect_impact(bridge, change)
        service = self._services.service_of.get(change.contract, "")
        is_callback = change.contract in self._services.called_by_service
        used = _count(bridge, service, self._old_operation(change), change, is_callback=is_callback)
        if not used:
            return None
        if change.what.startswith("limit ") and not is_callback:
            return self._limit_impact(bridge, service, change)
        if change.what in _CERTAIN or change.what == "event removed":
            return Impact(BREAKS, change.text, f"it uses this ({used} times)")
        is_decided = _is_unused_path(bridge, change) or (bridge.has_bodies and change.direction == SENT)
        reason = f"it uses this ({used} times), and its recording does not show more"
        return None if is_decided else Impact(MAY_BREAK, change.text, reason)

    def _old_operation(self, change: Change) -> Operation | None:
        return self._old_operations.get(change.contract, {}).get(change.operation)

    def _limit_impact(self, bridge: RecordedBridge, service: str, change: Change) -> Impact | None:
        limit = self._new_limit(service, change)
        size = None if limit is None else _size(bridge, service, limit)
        if limit is None or size is None:
            return Impact(MAY_BREAK, change.text, "its recording does not show this size")
        value = limit.stated({})
        exceeds = size > value if limit.bound == "most" else size < value
        return Impact(BREAKS, change.text, f"its recording has {size:,}") if exceeds else None

    def _new_limit(self, service: str, change: Change) -> Limit | None:
        contract = self._new.get(service)
        name = change.what.removeprefix("limit added: ").removeprefix("limit ").partition(":")[0]
        limits = () if contract is None else stated_limits(contract)
        return next((limit for limit in limits if (limit.operation, limit.name) == (change.operation, name)), None)

    # -- bodies ----------------------------------------------------------------------------------

    def _broken_calls(self, bridge: RecordedBridge) -> Iterator[Impact]:
        """Yield what the bodies of a recording break in the new contracts, and did not break in the old ones."""
        seen: set[str] = set()
        for service, operation, before, after in self._judged_bodies(bridge):
            old = {(violation.where, violation.rule) for violation in before}
            for violation in after:
                text = f"{service} {operation}: {violation.where}"
                if (violation.where, violation.rule) not in old and text not in seen:
                    seen.add(text)
                    yield Impact(BREAKS, text, violation.message)

    def _judged_bodies(
        self, bridge: RecordedBridge
    ) -> Iterator[tuple[str, str, Sequence[Violation], Sequence[Violation]]]:
        """Yield service, operation, and the violations of the old and of the new contract by each call or body."""
        for call in bridge.calls:
            match = self._known.find(call)
            if match is None or match.role != CALL or not call.is_accepted:
                continue
            service = match.known.simulator.name
            sent = replace(call, request=replace(call.request, path=match.path))
            if service in self._old and service in self._new:
                names = [
                    request_violations(replace(match.known, contract=contracts[service]), sent)
                    for contracts in (self._old, self._new)
                ]
                yield service, names[0][0], names[0][1], names[1][1]
        for (service, operation), bodies in bridge.bodies.items():
            for body in bodies:
                found = [
                    _body_violations(contracts.get(service), operation, body) for contracts in (self._old, self._new)
                ]
                yield service, operation, found[0], found[1]


def _count(
    bridge: RecordedBridge, service: str, operation: Operation | None, change: Change, *, is_callback: bool
) -> int:
    """Return how often a bridge used what a change is about."""
    if not service:
        return 0
    if not change.operation:
        return sum(
            count for (used, _), count in (*bridge.operations.items(), *bridge.events.items()) if used == service
        )
    if not is_callback:
        return bridge.operations.get((service, change.operation), 0)
    if change.what in {"event removed", "event added"}:
        # A bridge gets an added event whether it knows it or not.
        return bridge.events.get((service, change.old), 0) if change.old else len(bridge.events)
    described = [] if operation is None else operation.spec.get("x-events", [change.operation])
    return sum(count for (used, event), count in bridge.events.items() if used == service and _is(event, described))


def _is_unused_path(bridge: RecordedBridge, change: Change) -> bool:
    """Return True for a path that is gone and that the bridge never used; it used another one of the operation."""
    return change.what == "path removed" and not any(path == change.old for _, _, path in bridge.paths)


def _is(event: str, described: Sequence[Any]) -> bool:
    return event in {str(name) for name in described}


def _size(bridge: RecordedBridge, service: str, limit: Limit) -> int | None:
    if limit.name == _REQUESTS and limit.within and bridge.instants:
        return bridge.most_calls_in(service, limit.within)
    return bridge.largest.get((service, limit.operation, limit.name))


def _dialect_impact(bridge: RecordedBridge, change: Change) -> Impact | None:
    """Return the impact of another default, for a bridge that ran with the old one; or of an option that is gone."""
    service = change.operation.partition(".")[0]
    if not bridge.uses(service):
        return None
    chosen = bridge.dialects.get(change.operation)
    if change.what == "default":
        if chosen is not None:
            return None
        return Impact(MAY_BREAK, change.text, "it ran with the old default")
    if change.what == "option removed":
        return Impact(BREAKS, change.text, "it ran with this option") if chosen == change.old else None
    return Impact(MAY_BREAK, change.text, "it was never run with this")


def _body_violations(contract: Contract | None, operation: str, body: Any) -> Sequence[Violation]:
    """Return how a body violates an operation of a contract; nothing if there is no such operation."""
    described = None if contract is None else contract.operations.get(operation)
    if described is None:
        return ()
    request = Request(method=described.method, path=described.path, body=msgspec.json.encode(body))
    return described.read_body(request)[1]


def _contracts(known: KnownContracts, documents: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Contract]:
    """Return the contracts of a set by service, for the calls of a bridge."""
    return {
        name: replace(service.contract, name=name, document=documents[service.simulator.contract], is_own=False)
        for name, service in known.services.items()
        if service.simulator.contract in documents
    }
