"""The simulators obey every bound in the request schemas of the contracts that they start with."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from bound_requests import MAXIMA, MINIMA, Bound, BoundedRequest, Contract, changed_bound
from changed_contracts import contract_document, write_contract
from local_simulators import LocalSimulators, local_simulators
from sendproof_simulators.services.discovery import discover

CONTRACTS = {service: Contract(contract_document(service)) for service in discover()}
MAXIMUM_CASES = [(name, bound) for name, contract in CONTRACTS.items() for bound in contract.bounds(MAXIMA)]
MINIMUM_CASES = [(name, bound) for name, contract in CONTRACTS.items() for bound in contract.bounds(MINIMA)]


@contextmanager
def simulators_with_other(keywords: tuple[str, ...], folder: Path) -> Iterator[LocalSimulators]:
    """Start simulators with another number in each of these keywords."""
    for service in CONTRACTS:
        contract = Contract(contract_document(service))
        for bound in contract.bounds(keywords):
            node, number = contract.node(bound.pointer), changed_number(service, bound)
            node[bound.keyword] = number
            if isinstance(node.get("default"), int) and bound.keyword == "minimum":
                node["default"] = max(node["default"], number)
        write_contract(folder, service, contract.document)
    with local_simulators(folder) as simulators:
        yield simulators


def changed_number(service: str, bound: Bound) -> int:
    """Return the number that replaces a bound."""
    return changed_bound(CONTRACTS[service].node(bound.pointer), bound.keyword)


@pytest.fixture(scope="module")
def original() -> Iterator[LocalSimulators]:
    """Return simulators with the contracts as they are."""
    with local_simulators() as simulators:
        yield simulators


@pytest.fixture(scope="module")
def other_maxima(tmp_path_factory) -> Iterator[LocalSimulators]:
    """Return simulators with other maxima."""
    with simulators_with_other(MAXIMA, tmp_path_factory.mktemp("contracts")) as simulators:
        yield simulators


@pytest.fixture(scope="module")
def other_minima(tmp_path_factory) -> Iterator[LocalSimulators]:
    """Return simulators with other minima."""
    with simulators_with_other(MINIMA, tmp_path_factory.mktemp("contracts")) as simulators:
        yield simulators


def is_within_bounds(simulators: LocalSimulators, service: str, sent: BoundedRequest) -> bool:
    """Send a request, and return True if nothing in the journal says that the bounded value is wrong."""
    sandbox = simulators.shared_sandbox()
    body = sent.body
    if service == "xtremepush" and isinstance(body, Mapping) and body.get("apptoken") == "YOUR_APPTOKEN":
        body = {**body, "apptoken": sandbox.credentials("xtremepush")["apptoken"]}
    reply = sandbox.send(service, sent.method, sent.path, sent.query, body, form=sent.is_form)
    assert reply.status != 500, reply
    violations = sandbox.last_request(service)["violations"]
    return not [violation for violation in violations if violation["where"] == sent.where]


def check_bound(service: str, bound: Bound, original: LocalSimulators, changed: LocalSimulators, past: int) -> None:
    """Send a request at the changed bound, and one that is past it by `past`, to both simulators."""
    number = changed_number(service, bound)
    requests = [CONTRACTS[service].request(bound, size) for size in (number, number + past)]
    assert [is_within_bounds(changed, service, request) for request in requests] == [True, False]
    assert [is_within_bounds(original, service, request) for request in requests] != [True, False]


@pytest.mark.parametrize(("service", "bound"), MAXIMUM_CASES, ids=str)
def test_maximum_is_the_one_in_the_contract(service: str, bound: Bound, original, other_maxima) -> None:
    check_bound(service, bound, original, other_maxima, past=1)


@pytest.mark.parametrize(("service", "bound"), MINIMUM_CASES, ids=str)
def test_minimum_is_the_one_in_the_contract(service: str, bound: Bound, original, other_minima) -> None:
    check_bound(service, bound, original, other_minima, past=-1)
