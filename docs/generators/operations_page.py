"""`reference/operations.md`: every operation of every simulated service, from the contracts."""

from collections.abc import Iterator

from sendproof_simulators.reference.operations import OperationSummary, ServiceSummary, marked, service_summaries
from sendproof_simulators.services.discovery import discover
from tables import table

_HEAD = """# Operations

This page lists every operation of every simulated service with its limits, its errors and its evidence. It comes from
the [contracts](../../openapi/README.md). `sendproof operations optimove` prints the same list.

Limits and errors are marked with their evidence: `d` documented, `o` observed, `a` assumed. Without a mark, the
evidence of the operation applies. The contract gives the source of each limit and error. Bounds of number types are
left out.
"""


def page() -> str:
    """Return the page: a table for each service."""
    return "\n".join([_HEAD, *(line for service in service_summaries(discover()) for line in _service_lines(service))])


def _service_lines(service: ServiceSummary) -> Iterator[str]:
    yield f"## {service.title} (`{service.name}`)\n"
    contract = f"[{service.contract}](../../openapi/{service.contract})"
    yield f"Contract: {contract}. All operations: {marked(service.limits)}.\n"
    yield table(("operation", "call", "limits", "errors", "evidence"), map(_row, service.operations))


def _row(operation: OperationSummary) -> Iterator[str]:
    yield f"**{operation.name}**: {operation.summary}"
    yield f"`{operation.call}`"
    yield marked(operation.limits)
    yield marked(operation.errors)
    yield "; ".join(f"{part.text} {part.evidence}: {part.source}" for part in operation.evidence)
