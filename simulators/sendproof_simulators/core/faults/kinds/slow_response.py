"""A response that arrives slowly, piece by piece."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta

from sendproof_simulators.core.faults.spec import AFTER, INTACT, CallFault, FaultedResponse, Refuse
from sendproof_simulators.core.http import Response, Transmission


@dataclass(frozen=True, kw_only=True)
class SlowResponse(CallFault):
    """The response arrives completely, but slowly and in small pieces."""

    when: ClassVar[tuple[str, ...]] = (AFTER,)

    seconds: Annotated[
        float, Meta(gt=0, le=600, description="time from the first byte to the last, in real seconds")
    ] = 5.0

    def respond(self, original: Response, refuse: Refuse) -> FaultedResponse:
        del refuse
        return FaultedResponse(response=original, result=INTACT, transmission=Transmission(drip_s=self.seconds))
