"""A connection reset. After the effect, the service has done its work but the client does not know."""

from dataclasses import dataclass

from sendproof_simulators.core.faults.spec import LOST, CallFault, FaultedResponse, Refuse
from sendproof_simulators.core.http import RESET, Response, Transmission


@dataclass(frozen=True, kw_only=True)
class ConnectionReset(CallFault):
    """The connection is reset (TCP RST) without a response."""

    def respond(self, original: Response, refuse: Refuse) -> FaultedResponse:
        del refuse
        return FaultedResponse(response=original, result=LOST, transmission=Transmission(share=0.0, ending=RESET))
