"""The message providers that the harness knows: one module with a `PROVIDER` for each, found by folder.

The environment variable `SENDPROOF_HARNESS_PROVIDERS` names further folders with such modules, separated as in `PATH`.
`ValueError` names a folder or module that cannot be used.
"""

import importlib
import os
import pkgutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from sendproof_harness.providers.record import Provider

FOLDERS_VARIABLE = "SENDPROOF_HARNESS_PROVIDERS"
#: The provider of a run that names none.
DEFAULT_PROVIDER = "textlocal"


@cache
def discover() -> Mapping[str, Provider]:
    """Return every known provider by name, the default provider first."""
    _add_folders()
    found: dict[str, Provider] = {}
    for module in pkgutil.iter_modules(__path__):
        record = getattr(importlib.import_module(f"{__name__}.{module.name}"), "PROVIDER", None)
        if isinstance(record, Provider):
            if record.name in found:
                raise ValueError(f"expected one record of the provider {record.name!r}, got two; remove one")
            found[record.name] = record
    return {DEFAULT_PROVIDER: found[DEFAULT_PROVIDER], **found}


def provider(name: str) -> Provider:
    """Return the record of a provider; of an unknown one, a record with the defaults."""
    return discover().get(name) or Provider(name=name, title=name)


def _add_folders() -> None:
    for text in filter(None, os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep)):
        folder = Path(text).resolve()
        if not folder.is_dir():
            raise ValueError(f"{FOLDERS_VARIABLE}: expected a folder with records of providers, got {text!r}")
        if str(folder) not in __path__:
            __path__.append(str(folder))
            importlib.invalidate_caches()
