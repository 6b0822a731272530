"""The operations of `control.yaml` on the process: health, services, dialects, and requests without a sandbox."""

import os
from dataclasses import asdict
from importlib.metadata import version

from sendproof_simulators.control.activity.counts import counts_of
from sendproof_simulators.control.call import ControlCall
from sendproof_simulators.core.http import Response, json_response


async def get_health(call: ControlCall) -> Response:
    """Return the version, the process id, the machine's time, and that of the journals."""
    wall = call.control.wall
    times = {"real": round(wall.time(), 3), "steady": round(wall.steady(), 3)}
    return json_response({"status": "ok", "version": version("sendproof"), "pid": os.getpid(), **times})


async def get_metrics(call: ControlCall) -> Response:
    """Return the measurements of the process in Prometheus' text format."""
    from sendproof_simulators.control.activity.measurements import CONTENT_TYPE, page  # noqa: PLC0415 - slow to import

    return Response(content_type=CONTENT_TYPE, body=page(counts_of(call.control)))


async def get_services(call: ControlCall) -> Response:
    """List all services with their URLs, operations and events."""
    urls = call.control.addresses.services
    services = {
        name: {
            "url": urls[name],
            "contract": service.simulator.contract,
            "operations": list(service.contract.operations),
            "events": list(service.simulator.events),
        }
        for name, service in call.control.services.items()
    }
    return json_response(services)


async def get_dialects(call: ControlCall) -> Response:
    """List the dialects of all services with their options."""
    simulators = call.control.simulators.items()
    return json_response({name: [asdict(dialect) for dialect in simulator.dialects] for name, simulator in simulators})


async def get_unauthenticated_requests(call: ControlCall) -> Response:
    """List the newest requests without a known credential."""
    services = call.control.services.values()
    return json_response({"requests": [fields for service in services for fields in service.unauthenticated]})
