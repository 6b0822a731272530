"""Schemas of a contract in a form that can be compared: references followed, `allOf` merged, annotations dropped."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

#: What describes a schema and does not change the values that it allows.
ANNOTATIONS = frozenset({
    "description", "example", "examples", "title", "summary", "deprecated", "externalDocs", "discriminator", "xml",
    "x-evidence", "x-source", "x-limits", "x-message-types", "readOnly", "writeOnly",
})  # fmt: skip
_ALTERNATIVES = ("oneOf", "anyOf")
#: How deep references are followed; a schema that refers to itself has no end.
_MOST_REFERENCES = 64


class Document:
    """One contract, with the schemas that its parts refer to."""

    def __init__(self, document: Schema) -> None:
        self.document = document

    def resolve(self, node: Any) -> Schema:
        """Return the node that a node refers to, or the node itself; `ValueError` for a reference to nothing."""
        for _ in range(_MOST_REFERENCES):
            if not isinstance(node, Mapping) or "$ref" not in node:
                return node if isinstance(node, Mapping) else {}
            node = self._target(str(node["$ref"]))
        raise ValueError("expected references with an end, got a circle of them")

    def _target(self, reference: str) -> Any:
        target: Any = self.document
        for step in reference.removeprefix("#/").split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(target, Mapping) or name not in target:
                raise ValueError(f"expected the target of the reference {reference!r}, got none")
            target = target[name]
        return target

    def flat(self, node: Any) -> Schema:
        """Return a schema without references and annotations at its top, and with the parts of `allOf` merged."""
        schema = {key: value for key, value in self.resolve(node).items() if key not in ANNOTATIONS}
        parts = schema.pop("allOf", None)
        if not isinstance(parts, Sequence):
            return schema
        for part in parts:
            schema = _merged(schema, self.flat(part))
        return schema

    def alternatives(self, schema: Schema) -> Sequence[tuple[str, Schema]]:
        """Return the (name, schema) of each form that a flat schema allows, itself if it has only one."""
        found = next((schema[key] for key in _ALTERNATIVES if key in schema), None)
        if not isinstance(found, Sequence):
            return [("", schema)]
        shared = {key: value for key, value in schema.items() if key not in _ALTERNATIVES}
        return [(form_name(form), _merged(shared, self.flat(form))) for form in found]


def has_alternatives(schema: Schema) -> bool:
    """Return True if a schema allows several forms."""
    return any(key in schema for key in _ALTERNATIVES)


def form_name(schema: Any) -> str:
    """Return the name of one form, that of its reference or its title; empty without one."""
    if not isinstance(schema, Mapping):
        return ""
    return str(schema.get("$ref", "")).rpartition("/")[2] or str(schema.get("title", ""))


def _merged(one: Schema, other: Schema) -> dict[str, Any]:
    """Return the schema of values that both schemas allow. Keywords that cannot be merged stay next to each other."""
    merged = dict(one)
    for key, value in other.items():
        if key not in merged or merged[key] == value:
            merged[key] = value
        elif key == "required":
            merged[key] = [*merged[key], *(name for name in value if name not in merged[key])]
        elif key == "properties":
            both = {name: {"allOf": [merged[key][name], value[name]]} for name in merged[key].keys() & value.keys()}
            merged[key] = {**merged[key], **value, **both}
        else:
            merged[f"and {key}"] = [*merged.get(f"and {key}", ()), value]
    return merged


def shared_name(old: Any, new: Any) -> str:
    """Return the name of the component that two nodes refer to; empty if they are no references of one name."""
    names = {
        str(node["$ref"]).rpartition("/")[2] for node in (old, new) if isinstance(node, Mapping) and "$ref" in node
    }
    is_shared = len(names) == 1 and all(isinstance(node, Mapping) and "$ref" in node for node in (old, new))
    return names.pop() if is_shared else ""


@dataclass(frozen=True, slots=True)
class Position:
    """A position in a call, and in the component that contains it, if one does."""

    place: str
    part: str = ""

    def below(self, suffix: str) -> "Position":
        """Return a position inside this one."""
        return Position(self.place + suffix, self.part and self.part + suffix)

    def within(self, old: Any, new: Any) -> "Position":
        """Return this position, as the beginning of a component if both nodes refer to it."""
        name = shared_name(old, new)
        return Position(self.place, name) if name else self


def text_of(value: Any) -> str:
    """Return a value as compact JSON with a bounded length, which is the same for equal values."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return text if len(text) <= _TEXT_LENGTH else f"{text[: _TEXT_LENGTH - 1]}…"


_TEXT_LENGTH = 120
