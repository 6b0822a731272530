"""What is known of each simulated service: what it is, its contract, and how well that is founded."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.core.simulator import Simulator
from sendproof_simulators.services.discovery import contract_file, folder_of

LEVELS = ("documented", "observed", "assumed")


def catalogue(providers: Mapping[str, Simulator]) -> list[dict[str, Any]]:
    """One entry for each service, in order of their names. `ValueError` when a contract is not where it should be."""
    return [_entry(providers[name]) for name in sorted(providers)]


def _entry(provider: Simulator) -> dict[str, Any]:
    file = contract_file(provider)
    if not file.is_file():
        raise ValueError(f"{provider.name}: expected its contract at {file}, where there is no file")
    contract = load_contract(file)
    levels = Counter(_levels(contract.document))
    return {
        "name": provider.name,
        "title": contract.document["info"]["title"],
        "contract": str(file),
        "quirks": str(folder_of(provider) / "README.md"),
        "operations": len(contract.operations),
        **{level: levels[level] for level in LEVELS},
        "dialects": [dialect.name for dialect in provider.dialects],
        "sends_messages": provider.templates is not None,
    }


def _levels(node: Any) -> Iterator[str]:
    """The level of every statement in a contract that carries one."""
    if isinstance(node, list):
        for item in node:
            yield from _levels(item)
    elif isinstance(node, Mapping):
        if "x-evidence" in node:
            yield node["x-evidence"]
        for value in node.values():
            yield from _levels(value)
