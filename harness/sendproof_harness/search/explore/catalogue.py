"""All features, and the topics that order them."""

from collections.abc import Collection
from dataclasses import dataclass

from sendproof_harness.history.parts import SMS
from sendproof_harness.providers import discover
from sendproof_harness.run.errors import RunOptionsError
from sendproof_harness.scenario.dialect_matrix import Catalogue
from sendproof_harness.search.explore.builder import SCHEDULED, TRIGGERED
from sendproof_harness.search.explore.feature import FLOWS, Feature
from sendproof_harness.search.explore.features import (
    campaigns,
    cancellations,
    changes,
    clients,
    clocks,
    customers,
    dialects,
    faults,
    message_types,
    sizes,
    templates,
    texts,
    triggers,
    wishes,
)
from sendproof_harness.suggestions import closest, wrong_choice

#: What the bridge serves, with the flows that a scenario can then have.
FLOWS_SERVED = {"scheduled": (frozenset({SCHEDULED}),), "triggered": (frozenset({TRIGGERED}),), "both": FLOWS}
#: Topics whose features change the builder before it begins: the others find the ordinary content.
EARLY_TOPICS = frozenset({"clock", "text"})
#: How many features of a topic a scenario can have, if more than one.
TOPICS = {"campaign": 2, "trigger": 2, "opt-out": 2, "message type": 2}
#: How many features of a family a scenario can have: one of the numbers, drawn for each scenario. Many scenarios have
#: no fault, because what is lost to a fault is excused.
FAMILIES = {
    "fault": (0, 0, 0, 1, 2, 3, 4, 5),
    "dialect": (0, 0, 1, 2),
    "text": (0, 1, 1, 1),
    "customer": (2, 4, 6, 8),
    "outcome": (0, 2, 4, 6),
}
#: The families that a scenario has beside its other features: a text or a customer more costs next to nothing.
DETAILS = frozenset({"text", "customer", "outcome"})


def sms_providers() -> tuple[str, ...]:
    """Return the names of the providers of SMS, which all generated scenarios have."""
    return tuple(name for name, record in discover().items() if SMS in record.message_types)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchScope:
    """What a search may use: one provider of SMS, or every one for None, and the flows that the bridge serves.

    `messages` are the types that scenarios have beside SMS. `without` has names of features and topics that no scenario
    may have. Without `kills`, no fault kills the bridge.
    """

    provider: str | None = None
    flow: str = "both"
    messages: Collection[str] = ()
    without: Collection[str] = ()
    kills: bool = True

    @property
    def providers(self) -> tuple[str, ...]:
        """The names of the providers."""
        return sms_providers() if self.provider is None else (self.provider,)

    @property
    def flows(self) -> tuple[frozenset[str], ...]:
        """The flows to choose from: one is drawn for each scenario."""
        return FLOWS_SERVED[self.flow]

    def has(self, feature: Feature) -> bool:
        """Return True if some scenario can have the feature."""
        is_left_out = not {feature.name, feature.topic, feature.family}.isdisjoint(self.without)
        is_wanted = feature.message in {SMS, *self.messages}
        is_possible = feature.name != campaigns.OTHER_PROVIDER or len(self.providers) > 1
        return (
            is_wanted
            and is_possible
            and not is_left_out
            and any(feature.suits(name, flows) for name in self.providers for flows in self.flows)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureCatalogue:
    """The features to choose from, in the order of their application, the providers, and the flows."""

    features: tuple[Feature, ...]
    providers: tuple[str, ...]
    flows: tuple[frozenset[str], ...] = FLOWS


def feature_catalogue(dialect_catalogue: Catalogue, scope: SearchScope | None = None) -> FeatureCatalogue:
    """Return the features that scenarios of the scope can have; by default, all.

    `RunOptionsError` if the scope leaves out something that is no feature.
    """
    wanted = scope or SearchScope()
    _check_names(wanted.without, _all_features(dialect_catalogue, kills=True))
    features = tuple(feature for feature in _all_features(dialect_catalogue, kills=wanted.kills) if wanted.has(feature))
    _check_messages(wanted, features)
    return FeatureCatalogue(
        features=features,
        providers=wanted.providers,
        flows=wanted.flows,
    )


def _all_features(dialect_catalogue: Catalogue, *, kills: bool) -> tuple[Feature, ...]:
    return (
        *clocks.FEATURES,
        *texts.FEATURES,
        *wishes.features(),
        *clients.features(),
        *customers.features(),
        *message_types.features(),
        *sizes.FEATURES,
        *campaigns.FEATURES,
        *cancellations.FEATURES,
        *triggers.FEATURES,
        *templates.FEATURES,
        *changes.FEATURES,
        *dialects.features(dialect_catalogue),
        *faults.features(kills=kills),
    )


def _check_messages(scope: SearchScope, features: Collection[Feature]) -> None:
    """Refuse a type of messages that no scenario would have."""
    for name in scope.messages:
        if name != SMS and not any(feature.message == name for feature in features):
            provider = "" if scope.provider is None else f" with --provider {scope.provider}"
            possible = (
                feature for feature in message_types.features() if (feature.providers or set()) & set(scope.providers)
            )
            types = sorted({feature.message for feature in possible})
            raise RunOptionsError(wrong_choice("--message", name, types) + provider)


def _check_names(names: Collection[str], features: Collection[Feature]) -> None:
    known = {name for feature in features for name in (feature.name, feature.topic, feature.family)}
    for name in names:
        if name not in known:
            match = closest(name, sorted(known))
            hint = f'did you mean "{match}"?' if match else "`about` of a scenario file names its features"
            raise RunOptionsError(f"--without: expected the name of a feature or topic, got {name!r}; {hint}")
