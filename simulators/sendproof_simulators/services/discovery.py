"""Discovery of simulators: folders of `services` that define `SIMULATOR`, here and in folders from the environment."""

import importlib
import os
import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

from sendproof_simulators import services
from sendproof_simulators.core.contracts import Contract, load_contract
from sendproof_simulators.core.dialects import choose
from sendproof_simulators.core.limits import Limits
from sendproof_simulators.core.simulator import Simulator
from sendproof_simulators.services.required_parts import no_longer_required
from sendproof_simulators.services.variables import CONTRACTS_VARIABLE, FOLDERS_VARIABLE

_EXPECTED = f"{FOLDERS_VARIABLE}: expected a folder that holds simulators"
_HERE = Path(__file__).resolve().parent
_PACKAGE = _HERE.parent
# In an installed package the contracts are inside it, in a checkout next to the packages.
CONTRACTS = next(
    (folder for folder in (_PACKAGE / "openapi", _PACKAGE.parent.parent / "openapi") if folder.is_dir()),
    _PACKAGE / "openapi",
)


@cache
def discover() -> Mapping[str, Simulator]:
    """Return all simulators by name, from this package and from the folders of the environment.

    `ValueError` names an invalid folder, or the defect of a simulator in it.
    """
    folders = [_open_folder(folder) for folder in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep) if folder]
    simulators: dict[str, Simulator] = {}
    for module in pkgutil.iter_modules(services.__path__):
        simulator = _simulator_in(module.name) if module.ispkg else None
        if simulator is not None:
            if simulator.name in simulators:
                raise ValueError(f"expected different names of simulators, got two named {simulator.name!r}")
            simulators[simulator.name] = simulator
    parents = {folder_of(simulator).parent for simulator in simulators.values()}
    for folder in folders:
        if folder not in parents:
            raise ValueError(f"{_EXPECTED}, but no package in {folder} defines SIMULATOR")
    return MappingProxyType(simulators)


def folder_of(simulator: Simulator) -> Path:
    """Return the folder that contains the simulator's code."""
    package = ".".join(simulator.handlers.__name__.split(".")[:3])
    return Path(str(importlib.import_module(package).__file__)).resolve().parent


def contract_file(simulator: Simulator, changed: Path | None = None) -> Path:
    """Return the path of a service's contract.

    It is in `changed`, by default the folder in the environment, if that has a file of this name. Otherwise it is
    Sendproof's own, or next to the package of a simulator from another folder.
    """
    return _file(simulator, simulator.contract, changed)


def _own_contract_file(simulator: Simulator) -> Path:
    """Return the path of the contract that belongs to the simulator's code."""
    return _own_folder(simulator) / simulator.contract


def _file(simulator: Simulator, name: str, changed: Path | None) -> Path:
    return contract_path(name, _own_folder(simulator), changed)


def _own_folder(simulator: Simulator) -> Path:
    parent = folder_of(simulator).parent
    return CONTRACTS if parent == _HERE else parent


def contract_path(name: str, folder: Path = CONTRACTS, changed: Path | None = None) -> Path:
    """Return the path of a contract by file name: in `changed`, by default that of the environment, or in `folder`."""
    text = os.environ.get(CONTRACTS_VARIABLE, "")
    changed = changed or (Path(text) if text else None)
    return changed / name if changed is not None and (changed / name).is_file() else folder / name


def read_contract(path: Path, *, case_insensitive: bool = False, optional_prefix: str = "") -> Contract:
    """Read one contract file, and note whether it is Sendproof's own; errors as in `load_contract`."""
    contract = load_contract(path, case_insensitive=case_insensitive, optional_prefix=optional_prefix)
    return replace(contract, is_own=path.parent == CONTRACTS)


