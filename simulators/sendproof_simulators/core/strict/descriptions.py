"""The responses and webhooks that a contract describes, with a closed world: no other members, no other headers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jsonschema_rs

from sendproof_simulators.core.contracts import FORM, JSON, METHODS, Contract, Schema, coerce, decode
from sendproof_simulators.core.http import Response, Violation
from sendproof_simulators.core.validation.violations import violations

#: The extension of a contract with the dialects whose default it describes. With another option nothing is checked.
DEFAULT_DIALECTS = "x-default-dialects"
#: The extension of an operation with the events that it describes, if its id is not the event.
_EVENTS = "x-events"
# Headers that HTTP itself describes, for each response.
_HTTP_HEADERS = frozenset({"allow", "content-length", "content-type"})
_REFERENCE = "#/components/schemas/"
# A schema that is a part of an object in `allOf` does not describe all its members.
_PART = "!part"


@dataclass(frozen=True, slots=True)
class _Header:
    """One documented header of a response."""

    name: str
    required: bool
    type: str
    validator: jsonschema_rs.Draft4Validator


@dataclass(frozen=True, slots=True)
class _Described:
    """One documented response: its headers, and the validator of each content type.

    `default_dialects`: not described in sandboxes with another option of one of these dialects.
    """

    default_dialects: frozenset[str]
    headers: Sequence[_Header]
    bodies: Mapping[str, jsonschema_rs.Draft4Validator]

    def violations(self, response: Response) -> Iterator[Violation]:
        yield from self._header_violations(dict(response.headers))
        yield from _body_violations(self.bodies, response.content_type, response.body)

    def _header_violations(self, sent: Mapping[str, str]) -> Iterator[Violation]:
        known = {header.name for header in self.headers} | _HTTP_HEADERS
        for name in sent.keys() - known:
            yield Violation(where=f"header.{name}", rule="unknown", message=f"{name} is not documented")
        for header in self.headers:
            if header.name in sent:
                yield from violations(header.validator, coerce(sent[header.name], header.type), f"header.{header.name}")
            elif header.required:
                yield Violation(where=f"header.{header.name}", rule="required", message=f"{header.name} is missing")


class ResponseContract:
    """The responses that a contract describes, compiled when they are first needed."""

    def __init__(self, contract: Contract) -> None:
        self._contract = _closed_contract(contract)
        self._compiled: dict[tuple[str, int], _Described | None] = {}

    def violations(
        self, operation: str | None, response: Response, changed_dialects: frozenset[str] = frozenset()
    ) -> list[Violation]:
        """Return how a response violates the contract. Responses outside every operation are not described.

        `changed_dialects` are the dialects of the service that do not have their default in the sandbox.
        """
        if operation is None or operation not in self._specs:
            return []
        key = (operation, response.status)
        if key not in self._compiled:
            self._compiled[key] = self._describe(*key)
        described = self._compiled[key]
        if described is None:
            message = f"{operation} responds with {response.status}, which is not documented"
            return [Violation(where="status", rule="unknown", message=message)]
        return [*described.violations(response)] if changed_dialects.isdisjoint(described.default_dialects) else []

    @cached_property
    def _specs(self) -> Mapping[str, Schema]:
        """The responses of each operation by status, as text."""
        items = self._contract.document["paths"].values()
        return {
            item[method]["operationId"]: item[method]["responses"]
            for item in items
            for method in METHODS
            if method in item
        }

    def _describe(self, operation: str, status: int) -> _Described | None:
        specs = self._specs[operation]
        spec = specs.get(str(status)) or specs.get(f"{status // 100}XX") or specs.get("default")
        if spec is None:
            return None
        spec = self._contract.resolve(spec)
        headers = [
            self._header(name, self._contract.resolve(header)) for name, header in spec.get("headers", {}).items()
        ]
        defaults = frozenset(spec.get(DEFAULT_DIALECTS, ()))
        return _Described(defaults, headers, _validators(self._contract, spec.get("content", {})))

    def _header(self, name: str, spec: Schema) -> _Header:
        schema = self._contract.resolve(spec["schema"])
        kind = schema.get("type", "string")
        return _Header(name.lower(), spec.get("required", False), kind, self._contract.validator(schema))


class WebhookContract:
    """The webhooks that a contract describes, compiled when they are first needed."""

    def __init__(self, contract: Contract) -> None:
        self._contract = _closed_contract(contract)
        self._compiled: dict[str, Mapping[str, jsonschema_rs.Draft4Validator]] = {}

    @cached_property
    def default_dialects(self) -> Sequence[str]:
        """The dialects of the service that the contract describes in their default."""
        names: Sequence[str] = tuple(self._contract.document.get(DEFAULT_DIALECTS, ()))
        return names

    def violations(self, event: str, content_type: str, body: bytes) -> list[Violation]:
        """Return how the request of an event violates the contract."""
        if event not in self._compiled:
            spec = self._spec(event)
            if spec is None:
                return [Violation(where="event", rule="unknown", message=f"the event {event} is not documented")]
            self._compiled[event] = _validators(self._contract, self._contract.resolve(spec["requestBody"])["content"])
        return [*_body_violations(self._compiled[event], content_type, body)]

    def _spec(self, event: str) -> Schema | None:
        paths = self._contract.document["paths"].values()
        specs: list[Schema] = [item[method] for item in paths for method in METHODS if method in item]
        if len(specs) == 1 and _EVENTS not in specs[0]:
            return specs[0]
        return next((spec for spec in specs if event in spec.get(_EVENTS, [spec["operationId"]])), None)


def _validators(contract: Contract, content: Schema) -> dict[str, jsonschema_rs.Draft4Validator]:
    return {kind: contract.validator(media.get("schema", {})) for kind, media in content.items()}


def _body_violations(
    validators: Mapping[str, jsonschema_rs.Draft4Validator], content_type: str, body: bytes
) -> Iterator[Violation]:
    if not validators:
        if body:
            yield Violation(where="body", rule="unknown", message=f"no body is documented, got {len(body)} bytes")
        return
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in validators:
        expected = " or ".join(validators)
        yield Violation(where="header.Content-Type", rule="enum", message=f"expected {expected}, got {content_type!r}")
        return
    try:
        value = _decoded(body, kind)
    except (ValueError, RecursionError) as error:
        yield Violation(where="body", rule="syntax", message=f"the body is not {kind}: {error}")
        return
    yield from violations(validators[kind], value, "body")


def _decoded(body: bytes, kind: str) -> Any:
    if kind == FORM:
        return decode(body, FORM)
    return decode(body, JSON if kind == JSON or kind.endswith("+json") else "text/plain")


def _closed_contract(contract: Contract) -> Contract:
    """Return the contract with objects that have no other members than those that it describes."""
    document = contract.document
    components = document.get("components", {})
    schemas = components.get("schemas", {})
    closed = {name: _closed(schema, part=False) for name, schema in schemas.items()}
    parts = {name + _PART: _closed(schema, part=True) for name, schema in schemas.items()}
    responses = {name: _closed_media(response) for name, response in components.get("responses", {}).items()}
    paths = {path: _closed_media(item) for path, item in document["paths"].items()}
    return replace(
        contract,
        document={
            **document,
            "paths": paths,
            "components": {**components, "schemas": {**closed, **parts}, "responses": responses},
        },
    )


def _closed_media(node: Any) -> Any:
    """Return a part of a document above its schemas, with each `schema` in it closed."""
    if isinstance(node, list):
        return [_closed_media(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    return {key: _closed(item, part=False) if key == "schema" else _closed_media(item) for key, item in node.items()}


def _closed(schema: Any, *, part: bool) -> Any:
    """Return a schema with objects that allow no other members; `part`: other schemas describe more members of it."""
    if not isinstance(schema, Mapping):
        return schema
    closed = {key: _closed_keyword(key, value, is_part=part or "properties" in schema) for key, value in schema.items()}
    if part and str(closed.get("$ref", "")).startswith(_REFERENCE):
        return {**closed, "$ref": closed["$ref"] + _PART}
    is_whole = not part and not any(_describes_members(schema.get(key, ())) for key in ("allOf", "anyOf", "oneOf"))
    return {"additionalProperties": False, **closed} if "properties" in schema and is_whole else closed


def _describes_members(alternatives: Sequence[Schema]) -> bool:
    return any("properties" in schema or "$ref" in schema for schema in alternatives)


def _closed_keyword(key: str, value: Any, *, is_part: bool) -> Any:
    match key:
        case "properties":
            return {name: _closed(schema, part=False) for name, schema in value.items()}
        case "items" | "additionalProperties":
            return _closed(value, part=False)
        case "allOf":
            return [_closed(schema, part=is_part or len(value) > 1) for schema in value]
        case "anyOf" | "oneOf":
            return [_closed(schema, part=is_part) for schema in value]
        case _:
            return value
