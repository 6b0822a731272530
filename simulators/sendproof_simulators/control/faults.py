"""The operations of `control.yaml` on faults: the catalogue, the active faults, and pending kills."""

from sendproof_simulators.control.call import ControlCall, attempt
from sendproof_simulators.core.faults.active import ActiveFault
from sendproof_simulators.core.faults.parsing import Targets, parse_faults
from sendproof_simulators.core.faults.spec import catalogue
from sendproof_simulators.core.http import Response, json_response


async def get_fault_catalogue(call: ControlCall) -> Response:
    """List all kinds of faults."""
    del call
    return json_response(catalogue())


async def list_faults(call: ControlCall) -> Response:
    """List the active faults of a sandbox."""
    return json_response([_fault_json(fault) for fault in call.sandbox.faults.active()])


async def add_faults(call: ControlCall) -> Response:
    """Activate faults, all of them or none."""
    sandbox = call.sandbox
    specs = attempt(lambda: parse_faults(call.body, _targets(call)))
    return json_response([_fault_json(fault) for fault in sandbox.faults.add(specs)], status=201)


async def remove_faults(call: ControlCall) -> Response:
    """Deactivate all faults."""
    call.sandbox.faults.clear()
    return Response(status=204, content_type="")


async def remove_fault(call: ControlCall) -> Response:
    """Deactivate one fault."""
    attempt(lambda: call.sandbox.faults.remove(call.params["fault"]))
    return Response(status=204, content_type="")


async def get_pending_kill(call: ControlCall) -> Response:
    """Return the kill that the harness has to carry out, or null."""
    return json_response(await call.sandbox.faults.pending_kill())


async def complete_fault(call: ControlCall) -> Response:
    """Let the exchange continue that waits for a kill."""
    # 409: the sandbox exists, and nothing in it waits for this fault now.
    completed = attempt(lambda: call.sandbox.faults.complete(call.params["fault"]), missing_status=409)
    # Sandboxes on one clock have one bridge, which was killed in all of them.
    for other in call.control.sandboxes.on_clock_of(call.sandbox):
        if other is not call.sandbox:
            other.record("fault", completed.journal_fields_elsewhere(call.sandbox.id))
    return Response(status=204, content_type="")


def _fault_json(fault: ActiveFault) -> dict[str, object]:
    return {**fault.view(), "injected": fault.injected}


def _targets(call: ControlCall) -> Targets:
    services = call.control.services.items()
    return Targets(
        calls={name: tuple(service.contract.operations) for name, service in services},
        webhooks={name: service.simulator.events for name, service in services},
    )
