"""One scenario in every dialect: a bridge that passes them all does not depend on what we assumed.

The catalogue is the simulators' own: `GET /control/dialects`.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sendproof_harness.scenario.model import Scenario

#: By service: its dialects, each with its name and its answers, of which the first is the default.
Catalogue = Mapping[str, Sequence[Mapping[str, Any]]]

_OPTIMOVE, _SIGNED_EVENTS = "optimove", "optimove-metrics"


def dialect_variants(scenarios: Mapping[str, Scenario], catalogue: Catalogue) -> dict[str, Scenario]:
    """Each scenario as it is, and once for each answer that is not the default, by the name of its results folder.

    Only the services that the scenario uses count. A question that it answers itself is left alone, as its story
    depends on that answer.
    """
    return {
        named: varied
        for name, scenario in scenarios.items()
        for named, varied in [(name, scenario), *_variations(name, scenario, catalogue)]
    }


def _variations(name: str, scenario: Scenario, catalogue: Catalogue) -> Iterator[tuple[str, Scenario]]:
    for service in used_services(scenario):
        for dialect in catalogue.get(service, ()):
            question = f"{service}.{dialect['name']}"
            if question in scenario.dialects:
                continue
            for answer in dialect["options"][1:]:
                spoken = {**scenario.dialects, question: answer["value"]}
                yield f"{name}-{question}-{answer['value']}", dataclasses.replace(scenario, dialects=spoken)


def used_services(scenario: Scenario) -> list[str]:
    """The services that a bridge speaks with in this scenario."""
    providers = dict.fromkeys(channel.provider for channel in scenario.channels)
    signed = [_SIGNED_EVENTS] if scenario.bridge.reports == "save_event" else []
    return [_OPTIMOVE, *signed, *providers]
