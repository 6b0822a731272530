"""`reference/operations.md`: every operation of every simulated service, from the contracts."""

from collections.abc import Iterator

from sendproof_simulators.reference.operations import Described, Service, marked, services
from sendproof_simulators.services.discovery import discover
from tables import table

_HEAD = """# Every operation

For who writes a bridge or a simulator: what each simulated service can do, with its limits, its errors and how well
that is founded, as the [contracts](../../openapi/README.md) say. `sendproof operations optimove` says the same in a
terminal.

`d` documented, `o` observed, `a` assumed: of each limit and error; of what is not marked, the evidence of the operation
holds. Sources of single limits and errors stand in the contract. Bounds of number types are left out.
"""


def page() -> str:
    """A table for each service."""
    return "\n".join([_HEAD, *(line for service in services(discover()) for line in _service(service))])


def _service(service: Service) -> Iterator[str]:
    yield f"## {service.title} (`{service.name}`)\n"
    yield f"Contract: [{service.contract}](../../openapi/{service.contract}). " + " ".join(service.limits) + "\n"
    yield table(("operation", "call", "limits", "errors", "evidence"), map(_operation, service.operations))


def _operation(one: Described) -> Iterator[str]:
    yield f"**{one.name}**: {one.summary}"
    yield f"`{one.call}`"
    yield marked(one.limits)
    yield marked(one.errors)
    yield "; ".join(f"{told.text} {told.evidence}: {told.source}" for told in one.evidence)
