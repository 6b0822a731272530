"""The required parts of requests in a changed contract: the simulators need each one that their own contract requires.

No evidence shows what a service answers without such a part. So a contract that no longer requires it is refused at the
start, as every entry is that a simulator cannot obey.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sendproof_simulators.core.contracts import METHODS

Part = tuple[str, str]


def no_longer_required(original: Mapping[str, Any], changed: Mapping[str, Any]) -> list[str]:
    """Return the parts that only the original requires, such as `sendSms: body.phone_number`."""
    still = set(_required(changed))
    return [f"{operation}: {place}" for operation, place in _required(original) if (operation, place) not in still]


def _required(document: Mapping[str, Any]) -> Iterator[Part]:
    """Yield (operation, place) of each required parameter and member of a request."""
    for item in document["paths"].values():
        for spec in (item[method] for method in METHODS if method in item):
            operation = spec["operationId"]
            for node in (*item.get("parameters", ()), *spec.get("parameters", ())):
                parameter = _resolved(document, node)
                if parameter.get("required"):
                    yield operation, f"{parameter['in']}.{parameter['name']}"
            content = _resolved(document, spec.get("requestBody", {})).get("content", {})
            for media in content.values():
                yield from ((operation, place) for place in _members(document, media.get("schema", {}), "body", ()))


def _members(document: Mapping[str, Any], node: Mapping[str, Any], place: str, seen: tuple[int, ...]) -> Iterator[str]:
    """Yield the place of each required member of a schema and of the schemas in it; `seen` ends recursion."""
    schema = _resolved(document, node)
    if id(schema) in seen:
        return
    inside = (*seen, id(schema))
    yield from (f"{place}.{name}" for name in schema.get("required", ()))
    for name, part in schema.get("properties", {}).items():
        yield from _members(document, part, f"{place}.{name}", inside)
    for part in schema.get("allOf", ()):
        yield from _members(document, part, place, inside)
    if isinstance(schema.get("items"), Mapping):
        yield from _members(document, schema["items"], f"{place}[]", inside)


def _resolved(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        found: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node
