"""Loading of scenario files: parse the YAML, validate it against the schema, then check the rules."""

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
    """Load the scenario at `path`, once for each of its providers if it lists some.

    Raises `InvalidFileError` with all problems of the file, each with its line.
    """
    return parse_scenarios(read_text(path, "a scenario file such as scenarios/scheduled/*.yaml"), str(path))


def parse_scenarios(text: str, file: str) -> tuple[Scenario, ...]:
    """Parse the text of a scenario file like `load_scenarios`; `file` is its name in messages."""
    document = parse_document(text, file)
    content = document.value
    violations = set(validate_against_schema(document, scenario_schema()))
    if violations or not isinstance(content, dict):
        raise InvalidFileError(violations)
    broken = broken_rules(parse_scenario(content), document)
    if broken:
        raise InvalidFileError(broken)
    return tuple(parse_scenario(content, provider) for provider in content.get("providers", (None,)))


@cache
def scenario_schema() -> Mapping[str, Any]:
    """Return the JSON Schema of scenario files."""
    content: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return content
