"""A connection that is torn down: after the effect, the service did it and nobody was told."""

from dataclasses import dataclass

from sendproof_simulators.core.faults.spec import LOST, CallFault, FaultedResponse, Refuse
from sendproof_simulators.core.http import RESET, Response, Transmission


@dataclass(frozen=True, kw_only=True)
class ConnectionReset(CallFault):
    """The connection is torn down (TCP reset) without a reply."""

    def answer(self, own: Response, refuse: Refuse) -> FaultedResponse:
        del refuse
        return FaultedResponse(response=own, arrives=LOST, manner=Transmission(share=0.0, ending=RESET))
