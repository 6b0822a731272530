"""Every bound in the request schemas of a contract, and requests at a bound and one past it."""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from changed_contracts import METHODS

MAXIMA = ("maxItems", "maxLength", "maximum", "maxProperties")
MINIMA = ("minItems", "minLength", "minimum", "minProperties")
# Beyond these, a number in JSON or in a query is not exact in every language, or no integer of 64 bits.
_TYPE_BOUNDS = (2**53 - 1, 2**63 - 1)
# A list of this length is long enough to see a limit, and longer than any list in an example.
_LONG = 12


@dataclass(frozen=True)
class Bound:
    """One bound. `pointer` is its schema in the contract, and `place` its value in a request of the operation.

    A place is (query or path or body), and then names, `[]` for an item and `*` for any member.
    """

    operation: str
    keyword: str
    pointer: tuple[str, ...]
    place: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.operation}:{'.'.join(self.place)}:{self.keyword}"


@dataclass(frozen=True)
class BoundedRequest:
    """A request: method, path, query, body as JSON or form fields, and where violations of the bound are reported."""

    method: str
    path: str
    query: Mapping[str, Any]
    body: Any
    is_form: bool
    where: str


class Contract:
    """A contract, with access to its schemas."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.operations = {
            item[method]["operationId"]: (method, path, item, item[method])
            for path, item in document["paths"].items()
            for method in METHODS
            if method in item
        }

    def bounds(self, keywords: tuple[str, ...]) -> list[Bound]:
        """Return every bound in the request schemas once, at the first operation that has it."""
        found: dict[tuple[tuple[str, ...], str], Bound] = {}
        for operation in self.operations:
            for pointer, schema, place in self._request_schemas(operation):
                for keyword in keywords:
                    if isinstance(schema.get(keyword), int | float):
                        found.setdefault((pointer, keyword), Bound(operation, keyword, pointer, place))
        return list(found.values())

    def defaults(self) -> dict[str, tuple[str, ...]]:
        """Return the schema of each default, as a pointer, by the name of its component or of its parameter."""
        found = {
            pointer: f"{operation}.{place[-1]}" if pointer[0] == "paths" else place[-1]
            for operation in self.operations
            for pointer, schema, place in self._request_schemas(operation)
            if "default" in schema
        }
        # A form field can have JSON as its text, with a schema that no request refers to.
        for name, schema in self.document.get("components", {}).get("schemas", {}).items():
            for member, part in schema.get("properties", {}).items():
                if "default" in part:
                    found.setdefault(("components", "schemas", name, "properties", member), member)
        return {
            ".".join(pointer[2:3] + pointer[4:]) if pointer[:2] == ("components", "schemas") else name: pointer
            for pointer, name in found.items()
        }

    def node(self, pointer: tuple[str, ...]) -> dict[str, Any]:
        """Return the part of the document at a pointer."""
        node: Any = self.document
        for step in pointer:
            node = node[int(step)] if isinstance(node, list) else node[step]
        result: dict[str, Any] = node
        return result

    def resolve(self, node: Mapping[str, Any], pointer: tuple[str, ...] = ()) -> tuple[Any, tuple[str, ...]]:
        """Return what a node refers to, and its pointer."""
        while "$ref" in node:
            pointer = tuple(node["$ref"].removeprefix("#/").split("/"))
            node = self.node(pointer)
        return node, pointer

    def request(self, bound: Bound, size: int) -> BoundedRequest | None:
        """Return a request with a value of this size at a bound; None if no value of the size can be made."""
        method, path, item, spec = self.operations[bound.operation]
        query, path_values = self._parameters(item, spec)
        body, is_form = self._body(spec)
        value = self._value(self.node(bound.pointer), bound.keyword, size)
        if value is None:
            return None
        kind, *steps = bound.place
        where = [kind, *steps]
        if kind == "body":
            body, where = self._with_value(spec, body, steps, value)
        elif kind == "query":
            query[steps[0]] = value
        else:
            path_values[steps[0]] = value
        for name, text in path_values.items():
            path = path.replace("{" + name + "}", str(text))
        return BoundedRequest(method.upper(), path, query, body, is_form, ".".join(where))

    def example(self, operation: str) -> BoundedRequest:
        """Return a valid request to an operation; values in its path stay as `{name}`."""
        method, path, item, spec = self.operations[operation]
        query, _ = self._parameters(item, spec)
        body, is_form = self._body(spec)
        return BoundedRequest(method.upper(), path, query, body, is_form, "")

    # -- schemas ---------------------------------------------------------------------------------

    def _request_schemas(self, operation: str) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any], tuple[str, ...]]]:
        """Yield (pointer, schema, place) of each schema of a request."""
        method, path, item, spec = self.operations[operation]
        for owner, node in (("paths", path), item), (("paths", path, method), spec):
            for index, parameter in enumerate(node.get("parameters", ())):
                resolved, pointer = self.resolve(parameter, (*owner, "parameters", str(index)))
                if resolved["in"] in {"query", "path"}:
                    yield from self._parts(resolved["schema"], (*pointer, "schema"), (resolved["in"], resolved["name"]))
        if "requestBody" in spec:
            body, pointer = self.resolve(spec["requestBody"], ("paths", path, method, "requestBody"))
            kind, media = next(iter(body["content"].items()))
            yield from self._parts(media["schema"], (*pointer, "content", kind, "schema"), ("body",))

    def _parts(
        self, schema: Mapping[str, Any], pointer: tuple[str, ...], place: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any], tuple[str, ...]]]:
        schema, pointer = self.resolve(schema, pointer)
        yield pointer, schema, place
        for choice in ("oneOf", "anyOf", "allOf"):
            for index, part in enumerate(schema.get(choice, ())):
                yield from self._parts(part, (*pointer, choice, str(index)), place)
        if "items" in schema:
            yield from self._parts(schema["items"], (*pointer, "items"), (*place, "[]"))
        for name, part in schema.get("properties", {}).items():
            yield from self._parts(part, (*pointer, "properties", name), (*place, name))
        if isinstance(schema.get("additionalProperties"), Mapping):
            yield from self._parts(schema["additionalProperties"], (*pointer, "additionalProperties"), (*place, "*"))

    # -- values ----------------------------------------------------------------------------------

    def _parameters(self, item: Any, spec: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {"query": {}, "path": {}, "header": {}}
        for node in (*item.get("parameters", ()), *spec.get("parameters", ())):
            parameter = self.resolve(node)[0]
            if parameter.get("required"):
                value = parameter.get("example", self._sample(parameter["schema"]))
                found[parameter["in"]][parameter["name"]] = value
        return found["query"], found["path"]

    def _body(self, spec: Any) -> tuple[Any, bool]:
        if "requestBody" not in spec:
            return None, False
        kind, media = next(iter(self.resolve(spec["requestBody"])[0]["content"].items()))
        examples = [example["value"] for example in media.get("examples", {}).values()]
        body = media["example"] if "example" in media else [*examples, self._sample(media["schema"])][0]
        return deepcopy(body), "form" in kind

    def _sample(self, schema: Mapping[str, Any]) -> Any:
        """Return a valid value, as small as possible."""
        schema = self.resolve(schema)[0]
        given = [schema[keyword] for keyword in ("example", "default") if keyword in schema]
        if given or "enum" in schema:
            return deepcopy([*given, *schema.get("enum", ())][0])
        for choice in ("oneOf", "anyOf", "allOf"):
            if choice in schema and "type" not in schema:
                return self._sample(schema[choice][0])
        kind = schema.get("type", "object")
        if kind == "array":
            return [self._item(schema, index) for index in range(schema.get("minItems", 0))]
        if kind == "object":
            return {name: self._sample(schema["properties"][name]) for name in schema.get("required", ())}
        if kind == "string":
            return _text(schema, max(1, schema.get("minLength", 1))) or "x"
        return {"boolean": True}.get(kind, schema.get("minimum", 1))

    def _item(self, schema: Mapping[str, Any], index: int) -> Any:
        item = self._sample(schema["items"])
        return f"{item}{index}" if schema.get("uniqueItems") and isinstance(item, str) else item

    def _value(self, schema: Mapping[str, Any], keyword: str, size: int) -> Any:
        """Return a value of a size: a length, a number of items or members, or the number itself."""
        if keyword.endswith("imum"):
            return size
        if size < 0:
            return None
        if keyword.endswith("Items"):
            return [self._item(schema, index) for index in range(size)]
        if keyword.endswith("Properties"):
            names = [f"m{index}" for index in range(size)]
            if isinstance(schema.get("additionalProperties"), Mapping):
                return {name: self._sample(schema["additionalProperties"]) for name in names}
            return {name: {} for name in names}
        return _text(schema, size)

    def _with_value(self, spec: Any, body: Any, steps: list[str], value: Any) -> tuple[Any, list[str]]:
        """Return the body with a value at a place, and where its violations are reported."""
        media = next(iter(self.resolve(spec["requestBody"])[0]["content"].values()))
        holder: Any
        key: Any
        schema, holder, key, where = media["schema"], {"body": body}, "body", ["body"]
        for step in steps:
            schema = self._form_with(schema, step)
            current = holder[key]
            if step == "[]":
                if not isinstance(current, list) or not current:
                    holder[key] = current = [self._sample(schema["items"])]
                holder, key, schema = current, 0, schema["items"]
            else:
                if not isinstance(current, dict):
                    holder[key] = current = self._sample({**schema, "type": "object"})
                name = next(iter(current), "m0") if step == "*" else step
                schema = schema["additionalProperties"] if step == "*" else schema["properties"][step]
                current.setdefault(name, self._sample(schema))
                holder, key = current, name
            where.append(str(key))
        holder[key] = value
        return (body if steps else value), where

    def _form_with(self, schema: Mapping[str, Any], step: str) -> Any:
        """Return the form of a schema that has items or the member."""
        schema = self.resolve(schema)[0]
        has = {"[]": "items" in schema, "*": isinstance(schema.get("additionalProperties"), Mapping)}
        if has.get(step, step in schema.get("properties", {})):
            return schema
        forms = [part for choice in ("oneOf", "anyOf", "allOf") for part in schema.get(choice, ())]
        return next(filter(None, (self._form_with(part, step) for part in forms)), None)


def changed_bound(schema: Mapping[str, Any], keyword: str) -> int:
    """Return another number for a bound, for which small requests exist."""
    number = int(schema[keyword])
    if keyword == "maxItems":
        return number + 1 if number <= _LONG else max(_LONG, schema.get("minItems", 0) + 1)
    if keyword in {"maxLength", "maxProperties"}:
        return number + 1
    if keyword == "maximum":
        return number - 1 if number in _TYPE_BOUNDS else number + 1
    upper = schema.get(keyword.replace("min", "max"))
    return number - 1 if upper == number else number + 1


def _text(schema: Mapping[str, Any], length: int) -> str | None:
    """Return a text of a length that matches the schema's pattern, or None."""
    sample, pattern = str(schema.get("example", "")), re.compile(schema.get("pattern", ""))
    padded = [(sample + character * length)[:length] for character in (*sample[-1:], "1", "a")]
    texts = (*padded, "a" * length, "1" * length, "A" * length, "http://127.0.0.1/".ljust(length, "a")[:length])
    return next((text for text in texts if len(text) == length and pattern.search(text)), None)
