"""The operations of `control.yaml` on faults: what there are, which are in force, and what the harness has to do."""

from sendproof_simulators.control.handlers import ControlCall, ControlError, attempt
from sendproof_simulators.core.faults.active import ActiveFault
from sendproof_simulators.core.faults.parsing import Places, read_entries
from sendproof_simulators.core.faults.spec import catalogue
from sendproof_simulators.core.http import Response, json_response


async def get_fault_catalogue(call: ControlCall) -> Response:
    """Every fault that there is."""
    del call
    return json_response(catalogue())


async def list_faults(call: ControlCall) -> Response:
    """Those of a sandbox."""
    return json_response([_view(kept) for kept in call.sandbox.faults.in_force()])


async def add_faults(call: ControlCall) -> Response:
    """Put more in force: all of those given, or none."""
    sandbox = call.sandbox
    try:
        entries = read_entries(call.body, _places(call))
    except ValueError as error:
        raise ControlError(400, str(error)) from None
    return json_response([_view(kept) for kept in sandbox.faults.add(entries)], status=201)


async def remove_faults(call: ControlCall) -> Response:
    """None is in force any more."""
    call.sandbox.faults.clear()
    return Response(status=204, content_type="")


async def get_pending_kill(call: ControlCall) -> Response:
    """What whoever started the bridge has to do."""
    return json_response(await call.sandbox.faults.wanted())


async def complete_fault(call: ControlCall) -> Response:
    """It was done."""
    attempt(lambda: call.sandbox.faults.done(call.params["fault"]))
    return Response(status=204, content_type="")


def _view(kept: ActiveFault) -> dict[str, object]:
    return {**kept.view(), "injected": kept.injected}


def _places(call: ControlCall) -> Places:
    services = call.control.services.values()
    return Places(
        calls={s.provider.name: tuple(s.contract.operations) for s in services},
        webhooks={s.provider.name: s.provider.events for s in services},
    )
