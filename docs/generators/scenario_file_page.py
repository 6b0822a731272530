"""`reference/scenario-file.md`: every key of a scenario file, from its schema."""

from collections.abc import Iterator, Mapping
from typing import Any

from sendproof_harness.scenario.load import scenario_schema
from tables import table

_HEAD = """# Every key of a scenario file

For who writes scenarios ([how to](../write-a-scenario.md)): every key, from the schema that files are held against.
A key is required unless its meaning names a default, calls it optional, or says when it has to be there.
"""

_STEP = "A step has exactly one of these keys."

Schema = Mapping[str, Any]


def page() -> str:
    """The keys of the file, then those of each mapping in it."""
    parts = [_HEAD, "## The file\n", _keys(scenario_schema())]
    for name, part in scenario_schema()["$defs"].items():
        if "properties" in part:
            parts += _mapping(name, part)
    return "\n".join(parts)


def _mapping(name: str, part: Schema) -> Iterator[str]:
    yield f"## {name}\n"
    yield (_STEP if name == "step" else f"{part['title'][:1].upper()}{part['title'][1:]}.") + "\n"
    if "description" in part:
        yield part["description"] + "\n"
    yield _keys(part)


def _keys(part: Schema) -> str:
    rows = ((f"`{key}`", _value(value), value["description"]) for key, value in part["properties"].items())
    return table(("key", "value", "meaning"), rows)


def _value(part: Schema) -> str:
    """What kind of value it is, with the section of a mapping that has one."""
    if "$ref" in part:
        name = part["$ref"].removeprefix("#/$defs/")
        found = scenario_schema()["$defs"][name]
        return f"[{name}](#{name})" if "properties" in found else str(found["title"])
    of_section = part.get("type") == "array" and "properties" in _resolved(part["items"])
    return f"a list of {_value(part['items'])}" if of_section else str(part["title"])


def _resolved(part: Schema) -> Schema:
    found: Schema = scenario_schema()["$defs"][part["$ref"].removeprefix("#/$defs/")] if "$ref" in part else part
    return found
