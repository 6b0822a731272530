"""A compiled schema, which checks large values part by part.

The validator copies a value before it checks it, and needs 700 bytes for an object that a client writes in eight. So it
only gets parts of bounded size. What a schema does not look at is not copied at all, such as an array in place of an
object, or a member without a schema.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain, islice
from typing import Any

import jsonschema_rs
import msgspec

from sendproof_simulators.core.json_text import has_more_values

#: Bytes of the JSON text of a value that is checked as a whole.
PART_BYTES = 128 * 1024
#: Values of which the validator says what is wrong with them. If a value has several forms, its error contains those of
#: each form and part: 1.5 KB each, and several times as much as Python objects.
DESCRIBED_VALUES = 4_000
# Items of an array, or members of an object, that are checked together if they are small.
_TOGETHER = 200
# Characters of a text or name that the validator gets at least: as many as a message shows.
_SHOWN = 300

_WHOLE, _OUTLINE, _ITEMS, _OTHERS, _NOT = "whole", "outline", "items", "additionalProperties", "not"
_ALTERNATIVES = ("anyOf", "oneOf")
#: The keywords that only look at the outline of a value: its type and length, and the names of its members.
_ON_OUTLINE = frozenset({"type", "required", "minItems", "maxItems", "minProperties", "maxProperties"}) | frozenset(
    {"minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "enum"}
)
_ON_PARTS = frozenset({"properties", _ITEMS, _OTHERS, "allOf", _NOT, *_ALTERNATIVES})
_ON_NOTHING = frozenset({"description", "title", "default", "components"})
_ON_LIST = _ON_OUTLINE | _ON_NOTHING | {_ITEMS}
_ON_ALTERNATIVES = _ON_NOTHING | {"anyOf"}
_ON_LENGTH = _ON_NOTHING | {"type", "minLength", "maxLength"}
# These look at a text as a whole, and at no other value.
_ON_TEXT = frozenset({"pattern", "format"})

Schema = Mapping[str, Any]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class PartError:
    """An error of the validator in the part of a value that is at `path`."""

    error: jsonschema_rs.ValidationError
    path: Path = ()

    def place(self, path: Sequence[str | int]) -> Path:
        """Return the place in the whole value of a place in the part."""
        return (*self.path, *path)


class CompiledSchema:
    """A JSON schema whose references are in its own `components`."""

    def __init__(self, schema: Schema, part_bytes: int = PART_BYTES, described_values: int = DESCRIBED_VALUES) -> None:
        """Keep the schema, and compile it when a value is checked.

        A part has at most `part_bytes` as JSON, or no parts. What is wrong with more than `described_values` values is
        described part by part.
        """
        self._schema = schema
        self._part_bytes = part_bytes
        self._described_values = described_values

    @cached_property
    def whole(self) -> jsonschema_rs.Draft4Validator:
        """The validator of a value as a whole; `ValueError` if the schema is invalid.

        A run needs a few of the contracts' 400 schemas. To compile all of them would be an eighth of a start.
        """
        return jsonschema_rs.Draft4Validator(dict(self._schema), validate_formats=True)

    def checked(self) -> "CompiledSchema":
        """Return this schema, compiled; `ValueError` if it is invalid."""
        _ = self.whole
        return self

    def first_error(self, value: Any) -> PartError | None:
        """Return an error of a value of any size, or None. The validator never copies more than a part of it."""
        return next(self._errors(self._schema, value, ()), None)

    def _errors(self, schema: Schema, value: Any, path: Path) -> Iterator[PartError]:
        schema = self._resolve(schema)
        if type(value) is list and self._allows_texts(schema, value):
            yield from self._check(schema, _OUTLINE, _outline(schema, value), path)
            return
        if self._is_small(value):
            if self._validator(schema, _WHOLE).is_valid(value):
                return
            if self._has_few_values(value):
                yield from self._check(schema, _WHOLE, value, path)
                return
        yield from self._errors_of_parts(schema, value, path)

    def _errors_of_parts(self, schema: Schema, value: Any, path: Path) -> Iterator[PartError]:
        if isinstance(value, list | dict) or _is_divisible(schema, value):
            yield from self._check(schema, _OUTLINE, _outline(schema, value), path)
        if not _is_divisible(schema, value):
            yield from self._whole_errors(schema, value, path)
            return
        if isinstance(value, list) and _ITEMS in schema:
            yield from self._item_errors(schema, value, path)
        if isinstance(value, dict):
            yield from self._member_errors(schema, value, path)
        for part in schema.get("allOf", ()):
            yield from self._errors(part, value, path)
        for keyword in _ALTERNATIVES:
            if keyword in schema:
                yield from self._alternative_errors(schema, keyword, value, path)
        if _NOT in schema:
            yield from self._check(schema, _NOT, self._visible(value, [schema[_NOT]]), path)

    def _whole_errors(self, schema: Schema, value: Any, path: Path) -> Iterator[PartError]:
        if isinstance(value, str) and not self._validator(schema, _WHOLE).is_valid(value):
            # An error has several copies of its text, and the start of this one is nearly always wrong as well.
            yield from self._check(schema, _WHOLE, value[:_SHOWN], path)
        yield from self._check(schema, _WHOLE, value, path)

    def _item_errors(self, schema: Schema, value: Sequence[Any], path: Path) -> Iterator[PartError]:
        for start in range(0, len(value), _TOGETHER):
            items = value[start : start + _TOGETHER]
            if self._is_small(items) and self._validator(schema, _ITEMS).is_valid(items):
                continue
            for number, item in enumerate(items, start):
                yield from self._errors(schema[_ITEMS], item, (*path, number))

    def _member_errors(self, schema: Schema, value: Mapping[str, Any], path: Path) -> Iterator[PartError]:
        described = schema.get("properties", {})
        for name, member in described.items():
            if name in value:
                yield from self._errors(member, value[name], (*path, name))
        if not isinstance(schema.get(_OTHERS), Mapping):
            return
        names = [name for name in value if name not in described]
        for start in range(0, len(names), _TOGETHER):
            members = {name: value[name] for name in names[start : start + _TOGETHER]}
            if self._is_small(members) and self._validator(schema, _OTHERS).is_valid(members):
                continue
            for name, member in members.items():
                yield from self._errors(schema[_OTHERS], member, (*path, name))

    def _alternative_errors(self, schema: Schema, keyword: str, value: Any, path: Path) -> Iterator[PartError]:
        """Yield the errors of the only alternative with the type of the value, else of all alternatives together."""
        possible = [form for form in map(self._resolve, schema[keyword]) if _allows_type(form, value)]
        if len(possible) == 1:
            yield from self._errors(possible[0], value, path)
        else:
            yield from self._check(schema, keyword, self._visible(value, schema[keyword]), path)

    def _allows_texts(self, schema: Schema, value: Sequence[Any]) -> bool:
        """Return True if a schema allows all items, which are texts. The lengths of all are checked together.

        The validator would copy them first. For a list of 50,000 ids, that takes ten times as long.
        """
        if _ITEMS not in schema or not schema.keys() <= _ON_LIST or not _has_simple_options(schema):
            return False
        return set(map(type, value)) == {str} and self._allows_lengths(schema[_ITEMS], set(map(len, value)))

    def _allows_lengths(self, schema: Schema, lengths: set[int]) -> bool:
        """Return True if a schema, or an alternative, only bounds the length of texts, and allows all of these."""
        schema = self._resolve(schema)
        if schema.keys() <= _ON_ALTERNATIVES:
            return any(self._allows_lengths(form, lengths) for form in schema.get("anyOf", ()))
        if not schema.keys() <= _ON_LENGTH or schema.get("type") != "string":
            return False
        least, most = schema.get("minLength", 0), schema.get("maxLength", max(lengths))
        return bool(least <= min(lengths) and max(lengths) <= most)

    # -- what a schema looks at ------------------------------------------------------------------

    def _visible(self, value: Any, schemas: Sequence[Schema]) -> Any:
        """Return a value without what none of these schemas looks at. Each judges it like the given one."""
        schemas = [*self._flattened(schemas)]
        if self._is_small(value) or not all(_is_divisible(schema, value) for schema in schemas):
            return value
        schemas = [schema for schema in schemas if _allows_type(schema, value)]
        if isinstance(value, list):
            items = [schema[_ITEMS] for schema in schemas if _ITEMS in schema]
            kept = value[: max((_visible_length(schema, value) for schema in schemas), default=0)]
            return [self._visible(item, items) if items else None for item in kept]
        if isinstance(value, dict):
            is_open = any(isinstance(schema.get(_OTHERS), Mapping) for schema in schemas)
            names = value if is_open else {name for schema in schemas for name in _outline_names(schema, value)}
            return {
                _shown_name(schemas, name, number): self._visible_member(name, value[name], schemas)
                for number, name in enumerate(names)
            }
        return max((_outline(schema, value) for schema in schemas), key=len, default="")

    def _visible_member(self, name: str, member: Any, schemas: Sequence[Schema]) -> Any:
        described = [schema.get("properties", {}).get(name, schema.get(_OTHERS)) for schema in schemas]
        looking = [schema for schema in described if isinstance(schema, Mapping)]
        return self._visible(member, looking) if looking else None

    def _flattened(self, schemas: Sequence[Schema]) -> Iterator[Schema]:
        """Yield schemas, and those that they combine, all of which look at the same value."""
        for schema in map(self._resolve, schemas):
            yield schema
            for keyword in ("allOf", *_ALTERNATIVES):
                yield from self._flattened(schema.get(keyword, ()))
            if _NOT in schema:
                yield from self._flattened([schema[_NOT]])

    def _resolve(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            target: Any = self._schema
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            schema = target
        return schema

    def _is_small(self, value: Any) -> bool:
        if isinstance(value, str):
            return len(value) <= self._part_bytes
        if not isinstance(value, list | dict):
            return True
        # The text of a value that is surely large would only be another copy.
        if _least_bytes(value) > self._part_bytes or any(map(self._is_long, _contents(value))):
            return False
        return len(msgspec.json.encode(value)) <= self._part_bytes

    def _has_few_values(self, value: Any) -> bool:
        """Return True if an error of the whole value is of bounded size, whatever is wrong with it."""
        if not isinstance(value, list | dict):
            return True
        return not has_more_values(msgspec.json.encode(value), self._described_values)

    def _is_long(self, value: Any) -> bool:
        return isinstance(value, str | list | dict) and len(value) > self._part_bytes

    # -- the validator ---------------------------------------------------------------------------

    def _check(self, schema: Schema, kind: str, value: Any, path: Path) -> Iterator[PartError]:
        """Yield the first error of a part, by the whole schema, or what it says about the outline or in one keyword."""
        try:
            self._validator(schema, kind).validate(value)
        except jsonschema_rs.ValidationError as error:
            # The traceback refers to the value, and the frame to the error: such a cycle stays until a collection.
            yield PartError(error.with_traceback(None), path)

    def _validator(self, schema: Schema, kind: str) -> jsonschema_rs.Draft4Validator:
        if kind == _WHOLE and schema is self._schema:
            return self.whole
        components = self._schema.get("components", {})
        return _compile_part(_Part(owner=self, schema_id=id(schema), kind=kind, schema=schema, components=components))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A part of a schema; the owner holds it, so the id is its own."""

    owner: CompiledSchema
    schema_id: int
    kind: str
    schema: Schema = field(compare=False)
    components: Schema = field(compare=False)


