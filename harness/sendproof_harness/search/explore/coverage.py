"""The record of what the runs of an exploration exercised, which guides the choice of the next scenario.

Items are names: `requirement R401`, `operation optimove.AddChannelTemplates`, `fault kill`, and those of features.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations

from sendproof_harness.judge.checks import CHECKS
from sendproof_harness.judge.verdict import Verdict
from sendproof_harness.search.explore.feature import Feature

#: Requirements that only a conformance run can look at.
_CONFORMANCE = frozenset({"R105", "R106", "R107"})
#: The requirements that an exploration can look at, with their titles.
REQUIREMENTS = {
    check.requirement.number: check.title for check in CHECKS if check.requirement.number not in _CONFORMANCE
}
# A feature that was planned and did not happen counts a little, so that it does not come up in each scenario.
_IN_VAIN = 0.25


def observed_items(verdicts: Iterable[Verdict], operations: Iterable[str], faults: Iterable[str]) -> frozenset[str]:
    """Return what a run shows: requirements that it looked at, operations that were called, faults that happened."""
    looked_at = {
        f"requirement {result.check.requirement.number}"
        for verdict in verdicts
        for result in verdict.results
        if result.looked_at
    }
    return frozenset({*looked_at, *(f"operation {name}" for name in operations), *(f"fault {name}" for name in faults)})


@dataclass(slots=True)
class Coverage:
    """How often each item and each pair of items was exercised. A pair of faults or features is a pair of items."""

    counts: Counter[str] = field(default_factory=Counter)
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    in_vain: Counter[str] = field(default_factory=Counter)

    def copy(self) -> "Coverage":
        """Return a record that can change without this one."""
        return Coverage(counts=self.counts.copy(), pairs=self.pairs.copy(), in_vain=self.in_vain.copy())

    def add(self, flow_item: str, features: Iterable[Feature], observed: frozenset[str]) -> frozenset[str]:
        """Add a run: the item for its provider and flows, its features, and what it showed.

        Return the items that were never exercised before.
        """
        planned = tuple(features)
        exercised = [feature.name for feature in planned if not feature.shows or feature.shows in observed]
        self.in_vain.update(feature.name for feature in planned if feature.name not in exercised)
        chosen = [flow_item, *exercised]
        items = frozenset(chosen) | observed
        new = frozenset(item for item in items if not self.counts[item])
        self.counts.update(items)
        self.pairs.update(_key(*pair) for pair in combinations(chosen, 2))
        return new

    def weight(self, feature: Feature) -> float:
        """Return how much a feature is wanted: 1 if it never came up, and twice as much for a new situation."""
        tried = self.counts[feature.name] + _IN_VAIN * self.in_vain[feature.name]
        is_new_situation = bool(feature.shows) and not self.counts[feature.shows]
        return (2.0 if is_new_situation else 1.0) / (1.0 + tried)

    def pair_count(self, one: str, two: str) -> int:
        """Return how many runs exercised both."""
        return self.pairs[_key(one, two)]

    def of_kind(self, kind: str) -> dict[str, int]:
        """Return the counts of all items of a kind, such as `requirement`, without the kind."""
        prefix = f"{kind} "
        return {item.removeprefix(prefix): count for item, count in self.counts.items() if item.startswith(prefix)}


def _key(one: str, two: str) -> tuple[str, str]:
    return (one, two) if one < two else (two, one)
