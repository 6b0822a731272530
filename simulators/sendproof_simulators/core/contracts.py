"""Contracts, compiled once at start: paths, parameters, bodies and security; a schema with its first value.

The fast path and Connexion both read requests through the compiled contract, so they cannot disagree on the content of
a request. They only differ in how much of HTTP they support.
"""

import re
from binascii import a2b_qp
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from hashlib import sha256
from itertools import islice
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import jsonschema_rs
import msgspec

from sendproof_simulators.core.http import Request, Violation
from sendproof_simulators.core.json_text import NESTED_TOO_DEEPLY, has_more_values
from sendproof_simulators.core.members import (
    BodyRules,
    Choice,
    Members,
    choices_in,
    members_of,
    with_choices,
    without_absent_nulls,
)
from sendproof_simulators.core.percent_encoding import check_utf8, form_pairs, form_text
from sendproof_simulators.core.validation.compiled_schema import (
    DESCRIBED_VALUES,
    PART_BYTES,
    CompiledSchema,
    has_references,
)
from sendproof_simulators.core.validation.contract_document import read_document
from sendproof_simulators.core.validation.violations import MAX_VIOLATIONS, first_violations, violations

METHODS = ("get", "post", "put", "patch", "delete")
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
#: Where a violation is, if a body has no content type.
CONTENT_TYPE = "header.Content-Type"

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

