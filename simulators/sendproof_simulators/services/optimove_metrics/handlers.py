"""The one operation of openapi/optimove-metrics.yaml."""

from sendproof_simulators.core.http import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove_metrics.responses import refused, saved
from sendproof_simulators.services.optimove_metrics.state import NotSavedError


def save_event(call: Call) -> Effects:
    """Save one event, or every event of an array."""
    events = call.body if isinstance(call.body, list) else [call.body]
    try:
        facts = call.state.save(events, call.now)
    except NotSavedError as problem:
        # Whoever judges the history sees which event stopped all that came with it.
        return Effects(reply=refused(400, str(problem)), note={"refused_event": problem.event})
    message = call.world.chance.token(24, "optimove-metrics", "message", call.state.saved)
    return Effects(reply=saved(call.world, message), facts=facts)