# All 1,800 parts of the contracts would need 70 MB.
@lru_cache(maxsize=64)
def _compile_part(part: _Part) -> jsonschema_rs.Draft4Validator:
    schemas = {_WHOLE: part.schema, _OUTLINE: _outline_schema(part.schema)}
    schema = schemas[part.kind] if part.kind in schemas else {part.kind: part.schema[part.kind]}
    # Compiling them takes a quarter of a megabyte each time, and few parts refer to them.
    components = part.components if has_references(schema) else {}
    return jsonschema_rs.Draft4Validator({**schema, "components": components}, validate_formats=True)


def _is_divisible(schema: Schema, value: Any) -> bool:
    """Return True if a schema only looks at the outline of a value and at its parts."""
    known = _ON_OUTLINE | _ON_PARTS | _ON_NOTHING | (frozenset() if isinstance(value, str) else _ON_TEXT)
    return schema.keys() <= known and _has_simple_options(schema) and not ("enum" in schema and isinstance(value, str))


def _has_simple_options(schema: Schema) -> bool:
    """Return True if no array or object is among the options of a schema."""
    return not any(isinstance(option, list | dict) for option in schema.get("enum", ()))


def _least_bytes(value: Sequence[Any] | Mapping[str, Any]) -> int:
    """Return the least number of bytes of a value as JSON: each item has a comma, and texts have quotes."""
    if isinstance(value, list) and set(map(type, value)) == {str}:
        return sum(map(len, value)) + 3 * len(value) + 1
    return 2 * len(value) - 2


