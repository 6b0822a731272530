"""A response that breaks off: the service has done its work, but the client cannot read the result."""

from dataclasses import dataclass
from typing import ClassVar

from sendproof_simulators.core.faults.spec import AFTER, LOST, CallFault, FaultedResponse, Refuse
from sendproof_simulators.core.http import CLOSED, Response, Transmission


@dataclass(frozen=True, kw_only=True)
class TruncatedResponse(CallFault):
    """Half of the response arrives, then the connection is closed."""

    when: ClassVar[tuple[str, ...]] = (AFTER,)

    def respond(self, original: Response, refuse: Refuse) -> FaultedResponse:
        del refuse
        return FaultedResponse(response=original, result=LOST, transmission=Transmission(share=0.5, ending=CLOSED))
