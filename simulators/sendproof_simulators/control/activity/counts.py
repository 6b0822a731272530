"""What one process of the simulators has counted, for its measurements."""

import msgspec

from sendproof_simulators.control.call import ControlContext


class Counts(msgspec.Struct, frozen=True):
    """The counts of one process.

    `calls` has (service, operation, hundreds of the status, number), and `webhooks` (hundreds of the status, number);
    None is no operation or no response.
    """

    calls: list[tuple[str, str | None, int, int]]
    webhooks: list[tuple[int | None, int]]
    unauthenticated: dict[str, int]
    sandboxes: int
    journal_entries: int


def counts_of(control: ControlContext) -> Counts:
    """Return the counts of this process."""
    services, sandboxes = control.services.items(), list(control.sandboxes)
    return Counts(
        calls=[
            (name, operation, hundreds, number)
            for name, service in services
            for (operation, hundreds), number in service.calls.items()
        ],
        webhooks=list(control.sandboxes.webhook_attempts.items()),
        unauthenticated={name: service.unauthenticated.count for name, service in services},
        sandboxes=len(sandboxes),
        journal_entries=sum(sandbox.journal.count for sandbox in sandboxes),
    )
