"""The check of everything that a simulator without a server sends: no test sees a response or webhook that is wrong."""

from functools import cache

from sendproof_simulators.core.dialects import changed_dialects
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import SandboxContext, Simulator
from sendproof_simulators.core.strict.watch import Watch
from sendproof_simulators.services.discovery import service_contracts, webhook_contracts


@cache
def watch() -> Watch:
    """Return the watch of this process."""
    return Watch(service_contracts(), webhook_contracts)


def checked(simulator: Simulator, context: SandboxContext, effects: Effects, operation: str | None = None) -> Effects:
    """Return the effects of an operation or (None) of a timer, which keep the contracts."""
    changed = changed_dialects(simulator.dialects, context.dialects)
    found = [] if operation is None else watch().check_response(simulator.name, changed, operation, effects.response)
    for webhook in (*effects.before_response, *effects.webhooks):
        found += watch().check_webhook(simulator.name, changed, webhook.event, webhook.content_type, webhook.body)
    assert found == []
    return effects
