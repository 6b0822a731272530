"""The request examples of a contract, as a reader would send them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from sendproof_simulators.core.contracts import Contract, Operation
from sendproof_simulators.core.simulator import Simulator
from sendproof_simulators.reference.credentials import BODY, CredentialPlace

_NO_NAMES: AbstractSet[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ExampleRequest:
    """One example of an operation. `missing` names the required parts for which the contract has no example.

    `label` is the name of the example in the contract. `body` is decoded, or None without one.
    """

    operation: str
    label: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    media: str
    body: Any
    needs_credential: bool
    missing: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.operation}:{self.label}"

    @property
    def fields(self) -> Mapping[str, str]:
        """The fields of a form, as text; none for another body."""
        if "form" not in self.media or not isinstance(self.body, Mapping):
            return {}
        return {name: _text(value) for name, value in self.body.items()}

    def text(self, *, indent: int | None = None) -> str:
        """Return the body in its media type; `indent` is for JSON."""
        if not self.media:
            return ""
        if "form" in self.media:
            return urlencode(self.fields)
        return str(self.body) if self.media == "text/csv" else json.dumps(_builtins(self.body), indent=indent)

    def encoded(self) -> bytes:
        """Return the body as it is sent."""
        return self.text().encode()


@dataclass(slots=True)
class _Parameters:
    by_place: dict[str, dict[str, Any]] = field(default_factory=lambda: {"query": {}, "path": {}, "header": {}})
    missing: list[str] = field(default_factory=list)


def example_requests(contract: Contract, credentials: AbstractSet[str] = _NO_NAMES) -> list[ExampleRequest]:
    """Return every example of every operation, with all parameters that have an example.

    `credentials` are the names of parameters that a client fills in itself.
    """
    operations = contract.operations.values()
    return [request for operation in operations for request in _requests(contract, operation, credentials)]


def variable_requests(
    simulator: Simulator, contract: Contract, places: Sequence[CredentialPlace]
) -> list[ExampleRequest]:
    """Return the examples for any sandbox: credentials in their bodies and queries are variables, `{{apptoken}}`."""
    published = {value: variable(name) for name, value in simulator.default_credentials.items()}
    members = {place.name: variable(place.credential) for place in places if place.place == BODY}
    requests = example_requests(contract, credentials={place.name for place in places})
    return [_with_variables(request, published, members) for request in requests]


def variable(credential: str) -> str:
    """Return the variable for a credential, in the syntax of Postman."""
    return "{{" + credential + "}}"


def _with_variables(
    request: ExampleRequest, published: Mapping[str, str], members: Mapping[str, str]
) -> ExampleRequest:
    query = {name: published.get(value, value) for name, value in request.query.items()}
    body = request.body
    if isinstance(body, Mapping):
        known = {name: published.get(value, value) if isinstance(value, str) else value for name, value in body.items()}
        body = {**known, **members}
    return replace(request, query=query, body=body)


def _requests(contract: Contract, operation: Operation, credentials: AbstractSet[str]) -> Iterator[ExampleRequest]:
    item = contract.document["paths"][operation.path]
    spec = item[operation.method.lower()]
    nodes = (*item.get("parameters", ()), *spec.get("parameters", ()))
    # A parameter of the operation replaces that of the path.
    resolved = {node["name"]: node for node in map(contract.resolve, nodes)}
    parameters = _parameters(contract, resolved, credentials)
    places, path = parameters.by_place, operation.path
    for name, value in places["path"].items():
        path = path.replace("{" + name + "}", quote(_text(value), safe=""))
    for label, media, body in _bodies(contract, spec):
        yield ExampleRequest(
            operation.id,
            label,
            operation.method,
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
        holder = contract.resolve(node["schema"]) if "example" not in node and node.get("required") else node
        if "example" in holder:
            found.by_place[node["in"]][name] = holder["example"]
        elif node.get("required"):
            found.missing.append(name)
    return found


def _bodies(contract: Contract, spec: Mapping[str, Any]) -> Iterator[tuple[str, str, object]]:
    if "requestBody" not in spec:
        yield "call", "", None
        return
    for media, content in contract.resolve(spec["requestBody"])["content"].items():
        if "example" in content:
            yield "example", media, content["example"]
        for name, example in content.get("examples", {}).items():
            yield name, media, example["value"]
        if not {"example", "examples"} & content.keys():
            yield "none", media, None


def _builtins(value: object) -> Any:
    """Return a value of YAML as JSON has it: dates become text."""
    return msgspec.to_builtins(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else str(value)
