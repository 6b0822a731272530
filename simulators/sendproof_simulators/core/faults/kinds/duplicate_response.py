"""A response that a proxy sends twice."""

from dataclasses import dataclass
from typing import ClassVar

from sendproof_simulators.core.faults.spec import AFTER, INTACT, CallFault, FaultedResponse, Refuse
from sendproof_simulators.core.http import Response, Transmission


@dataclass(frozen=True, kw_only=True)
class DuplicateResponse(CallFault):
    """The response is sent twice; a careless client takes the second for the response to its next call."""

    when: ClassVar[tuple[str, ...]] = (AFTER,)

    def respond(self, original: Response, refuse: Refuse) -> FaultedResponse:
        del refuse
        return FaultedResponse(response=original, result=INTACT, transmission=Transmission(copies=2))
