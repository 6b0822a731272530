"""Dialect options: the answers to open questions about the real services."""

from collections.abc import Callable, Iterator

from sendproof_harness.providers import discover
from sendproof_harness.scenario.dialect_matrix import Catalogue
from sendproof_harness.search.explore.builder import ScenarioBuilder
from sendproof_harness.search.explore.feature import Feature

_OPTIMOVE, _SIGNED_EVENTS = "optimove", "optimove-metrics"
# Signed events are reports of their own.
_OTHER_REPORTS = frozenset(
    {
        "reports of totals",
        "fault at the first report",
        "fault at the third report",
        "fault at the first report about customers",
    }
)


def features(catalogue: Catalogue) -> tuple[Feature, ...]:
    """Return a feature for each option that is not the default of its dialect."""
    return tuple(feature for service in catalogue for feature in _features_of(service, catalogue))


def _features_of(service: str, catalogue: Catalogue) -> Iterator[Feature]:
    if service not in {_OPTIMOVE, _SIGNED_EVENTS, *discover()}:
        return
    is_signed = service == _SIGNED_EVENTS
    for dialect in catalogue[service]:
        name = f"{service}.{dialect['name']}"
        for option in dialect["options"][1:]:
            yield Feature(
                name=f"{name}={option['value']}",
                topic=f"dialect {name}",
                apply=_setting(name, option["value"], is_signed=is_signed),
                providers=frozenset({service}) if service in discover() else None,
                excludes=_OTHER_REPORTS if is_signed else frozenset(),
            )


def _setting(name: str, option: str, *, is_signed: bool) -> Callable[[ScenarioBuilder], None]:
    def apply(builder: ScenarioBuilder) -> None:
        builder.top.setdefault("dialects", {}).setdefault(name, option)
        if is_signed:
            builder.bridge["reports"] = "save_event"

    return apply