def _contents(value: Sequence[Any] | Mapping[str, Any]) -> Iterator[Any]:
    return chain(value, value.values()) if isinstance(value, Mapping) else iter(value)


def _allows_type(schema: Schema, value: Any) -> bool:
    if "enum" in schema and not any(isinstance(option, type(value)) for option in schema["enum"]):
        return False
    types = schema.get("type")
    own = "array" if isinstance(value, list) else "object" if isinstance(value, dict) else "string"
    return types is None or own in ([types] if isinstance(types, str) else types)


def _outline_schema(schema: Schema) -> Schema:
    """Return what a schema says about the outline of a value."""
    keywords = _ON_OUTLINE if _has_simple_options(schema) else _ON_OUTLINE - {"enum"}
    outline = {keyword: rule for keyword, rule in schema.items() if keyword in keywords}
    if schema.get(_OTHERS) is False and "patternProperties" not in schema:
        outline |= {_OTHERS: False, "properties": {name: {} for name in schema.get("properties", {})}}
    return outline


def _outline(schema: Schema, value: Any) -> Any:
    """Return a short value with the same type, and with a length and names that keep or break the same bounds."""
    if isinstance(value, str):
        return value[: max(_most(schema, "Length"), _SHOWN)]
    if isinstance(value, list):
        return [None] * min(len(value), _most(schema, "Items"))
    return {_shown_name([schema], name, number): None for number, name in enumerate(_outline_names(schema, value))}


