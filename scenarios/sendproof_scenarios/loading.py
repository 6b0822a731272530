"""A scenario file into a `Scenario`: read it, hold it against the schema, then against the rules."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from sendproof_scenarios.building import scenario_of
from sendproof_scenarios.document import Document, read
from sendproof_scenarios.mistakes import Mistake, Place, ScenarioError, choices, expected, nearest
from sendproof_scenarios.model import Scenario
from sendproof_scenarios.rules import broken_rules
from sendproof_scenarios.values import time_of

SCHEMA_FILE = Path(__file__).with_name("schema.json")


def load(path: Path) -> tuple[Scenario, ...]:
    """The scenario in `path`, once for each of its providers if it names some.

    Raises `ScenarioError` with every mistake, each with its line.
    """
    file = str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        message = f"cannot be read: {reason}; expected the path of a scenario file such as scenarios/scheduled/*.yaml"
        raise ScenarioError([Mistake(file=file, line=1, where="", message=message)]) from error
    return loads(text, file)


def loads(text: str, file: str) -> tuple[Scenario, ...]:
    """The same for the text of a file; `file` is the name to use in messages."""
    document = read(text, file)
    content = document.value
    mistakes = set(_against_schema(document))
    if mistakes or not isinstance(content, dict):
        raise ScenarioError(mistakes)
    broken = broken_rules(scenario_of(content), document)
    if broken:
        raise ScenarioError(broken)
    return tuple(scenario_of(content, provider) for provider in content.get("providers", (None,)))


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema of scenario files."""
    content: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return content


def _against_schema(document: Document) -> Iterator[Mistake]:
    errors: Iterable[ValidationError] = _validator().iter_errors(cast("Any", document.value))
    for error in errors:
        place = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            yield from _unknown_keys(document, place, error)
        elif error.validator == "required":
            yield from _missing_keys(document, place, error)
        else:
            yield document.mistake(place, _about_value(error))


def _unknown_keys(document: Document, place: Place, error: ValidationError) -> Iterator[Mistake]:
    part, got = _part_and_value(error)
    for key in got:
        if key not in part["properties"]:
            yield document.mistake((*place, key), f"unknown key, {choices(key, part['properties'])}")


def _missing_keys(document: Document, place: Place, error: ValidationError) -> Iterator[Mistake]:
    part, got = _part_and_value(error)
    known = part["properties"]
    misspelt = {nearest(key, known) for key in got if key not in known}
    for key in part["required"]:
        if key not in got and key not in misspelt:
            yield document.mistake(place, f'missing key "{key}": expected {_title(known[key])}')


def _about_value(error: ValidationError) -> str:
    part, got = _part_and_value(error)
    match error.validator:
        case "maxProperties" if part["maxProperties"] == 1:
            return f"expected one step, got {len(got)} ({', '.join(got)}); write each as a list item of its own"
        case "maximum":
            return expected(f"at most {part['maximum']}", got)
        case "maxItems":
            return f"expected at most {part['maxItems']} items, got {len(got)}"
        case "maxLength":
            return f"expected at most {part['maxLength']} characters, got {len(got)}"
    return expected(_title(part), got)


def _part_and_value(error: ValidationError) -> tuple[Mapping[str, Any], Any]:
    """The part of the schema that was broken, and the value that broke it. No part of ours is a bare `true`."""
    return cast("Mapping[str, Any]", error.schema), error.instance


def _title(part: Mapping[str, Any]) -> str:
    """What kind of value a part of the schema describes; a `$ref` here always leads to a titled definition."""
    if "title" in part:
        return str(part["title"])
    return _title(schema()["$defs"][part["$ref"].removeprefix("#/$defs/")])


@cache
def _validator() -> Validator:
    formats = FormatChecker(formats=())
    formats.checks("date-time", raises=ValueError)(_is_time)
    formats.checks("date", raises=ValueError)(_is_day)
    # A number such as 5.0 is a whole number to JSON Schema, but not to who counts customers.
    whole = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    strict: type[Validator] = extend(Draft202012Validator, type_checker=whole)  # type: ignore[no-untyped-call]
    return strict(schema(), format_checker=formats)


def _is_time(value: object) -> bool:
    return not isinstance(value, str) or bool(time_of(value))


def _is_day(value: object) -> bool:
    return not isinstance(value, str) or bool(date.fromisoformat(value))
