"""A reply that takes its time, byte by byte."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta

from sendproof_simulators.core.faults.spec import AFTER, INTACT, CallFault, FaultedResponse, Refuse
from sendproof_simulators.core.http import Response, Transmission


@dataclass(frozen=True, kw_only=True)
class SlowResponse(CallFault):
    """The reply comes whole, but drips in small pieces."""

    when: ClassVar[tuple[str, ...]] = (AFTER,)

    seconds: Annotated[
        float, Meta(gt=0, le=600, description="time from the first byte to the last, in real seconds")
    ] = 5.0

    def answer(self, own: Response, refuse: Refuse) -> FaultedResponse:
        del refuse
        return FaultedResponse(response=own, arrives=INTACT, manner=Transmission(drip_s=self.seconds))
