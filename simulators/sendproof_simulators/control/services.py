"""The operations of `control.yaml` on one service of a sandbox: its keys, batch files, overview, and preview."""

import csv

from sendproof_simulators.control.call import ControlCall, ControlError, attempt
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.simulator import Keys
from sendproof_simulators.core.suggestions import suggestion


async def list_keys(call: ControlCall) -> Response:
    """List the keys of a service."""
    return json_response(_keys(call).all(call.state, call.now))


async def create_key(call: ControlCall) -> Response:
    """Create one more key."""
    keys = _keys(call)
    key, effects = attempt(lambda: keys.create(call.context, call.state, call.now, call.body))
    return json_response(_register(call, key, effects), status=201)


async def change_key(call: ControlCall) -> Response:
    """Disable, enable or rotate a key, or change its access type."""
    keys, name = _keys(call), call.params["key"]
    key, effects = attempt(lambda: keys.change(call.context, call.state, call.now, name, call.body))
    return json_response(_register(call, key, effects))


async def upload_batch_file(call: ControlCall) -> Response:
    """Import a file that a user of the service uploads."""
    service = call.service
    batch = service.batch
    if batch is None:
        raise ControlError(404, f"{service.name} accepts no batch files")
    try:
        result, effects = attempt(lambda: batch(call.context, call.state, call.now, call.body))
    except csv.Error as error:
        raise ControlError(400, str(error)) from None
    call.sandbox.apply(service.name, effects)
    return json_response(result)


async def get_service_overview(call: ControlCall) -> Response:
    """Return what users reported to a service."""
    service = call.service
    if service.overview is None:
        raise ControlError(404, f"{service.name} has no overview; its history contains everything")
    return json_response(service.overview(call.state, call.now))


async def preview_service(call: ControlCall) -> Response:
    """Return what a service would do, without doing it."""
    sandbox, name = call.sandbox, call.params["service"]
    simulators = call.control.simulators.values()
    previews = {simulator.name: simulator.preview for simulator in simulators if simulator.preview}
    if name not in previews:
        raise ControlError(404, f"{name!r} is not a service with a preview; {suggestion(name, previews)}")
    try:
        return json_response(await previews[name](sandbox.contexts[name], sandbox.states[name], call.now, call.body))
    except ValueError as error:
        raise ControlError(409, str(error)) from None


def _keys(call: ControlCall) -> Keys:
    service = call.service
    if service.keys is None:
        raise ControlError(404, f"{service.name} has one set of credentials in a sandbox")
    return service.keys


def _register(call: ControlCall, key: dict[str, object], effects: Effects) -> dict[str, object]:
    """Make the sandbox findable by the value of a key, if it has one; apply the effects, and return the key."""
    sandbox, service = call.sandbox, call.service.name
    if "key" in key:
        call.control.sandboxes.register_credential(service, str(key["name"]), str(key["key"]), sandbox)
    sandbox.apply(service, effects)
    return key
