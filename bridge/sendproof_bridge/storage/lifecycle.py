"""The life cycles of jobs, campaigns, batches and messages: tables of allowed steps, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass


class IllegalStepError(Exception):
    """A step that the table does not allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeCycle:
    """Which state may follow which."""

    name: str
    steps: Mapping[str, frozenset[str]]

    def allows(self, before: str, after: str) -> bool:
        return after in self.steps[before]

    def sources(self, after: str) -> list[str]:
        """The states from which `after` may be reached."""
        return sorted(before for before, allowed in self.steps.items() if after in allowed)

    def sql(self, after: str) -> str:
        """The same as the right side of an IN, for statements that run with many rows of values."""
        return "(" + ", ".join(f"'{state}'" for state in self.sources(after)) + ")"

    def check(self, before: str, after: str) -> None:
        """Refuse a step that the table does not hold."""
        if not self.allows(before, after):
            raise IllegalStepError(f"{self.name}: no step from {before!r} to {after!r} is allowed")


def _table(name: str, **steps: str) -> LifeCycle:
    return LifeCycle(name=name, steps={state: frozenset(after.split()) for state, after in steps.items()})


JOB = _table(
    "job",
    due="running due",
    running="done dead due unknown",
    done="due",
    # It may have had its effect, and nobody can be asked.
    unknown="",
    dead="due",
)

CAMPAIGN = _table(
    "campaign",
    collecting="sending reporting finished cancelled",
    sending="reporting finished cancelled",
    reporting="finished",
    finished="",
    cancelled="",
    # Each customer who meets the trigger adds a message, and there is no last one.
    triggered="cancelled",
)

# `sending` is written before the call: whoever finds it later knows that the outcome is unknown.
BATCH = _table(
    "batch",
    planned="sending cancelled",
    sending="settled planned",
    settled="",
    cancelled="",
)

# `unknown`: the network says so, or the reply to the send was lost and the provider cannot be asked.
# `taken`: by a provider that tells only later whether it rejects; it counts neither as sent nor as dropped until it is
# delivered, or some minutes have passed.
# A receipt may overtake the reply to the send; a network that first knew nothing may know more later.
MESSAGE = _table(
    "message",
    pending="taken accepted rejected dropped cancelled delivered undelivered invalid expired unknown",
    taken="accepted delivered undelivered invalid expired unknown rejected",
    accepted="delivered undelivered invalid expired unknown",
    unknown="delivered undelivered invalid expired",
    delivered="",
    undelivered="",
    invalid="",
    expired="",
    rejected="",
    dropped="",
    cancelled="",
)
