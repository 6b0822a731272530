"""A scenario file into a `Scenario`: read it, hold it against the schema, then against the rules."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sendproof_harness.scenario.diagnostics import UnusableFileError
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.scenario.parse import scenario_of
from sendproof_harness.scenario.rules import broken_rules
from sendproof_harness.scenario.schema_validation import against_schema
from sendproof_harness.scenario.yaml_source import read, read_text

SCHEMA_FILE = Path(__file__).with_name("schema.json")


def load(path: Path) -> tuple[Scenario, ...]:
    """The scenario in `path`, once for each of its providers if it names some.

    Raises `UnusableFileError` with every mistake, each with its line.
    """
    return loads(read_text(path, "a scenario file such as scenarios/scheduled/*.yaml"), str(path))


def loads(text: str, file: str) -> tuple[Scenario, ...]:
    """The same for the text of a file; `file` is the name to use in messages."""
    document = read(text, file)
    content = document.value
    mistakes = set(against_schema(document, schema()))
    if mistakes or not isinstance(content, dict):
        raise UnusableFileError(mistakes)
    broken = broken_rules(scenario_of(content), document)
    if broken:
        raise UnusableFileError(broken)
    return tuple(scenario_of(content, provider) for provider in content.get("providers", (None,)))


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema of scenario files."""
    content: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return content
