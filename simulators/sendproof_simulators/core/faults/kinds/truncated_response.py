"""A reply that breaks off: the service did it, and what it said cannot be read."""

from dataclasses import dataclass
from typing import ClassVar

from sendproof_simulators.core.faults.spec import AFTER, LOST, Answered, CallFault, Refuse
from sendproof_simulators.core.http import CLOSED, Manner, Reply


@dataclass(frozen=True, kw_only=True)
class Truncated(CallFault):
    """The reply breaks off in its middle, and the connection is closed."""

    when: ClassVar[tuple[str, ...]] = (AFTER,)

    def answer(self, own: Reply, refuse: Refuse) -> Answered:
        del refuse
        return Answered(reply=own, arrives=LOST, manner=Manner(share=0.5, ending=CLOSED))
