"""Where a request presents its credentials, derived from the contract, so that a new service needs no code here.

A credential belongs wherever the contract has a security scheme, a header or a body field with its name. Names match
regardless of case, hyphens, underscores and a leading `x-`: `api_key` is presented as `X-API-KEY`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# The maximum length of a credential in a body, according to the contracts.
_MAX_LENGTH = 200


@dataclass(frozen=True)
class PresentedCredentials:
    """Credentials by their location in a request."""

    header: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)

    def put_into(self, body: Any) -> Any:
        """Return the body with the credentials in place of generated ones; missing and malformed ones stay."""
        if not isinstance(body, dict):
            return body
        generated = [
            name for name in self.body if isinstance(body.get(name), str) and 0 < len(body[name]) <= _MAX_LENGTH
        ]
        return body | {name: self.body[name] for name in generated}


def present(document: Mapping[str, Any], credentials: Mapping[str, str]) -> PresentedCredentials:
    """Return the credentials where a service with this contract expects them."""
    values = {_normalized(name): value for name, value in credentials.items()}
    presented = PresentedCredentials()
    for location, name in _locations(document):
        value = values.get(_normalized(name))
        if value is not None and location in {"header", "query", "body"}:
            getattr(presented, location)[name] = value
    return presented


def without_credentials(document: Mapping[str, Any], presented: PresentedCredentials) -> dict[str, Any]:
    """Return the contract without the credentials in headers and queries: always sent, they are never wrong."""
    components = {**document.get("components", {}), "securitySchemes": {}}
    changed = {**document, "security": [], "components": components}
    names = {name.lower() for name in (*presented.header, *presented.query)}
    pruned: dict[str, Any] = _without_parameters(changed, document, names)
    return pruned


def _without_parameters(node: Any, document: Mapping[str, Any], names: set[str]) -> Any:
    if isinstance(node, list):
        return [_without_parameters(item, document, names) for item in node]
    if not isinstance(node, dict):
        return node
    pruned = {key: _without_parameters(value, document, names) for key, value in node.items() if key != "security"}
    if isinstance(pruned.get("parameters"), list):
        parameters = pruned["parameters"]
        pruned["parameters"] = [item for item in parameters if _parameter_name(item, document) not in names]
    return pruned


def _parameter_name(parameter: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    if "$ref" in parameter:
        parameter = document["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
    return str(parameter["name"]).lower() if parameter["in"] in {"header", "query"} else ""


def _locations(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (location, name) of everything in which a request can present a credential."""
    for scheme in document.get("components", {}).get("securitySchemes", {}).values():
        yield scheme["in"], scheme["name"]
    yield from _headers_and_fields(document)


def _headers_and_fields(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for item in node:
            yield from _headers_and_fields(item)
    if isinstance(node, dict):
        if node.get("in") == "header":
            yield "header", node["name"]
        if isinstance(node.get("properties"), dict):
            yield from (("body", name) for name in node["properties"])
        for value in node.values():
            yield from _headers_and_fields(value)


def _normalized(name: str) -> str:
    return re.sub("[-_]", "", name.lower().removeprefix("x-"))
