"""The operations of `control.yaml` that read a sandbox: its state, digest, history, expectations and journal."""

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from tempfile import SpooledTemporaryFile

from sendproof_simulators.control.call import PLATFORM, ControlCall
from sendproof_simulators.control.channels import campaigns_of
from sendproof_simulators.control.states.state_digest import state_digest
from sendproof_simulators.core.clock.wall_clock import iso
from sendproof_simulators.core.http import Response, StreamedResponse, json_response
from sendproof_simulators.core.sandbox import HistoryOrigin

NDJSON = "application/x-ndjson"
# The history of a few thousand recipients.
_IN_MEMORY = 8 * 1024 * 1024
# Default size of a journal part: large compared with the cost of a request, and quick to produce.


async def get_state(call: ControlCall) -> Response:
    """Return listeners, channel templates, and the number of journal entries by kind."""
    sandbox = call.sandbox
    overview = campaigns_of(call).overview(sandbox.states[PLATFORM])
    return json_response({**overview, "counts": dict(sandbox.journal.counts)})


async def get_digest(call: ControlCall) -> Response:
    """Return a digest of each part of the sandbox's state."""
    return json_response(state_digest(call.sandbox))


async def get_history(call: ControlCall) -> Response:
    """Stream the complete history."""
    origin = HistoryOrigin(
        version=version("sendproof"),
        services=call.control.addresses.services,
        contracts={name: service.contract.digest for name, service in call.control.services.items()},
    )
    lines = call.sandbox.history(origin)
    return StreamedResponse(content_type=NDJSON, lines=_at_once(lines) if call.value("at_once") else lines)


def _at_once(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Read all lines now, while nothing else happens in this process; return them for a response that takes longer."""
    # The response closes the file when it ends.
    file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
    file.writelines(line + b"\n" for line in lines)
    file.seek(0)
    return _lines_of(file)


def _lines_of(file: SpooledTemporaryFile[bytes]) -> Iterator[bytes]:
    with file:
        for line in file:
            yield line.rstrip(b"\n")


async def get_expectations(call: ControlCall) -> Response:
    """Stream the history's lines on campaigns and obligations, which are true before anything happens."""
    return StreamedResponse(content_type=NDJSON, lines=call.sandbox.expectations())


async def get_journal(call: ControlCall) -> Response:
    """Return whole lines of the journal from a byte offset."""
    start, max_bytes = call.params["start"], call.value("max_bytes")
    return Response(content_type=NDJSON, body=call.sandbox.journal.read(start, max_bytes))


async def get_traffic(call: ControlCall) -> Response:
    """Return the number of journal entries of each kind over virtual time."""
    traffic = call.sandbox.journal.traffic
    buckets = list(traffic.buckets())
    kinds = sorted({kind for _, counts in buckets for kind in counts})
    return json_response(
        {
            "width_ms": traffic.width,
            "at": [iso(start) for start, _ in buckets],
            "kinds": {kind: [counts[kind] for _, counts in buckets] for kind in kinds},
        }
    )
