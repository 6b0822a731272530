"""Life cycles of jobs, campaigns, batches and messages: tables of allowed transitions."""

from collections.abc import Mapping
from dataclasses import dataclass


class IllegalTransitionError(Exception):
    """The table does not allow this transition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """The states that may follow each state."""

    name: str
    transitions: Mapping[str, frozenset[str]]

    def allows(self, before: str, after: str) -> bool:
        return after in self.transitions[before]

    def sources(self, after: str) -> list[str]:
        """Return the states from which `after` can be reached."""
        return sorted(before for before, allowed in self.transitions.items() if after in allowed)

    def sql(self, after: str) -> str:
        """Return `sources` as the right side of an SQL IN, for statements that run with many rows of values."""
        return "(" + ", ".join(f"'{state}'" for state in self.sources(after)) + ")"

    def check(self, before: str, after: str) -> None:
        """Raise `IllegalTransitionError` if the transition is not allowed."""
        if not self.allows(before, after):
            raise IllegalTransitionError(f"{self.name}: no transition from {before!r} to {after!r} is allowed")


def _table(name: str, **transitions: str) -> Lifecycle:
    return Lifecycle(name=name, transitions={state: frozenset(after.split()) for state, after in transitions.items()})


JOB = _table(
    "job",
    # Done, although no run owns it: its call was made while the database was away.
    due="running due done",
    running="done dead due unknown",
    done="due",
    # It may have had its effect, and no call can find out. Only an operator can retry it, unless the run that made the
    # call records it late.
    unknown="due dropped done",
    dead="due dropped",
    # By an operator. New work with this id makes it due again.
    dropped="due",
)

CAMPAIGN = _table(
    "campaign",
    collecting="sending reporting finished cancelled",
    sending="reporting finished cancelled",
    reporting="finished",
    finished="",
    cancelled="",
    # Each customer that meets the trigger adds a message, and no message is the last.
    triggered="cancelled",
)

# `sending` is written before the call: if the bridge finds it later, the outcome of the call is unknown.
BATCH = _table(
    "batch",
    # Settled without a call: an operator dropped its job.
    planned="sending settled cancelled",
    sending="settled planned",
    settled="",
    cancelled="",
)

# `unknown`: the network reports it, or the response to the send was lost and the provider has no record.
# `taken`: accepted by a provider that may reject it later, or before its send time. It counts neither as sent nor as
# dropped until it is delivered, or some minutes have passed. A later rejection still corrects the totals.
# An accepted message is `cancelled` if the provider took it back before its send time.
# A receipt may arrive before the response to the send. A network that reports `unknown` may report more later.
MESSAGE = _table(
    "message",
    pending="taken accepted rejected dropped cancelled delivered undelivered invalid expired unknown",
    taken="accepted delivered undelivered invalid expired unknown rejected cancelled",
    accepted="delivered undelivered invalid expired unknown rejected cancelled",
    unknown="delivered undelivered invalid expired",
    delivered="",
    undelivered="",
    invalid="",
    expired="",
    rejected="",
    dropped="",
    cancelled="",
)
