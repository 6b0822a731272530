"""The only operation of openapi/optimove-metrics.yaml."""

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove_metrics.responses import error_response, success_response
from sendproof_simulators.services.optimove_metrics.state import RejectedEventError


def save_event(call: Call) -> Effects:
    """Save one event, or all events of an array."""
    events = call.body if isinstance(call.body, list) else [call.body]
    try:
        entries = call.state.save(events, call.now)
    except RejectedEventError as error:
        # The judge needs the event that stopped all others in the request, and the reason.
        summary = {"refused_event": error.event, "refused_for": error.rule}
        return Effects(response=error_response(400, str(error)), summary=summary)
    message_id = call.context.random.token(24, "optimove-metrics", "message", call.state.saved)
    return Effects(response=success_response(call.context, message_id), entries=entries)
