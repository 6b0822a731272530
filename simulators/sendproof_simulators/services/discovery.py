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
_WANTED = f"{FOLDERS_VARIABLE}: expected a folder that holds simulators"
_HERE = Path(__file__).resolve().parent
_PACKAGE = _HERE.parent
# In an installed package our contracts lie inside it, in a checkout beside it.
CONTRACTS = next(
    (folder for folder in (_PACKAGE / "openapi", _PACKAGE.parent.parent / "openapi") if folder.is_dir()),
    _PACKAGE / "openapi",
)


@cache
def discover() -> Mapping[str, Simulator]:
    """Return every simulator by name, from this package and from the folders of the environment.

    `ValueError` names the fault of a folder, or of a simulator in it.
    """
    added = [_opened(folder) for folder in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep) if folder]
    found: dict[str, Simulator] = {}
    for module in pkgutil.iter_modules(services.__path__):
        provider = _provider_of(module.name) if module.ispkg else None
        if provider is not None:
            if provider.name in found:
                raise ValueError(f"two simulators are named {provider.name!r}")
            found[provider.name] = provider
    homes = {folder_of(provider).parent for provider in found.values()}
    for folder in added:
        if folder not in homes:
            raise ValueError(f"{_WANTED}, but none in {folder} defines SIMULATOR")
    return MappingProxyType(found)


def folder_of(provider: Simulator) -> Path:
    """The folder that holds the simulator's code."""
    package = ".".join(provider.handlers.__name__.split(".")[:3])
    return Path(str(importlib.import_module(package).__file__)).resolve().parent


def contract_file(provider: Simulator, contracts: Path = CONTRACTS) -> Path:
    """Where its contract is: among `contracts`, or, for a simulator from elsewhere, beside its folder."""
    home = folder_of(provider).parent
    return (contracts if home == _HERE else home) / provider.contract


def _opened(text: str) -> Path:
    """A folder from the environment, in which Python then also looks for parts of this package."""
    folder = Path(text).resolve()
    if not folder.is_dir():
        raise ValueError(f"{_WANTED}, got {text!r}, which is no folder")
    for own in folder.glob("*/__init__.py"):
        name = own.parent.name
        if (_HERE / name).exists() or (_HERE / f"{name}.py").exists():
            raise ValueError(f"{own.parent}: {name!r} is a part of Sendproof already; give the folder another name")
    if str(folder) not in services.__path__:
        services.__path__.append(str(folder))
        importlib.invalidate_caches()
    return folder


def _provider_of(name: str) -> Simulator | None:
    provider = getattr(importlib.import_module(f"{services.__name__}.{name}"), "SIMULATOR", None)
    return provider if isinstance(provider, Simulator) else None
