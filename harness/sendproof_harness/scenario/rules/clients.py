"""Rules about several clients: what one of them has of its own."""

from collections.abc import Iterator

from sendproof_harness.scenario.diagnostics import Diagnostic, unknown_client
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.scenario.yaml_source import Document


def own_settings_belong_to_known_clients(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that each client with settings of its own is one of the scenario."""
    for name in scenario.client_settings:
        if name not in scenario.clients:
            yield document.diagnostic(("client_settings", name), unknown_client(name, scenario.clients))


RULES = (own_settings_belong_to_known_clients,)
