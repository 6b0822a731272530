"""The operations of `control.yaml` on the settings that users enter on a service's website."""

from typing import Any

from sendproof_simulators.control.call import ControlCall, ControlError, attempt
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.simulator import Settings
from sendproof_simulators.core.suggestions import suggestion


async def get_settings(call: ControlCall) -> Response:
    """Return all settings of a service."""
    settings, state = _settings_and_state(call)
    return json_response(settings.read(state))


async def replace_settings(call: ControlCall) -> Response:
    """Replace all settings of a service."""
    settings, state = _settings_and_state(call)
    name = call.params["service"]
    context = call.sandbox.contexts[name]
    effects = attempt(lambda: settings.replace(context, state, call.now, call.body))
    call.sandbox.apply(name, effects)
    return json_response(settings.read(state))


def _settings_and_state(call: ControlCall) -> tuple[Settings, Any]:
    sandbox, name = call.sandbox, call.params["service"]
    simulators = call.control.simulators.values()
    all_settings = {simulator.name: simulator.settings for simulator in simulators if simulator.settings}
    if name not in all_settings:
        raise ControlError(404, f"{name!r} is not a service with settings; {suggestion(name, all_settings)}")
    return all_settings[name], sandbox.states[name]
