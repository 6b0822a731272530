"""A feature of generated scenarios: one property that a scenario can have, such as a cancellation or a fault."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sendproof_harness.history.parts import SMS
from sendproof_harness.search.explore.builder import SCHEDULED, TRIGGERED, ScenarioBuilder

#: The flows of a scenario that only has campaigns, only triggers, or both.
FLOWS = (frozenset({SCHEDULED}), frozenset({TRIGGERED}), frozenset({SCHEDULED, TRIGGERED}))


def no_change(builder: ScenarioBuilder) -> None:
    """Leave the scenario as it is."""
    del builder


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One property that a scenario can have.

    A scenario has at most one feature of each `topic`, unless `TOPICS` allows more, and none of the features and topics
    that `excludes` names. It must have the `flows`, and not those that it is `without`; the provider must be one of
    `providers`, unless that is None. `message` is a type of messages that the search must be about. `shows` names what
    a run that exercised the feature has, as a coverage item; empty means that every run with the feature exercised it.
    """

    name: str
    topic: str
    apply: Callable[[ScenarioBuilder], None] = field(default=no_change, compare=False)
    flows: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    providers: frozenset[str] | None = None
    excludes: frozenset[str] = frozenset()
    shows: str = ""
    message: str = SMS

    @property
    def family(self) -> str:
        """The first word of the topic: `fault` and `dialect` have a topic for each place and each dialect."""
        return self.topic.partition(" ")[0]

    def suits(self, provider: str, flows: frozenset[str]) -> bool:
        """Return True if a scenario with this provider and these flows can have the feature."""
        return (
            self.flows <= flows and not self.without & flows and (self.providers is None or provider in self.providers)
        )

    def is_allowed_with(self, other: "Feature") -> bool:
        """Return True if neither excludes the other."""
        return not (self.excludes & {other.name, other.topic} or other.excludes & {self.name, self.topic})

    def goes_with(self, other: "Feature") -> bool:
        """Return True if a scenario can have both. Of features with one topic, it may have only one."""
        has_flows = not (self.without & other.flows or other.without & self.flows)
        mine, others = self.providers, other.providers
        has_provider = mine is None or others is None or bool(mine & others)
        return has_flows and has_provider and self.topic != other.topic and self.is_allowed_with(other)
