"""A reply that takes its time, byte by byte."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta

from sendproof_simulators.core.faults.spec import AFTER, WHOLE, Answered, CallFault, Refuse
from sendproof_simulators.core.http import Manner, Reply


@dataclass(frozen=True, kw_only=True)
class Slow(CallFault):
    """The reply comes whole, but drips in small pieces."""

    when: ClassVar[tuple[str, ...]] = (AFTER,)

    seconds: Annotated[float, Meta(gt=0, le=600, description="real seconds from its first byte to its last")] = 5.0

    def answer(self, own: Reply, refuse: Refuse) -> Answered:
        del refuse
        return Answered(reply=own, arrives=WHOLE, manner=Manner(drip_s=self.seconds))
