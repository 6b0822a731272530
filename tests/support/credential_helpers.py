"""How a request shows its credentials: worked out from the contract, so that a new service needs nothing here.

A credential goes wherever the contract has a security scheme, a header or a field of the body by its name. Names are
equal without regard to case, hyphens, underscores and a leading `x-`: `api_key` is shown as `X-API-KEY`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# As long as a contract lets a credential in a body be.
_LONGEST = 200


@dataclass(frozen=True)
class Shown:
    """Credentials by the place where a request shows them."""

    header: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)

    def within(self, body: Any) -> Any:
        """A body with the credentials where it has made-up ones; those that are missing or malformed stay so."""
        if not isinstance(body, dict):
            return body
        made_up = [name for name in self.body if isinstance(body.get(name), str) and 0 < len(body[name]) <= _LONGEST]
        return body | {name: self.body[name] for name in made_up}


def shown(document: Mapping[str, Any], credentials: Mapping[str, str]) -> Shown:
    """Where a service with this contract looks for these credentials."""
    values = {_plain(name): value for name, value in credentials.items()}
    places = Shown()
    for place, name in _places(document):
        value = values.get(_plain(name))
        if value is not None and place in {"header", "query", "body"}:
            getattr(places, place)[name] = value
    return places


def without_credentials(document: Mapping[str, Any], known: Shown) -> dict[str, Any]:
    """The contract as if it asked for none in headers or queries: what is always sent is never wrong or missing."""
    components = {**document.get("components", {}), "securitySchemes": {}}
    whole = {**document, "security": [], "components": components}
    kept: dict[str, Any] = _pruned(whole, document, {name.lower() for name in (*known.header, *known.query)})
    return kept


def _pruned(node: Any, document: Mapping[str, Any], names: set[str]) -> Any:
    if isinstance(node, list):
        return [_pruned(item, document, names) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _pruned(value, document, names) for key, value in node.items() if key != "security"}
    if isinstance(kept.get("parameters"), list):
        kept["parameters"] = [one for one in kept["parameters"] if _name_of(one, document) not in names]
    return kept


def _name_of(parameter: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    if "$ref" in parameter:
        parameter = document["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
    return str(parameter["name"]).lower() if parameter["in"] in {"header", "query"} else ""


def _places(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for scheme in document.get("components", {}).get("securitySchemes", {}).values():
        yield scheme["in"], scheme["name"]
    yield from _declared(document)


def _declared(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for item in node:
            yield from _declared(item)
    if isinstance(node, dict):
        if node.get("in") == "header":
            yield "header", node["name"]
        if isinstance(node.get("properties"), dict):
            yield from (("body", name) for name in node["properties"])
        for value in node.values():
            yield from _declared(value)


def _plain(name: str) -> str:
    return re.sub("[-_]", "", name.lower().removeprefix("x-"))
