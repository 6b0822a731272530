"""The simulators use every default of the contracts that they start with."""

from pathlib import Path

import pytest

from bound_requests import Contract
from changed_contracts import contract_document, write_contract
from default_probes import PROBES
from local_simulators import LocalSimulators, local_simulators
from sendproof_simulators.services.discovery import discover

# The first default of each contract; the others are long together.
CASES = [
    pytest.param(service, name, marks=[pytest.mark.slow] if place else [])
    for service in discover()
    for place, name in enumerate(Contract(contract_document(service)).defaults())
]


@pytest.fixture(scope="module")
def original():
    """Return simulators with the contracts as they are."""
    with local_simulators() as simulators:
        yield simulators


def observed(simulators: LocalSimulators, service: str, name: str, *, given: bool) -> object:
    """Return what a request shows, with the other value or without any."""
    probe = PROBES[service, name]
    return probe.observe(simulators.sandbox(**(probe.dialects or {})), {probe.name: probe.value} if given else {})


def write_other_default(folder: Path, service: str, name: str) -> None:
    """Write a contract with another value in one default."""
    contract = Contract(contract_document(service))
    contract.node(contract.defaults()[name])["default"] = PROBES[service, name].value
    write_contract(folder, service, contract.document)


@pytest.mark.parametrize(("service", "name"), CASES)
def test_default_is_the_one_in_the_contract(service: str, name: str, original, tmp_path: Path) -> None:
    """A default without a probe fails here: add one to `default_probes.py`."""
    write_other_default(tmp_path, service, name)
    with local_simulators(tmp_path) as changed:
        without = observed(changed, service, name, given=False)
    assert without == observed(original, service, name, given=True)
    assert without != observed(original, service, name, given=False)
