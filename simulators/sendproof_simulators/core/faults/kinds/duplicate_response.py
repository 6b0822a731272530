"""A reply that a proxy has sent twice."""

from dataclasses import dataclass
from typing import ClassVar

from sendproof_simulators.core.faults.spec import AFTER, WHOLE, Answered, CallFault, Refuse
from sendproof_simulators.core.http import Manner, Reply


@dataclass(frozen=True, kw_only=True)
class Repeated(CallFault):
    """The reply is sent twice on the connection: a careless client takes the second one for that of its next call."""

    when: ClassVar[tuple[str, ...]] = (AFTER,)

    def answer(self, own: Reply, refuse: Refuse) -> Answered:
        del refuse
        return Answered(reply=own, arrives=WHOLE, manner=Manner(copies=2))
