"""The operations of `control.yaml` on one service: its documentation, keys, batch files, overview, and preview."""

import csv
from functools import cache

import msgspec

from sendproof_simulators.control.call import ControlCall, ControlError, attempt
from sendproof_simulators.core.contracts import Contract
from sendproof_simulators.core.dialects import Options, defaults
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.simulator import Keys
from sendproof_simulators.core.suggestions import suggestion
from sendproof_simulators.reference.documentation import documentation
from sendproof_simulators.reference.postman import Target, collection
from sendproof_simulators.services.discovery import webhook_contracts

_CONTROL = "control"
YAML = "application/yaml"


async def get_contract(call: ControlCall) -> Response:
    """Return a contract as it is in force, as the YAML of its file or as JSON."""
    contract = _find_contract(call)
    if call.params["format"] == "yaml":
        return Response(content_type=YAML, body=contract.source)
    return Response(body=msgspec.json.encode(contract.document))


async def get_reference(call: ControlCall) -> Response:
    """Return the documentation of a service; its limits are those of a sandbox, or of the default dialects."""
    name = call.params["service"]
    if name == _CONTROL:
        return json_response(documentation(name, call.control.contract, None, {}))
    contract = call.control.services[call.service.name].contract
    return json_response(documentation(name, contract, call.service, _options(call)))


async def get_collection(call: ControlCall) -> Response:
    """Return a collection of requests to a service, with the credentials of the sandbox."""
    sandbox, service = call.sandbox, call.service
    url = call.control.addresses.services[service.name] + service.base_path(sandbox.contexts[service.name])
    target = Target(sandbox=sandbox.id, url=url, credentials=sandbox.credentials[service.name])
    return json_response(collection(service, call.control.services[service.name].contract, target))


def _options(call: ControlCall) -> Options:
    """Return the options of the service's dialects in the sandbox that the query names, or the default ones."""
    name = call.params.get("sandbox")
    if name is None:
        return defaults(call.service.dialects)
    sandbox = attempt(lambda: call.control.sandboxes.get(name))
    return sandbox.contexts[call.service.name].dialects


def _find_contract(call: ControlCall) -> Contract:
    """Return the contract of a service, of the control API, or of webhooks by the name of its file."""
    services = {name: service.contract for name, service in call.control.services.items()}
    known = {**services, _CONTROL: call.control.contract, **_webhook_contracts()}
    name = call.params["service"]
    if name not in known:
        raise ControlError(404, f"no contract is named {name!r}; {suggestion(name, known)}")
    return known[name]


@cache
def _webhook_contracts() -> dict[str, Contract]:
    return {contract.name: contract for contract in webhook_contracts().values()}


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
