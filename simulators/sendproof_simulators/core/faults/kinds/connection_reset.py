"""A connection that is torn down: after the effect, the service did it and nobody was told."""

from dataclasses import dataclass

from sendproof_simulators.core.faults.spec import LOST, Answered, CallFault, Refuse
from sendproof_simulators.core.http import RESET, Manner, Reply


@dataclass(frozen=True, kw_only=True)
class Reset(CallFault):
    """The connection is torn down (TCP reset) without a reply."""

    def answer(self, own: Reply, refuse: Refuse) -> Answered:
        del refuse
        return Answered(reply=own, arrives=LOST, manner=Manner(share=0.0, ending=RESET))
