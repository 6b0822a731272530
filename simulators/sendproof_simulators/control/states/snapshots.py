"""The operations of `control.yaml` on the snapshots of a sandbox."""

from sendproof_simulators.control.call import ControlCall, ControlError, attempt
from sendproof_simulators.core.clock.wall_clock import iso
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.snapshots.snapshot import Snapshot
from sendproof_simulators.core.snapshots.snapshots import return_to_snapshot, take_snapshot


async def list_snapshots(call: ControlCall) -> Response:
    """List the snapshots of a sandbox, the newest first."""
    return json_response([_snapshot_json(snapshot) for snapshot in reversed(call.sandbox.snapshots.values())])


async def create_snapshot(call: ControlCall) -> Response:
    """Take a snapshot."""
    taken = attempt(lambda: take_snapshot(call.control.sandboxes, call.sandbox, call.body["name"]))
    return json_response(_snapshot_json(taken), status=201)


async def restore_snapshot(call: ControlCall) -> Response:
    """Set a sandbox back to a snapshot, which stays."""
    control, sandbox, snapshot = call.control, call.sandbox, _snapshot(call)
    attempt(lambda: return_to_snapshot(control.sandboxes, sandbox, snapshot))
    control.judge.forget(sandbox)
    return json_response(_snapshot_json(snapshot))


async def delete_snapshot(call: ControlCall) -> Response:
    """Delete a snapshot."""
    del call.sandbox.snapshots[_snapshot(call).name]
    call.control.sandboxes.note_change(call.sandbox.id)
    return Response(status=204, content_type="")


def _snapshot(call: ControlCall) -> Snapshot:
    """Return the snapshot in the path."""
    kept, name = call.sandbox.snapshots, call.params["snapshot"]
    if name not in kept:
        known = ", ".join(kept) or "none yet"
        raise ControlError(404, f"no snapshot of {call.sandbox.id} is named {name!r}; there are: {known}")
    return kept[name]


def _snapshot_json(snapshot: Snapshot) -> dict[str, object]:
    return {"name": snapshot.name, "at": iso(snapshot.at), "n": snapshot.journal.count}
