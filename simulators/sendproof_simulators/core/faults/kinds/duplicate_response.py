"""A reply that a proxy has sent twice."""

from dataclasses import dataclass
from typing import ClassVar

from sendproof_simulators.core.faults.spec import AFTER, INTACT, CallFault, FaultedResponse, Refuse
from sendproof_simulators.core.http import Response, Transmission


@dataclass(frozen=True, kw_only=True)
class DuplicateResponse(CallFault):
    """The reply is sent twice on the connection: a careless client takes the second one for that of its next call."""

    when: ClassVar[tuple[str, ...]] = (AFTER,)

    def answer(self, own: Response, refuse: Refuse) -> FaultedResponse:
        del refuse
        return FaultedResponse(response=own, arrives=INTACT, manner=Transmission(copies=2))
