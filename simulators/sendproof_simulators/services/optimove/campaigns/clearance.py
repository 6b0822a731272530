"""Conditional execution: a campaign on hold until Optimove knows which of its customers may get a message.

documented: https://developer.optimove.com/docs/conditional-execution and
https://developer.optimove.com/reference/post_integrations-updatecustomerpromotionstatus (a customer without a status
counts as false; the call has to come before ClearanceRequiredBy). Assumed: the campaign waits until that instant even
when all its customers have a status earlier; a later status of a customer replaces an earlier one; ids that are not in
the campaign are ignored.
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.effects import JournalEntry


@dataclass(slots=True)
class Clearance:
    """The customers cleared so far, by index in the audience. Statuses at or after `required_by` are too late."""

    required_by: Instant
    cleared: set[int] = field(default_factory=set)
    is_closed: bool = False

    def is_open(self, now: Instant) -> bool:
        """Return True if a status still counts at `now`."""
        return not self.is_closed and now < self.required_by

    def record_statuses(self, statuses: Iterable[tuple[int, bool]]) -> None:
        """Record statuses: (customer, may get a message)."""
        for customer, is_cleared in statuses:
            if is_cleared:
                self.cleared.add(customer)
            else:
                self.cleared.discard(customer)

    def close(self, customers: Sequence[int]) -> Sequence[int]:
        """End the clearance, and return the cleared ones of `customers`, in their order."""
        self.is_closed = True
        return array("L", (customer for customer in customers if customer in self.cleared))

    def excludes(self, customer: int) -> bool:
        """Return True if the clearance has ended without this customer."""
        return self.is_closed and customer not in self.cleared

    def journal_entry(self, campaign: int, action: str, named: int = 0, time_stamp: str | None = None) -> JournalEntry:
        """Return the journal entry. `action`: required, given or closed.

        `named` is the number of customers in a call, and `time_stamp` its TimeStamp.
        """
        fields = {"campaign": campaign, "action": action, "required_by": iso(self.required_by), "named": named}
        stamp = {} if time_stamp is None else {"time_stamp": time_stamp}
        return JournalEntry(kind="clearance", fields={**fields, "cleared": len(self.cleared), **stamp})
