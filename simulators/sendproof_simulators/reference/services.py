"""A catalogue of the simulated services: their contracts, with the evidence of their statements."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.core.simulator import Simulator
from sendproof_simulators.reference.evidence import LEVELS
from sendproof_simulators.services.discovery import contract_file, folder_of


def catalogue(simulators: Mapping[str, Simulator]) -> list[dict[str, Any]]:
    """Return one entry per service, ordered by name. `ValueError` names a missing contract."""
    return [_entry(simulators[name]) for name in sorted(simulators)]


def _entry(simulator: Simulator) -> dict[str, Any]:
    file = contract_file(simulator)
    if not file.is_file():
        raise ValueError(f"{simulator.name}: expected its contract at {file}, where there is no file")
    contract = load_contract(file)
    counts = Counter(_evidence_levels(contract.document))
    return {
        "name": simulator.name,
        "title": contract.document["info"]["title"],
        "contract": str(file),
        "quirks": str(folder_of(simulator) / "README.md"),
        "operations": len(contract.operations),
        **{level: counts[level] for level in LEVELS},
        "dialects": [dialect.name for dialect in simulator.dialects],
        "sends_messages": simulator.templates is not None,
    }


def _evidence_levels(node: Any) -> Iterator[str]:
    """Yield the level of each statement in a contract that has one."""
    if isinstance(node, list):
        for item in node:
            yield from _evidence_levels(item)
    elif isinstance(node, Mapping):
        if "x-evidence" in node:
            yield node["x-evidence"]
        for value in node.values():
            yield from _evidence_levels(value)
