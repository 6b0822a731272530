"""A credential that stops working in the middle of the day."""

from dataclasses import dataclass
from typing import ClassVar

from sendproof_simulators.core.faults.spec import ALTERED, BEFORE, CallFault, FaultedResponse, Refuse
from sendproof_simulators.core.http import Response


@dataclass(frozen=True, kw_only=True)
class Unauthorized(CallFault):
    """The call is refused as if its credential were wrong or expired, in the service's own form."""

    when: ClassVar[tuple[str, ...]] = (BEFORE,)

    def respond(self, original: Response, refuse: Refuse) -> FaultedResponse:
        del original
        return FaultedResponse(response=refuse("unauthorized", 401, "the credential is not valid"), result=ALTERED)