# Values in paths that need no decision of a router, by type.
_PLAIN_VALUES = {"string": r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", "integer": r"0|[1-9][0-9]{0,14}"}
_NO_VALUE = r"(?!)"

#: The signs of a form that mean something else in a quoted-printable text.
_QUOTED_PRINTABLE = bytes.maketrans(b"%+", b"= ")

#: The byte order mark, which .NET writes before a text by default.
_MARK = b"\xef\xbb\xbf"
DEFAULT_RULES = BodyRules()

# Clients repeat their paths, and looking for one takes longer than many a response. A longer one is not remembered.
_PATHS_REMEMBERED, _LONGEST_REMEMBERED = 1024, 200
_NO_VALUES: Mapping[str, str] = MappingProxyType({})

Schema = Mapping[str, Any]
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query, path or header parameter of an operation."""

    name: str
    where: str
    required: bool
    type: str
    schema: CompiledSchema


@dataclass(frozen=True, slots=True)
class Body:
    """The body of an operation: one content type and its compiled schema. `types` are those of a form's fields.

    `strict_schema` compiles the schema without the nulls that mean absent. `choices` are the options of dialects that
    change the schema, and `chosen_schema` compiles it for some of them.
    """

    content_type: str
    required: bool
    schema: CompiledSchema
    strict_schema: Callable[[], CompiledSchema]
    choices: frozenset[Choice]
    chosen_schema: Callable[[frozenset[Choice]], CompiledSchema]
    types: Mapping[str, str]
    members: Members

    def violations(self, value: Any, text: bytes, rules: BodyRules) -> list[Violation]:
        """Return all violations by a decoded body with this text; of a large one, only those of the first error."""
        schema = self.find_schema(rules)
        is_small = len(text) <= PART_BYTES
        if is_small and schema.whole.is_valid(value):
            return []
        if is_small and (self.content_type != JSON or not has_more_values(text, DESCRIBED_VALUES)):
            return violations(schema.whole, value, "body")
        return first_violations(schema, value, "body")

    def find_schema(self, rules: BodyRules) -> CompiledSchema:
        """Return the schema for the rules of a sandbox."""
        chosen = frozenset(choice for choice in self.choices if rules.options.get(choice[0]) == choice[1])
        if chosen:
            return self.chosen_schema(chosen)
        return self.schema if rules.nulls_accepted else self.strict_schema()


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `handler` is the name of its function; `query_names` are the contract's names by `query_key`.

    `secured`: each alternative of the contract's `security` names a credential, so there is no request without one.
    `defaults` are those of the parameters and of the body's members, by name. `waits` (`x-waits`): the response can
    wait for an event, so the work is given up if the client disconnects.
    """

    id: str
    handler: str
    waits: bool
    method: str
    path: str
    secured: bool
    case_insensitive: bool
    parameters: tuple[Parameter, ...]
    query_names: Mapping[str, str]
    body: Body | None
    defaults: Mapping[str, Any]

    def query_key(self, name: str) -> str:
        """Return the key of a query parameter in `query_names`."""
        return name.lower() if self.case_insensitive else name

    def read_parameters(
        self, request: Request, path_values: Mapping[str, str]
    ) -> tuple[dict[str, Any], list[Violation]]:
        """Return the parameters with the types of the contract, and their violations of it."""
        query = {self.query_names.get(self.query_key(name), name): text for name, text in request.query}
        texts: dict[str, Mapping[str, str]] = {"query": query, "path": path_values, "header": request.headers}
        values: dict[str, Any] = {}
        found: list[Violation] = []
        for parameter in self.parameters:
            key = parameter.name.lower() if parameter.where == "header" else parameter.name
            text = texts[parameter.where].get(key)
            if text is not None:
                values[parameter.name] = value = coerce(text, parameter.type)
                found += violations(parameter.schema.whole, value, f"{parameter.where}.{parameter.name}")
            elif parameter.required:
                where = f"{parameter.where}.{parameter.name}"
                found.append(Violation(where=where, rule="required", message=f"{parameter.name} is missing"))
        return values, found

    def unknown_parameters(self, request: Request, security_names: frozenset[str]) -> list[Violation]:
        """Return the first parameters outside the contract. Real services ignore them; bridges should not send any."""
        unknown = (
            name
            for name, _ in request.query
            if self.query_key(name) not in self.query_names and name.lower() not in security_names
        )
        return [
            Violation(where=f"query.{name}", rule="unknown", message=f"{name} is not a parameter of {self.id}")
            for name in islice(unknown, MAX_VIOLATIONS)
        ]

    def missing_content_type(self, request: Request) -> list[Violation]:
        """Return the violation of a JSON body without a content type. It is read as JSON; bridges cannot rely on it."""
        is_json = self.body is not None and self.body.content_type == JSON
        if not is_json or not request.body or "content-type" in request.headers:
            return []
        message = f"{self.id} got a body without a content type"
        return [Violation(where=CONTENT_TYPE, rule="required", message=message, expected=f"Content-Type: {JSON}")]

    def read_body(self, request: Request, rules: BodyRules = DEFAULT_RULES) -> tuple[Any, list[Violation]]:
        """Return the decoded body as the rules read it, and its violations of the contract."""
        if self.body is None or not (request.body or self.body.required):
            return None, []
        if not request.body and self.body.content_type != FORM:
            return None, [Violation(where="body", rule="required", message="the body is missing")]
        try:
            value = decode(request.body, self.body.content_type, self.body.types)
        except RecursionError:
            return None, [Violation(where="body", rule="syntax", message=f"the body is {NESTED_TOO_DEEPLY}")]
        except UnicodeDecodeError as error:
            message = f"the body is not UTF-8: byte 0x{error.object[error.start]:02x}"
            return None, [Violation(where="body", rule="syntax", message=message)]
        except ValueError as error:
            message = f"the body is not {self.body.content_type}: {error}"
            return None, [Violation(where="body", rule="syntax", message=message)]
        if self.body.content_type == JSON:
            value = self.body.members.read(value, rules)
        return value, self.body.violations(value, request.body, rules)


#: An operation, and the values in the path of a request to it.
FoundOperation = tuple[Operation, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class ValidRequest:
    """A request to one operation that keeps the contract. `params` and `body` have the types of the contract."""

    operation: Operation
    params: Mapping[str, Any]
    body: Any


@dataclass(frozen=True, slots=True)
class InvalidBody:
    """What violates the contract in the body of a request to one operation."""

    operation: Operation
    violations: list[Violation]


@dataclass(frozen=True)
class Contract:
    """One OpenAPI document with compiled operations.

    With `case_insensitive`, paths and query parameters match in any case. `optional_prefix` is a part of paths that
    clients may leave out. `digest` is the SHA-256 of the file, in lower-case hex, and `source` is its content.
    `is_own` is True for Sendproof's own contracts, which its tests have checked.
    """

    name: str
    document: Mapping[str, Any]
    case_insensitive: bool = False
    optional_prefix: str = ""
    digest: str = ""
    source: bytes = field(default=b"", repr=False)
    is_own: bool = False

    @cached_property
    def operations(self) -> Mapping[str, Operation]:
        """All operations by operationId."""
        return {operation.id: operation for operation in self._compile()}

    @cached_property
    def security_names(self) -> frozenset[str]:
        """The query parameters that contain credentials, in lower case."""
        schemes = self.document.get("components", {}).get("securitySchemes", {}).values()
        return frozenset(scheme["name"].lower() for scheme in schemes if scheme.get("in") == "query")

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        """The path in the contract by each accepted spelling, as `_path_key` returns it."""
        names = [(name, path) for path, item in self.document["paths"].items() for name in (path, *_aliases(item))]
        complete = {self._path_key(name): path for name, path in names}
        return {self._path_key(name.removeprefix(self.optional_prefix)): path for name, path in names} | complete

    def _path_key(self, path: str) -> str:
        """Return a path without slashes at its end, in lower case if paths match in any case."""
        path = path.rstrip("/")
        return path.lower() if self.case_insensitive else path

    @cached_property
    def _templates(self) -> Sequence[tuple[re.Pattern[str], str]]:
        """The paths with values, with a pattern of all accepted spellings of each."""
        optional = f"(?:{re.escape(self.optional_prefix)})?" if self.optional_prefix else ""
        flags = re.IGNORECASE if self.case_insensitive else re.NOFLAG
        return [
            (re.compile(optional + _path_pattern(path.removeprefix(self.optional_prefix), path), flags), path)
            for path in self.document["paths"]
            if "{" in path
        ]

    @cached_property
    def fast_path_operations(self) -> Mapping[tuple[str, str], Operation]:
        """The operations with a fixed path, by method and path: only these can take the fast path."""
        return {(op.method, op.path): op for op in self.operations.values() if "{" not in op.path}

    @cached_property
    def _patterns(self) -> Sequence[tuple[re.Pattern[str], Operation]]:
        """The operations with values in their paths, each with a pattern that names the values."""
        return [(re.compile(_path_pattern(op.path, op.path)), op) for op in self.operations.values() if "{" in op.path]

    @cached_property
    def _ordinary_templates(self) -> Mapping[int, Sequence[tuple[re.Pattern[str], Mapping[str, Operation]]]]:
        """The paths with values by their number of slashes, each with a pattern of plain values, and its operations."""
        templates: dict[int, list[tuple[re.Pattern[str], Mapping[str, Operation]]]] = {}
        for path in self.document["paths"]:
            operations = {op.method: op for op in self.operations.values() if op.path == path}
            if "{" in path and operations:
                pattern = re.compile(_ordinary_pattern(path, next(iter(operations.values()))))
                templates.setdefault(path.count("/"), []).append((pattern, operations))
        return templates

    def find_ordinary(self, request: Request) -> FoundOperation | None:
        """Return the operation of a canonical request and the plain values in its path; None if routing decides more.

        That is so for values with unusual characters, and for a path that several templates describe.
        """
        found: FoundOperation | None = self._ordinary(request.method, request.path)
        return found

    def find_operation(self, request: Request) -> FoundOperation | None:
        """Return the operation of a canonical request, and the values in its path, or None."""
        found: FoundOperation | None = self._operation_at(request.method, request.path)
        return found

    def canonical(self, request: Request) -> Request:
        """Return the request with its path spelled as in the contract: without a slash at its end, and no alias."""
        if (request.method, request.path) in self.fast_path_operations:
            return request
        path = self._canonical_path(request.path)
        return request if path in {None, request.path} else replace(request, path=path)

    _ordinary = cached_property(lambda self: _remembered(self._match_ordinary))
    _operation_at = cached_property(lambda self: _remembered(self._match_operation))
    _canonical_path = cached_property(lambda self: _remembered(self._spell))

    def _match_ordinary(self, method: str, path: str) -> FoundOperation | None:
        fixed = self.fast_path_operations.get((method, path))
        if fixed is not None or path in self.document["paths"]:
            return None if fixed is None else (fixed, _NO_VALUES)
        described = self._ordinary_templates.get(path.count("/"), ())
        found = [(ops, match) for pattern, ops in described if (match := pattern.fullmatch(path)) is not None]
        operation = found[0][0].get(method) if len(found) == 1 else None
        return None if operation is None else (operation, MappingProxyType(found[0][1].groupdict()))

    def _match_operation(self, method: str, path: str) -> FoundOperation | None:
        fixed = self.fast_path_operations.get((method, path))
        if fixed is not None:
            return fixed, _NO_VALUES
        for pattern, operation in self._patterns:
            found = pattern.fullmatch(path) if operation.method == method else None
            if found is not None:
                return operation, MappingProxyType(found.groupdict())
        return None

    def _spell(self, path: str) -> str | None:
        """Return a path as in the contract, or None for a path that the contract does not have."""
        return self._spellings.get(self._path_key(path)) or self._path_with_values(path.rstrip("/"))

    def _path_with_values(self, path: str) -> str | None:
        for pattern, template in self._templates:
            found = pattern.fullmatch(path)
            if found is not None:
                return template.format(**found.groupdict())
        return None

    def methods_of(self, path: str) -> tuple[str, ...]:
        """Return the methods that a path supports, for the Allow header."""
        found = {op.method for op in self.operations.values() if _matches(op.path, path)}
        return tuple(sorted(found))

    def _compile(self) -> Iterator[Operation]:
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield self._operation(path, method, item)

    def _operation(self, path: str, method: str, item: Schema) -> Operation:
        spec = item[method]
        declared = [self.resolve(p) for p in [*item.get("parameters", ()), *spec.get("parameters", ())]]
        parameters = tuple(self._parameter(p) for p in declared)
        return Operation(
            id=spec["operationId"],
            handler=spec.get("x-handler", snake_case(spec["operationId"])),
            waits=spec.get("x-waits", False),
            method=method.upper(),
            path=path,
            secured=_needs_credential(spec.get("security", self.document.get("security", ()))),
            case_insensitive=self.case_insensitive,
            parameters=parameters,
            query_names=self._query_names(declared),
            body=self._body(spec),
            defaults=MappingProxyType(dict(self._defaults(declared, spec))),
        )

    def _defaults(self, parameters: Sequence[Schema], spec: Schema) -> Iterator[tuple[str, Any]]:
        """Yield (name, default) of each parameter, and of each member of the body, that has a default."""
        schemas = [(parameter["name"], parameter["schema"]) for parameter in parameters]
        for media in self.resolve(spec.get("requestBody", {})).get("content", {}).values():
            schemas += self._members(media["schema"])
        for name, schema in schemas:
            resolved = self.resolve(schema)
            if "default" in resolved:
                yield name, resolved["default"]

    def _members(self, schema: Schema) -> Iterator[tuple[str, Schema]]:
        schema = self.resolve(schema)
        yield from schema.get("properties", {}).items()
        for part in schema.get("allOf", ()):
            yield from self._members(part)

    def _query_names(self, declared: Sequence[Schema]) -> Mapping[str, str]:
        """Return the name of each query parameter by its accepted spellings."""
        spellings = [
            (spelling, spec["name"])
            for spec in declared
            if spec["in"] == "query"
            for spelling in (spec["name"], *(alias["name"] for alias in spec.get("x-aliases", ())))
        ]
        return {(spelling.lower() if self.case_insensitive else spelling): name for spelling, name in spellings}

    def _parameter(self, spec: Schema) -> Parameter:
        schema = self.resolve(spec["schema"])
        return Parameter(
            spec["name"], spec["in"], spec.get("required", False), schema.get("type", "string"), self.compiled(schema)
        )

    def _body(self, spec: Schema) -> Body | None:
        if "requestBody" not in spec:
            return None
        body = self.resolve(spec["requestBody"])
        content_type, media = next(iter(body["content"].items()))
        schema = self.resolve(media["schema"])
        types = {name: self.resolve(s).get("type", "string") for name, s in schema.get("properties", {}).items()}
        return Body(
            content_type=content_type,
            required=body.get("required", False),
            schema=self.compiled(media["schema"]),
            strict_schema=cache(lambda: self._strict.compiled(media["schema"])),
            choices=choices_in(media["schema"], self.resolve),
            chosen_schema=cache(lambda chosen: self._with_choices(chosen).compiled(media["schema"])),
            types=types,
            members=members_of(schema, self.resolve),
        )

    def validator(self, schema: Schema) -> jsonschema_rs.Draft4Validator:
        """Compile a schema of this document, with `nullable` and formats."""
        return self.compiled(schema).whole

    def compiled(self, schema: Schema) -> CompiledSchema:
        """Return a schema of this document for values of any size; `ValueError` if it is invalid."""
        json_schema = _json_schema(schema)
        if has_references(json_schema):
            json_schema = {**json_schema, "components": self._components}
        compiled = CompiledSchema(json_schema)
        try:
            return compiled if self.is_own else compiled.checked()
        except ValueError as error:
            raise ValueError(f"{self.name}.yaml: expected a valid schema: {error}") from None

    @cached_property
    def _strict(self) -> "Contract":
        """This contract for sandboxes that refuse null where it means absent."""
        return replace(self, document=without_absent_nulls(self.document))

    def _with_choices(self, chosen: frozenset[Choice]) -> "Contract":
        """Return this contract for sandboxes with these options of dialects."""
        return replace(self, document=with_choices(self.document, chosen))

    @cached_property
    def _components(self) -> Schema:
        """The schemas that other schemas of this document can refer to, as JSON Schema."""
        return {"schemas": _json_schema(self.document.get("components", {}).get("schemas", {}))}

    def resolve(self, node: Schema) -> Schema:
        """Return the node that a node refers to, or the node itself."""
        while "$ref" in node:
            target: Any = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            node = target
        return node


def _needs_credential(security: Sequence[Schema]) -> bool:
    """Return True if there are alternatives, and each of them names a security scheme."""
    return bool(security) and all(security)


def load_contract(path: Path, *, case_insensitive: bool = False, optional_prefix: str = "") -> Contract:
    """Read one contract file; `ValueError` names the error in it.

    Connexion does not read it, because it would treat the YAML as a Jinja2 template.
    """
    return parse_contract(path.read_bytes(), path, case_insensitive=case_insensitive, optional_prefix=optional_prefix)


def parse_contract(source: bytes, path: Path, *, case_insensitive: bool = False, optional_prefix: str = "") -> Contract:
    """Return the contract in the content of a file; `ValueError` names the error in it."""
    document = read_document(source, str(path))
    return Contract(path.stem, document, case_insensitive, optional_prefix, sha256(source).hexdigest(), source)


def decode(raw: bytes, content_type: str, types: Mapping[str, str] = MappingProxyType({})) -> Any:
    """Return the value of a body: JSON, text, or typed fields of a form. Raise `ValueError` if it is invalid."""
    if content_type == JSON:
        return msgspec.json.decode(raw.removeprefix(_MARK))
    if content_type.startswith("text/"):
        return raw.decode("utf-8")
    return {name: coerce(text, types.get(name, "string")) for name, text in parse_form(raw)}


# A longer text is decoded in blocks: each step in between would be one more copy.
_LONG_BYTES = 256 * 1024


def parse_form(raw: bytes) -> list[tuple[str, str]]:
    """Return names and values of a form in order, as `urllib.parse.parse_qsl` does; `ValueError` if it is not UTF-8.

    A call with 500 messages has tens of thousands of escapes, which the library looks up one by one. Escapes of
    quoted-printable texts only differ in their sign, and the decoder for these is in C.
    """
    if raw.isascii():
        return [(_unescaped(name), _unescaped(value)) for name, value in form_pairs(raw)]
    check_utf8(raw)
    return [(form_text(name), form_text(value)) for name, value in form_pairs(raw)]


def _unescaped(text: bytes) -> str:
    if len(text) > _LONG_BYTES:
        return form_text(text)
    escapes = text.count(b"%")
    if not escapes:
        return text.replace(b"+", b" ").decode()
    decoded = a2b_qp(text.replace(b"=", b"%3D").translate(_QUOTED_PRINTABLE))
    # Each escape has become one byte. Others stay as they are, which only the library does.
    if len(decoded) + 2 * escapes != len(text) or b"\n" in text or b"\r" in text:
        return form_text(text)
    return decoded.decode()


def _aliases(item: Schema) -> Iterator[str]:
    """Yield the other spellings of a path that the service accepts."""
    return (alias["path"] for alias in item.get("x-aliases", ()))


def snake_case(name: str) -> str:
    """Return a name in snake case: `AddChannelTemplates` becomes `add_channel_templates`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


def coerce(text: str, kind: str) -> Any:
    """Convert a text from a query or form to a type of the contract; a text that does not fit stays text."""
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "number" and _NUMBER.fullmatch(text) and isfinite(float(text)):
        return float(text)
    if kind == "boolean":
        return _BOOLEANS.get(text.lower(), text)
    return text


def _json_schema(node: Any) -> Any:
    """Return an OpenAPI 3.0 schema as JSON Schema: `nullable` becomes a type, extensions and examples are dropped."""
    if isinstance(node, list):
        return [_json_schema(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    schema = {
        key: _json_schema(value) for key, value in node.items() if not str(key).startswith("x-") and key != "example"
    }
    if schema.pop("nullable", False) is True:
        return _nullable(schema)
    return schema


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON Schema that also allows null."""
    if not isinstance(schema.get("type"), str):
        return {"anyOf": [schema, {"type": "null"}]}
    allowed = {**schema, "type": [schema["type"], "null"]}
    return {**allowed, "enum": [*schema["enum"], None]} if "enum" in schema else allowed


def _remembered(find: Callable[..., Found]) -> Callable[..., Found]:
    """Return a function that remembers what `find` returns for its arguments, of which the last is a path."""
    known = lru_cache(_PATHS_REMEMBERED)(find)
    return lambda *key: known(*key) if len(key[-1]) <= _LONGEST_REMEMBERED else find(*key)


def _path_pattern(path: str, template: str) -> str:
    """Return the pattern of a path; its groups have the names in the template."""
    names = re.findall(r"\{([^}]+)\}", template)
    fixed = re.split(r"\{[^}]+\}", path)
    values = [f"(?P<{name}>[^/]+)" for name in names] + [""]
    return "".join(re.escape(part) + value for part, value in zip(fixed, values, strict=True))


def _ordinary_pattern(path: str, operation: Operation) -> str:
    """Return the pattern of a path with plain values, which every router reads in the same way."""
    types = {parameter.name: parameter.type for parameter in operation.parameters if parameter.where == "path"}
    pattern = _path_pattern(path, path)
    for name, kind in types.items():
        pattern = pattern.replace(f"(?P<{name}>[^/]+)", f"(?P<{name}>{_PLAIN_VALUES.get(kind, _NO_VALUE)})")
    return pattern


def _matches(template: str, path: str) -> bool:
    pattern = "".join(part if i % 2 == 0 else "[^/]+" for i, part in enumerate(_split_template(template)))
    return re.fullmatch(pattern, path) is not None


def _split_template(template: str) -> list[str]:
    return [re.escape(p) if i % 2 == 0 else p for i, p in enumerate(re.split(r"\{([^}]+)\}", template))]
