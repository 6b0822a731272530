"""Variants of a scenario: one for each non-default option of each dialect of its services.

A bridge that passes all of them does not depend on an assumption about a real API. The list of dialects comes from the
simulators: `GET /control/dialects`.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sendproof_harness.scenario.model import Scenario

#: The dialects by service, each with its name and its options; the first option is the default.
Catalogue = Mapping[str, Sequence[Mapping[str, Any]]]

_OPTIMOVE, _SIGNED_EVENTS = "optimove", "optimove-metrics"


def dialect_variants(scenarios: Mapping[str, Scenario], catalogue: Catalogue) -> dict[str, Scenario]:
    """Return each scenario unchanged and once per non-default option, by the name of its results folder.

    Only services that the scenario uses count. A dialect that the scenario sets is not varied, because its story
    depends on that option.
    """
    return {
        variant_name: variant
        for name, scenario in scenarios.items()
        for variant_name, variant in [(name, scenario), *_variants(name, scenario, catalogue)]
    }


def _variants(name: str, scenario: Scenario, catalogue: Catalogue) -> Iterator[tuple[str, Scenario]]:
    for service in used_services(scenario):
        for dialect in catalogue.get(service, ()):
            key = f"{service}.{dialect['name']}"
            if key in scenario.dialects:
                continue
            for option in dialect["options"][1:]:
                dialects = {**scenario.dialects, key: option["value"]}
                yield f"{name}-{key}-{option['value']}", dataclasses.replace(scenario, dialects=dialects)


def used_services(scenario: Scenario) -> list[str]:
    """Return the names of the services that the bridge uses in this scenario."""
    providers = dict.fromkeys(channel.provider for channel in scenario.channels)
    signed = [_SIGNED_EVENTS] if scenario.bridge.reports == "save_event" else []
    return [_OPTIMOVE, *signed, *providers]
