"""Discovery of simulators: folders of `services` that define `SIMULATOR`, here and in folders from the environment."""

import importlib
import os
import pkgutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from sendproof_simulators import services
from sendproof_simulators.core.simulator import Simulator

FOLDERS_VARIABLE = "SENDPROOF_SIMULATORS"
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


def contract_file(simulator: Simulator, contracts: Path = CONTRACTS) -> Path:
    """Return the path of a contract: in `contracts`, or, for a simulator from another folder, next to its package."""
    parent = folder_of(simulator).parent
    return (contracts if parent == _HERE else parent) / simulator.contract


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
