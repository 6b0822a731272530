"""The one operation of openapi/optimove-metrics.yaml."""

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove_metrics.responses import refused, saved
from sendproof_simulators.services.optimove_metrics.state import NotSavedError


def save_event(call: Call) -> Effects:
    """Save one event, or every event of an array."""
    events = call.body if isinstance(call.body, list) else [call.body]
    try:
        entries = call.state.save(events, call.now)
    except NotSavedError as problem:
        # Whoever judges the history sees which event stopped all that came with it.
        return Effects(response=refused(400, str(problem)), summary={"refused_event": problem.event})
    message = call.context.random.token(24, "optimove-metrics", "message", call.state.saved)
    return Effects(response=saved(call.context, message), entries=entries)