def _outline_names(schema: Schema, value: Mapping[str, Any]) -> Iterable[str]:
    """Return the names of an object that a schema has, and as many others as matter."""
    known = [name for name in _known_names(schema) if name in value]
    others = (name for name in value if name not in known)
    return dict.fromkeys((*known, *islice(others, max(1, _most(schema, "Properties")))))


def _known_names(schema: Schema) -> Iterator[str]:
    yield from schema.get("properties", ())
    yield from schema.get("required", ())


def _shown_name(schemas: Iterable[Schema], name: str, number: int) -> str:
    """Return a name that is unknown to the schemas if the given one is, and not much longer than a message shows."""
    if len(name) <= _SHOWN or any(name in _known_names(schema) for schema in schemas):
        return name
    return f"{name[:_SHOWN]}…{number}"


def _visible_length(schema: Schema, value: Sequence[Any]) -> int:
    """Return the number of the first items of an array that a schema looks at."""
    return len(value) if _ITEMS in schema and "maxItems" not in schema else _most(schema, "Items")


def _most(schema: Schema, what: str) -> int:
    """Return a length that is within a minimum, and beyond a maximum: longer values are judged alike."""
    least: int = schema.get(f"min{what}", 0)
    most: int = schema.get(f"max{what}", -1)
    return max(least, most + 1)


def has_references(node: Any) -> bool:
    """Return True if a schema refers to another one. Most do not, and compile many times faster alone."""
    if isinstance(node, list):
        return any(map(has_references, node))
    return isinstance(node, Mapping) and ("$ref" in node or any(map(has_references, node.values())))
