"""A call that a fault strikes: before its effect in place of it, or after it in place of its reply."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sendproof_simulators.core.contracts import Contract, Operation
from sendproof_simulators.core.faults.active import Faults, Injection
from sendproof_simulators.core.faults.position import Values, as_values
from sendproof_simulators.core.faults.spec import (
    AFTER,
    CALL,
    INTACT,
    LOST,
    BridgeFault,
    CallFault,
    FaultedResponse,
    name_of,
)
from sendproof_simulators.core.http import RESET, Problem, Request, Response, Transmission

# Where the first of these begins, a reply is no success.
_ERRORS_FROM = 400

# What a service answers that was not asked.
NOTHING = Response(status=0, content_type="")


@dataclass(frozen=True, slots=True)
class InjectedCall:
    """A call that is struck: by what, how the service would serve or refuse it, and whether it has had its effect."""

    strike: Injection
    operation: Operation
    serve: Callable[[], Awaitable[Response]]
    refuse: Callable[[Problem], Response]
    done: Callable[[], bool]


def injection_for(
    faults: Faults, service: str, contract: Contract, request: Request
) -> tuple[Injection, Operation] | None:
    """What strikes a request, and which operation that is; the request counts for every fault that it matches."""
    asked = contract.asked(request)
    if asked is None:
        return None
    operation, path_values = asked
    strike = faults.strike(CALL, service, operation.id, lambda: _values(operation, request, path_values))
    return None if strike is None else (strike, operation)


def _values(operation: Operation, request: Request, path_values: Mapping[str, str]) -> Values:
    body, _ = operation.read_body(request)
    return as_values(path_values, dict(request.query), _fields(body))


def _fields(body: Any) -> Mapping[str, Any]:
    return body if isinstance(body, Mapping) else {}


async def answer(faults: Faults, struck: InjectedCall) -> tuple[FaultedResponse, Mapping[str, object]]:
    """What is answered, and what the journal says of it: the fault, whether the service did it, what arrives."""
    strike = struck.strike
    after = strike.entry.when == AFTER
    own = await struck.serve() if after else NOTHING
    answered = await _answered(faults, struck, own)
    if answered is None:
        # Nobody did what the fault asked for, so the call goes on as any other.
        strike.miss()
        answered = FaultedResponse(response=own if after else await struck.serve(), arrives=INTACT)
    effect = struck.done() and (own if after else answered.response).status < _ERRORS_FROM
    return answered, {
        "id": strike.id,
        "fault": name_of(strike.entry.fault),
        "effect": effect,
        "response": answered.arrives,
    }


async def _answered(faults: Faults, struck: InjectedCall, own: Response) -> FaultedResponse | None:
    fault = struck.strike.entry.fault
    if isinstance(fault, BridgeFault):
        if not await faults.carried_out(struck.strike):
            return None
        return FaultedResponse(response=own, arrives=LOST, manner=Transmission(share=0.0, ending=RESET))
    assert isinstance(fault, CallFault)  # noqa: S101 - an entry's fault suits its target
    return fault.answer(own, lambda kind, status, detail: _refused(struck, kind, status, detail))


def _refused(struck: InjectedCall, kind: str, status: int, detail: str) -> Response:
    return struck.refuse(Problem(kind=kind, status=status, detail=detail, operation=struck.operation.id))
