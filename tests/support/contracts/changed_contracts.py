"""Changed copies of the contracts, and a list of every limit in them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sendproof_simulators.services.discovery import discover, service_contract

#: The window of every rate limit in a changed contract.
CHANGED_WINDOW = "5 seconds"
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class LimitCase:
    """One number of one entry of `x-limits`. `operation` is empty for the whole service.

    `option` is the dialect's option that the number belongs to; `is_condition`: the limit only exists with it.
    """

    service: str
    operation: str
    name: str
    bound: str
    dialect: str = ""
    option: str = ""
    is_condition: bool = False

    @property
    def dialects(self) -> Mapping[str, str]:
        """The dialects of a sandbox with this limit, as `LocalSimulators.sandbox` takes them."""
        return {f"{self.service.replace('-', '_')}__{self.dialect}": self.option} if self.option else {}

    def __str__(self) -> str:
        option = f"[{self.option}]" if self.option else ""
        return f"{self.service}:{self.operation or 'all'}:{self.name.replace(' ', '_')}{option}"


@cache
def _contract_text(service: str) -> str:
    return json.dumps(dict(service_contract(discover()[service]).document))


def contract_document(service: str) -> dict[str, Any]:
    """Return a copy of a service's contract, in which no two places share an object."""
    document: dict[str, Any] = json.loads(_contract_text(service))
    return document


def write_contract(folder: Path, service: str, document: Mapping[str, Any]) -> None:
    """Write a changed copy of a contract. JSON is YAML."""
    (folder / discover()[service].contract).write_text(json.dumps(document), "utf-8")


def stated_entries(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (operation, entry) of every entry of `x-limits`."""
    yield from (("", entry) for entry in document.get("x-limits", ()))
    for item in document["paths"].values():
        for method in METHODS:
            operation = item.get(method, {})
            yield from ((operation["operationId"], entry) for entry in operation.get("x-limits", ()))


def limit_cases() -> list[LimitCase]:
    """Return every number of every entry of `x-limits` in all contracts."""
    cases = []
    for service in discover():
        for operation, entry in stated_entries(contract_document(service)):
            bound = "most" if "most" in entry else "least"
            place = (service, operation, entry["name"], bound, entry.get("dialect", ""))
            condition = str(entry.get("option", ""))
            cases.append(LimitCase(*place, condition, is_condition=bool(condition)))
            cases += [LimitCase(*place, str(option)) for option in entry.get("options", {})]
    return cases


def change_limits(folder: Path, numbers: Mapping[LimitCase, int]) -> None:
    """Write copies of all contracts, with these numbers in `x-limits`."""
    for service in discover():
        document = contract_document(service)
        for operation, entry in stated_entries(document):
            entry.update({"within": CHANGED_WINDOW} if "within" in entry else {})
            for case, number in numbers.items():
                condition = str(entry.get("option", ""))
                if (case.service, case.operation, case.name) != (service, operation, entry["name"]):
                    continue
                if case.option == condition:
                    entry[case.bound] = number
                elif case.option in entry.get("options", {}):
                    entry["options"][case.option] = number
        write_contract(folder, service, document)
