"""Validation of a document against its JSON Schema, with the line, the expected value and the actual one.

Each part of these schemas has a `title` that names the expected kind of value.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, cast

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from sendproof_harness.scenario.diagnostics import Diagnostic, KeyPath, expected_got
from sendproof_harness.scenario.values import parse_time
from sendproof_harness.scenario.yaml_source import Document
from sendproof_harness.suggestions import closest, suggestion

Schema = Mapping[str, Any]

# Unknown keys of one mapping that are named. More are no misspelled ones, and each hint takes a millisecond.
_UNKNOWN_KEYS = 20


def validate_against_schema(document: Document, schema: Schema) -> Iterator[Diagnostic]:
    """Yield every violation of the schema, in no particular order and possibly more than once."""
    errors: Iterable[ValidationError] = _validator(schema).iter_errors(cast("Any", document.value))
    for error in errors:
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            yield from _unknown_keys(document, path, error)
        elif error.validator == "required":
            yield from _missing_keys(document, path, error, schema)
        else:
            yield document.diagnostic(path, _value_message(error, schema))


def _unknown_keys(document: Document, path: KeyPath, error: ValidationError) -> Iterator[Diagnostic]:
    part, got = _part_and_value(error)
    unknown = [key for key in got if key not in part["properties"]]
    for key in unknown[:_UNKNOWN_KEYS]:
        yield document.diagnostic((*path, key), f"unknown key, {suggestion(key, part['properties'])}")
    if len(unknown) > _UNKNOWN_KEYS:
        yield document.diagnostic(path, f"{len(unknown) - _UNKNOWN_KEYS:,} more unknown keys")


def _missing_keys(document: Document, path: KeyPath, error: ValidationError, schema: Schema) -> Iterator[Diagnostic]:
    """Yield the missing keys, except those that an unknown key most likely means: that one is reported instead."""
    part, got = _part_and_value(error)
    known = part["properties"]
    unknown = [key for key in got if key not in known]
    misspelled = {closest(key, known) for key in unknown[:_UNKNOWN_KEYS]}
    for key in part["required"]:
        if key not in got and key not in misspelled:
            yield document.diagnostic(path, f'missing key "{key}": expected {_title(known[key], schema)}')


def _value_message(error: ValidationError, schema: Schema) -> str:
    part, got = _part_and_value(error)
    match error.validator:
        case "maxProperties" if part["maxProperties"] == 1:
            noun = "subject" if "withheld" in part["properties"] else "step"
            return f"expected one {noun}, got {len(got)} ({', '.join(got)}); write each {noun} as its own list item"
        case "maximum":
            return expected_got(f"at most {part['maximum']}", got)
        case "maxItems":
            return f"expected at most {part['maxItems']} items, got {len(got)}"
        case "maxLength":
            return f"expected at most {part['maxLength']} characters, got {len(got)}"
    return expected_got(_title(part, schema), got)


def _part_and_value(error: ValidationError) -> tuple[Schema, Any]:
    """Return the violated part of the schema and the value. No part of our schemas is a bare `true`."""
    return cast("Schema", error.schema), error.instance


def _title(part: Schema, schema: Schema) -> str:
    """Return the title of a part of the schema; a `$ref` always refers to a definition with a title."""
    if "title" in part:
        return str(part["title"])
    return _title(schema["$defs"][part["$ref"].removeprefix("#/$defs/")], schema)


def _validator(schema: Schema) -> Validator:
    formats = FormatChecker(formats=())
    formats.checks("date-time", raises=ValueError)(_is_time)
    formats.checks("date", raises=ValueError)(_is_day)
    # JSON Schema accepts 5.0 as an integer; a count of customers must not have a decimal point.
    integers = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    strict: type[Validator] = extend(Draft202012Validator, {"pattern": _pattern}, type_checker=integers)  # type: ignore[no-untyped-call]
    return strict(schema, format_checker=formats)


def _pattern(_validator: Validator, pattern: str, value: object, _schema: Schema) -> Iterator[ValidationError]:
    """Yield an error unless the text has the pattern. In JSON Schema, `$` is the end of the text, not of its line."""
    if isinstance(value, str) and not re.search(f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _is_time(value: object) -> bool:
    return not isinstance(value, str) or bool(parse_time(value))


def _is_day(value: object) -> bool:
    return not isinstance(value, str) or bool(date.fromisoformat(value))
