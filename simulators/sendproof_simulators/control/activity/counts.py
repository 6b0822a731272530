"""What one process of the simulators counted since its start."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from sendproof_simulators.control.call import ControlContext


class Counts(msgspec.Struct, frozen=True, array_like=True):
    """The counts of one process, or the sums of several.

    `calls` have a known credential, by service, operation and hundreds of the status; no operation: the request named
    none. `unauthenticated` are other calls by service. `webhook_attempts` are by hundreds of the response's status;
    None: there was no response. `journal_entries` are those of the `sandboxes` that exist.
    """

    calls: dict[tuple[str, str | None, int], int]
    unauthenticated: dict[str, int]
    webhook_attempts: dict[int | None, int]
    sandboxes: int
    journal_entries: int


def counts_of(control: ControlContext) -> Counts:
    """Return the counts of this process."""
    services, sandboxes = control.services.items(), list(control.sandboxes)
    return Counts(
        calls={(name, *key): number for name, service in services for key, number in service.calls.items()},
        unauthenticated={name: service.unauthenticated.count for name, service in services},
        webhook_attempts=dict(control.sandboxes.webhook_attempts),
        sandboxes=len(sandboxes),
        journal_entries=sum(sandbox.journal.count for sandbox in sandboxes),
    )


def with_workers(front: Counts, workers: Sequence[Counts]) -> Counts:
    """Return the sums over all processes. The front alone answers unauthenticated calls, and the workers know that."""
    calls, attempts = Counter(front.calls), Counter(front.webhook_attempts)
    for worker in workers:
        calls.update(worker.calls)
        attempts.update(worker.webhook_attempts)
    return Counts(
        calls=dict(calls),
        unauthenticated=front.unauthenticated,
        webhook_attempts=dict(attempts),
        sandboxes=front.sandboxes + sum(worker.sandboxes for worker in workers),
        journal_entries=front.journal_entries + sum(worker.journal_entries for worker in workers),
    )
