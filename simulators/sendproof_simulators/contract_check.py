"""Checks of contract files, as an editor or a pre-commit hook runs them: without a port or a sandbox."""

from collections.abc import Iterator
from pathlib import Path

from sendproof_simulators.bounded_file import read_bounded
from sendproof_simulators.core.contracts import METHODS, Contract, parse_contract
from sendproof_simulators.server.connexion_app import ConnexionApp
from sendproof_simulators.services.discovery import discover, service_contract

MOST_BYTES = 16 * 1024 * 1024


def contract_problems(path: Path) -> Iterator[str]:
    """Yield what is wrong with a contract, in one line each: its form, and what its service needs.

    A contract with the file name of a service's must state what the simulator needs. Any other one is that of a new
    service.
    """
    try:
        contract = parse_contract(read_bounded(path, MOST_BYTES), path)
        unnamed = list(_unnamed_operations(contract))
        yield from (f"{path}: {place}: expected an operationId, got none" for place in unnamed)
        if not unnamed:
            _compile(contract, path)
    except OSError as error:
        yield f"{path}: cannot be read: {error.strerror}"
    except Exception as error:  # noqa: BLE001 - a contract that is no valid document breaks its readers anywhere
        reason = " ".join(str(error).split())
        yield reason if str(path) in reason else f"{path}: {reason}"


def _unnamed_operations(contract: Contract) -> Iterator[str]:
    for path, item in contract.document["paths"].items():
        for method in METHODS:
            if method in item and "operationId" not in item[method]:
                yield f"{method.upper()} {path}"


def _compile(contract: Contract, path: Path) -> None:
    """Compile the contract as at the start of its service; raise the reason if that is impossible."""
    ConnexionApp(contract)
    if not contract.operations:
        raise ValueError("expected an operation, got none")
    services = {simulator.contract: simulator for simulator in discover().values()}
    if path.name in services:
        service_contract(services[path.name], path.parent)
