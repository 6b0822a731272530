"""The request examples of a contract, as a reader would send them."""

import json
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import yaml

from bound_requests import Contract


@dataclass(frozen=True)
class ExampleRequest:
    """One example of an operation. `missing` names the required parts for which the contract has no example."""

    operation: str
    label: str
    method: str
    path: str
    query: Mapping[str, object]
    headers: Mapping[str, str]
    media: str
    body: Any
    needs_credential: bool
    missing: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.operation}:{self.label}"

    def encoded(self) -> bytes:
        """Return the body in its media type."""
        if not self.media:
            return b""
        if "form" in self.media:
            return urlencode({name: _text(value) for name, value in dict(self.body).items()}).encode()
        return str(self.body).encode() if self.media == "text/csv" else json.dumps(self.body).encode()


@dataclass
class _Parameters:
    by_place: dict[str, dict[str, Any]] = field(default_factory=lambda: {"query": {}, "path": {}, "header": {}})
    missing: list[str] = field(default_factory=list)


def example_requests(file: Path, credentials: AbstractSet[str]) -> list[ExampleRequest]:
    """Return every example of every operation, with all parameters that have an example.

    `credentials` are the names of parameters that a client fills in itself.
    """
    contract = Contract(yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader))
    return [request for operation in contract.operations for request in _requests(contract, operation, credentials)]


def _requests(contract: Contract, operation: str, credentials: AbstractSet[str]) -> Iterator[ExampleRequest]:
    method, path, item, spec = contract.operations[operation]
    nodes = (*item.get("parameters", ()), *spec.get("parameters", ()))
    # A parameter of the operation replaces that of the path.
    resolved = {node["name"]: node for node in (contract.resolve(node)[0] for node in nodes)}
    parameters = _parameters(contract, resolved, credentials)
    places = parameters.by_place
    for name, value in places["path"].items():
        path = path.replace("{" + name + "}", quote(_text(value), safe=""))
    for label, media, body in _bodies(contract, spec):
        yield ExampleRequest(
            operation,
            label,
            method.upper(),
            path,
            {name: _text(value) for name, value in places["query"].items()},
            {name: _text(value) for name, value in places["header"].items()},
            media,
            body,
            spec.get("security") != [],
            (*parameters.missing, *(["body"] if body is None and media else [])),
        )


def _parameters(contract: Contract, nodes: Mapping[str, Any], credentials: AbstractSet[str]) -> _Parameters:
    found = _Parameters()
    for name, node in nodes.items():
        if name in credentials:
            continue
        # Of its schema if it must be there: the schemas of optional parameters exclude each other.
        holder = contract.resolve(node["schema"])[0] if "example" not in node and node.get("required") else node
        if "example" in holder:
            found.by_place[node["in"]][name] = holder["example"]
        elif node.get("required"):
            found.missing.append(name)
    return found


def _bodies(contract: Contract, spec: Mapping[str, Any]) -> Iterator[tuple[str, str, object]]:
    if "requestBody" not in spec:
        yield "call", "", None
        return
    for media, content in contract.resolve(spec["requestBody"])[0]["content"].items():
        if "example" in content:
            yield "example", media, content["example"]
        for name, example in content.get("examples", {}).items():
            yield name, media, example["value"]
        if not {"example", "examples"} & content.keys():
            yield "none", media, None


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else str(value)
