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
