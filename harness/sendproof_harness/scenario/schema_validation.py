"""A document against its JSON Schema: every diagnostic, with its line, what was expected, and what stands there.

In the schemas of files that people write every part has a `title`, which says what kind of value is expected.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, cast

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from sendproof_harness.scenario.diagnostics import Diagnostic, KeyPath, closest, expected_got, suggestion
from sendproof_harness.scenario.values import parse_time
from sendproof_harness.scenario.yaml_source import Document

Schema = Mapping[str, Any]


def validate_against_schema(document: Document, schema: Schema) -> Iterator[Diagnostic]:
    """What is wrong with the document, in no order, and perhaps twice."""
    errors: Iterable[ValidationError] = _validator(schema).iter_errors(cast("Any", document.value))
    for error in errors:
        place = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            yield from _unknown_keys(document, place, error)
        elif error.validator == "required":
            yield from _missing_keys(document, place, error, schema)
        else:
            yield document.diagnostic(place, _about_value(error, schema))


def _unknown_keys(document: Document, place: KeyPath, error: ValidationError) -> Iterator[Diagnostic]:
    part, got = _part_and_value(error)
    for key in got:
        if key not in part["properties"]:
            yield document.diagnostic((*place, key), f"unknown key, {suggestion(key, part['properties'])}")


def _missing_keys(document: Document, place: KeyPath, error: ValidationError, schema: Schema) -> Iterator[Diagnostic]:
    part, got = _part_and_value(error)
    known = part["properties"]
    misspelt = {closest(key, known) for key in got if key not in known}
    for key in part["required"]:
        if key not in got and key not in misspelt:
            yield document.diagnostic(place, f'missing key "{key}": expected {_title(known[key], schema)}')


def _about_value(error: ValidationError, schema: Schema) -> str:
    part, got = _part_and_value(error)
    match error.validator:
        case "maxProperties" if part["maxProperties"] == 1:
            return f"expected one step, got {len(got)} ({', '.join(got)}); write each as a list item of its own"
        case "maximum":
            return expected_got(f"at most {part['maximum']}", got)
        case "maxItems":
            return f"expected at most {part['maxItems']} items, got {len(got)}"
        case "maxLength":
            return f"expected at most {part['maxLength']} characters, got {len(got)}"
    return expected_got(_title(part, schema), got)


def _part_and_value(error: ValidationError) -> tuple[Schema, Any]:
    """The part of the schema that was broken, and the value that broke it. No part of ours is a bare `true`."""
    return cast("Schema", error.schema), error.instance


def _title(part: Schema, schema: Schema) -> str:
    """What kind of value a part of the schema describes; a `$ref` here always leads to a titled definition."""
    if "title" in part:
        return str(part["title"])
    return _title(schema["$defs"][part["$ref"].removeprefix("#/$defs/")], schema)


def _validator(schema: Schema) -> Validator:
    formats = FormatChecker(formats=())
    formats.checks("date-time", raises=ValueError)(_is_time)
    formats.checks("date", raises=ValueError)(_is_day)
    # A number such as 5.0 is a whole number to JSON Schema, but not to who counts customers.
    whole = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    strict: type[Validator] = extend(Draft202012Validator, type_checker=whole)  # type: ignore[no-untyped-call]
    return strict(schema, format_checker=formats)


def _is_time(value: object) -> bool:
    return not isinstance(value, str) or bool(parse_time(value))


def _is_day(value: object) -> bool:
    return not isinstance(value, str) or bool(date.fromisoformat(value))
