"""What the simulators of this version know about contracts: whose they are, and who makes the calls."""

from sendproof_simulators.comparison.comparing import Services
from sendproof_simulators.services.discovery import discover


def known_services() -> Services:
    """Return the service of each contract, and the contracts of the calls that services make."""
    simulators = discover()
    webhooks = {known.webhook_contract: name for name, known in simulators.items() if known.webhook_contract}
    return Services(
        called_by_service=frozenset(webhooks),
        service_of=webhooks | {known.contract: name for name, known in simulators.items()},
    )
