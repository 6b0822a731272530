"""Injection of faults into calls: before the effect in place of the call, or after it in place of the response."""

from collections.abc import Mapping
from typing import Any

from sendproof_simulators.core.contracts import Contract, Operation
from sendproof_simulators.core.faults.active import Faults, Injection
from sendproof_simulators.core.faults.position import Values, as_values
from sendproof_simulators.core.faults.spec import CALL, LOST, BridgeFault, CallFault, FaultedResponse, Refuse
from sendproof_simulators.core.http import RESET, Request, Response, Transmission
from sendproof_simulators.core.members import BodyRules

#: The original response of a service that was not called.
NOT_CALLED = Response(status=0, content_type="")


def match_call(
    faults: Faults, service: str, contract: Contract, request: Request, rules: BodyRules
) -> tuple[Injection | None, str]:
    """Count a request for all faults that it matches; return the injection, if any, and the id of its operation."""
    found = contract.find_operation(request)
    if found is None:
        return None, ""
    operation, path_values = found
    injection = faults.match(CALL, service, operation.id, lambda: _call_values(operation, request, path_values, rules))
    return injection, operation.id


def _call_values(operation: Operation, request: Request, path_values: Mapping[str, str], rules: BodyRules) -> Values:
    body, _ = operation.read_body(request, rules)
    return as_values(path_values, dict(request.query), _body_fields(body))


def _body_fields(body: Any) -> Mapping[str, Any]:
    return body if isinstance(body, Mapping) else {}


async def inject(faults: Faults, injection: Injection, original: Response, refuse: Refuse) -> FaultedResponse | None:
    """Return the response that a fault makes of `original`; None if the harness did not carry the fault out."""
    fault = injection.spec.fault
    if isinstance(fault, BridgeFault):
        if await faults.wait_until_completed(injection):
            return FaultedResponse(response=original, result=LOST, transmission=Transmission(share=0.0, ending=RESET))
        injection.miss()
        return None
    assert isinstance(fault, CallFault)  # noqa: S101 - parsing only combines faults with their own targets
    return fault.respond(original, refuse)