def service_contract(simulator: Simulator, changed: Path | None = None) -> Contract:
    """Read a service's contract, and check its limits.

    `ValueError` names a limit that the service needs and the contract does not state, one that the service does not
    enforce, or a part of a request that a changed contract no longer requires.
    """
    contract = read_contract(
        contract_file(simulator, changed),
        case_insensitive=simulator.case_insensitive,
        optional_prefix=simulator.optional_prefix,
    )
    known = {dialect.name: frozenset(option.value for option in dialect.options) for dialect in simulator.dialects}
    limits = Limits(contract, choose({simulator.name: simulator.dialects}, {})[simulator.name])
    limits.check_dialects(known)
    simulator.read_limits(limits)
    unread = limits.unread()
    if unread:
        raise ValueError(
            f"{simulator.contract}: x-limits: {simulator.name} enforces no limit {', '.join(unread)};"
            " correct the operation or the name"
        )
    _check_required_parts(simulator, contract, changed)
    return contract


def _check_required_parts(simulator: Simulator, contract: Contract, changed: Path | None) -> None:
    """Raise `ValueError` if a changed contract no longer requires what the simulator needs."""
    own = _own_contract_file(simulator)
    if contract_file(simulator, changed) == own:
        return
    parts = no_longer_required(read_contract(own).document, contract.document)
    if parts:
        raise ValueError(
            f"{simulator.contract}: expected these parts to stay required, because no evidence says what"
            f" {simulator.name} answers without them: {', '.join(parts)}; add them to `required` again"
        )


def service_contracts(changed: Path | None = None) -> Mapping[str, Contract]:
    """Read the contracts of all services, by service; `changed` and errors as in `service_contract`."""
    simulators = discover()
    _check_changed_contracts(simulators, changed)
    return {name: service_contract(simulator, changed) for name, simulator in simulators.items()}


def webhook_contracts(changed: Path | None = None) -> Mapping[str, Contract]:
    """Read the contracts of the webhooks that services send, by service; `changed` as in `contract_file`."""
    described = {name: simulator for name, simulator in discover().items() if simulator.webhook_contract}
    return {name: read_contract(_file(known, known.webhook_contract, changed)) for name, known in described.items()}


def _check_changed_contracts(simulators: Mapping[str, Simulator], changed: Path | None) -> None:
    """Raise `ValueError` if the folder with changed contracts, by default that of the environment, is no such folder.

    Each contract in it must replace one of Sendproof's or of a simulator.
    """
    text = os.environ.get(CONTRACTS_VARIABLE, "")
    changed = changed or (Path(text) if text else None)
    if changed is None:
        return
    if not changed.is_dir():
        raise ValueError(f"{CONTRACTS_VARIABLE}: expected a folder with changed contracts, got {str(changed)!r}")
    known = {path.name for path in CONTRACTS.glob("*.yaml")} | {known.contract for known in simulators.values()}
    found = {path.name for path in (*changed.glob("*.yaml"), *changed.glob("*.yml"))}
    if not found or found - known:
        got = ", ".join(sorted(found - known)) or "no contract"
        raise ValueError(
            f"{CONTRACTS_VARIABLE}: expected contracts with the names of Sendproof's in {changed}, got {got};"
            f" there are: {', '.join(sorted(known))}"
        )


def _open_folder(text: str) -> Path:
    """Make the packages in a folder importable as parts of `services`, and return its path."""
    folder = Path(text).resolve()
    if not folder.is_dir():
        raise ValueError(f"{_EXPECTED}, got {text!r}, which is no folder")
    for init_file in folder.glob("*/__init__.py"):
        name = init_file.parent.name
        if (_HERE / name).exists() or (_HERE / f"{name}.py").exists():
            raise ValueError(
                f"{init_file.parent}: expected a new package name, got {name!r}, a part of Sendproof; rename the folder"
            )
    if str(folder) not in services.__path__:
        services.__path__.append(str(folder))
        importlib.invalidate_caches()
    return folder


def _simulator_in(name: str) -> Simulator | None:
    simulator = getattr(importlib.import_module(f"{services.__name__}.{name}"), "SIMULATOR", None)
    return simulator if isinstance(simulator, Simulator) else None
