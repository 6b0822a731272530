"""`reference/scenario-file.md`: every key of a scenario file, from its schema."""

from collections.abc import Iterator, Mapping
from typing import Any

from sendproof_harness.scenario.load import scenario_schema
from tables import table

_HEAD = """# Scenario file

This page lists every key of a scenario file ([how to](../write-a-scenario.md)), from the schema that validates the
files. A key is required unless its meaning names a default, calls it optional, or says when it is required.
"""

_STEP_INTRODUCTION = "A step has exactly one of these keys."

Schema = Mapping[str, Any]


def page() -> str:
    """Return the page: the keys of the file, then those of each mapping in it."""
    parts = [_HEAD, "## The file\n", _keys(scenario_schema())]
    for name, part in scenario_schema()["$defs"].items():
        if "properties" in part:
            parts += _mapping_lines(name, part)
    return "\n".join(parts)


def _mapping_lines(name: str, part: Schema) -> Iterator[str]:
    yield f"## {name}\n"
    yield (_STEP_INTRODUCTION if name == "step" else f"{part['title'][:1].upper()}{part['title'][1:]}.") + "\n"
    if "description" in part:
        yield part["description"] + "\n"
    yield _keys(part)


def _keys(part: Schema) -> str:
    rows = ((f"`{key}`", _value(value), value["description"]) for key, value in part["properties"].items())
    return table(("key", "value", "meaning"), rows)


def _value(part: Schema) -> str:
    """Return the kind of value, with a link to the section of a mapping."""
    if "$ref" in part:
        name = part["$ref"].removeprefix("#/$defs/")
        definition = scenario_schema()["$defs"][name]
        return f"[{name}](#{name})" if "properties" in definition else str(definition["title"])
    is_list_of_mappings = part.get("type") == "array" and "properties" in _resolved(part["items"])
    return f"a list of {_value(part['items'])}" if is_list_of_mappings else str(part["title"])


def _resolved(part: Schema) -> Schema:
    if "$ref" not in part:
        return part
    definition: Schema = scenario_schema()["$defs"][part["$ref"].removeprefix("#/$defs/")]
    return definition
