"""A reply that breaks off: the service did it, and what it said cannot be read."""

from dataclasses import dataclass
from typing import ClassVar

from sendproof_simulators.core.faults.spec import AFTER, LOST, CallFault, FaultedResponse, Refuse
from sendproof_simulators.core.http import CLOSED, Response, Transmission


@dataclass(frozen=True, kw_only=True)
class TruncatedResponse(CallFault):
    """The reply breaks off in its middle, and the connection is closed."""

    when: ClassVar[tuple[str, ...]] = (AFTER,)

    def answer(self, own: Response, refuse: Refuse) -> FaultedResponse:
        del refuse
        return FaultedResponse(response=own, arrives=LOST, manner=Transmission(share=0.5, ending=CLOSED))
