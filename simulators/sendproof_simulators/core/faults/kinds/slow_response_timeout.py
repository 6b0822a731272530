"""A response that arrives after the client has given up."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta

from sendproof_simulators.core.faults.spec import AFTER, LOST, CallFault, FaultedResponse, Refuse
from sendproof_simulators.core.http import Response, Transmission


@dataclass(frozen=True, kw_only=True)
class SlowResponseTimeout(CallFault):
    """The response arrives completely, but after the client's timeout, so it counts as lost."""

    when: ClassVar[tuple[str, ...]] = (AFTER,)

    seconds: Annotated[
        float,
        Meta(
            gt=0, le=600, description="delay of the response, in real seconds; must be longer than the client's timeout"
        ),
    ] = 60.0

    def respond(self, original: Response, refuse: Refuse) -> FaultedResponse:
        del refuse
        return FaultedResponse(response=original, result=LOST, transmission=Transmission(wait_s=self.seconds))
