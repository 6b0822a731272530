"""The plan of a scenario: a provider, the flows and the features, chosen for what was not exercised yet."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from sendproof_harness.history.parts import SMS
from sendproof_harness.search.explore.builder import Content, ScenarioBuilder
from sendproof_harness.search.explore.catalogue import DETAILS, EARLY_TOPICS, FAMILIES, TOPICS, FeatureCatalogue
from sendproof_harness.search.explore.coverage import Coverage
from sendproof_harness.search.explore.draws import Draws
from sendproof_harness.search.explore.feature import Feature
from sendproof_harness.search.explore.features.campaigns import OF_TWO_PROVIDERS

# The best of so many drafts is chosen: enough to find new pairs, and quick.
_DRAFTS = 12
_FEWEST_FEATURES, _MOST_FEATURES = 5, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioPlan:
    """The choices for one scenario. `features` are in the order of the catalogue."""

    seed: int
    provider: str
    other: str
    flows: frozenset[str]
    features: tuple[Feature, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the features."""
        return tuple(feature.name for feature in self.features)

    @property
    def flow_item(self) -> str:
        """The coverage item for the provider and the flows."""
        return f"{self.provider} {' and '.join(sorted(self.flows))}"


def choose_plan(seed: int, catalogue: FeatureCatalogue, coverage: Coverage) -> ScenarioPlan:
    """Return the plan of a seed: of several drafts, the one with the most that was rarely exercised."""
    drafts = (_draft(seed, Draws(seed * 1_000 + index), catalogue, coverage) for index in range(_DRAFTS))
    return max(drafts, key=lambda plan: _novelty(plan, coverage))


def _draft(seed: int, draws: Draws, catalogue: FeatureCatalogue, coverage: Coverage) -> ScenarioPlan:
    # All drafts of a seed have these numbers: otherwise the one with most features and faults would be chosen.
    numbers = Draws(seed)
    wanted = _FEWEST_FEATURES + numbers.number("features", _MOST_FEATURES - _FEWEST_FEATURES + 1)
    families = {family: numbers.choice(family, counts) for family, counts in FAMILIES.items()}
    provider = draws.choice("provider", catalogue.providers)
    flows = draws.choice("flows", catalogue.flows)
    suitable = [feature for feature in catalogue.features if feature.suits(provider, flows)]
    order = _in_drawn_order(suitable, draws, coverage)
    types = [feature for feature in order if feature.message != SMS]
    if types and numbers.number("type first", 2):
        # A search for other types of messages has one in at least half of its scenarios.
        order.insert(0, order.pop(order.index(types[0])))
    chosen = _compatible(order, wanted, {**TOPICS, **families})
    others = [name for name in catalogue.providers if name != provider] or [provider]
    uses_other = any(feature.name in OF_TWO_PROVIDERS for feature in chosen)
    return ScenarioPlan(
        seed=seed,
        provider=provider,
        other=draws.choice("other", others) if uses_other else provider,
        flows=flows,
        features=tuple(feature for feature in catalogue.features if feature in chosen),
    )


def _in_drawn_order(features: list[Feature], draws: Draws, coverage: Coverage) -> list[Feature]:
    """Return the features in a random order, where rarely exercised ones tend to come first."""

    def rank(feature: Feature) -> float:
        # Weighted sampling without replacement, by Efraimidis and Spirakis.
        return math.pow(draws.fraction(f"rank {feature.name}"), 1.0 / coverage.weight(feature))

    return sorted(features, key=rank, reverse=True)


def _compatible(features: Iterable[Feature], wanted: int, limits: Mapping[str, int]) -> frozenset[Feature]:
    """Return the first features that fit together: the details, and so many others as are wanted.

    `limits` are the numbers by topic or family; other topics have 1.
    """
    chosen: list[Feature] = []
    counts: Counter[str] = Counter()
    others = 0
    for feature in features:
        is_detail = feature.family in DETAILS
        keys = {feature.topic, feature.family}
        is_full = any(counts[key] >= limits.get(key, 1) for key in keys)
        if (is_detail or others < wanted) and not is_full and all(map(feature.is_allowed_with, chosen)):
            chosen.append(feature)
            counts.update(keys)
            others += not is_detail
    return frozenset(chosen)


def _novelty(plan: ScenarioPlan, coverage: Coverage) -> float:
    singles = sum(coverage.weight(feature) for feature in plan.features)
    pairs = list(combinations((plan.flow_item, *plan.names), 2))
    return singles + sum(1.0 / (1 + coverage.pair_count(*pair)) for pair in pairs) / (1 + len(plan.features))


def plan_document(plan: ScenarioPlan) -> Content:
    """Return the document of a plan: the same plan always gives the same document."""
    builder = ScenarioBuilder(plan.provider, plan.other, plan.flows, plan.seed)
    early = [feature for feature in plan.features if feature.topic in EARLY_TOPICS]
    for feature in early:
        feature.apply(builder)
    builder.begin()
    for feature in plan.features:
        if feature not in early:
            feature.apply(builder)
    return builder.document(f"Exploration {plan.seed}", _about(plan))


def _about(plan: ScenarioPlan) -> str:
    return "; ".join((plan.provider, *sorted(plan.flows), *plan.names))
