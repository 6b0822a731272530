"""Conditional execution: a campaign on hold until it is said which of its customers may be sent to.

documented: https://developer.optimove.com/docs/conditional-execution and
https://developer.optimove.com/reference/post_integrations-updatecustomerpromotionstatus (a customer who is not named
counts as false; the call has to come before ClearanceRequiredBy). Assumed: the campaign waits until that instant even
when all its customers are named before; a later status of a customer replaces an earlier one; ids that are not in the
campaign are passed over.
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.effects import JournalEntry


@dataclass(slots=True)
class Clearance:
    """Who was cleared until now, by index in the audience. `by` is the instant from which it is too late."""

    by: Instant
    cleared: set[int] = field(default_factory=set)
    closed: bool = False

    def is_open(self, now: Instant) -> bool:
        """Whether statuses still count."""
        return not self.closed and now < self.by

    def take(self, statuses: Iterable[tuple[int, bool]]) -> None:
        """Note (customer, may be sent to)."""
        for customer, may in statuses:
            if may:
                self.cleared.add(customer)
            else:
                self.cleared.discard(customer)

    def close(self, customers: Sequence[int]) -> Sequence[int]:
        """Nothing counts any more; answers those of `customers` who stay, in their order."""
        self.closed = True
        return array("L", (customer for customer in customers if customer in self.cleared))

    def leaves_out(self, customer: int) -> bool:
        """Whether it is settled that this customer is not sent to."""
        return self.closed and customer not in self.cleared

    def entry(self, campaign: int, action: str, named: int = 0) -> JournalEntry:
        """What the journal learns. `action`: required, given or closed; `named`: how many customers a call named."""
        fields = {"campaign": campaign, "action": action, "required_by": iso(self.by), "named": named}
        return JournalEntry(kind="clearance", fields={**fields, "cleared": len(self.cleared)})
