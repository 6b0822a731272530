"""A scenario file into a `Scenario`: read it, hold it against the schema, then against the rules."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sendproof_harness.scenario.diagnostics import InvalidFileError
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.scenario.parse import parse_scenario
from sendproof_harness.scenario.rules import broken_rules
from sendproof_harness.scenario.schema_validation import validate_against_schema
from sendproof_harness.scenario.yaml_source import parse_document, read_text

SCHEMA_FILE = Path(__file__).with_name("schema.json")


def load_scenarios(path: Path) -> tuple[Scenario, ...]:
    """The scenario in `path`, once for each of its providers if it names some.

    Raises `InvalidFileError` with every diagnostic, each with its line.
    """
    return parse_scenarios(read_text(path, "a scenario file such as scenarios/scheduled/*.yaml"), str(path))


def parse_scenarios(text: str, file: str) -> tuple[Scenario, ...]:
    """The same for the text of a file; `file` is the name to use in messages."""
    document = parse_document(text, file)
    content = document.value
    diagnostics = set(validate_against_schema(document, scenario_schema()))
    if diagnostics or not isinstance(content, dict):
        raise InvalidFileError(diagnostics)
    broken = broken_rules(parse_scenario(content), document)
    if broken:
        raise InvalidFileError(broken)
    return tuple(parse_scenario(content, provider) for provider in content.get("providers", (None,)))


@cache
def scenario_schema() -> Mapping[str, Any]:
    """The JSON Schema of scenario files."""
    content: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return content
