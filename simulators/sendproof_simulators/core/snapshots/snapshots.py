"""Taking a snapshot of a sandbox, and returning to it.

A snapshot covers all that a later request, timer or webhook of the sandbox can see: the states of the services, the
customers, the clock and what waits on it, faults, webhooks, rate limits, keys, the recent exchanges and the journal.
Randomness needs nothing: each draw depends on the seed and on names alone.
"""

from sendproof_simulators.core.sandbox import Sandbox
from sendproof_simulators.core.sandboxes import Sandboxes
from sendproof_simulators.core.snapshots.image import ImageError, image_of
from sendproof_simulators.core.snapshots.snapshot import Snapshot


class SnapshotError(ValueError):
    """A snapshot that cannot be taken or returned to now; the message says why, and what to do."""


def take_snapshot(sandboxes: Sandboxes, sandbox: Sandbox, name: str) -> Snapshot:
    """Take a snapshot of a sandbox and keep it; `SnapshotError` if that is impossible."""
    kept, bounds = sandbox.snapshots, sandboxes.snapshots
    if name in kept:
        raise SnapshotError(f"a snapshot is named {name!r}; choose another name, or delete it first")
    if len(kept) >= bounds.count:
        raise SnapshotError(f"expected at most {bounds.count} snapshots of a sandbox; delete one first")
    _check_alone_and_idle(sandboxes, sandbox)
    room = bounds.total_bytes - sandboxes.snapshot_bytes()
    try:
        image = image_of(sandbox.content(), room)
    except ImageError as error:
        raise SnapshotError(f"the sandbox cannot be kept: {error}; other snapshots can be deleted") from error
    # What follows and what follows a return begin with equal copies: no order of a set or hash differs between them.
    sandbox.replace_content(image.load())
    snapshot = kept[name] = Snapshot(
        name=name,
        at=sandbox.clock.now(),
        image=image,
        clock=sandbox.clock.state(),
        journal=sandbox.journal.mark(),
        credentials=sandboxes.credentials_of(sandbox),
    )
    sandboxes.note_change(sandbox.id)
    return snapshot


def return_to_snapshot(sandboxes: Sandboxes, sandbox: Sandbox, snapshot: Snapshot) -> None:
    """Set a sandbox back to one of its snapshots; `SnapshotError` if that is impossible now."""
    _check_alone_and_idle(sandboxes, sandbox)
    sandbox.replace_content(snapshot.image.load())
    sandbox.clock.return_to(snapshot.clock)
    sandbox.journal.return_to(snapshot.journal)
    sandboxes.renew(sandbox, snapshot.credentials)


def _check_alone_and_idle(sandboxes: Sandboxes, sandbox: Sandbox) -> None:
    others = [other.id for other in sandboxes.on_clock_of(sandbox) if other is not sandbox]
    if others:
        raise SnapshotError(
            f"the sandbox shares its clock with {', '.join(others)}, so its time cannot go back alone; "
            "use a sandbox with a clock of its own"
        )
    busy = sandbox.in_flight()
    if busy:
        raise SnapshotError(f"expected nothing in flight, got {', '.join(busy)}; try again when the clock shows none")
