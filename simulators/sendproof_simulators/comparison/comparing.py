"""The comparison of two sets of contracts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sendproof_simulators.comparison.changes import BREAKING, HARMLESS, Change
from sendproof_simulators.comparison.contract_sets import ContractSet
from sendproof_simulators.comparison.dialect_changes import default_options, dialect_changes
from sendproof_simulators.comparison.flat_schemas import Document
from sendproof_simulators.comparison.limit_changes import LimitComparison
from sendproof_simulators.comparison.operation_changes import OperationComparison

#: The contract of the reference bridge's own port: no other bridge has to keep it.
REFERENCE_BRIDGE = "bridge.yaml"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The changes between two sets, and in words what was not compared."""

    old: str
    new: str
    changes: Sequence[Change]
    not_compared: Sequence[str]


@dataclass(frozen=True, slots=True)
class Services:
    """What the simulators know about contracts by file name.

    `called_by_service` are those whose calls a service makes and a bridge gets. `service_of` is the service of each.
    """

    called_by_service: frozenset[str]
    service_of: Mapping[str, str]


def compare(old: ContractSet, new: ContractSet, services: Services) -> Comparison:
    """Return all changes between two sets. `ValueError` if a file or a reference in it cannot be compared."""
    old, new = alike(old, new)
    changes = [*_contract_changes(old, new, services)]
    not_compared = [*_not_compared(old, new)]
    if old.dialects is not None and new.dialects is not None and not old.is_file:
        changes += dialect_changes(old.dialects, new.dialects)
    return Comparison(old.name, new.name, changes, not_compared)


def alike(old: ContractSet, new: ContractSet) -> tuple[ContractSet, ContractSet]:
    """Return two files or two folders: a file is compared with the file of its name in a folder.

    `ValueError` if the folder has no such file.
    """
    if old.is_file == new.is_file:
        return old, new
    folder, file = (new, old) if old.is_file else (old, new)
    (name,) = file.documents
    if name not in folder.documents:
        raise ValueError(f"{folder.name}: expected a contract {name} to compare with {file.name}, got none")
    found = ContractSet(folder.name, {name: folder.documents[name]}, folder.dialects, is_file=True)
    return (file, found) if old.is_file else (found, file)


def _not_compared(old: ContractSet, new: ContractSet) -> Iterator[str]:
    if REFERENCE_BRIDGE in old.documents and REFERENCE_BRIDGE in new.documents and not old.is_file:
        yield f"{REFERENCE_BRIDGE}: it describes the reference bridge"
    if old.is_file:
        yield "dialects: single contracts have none"
    else:
        without = [known.name for known in (old, new) if known.dialects is None]
        if without:
            yield f"dialects: {' and '.join(without)} without dialects.json"


def _contract_changes(old: ContractSet, new: ContractSet, services: Services) -> Iterator[Change]:
    if old.is_file and new.is_file:
        (name, before), (new_name, after) = *old.documents.items(), *new.documents.items()
        known = name if name in services.service_of else new_name
        yield from _document_changes(known, before, after, services, _defaults(known, old, new, services))
        return
    for name in (*old.documents, *(name for name in new.documents if name not in old.documents)):
        if name == REFERENCE_BRIDGE:
            continue
        if name not in new.documents:
            yield Change(severity=BREAKING, contract=name, what="contract removed")
        elif name not in old.documents:
            yield Change(severity=HARMLESS, contract=name, what="contract added")
        else:
            defaults = _defaults(name, old, new, services)
            yield from _document_changes(name, old.documents[name], new.documents[name], services, defaults)


def _defaults(name: str, old: ContractSet, new: ContractSet, services: Services) -> frozenset[str] | None:
    service = services.service_of.get(name, "")
    if old.dialects is None or new.dialects is None:
        return None
    return default_options(old.dialects.get(service, ())) | default_options(new.dialects.get(service, ()))


def _document_changes(
    name: str, old: Mapping[str, Any], new: Mapping[str, Any], services: Services, defaults: frozenset[str] | None
) -> Iterator[Change]:
    before, after = Document(old), Document(new)
    is_client = name not in services.called_by_service
    try:
        calls = OperationComparison(name, before, after, is_client)
        yield from LimitComparison(name, before, after, calls.common(), defaults).changes()
        yield from calls.changes()
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{name}: expected a valid OpenAPI document; check it first: {error!r:.200}") from None
