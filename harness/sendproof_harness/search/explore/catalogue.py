"""All features, and the topics that order them."""

from dataclasses import dataclass

from sendproof_harness.providers import discover
from sendproof_harness.scenario.dialect_matrix import Catalogue
from sendproof_harness.search.explore.feature import Feature
from sendproof_harness.search.explore.features import (
    campaigns,
    cancellations,
    changes,
    clocks,
    customers,
    dialects,
    faults,
    templates,
    texts,
    triggers,
    wishes,
)

#: Topics whose features change the builder before it begins: the others find the ordinary content.
EARLY_TOPICS = frozenset({"clock", "text"})
#: How many features of a topic a scenario can have, if more than one.
TOPICS = {"campaign": 2, "trigger": 2, "customer": 4, "outcome": 3, "opt-out": 2}
#: How many faults, and how many dialect options, a scenario can have: one of the numbers, drawn for each scenario. Many
#: scenarios have none, because what is lost to a fault is excused.
FAMILIES = {"fault": (0, 0, 0, 1, 1, 2, 2, 3), "dialect": (0, 0, 1, 2)}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureCatalogue:
    """The features to choose from, in the order in which they are applied, and the providers."""

    features: tuple[Feature, ...]
    providers: tuple[str, ...]


def feature_catalogue(
    dialect_catalogue: Catalogue, *, provider: str | None = None, kills: bool = True
) -> FeatureCatalogue:
    """Return all features for one provider, or for every one. Without `kills`, no fault kills the bridge."""
    features = (
        *clocks.FEATURES,
        *texts.FEATURES,
        *wishes.features(),
        *customers.features(),
        *campaigns.FEATURES,
        *cancellations.FEATURES,
        *triggers.FEATURES,
        *templates.FEATURES,
        *changes.FEATURES,
        *dialects.features(dialect_catalogue),
        *faults.features(kills=kills),
    )
    providers = tuple(discover()) if provider is None else (provider,)
    return FeatureCatalogue(features=features, providers=providers)
