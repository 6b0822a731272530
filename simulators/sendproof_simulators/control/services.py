"""Operations of `control.yaml` on one service of a sandbox: its keys, its batch file, and what it was told."""

from typing import Any

from sendproof_simulators.control.handlers import ControlCall, ControlError
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.simulator import Keys, SandboxContext, Simulator


async def list_keys(call: ControlCall) -> Response:
    """The keys of a service."""
    return json_response(_keys(call).all(_state(call), _now(call)))


async def create_key(call: ControlCall) -> Response:
    """Make one more key."""
    made, effects = _tried(lambda: _keys(call).make(_context(call), _state(call), _now(call), call.body))
    return json_response(_known(call, made, effects), status=201)


async def change_key(call: ControlCall) -> Response:
    """Disable, enable or rotate a key."""
    name = call.params["key"]
    changed, effects = _tried(lambda: _keys(call).change(_context(call), _state(call), _now(call), name, call.body))
    return json_response(_known(call, changed, effects))


async def upload_batch_file(call: ControlCall) -> Response:
    """Take in a file as the user of the service uploads it."""
    sandbox, provider = call.sandbox, _provider(call)
    if provider.batch is None:
        raise ControlError(404, f"{provider.name} takes no batch files")
    batch = provider.batch
    taken, effects = _tried(lambda: batch(_context(call), _state(call), _now(call), call.body))
    sandbox.follow(provider.name, effects)
    return json_response(taken)


async def get_service_overview(call: ControlCall) -> Response:
    """What a service was told by its users."""
    provider = _provider(call)
    if provider.overview is None:
        raise ControlError(404, f"{provider.name} has nothing to show beyond its history")
    return json_response(provider.overview(_state(call), _now(call)))


def _known(call: ControlCall, key: dict[str, object], effects: Effects) -> dict[str, object]:
    """Let the sandbox be found by the key, and say where the key's client calls."""
    sandbox, service = call.sandbox, call.params["service"]
    call.control.sandboxes.register_credential(service, str(key["name"]), str(key["key"]), sandbox)
    sandbox.follow(service, effects)
    return key


def _provider(call: ControlCall) -> Simulator:
    services, name = call.control.services, call.params["service"]
    if name not in services:
        raise ControlError(404, f"no service is named {name!r}; there are: {', '.join(services)}")
    return services[name].provider


def _keys(call: ControlCall) -> Keys:
    provider = _provider(call)
    if provider.keys is None:
        raise ControlError(404, f"{provider.name} has one set of credentials in a sandbox")
    return provider.keys


def _context(call: ControlCall) -> SandboxContext:
    return call.sandbox.contexts[_provider(call).name]


def _state(call: ControlCall) -> Any:
    return call.sandbox.states[_provider(call).name]


def _now(call: ControlCall) -> int:
    return call.sandbox.clock.now()


def _tried(action: Any) -> Any:
    try:
        return action()
    except KeyError as error:
        raise ControlError(404, str(error.args[0])) from None
    except ValueError as error:
        raise ControlError(400, str(error)) from None
