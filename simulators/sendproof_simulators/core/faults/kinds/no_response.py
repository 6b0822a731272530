"""A service that has stopped responding."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from sendproof_simulators.core.faults.spec import LOST, CallFault, FaultedResponse, Refuse
from sendproof_simulators.core.http import CLOSED, Response, Transmission


@dataclass(frozen=True, kw_only=True)
class NoResponse(CallFault):
    """No response arrives, and after a while the connection is closed."""

    seconds: Annotated[
        float, Meta(gt=0, le=600, description="time until the connection is closed, in real seconds")
    ] = 60.0

    def respond(self, original: Response, refuse: Refuse) -> FaultedResponse:
        del refuse
        return FaultedResponse(
            response=original, result=LOST, transmission=Transmission(wait_s=self.seconds, share=0.0, ending=CLOSED)
        )
