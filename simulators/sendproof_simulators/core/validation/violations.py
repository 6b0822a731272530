"""The violations of a schema by a value: the smallest invalid part, its position, and a description of a valid one.

Only the beginning of that part is quoted, because a refused body can have megabytes. Values with the name of a
credential are not quoted.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import jsonschema_rs
import msgspec

from sendproof_simulators.core.http import Violation
from sendproof_simulators.core.json_text import NESTED_TOO_DEEPLY, has_more_values
from sendproof_simulators.core.validation.compiled_schema import DESCRIBED_VALUES, CompiledSchema

# More would hide the first, which is nearly always the cause of the others.
MAX_VIOLATIONS = 20
# Room for the start of an invalid value and for the reason.
MESSAGE_LENGTH = 300
VALUE_LENGTH = 120
# A name of which the validator got no more.
_LONG = 300

_SECRET = re.compile(r"api-?_?key|hash|password|secret|token|authorization|signature", re.IGNORECASE)
HIDDEN = "(a credential, not shown)"

#: The description of a valid value by rule.
_DESCRIPTIONS: Mapping[str, str] = {
    "type": "a value of type {types}",
    "minimum": "at least {limit}",
    "maximum": "at most {limit}",
    "minItems": "at least {limit} items",
    "maxItems": "at most {limit} items",
    "minLength": "at least {limit} characters",
    "maxLength": "at most {limit} characters",
    "minProperties": "at least {limit} members",
    "maxProperties": "at most {limit} members",
    "pattern": "text of the form {pattern}",
    "enum": "one of {options}",
    "format": "text of the format {format}",
    "required": "a member {property}",
    "uniqueItems": "no item twice",
    "additionalProperties": "no member that is not documented",
}


def violations(validator: jsonschema_rs.Draft4Validator, value: Any, where: str) -> list[Violation]:
    """Return all violations by a value, which is the part `where` of a request."""
    if validator.is_valid(value):
        return []
    try:
        return [*_violations(validator, value, where)]
    except ValueError:
        # The validator quotes invalid values, and cannot quote deeply nested ones.
        return [Violation(where=where, rule="syntax", message=NESTED_TOO_DEEPLY)]


def first_violations(schema: CompiledSchema, value: Any, where: str) -> list[Violation]:
    """Return the violations of the first error of a value that may be too large to be checked as a whole."""
    try:
        found = schema.first_error(value)
        if found is None:
            return []
        places = [(smallest, found.place(smallest.instance_path)) for smallest in _smallest_errors(found.error)]
        return [_violation(error, where, path, _at(value, path)) for error, path in places[:MAX_VIOLATIONS]]
    except ValueError:
        return [Violation(where=where, rule="syntax", message=NESTED_TOO_DEEPLY)]


def _at(value: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        value = value[step]
    return value


def _member(value: Mapping[str, Any], name: str) -> Any:
    """Return a member by its name, or by the beginning of a long one."""
    return value[name] if name in value else next(item for own, item in value.items() if own[:_LONG] == name[:_LONG])


def _errors(validator: jsonschema_rs.Draft4Validator, value: Any) -> Iterable[jsonschema_rs.ValidationError]:
    # The validator collects all errors, of about 1.5 KB each, before it returns the first one.
    if not has_more_values(msgspec.json.encode(value), DESCRIBED_VALUES):
        return validator.iter_errors(value)
    try:
        validator.validate(value)
    except jsonschema_rs.ValidationError as error:
        # The traceback refers to the value, and the frame to the error: such a cycle stays until the next collection.
        return (error.with_traceback(None),)
    return ()


def _violations(validator: jsonschema_rs.Draft4Validator, value: Any, where: str) -> Iterator[Violation]:
    count = 0
    for error in _errors(validator, value):
        for smallest in _smallest_errors(error):
            yield _violation(smallest, where, smallest.instance_path, smallest.instance)
            count += 1
            if count == MAX_VIOLATIONS:
                return


def _smallest_errors(error: jsonschema_rs.ValidationError) -> Sequence[jsonschema_rs.ValidationError]:
    """Return the errors of the alternative that was most likely meant, where a value can have several forms."""
    forms: Sequence[Sequence[jsonschema_rs.ValidationError]] = error.kind.as_dict().get("context", ())
    depth = len(error.instance_path)
    possible = [form for form in forms if not any(_has_wrong_type(part, depth) for part in form)]
    # A form without errors: the value matches several forms where only one is allowed.
    if not all(forms):
        return [error]
    if not possible:
        return next(([part] for form in forms for part in form if _is_fraction(part)), [error])
    return [smallest for part in min(possible, key=len) for smallest in _smallest_errors(part)]


def _has_wrong_type(error: jsonschema_rs.ValidationError, depth: int) -> bool:
    """Return True if the whole value at this depth has another type than the form."""
    return len(error.instance_path) == depth and _rule(error) == "type"


def _is_fraction(error: jsonschema_rs.ValidationError) -> bool:
    """Return True for a number with a decimal point, such as 13.0, in place of an integer."""
    types = error.kind.as_dict().get("types", ()) if _rule(error) == "type" else ()
    return isinstance(error.instance, float) and "integer" in types


def _violation(error: jsonschema_rs.ValidationError, where: str, path: Sequence[str | int], instance: Any) -> Violation:
    """Return the violation at a path of the value, where it has the part `instance`."""
    rule, expected = _rule(error), _expected(error)
    invalid, value = _invalid_part(error, path, instance)
    message = _message(error, expected, value)
    if value is not None and _SECRET.search(_step(invalid[-1]) if invalid else where):
        value, message = HIDDEN, f"expected {expected}"
    # The pointer names an unknown member; `where` is the object that contains it.
    names = path if rule == "additionalProperties" else invalid
    name = ".".join([where, *map(_step, names)])
    return Violation(where=name, rule=rule, message=message, pointer=_pointer(invalid), expected=expected, value=value)


def _invalid_part(
    error: jsonschema_rs.ValidationError, path: Sequence[str | int], instance: Any
) -> tuple[Sequence[str | int], str | None]:
    """Return the path of the invalid part in the value, and its beginning; None if it is missing."""
    details: Mapping[str, Any] = error.kind.as_dict()
    if _rule(error) == "required":
        return [*path, details["property"]], None
    if details.get("unexpected"):
        member = details["unexpected"][0]
        return [*path, member], _excerpt(_member(instance, member))
    return path, _excerpt(instance)


def _expected(error: jsonschema_rs.ValidationError) -> str:
    rule, details = _rule(error), error.kind.as_dict()
    if "context" in details:
        forms = [_expected(form[0]) for form in details["context"] if form]
        return " or ".join(dict.fromkeys(forms)) if len(forms) == len(details["context"]) else "one form, and no other"
    return _DESCRIPTIONS.get(rule, rule).format_map({name: _joined(value) for name, value in details.items()})


def _rule(error: jsonschema_rs.ValidationError) -> str:
    return str(error.schema_path[-1]) if error.schema_path else "schema"


def _message(error: jsonschema_rs.ValidationError, expected: str, value: str | None) -> str:
    """Return the validator's message, except for objects and arrays, which it quotes completely, and several forms."""
    if _is_fraction(error):
        return f"expected an integer, got {value}"
    if isinstance(error.instance, dict | list) and _rule(error) not in {"required", "additionalProperties"}:
        return f"{value}, expected {expected}"
    if "context" in error.kind.as_dict():
        return f"expected {expected}, got {value}"
    message = error.message
    if len(message) <= MESSAGE_LENGTH:
        return message
    half = MESSAGE_LENGTH // 2
    return f"{message[:half]} … {message[-half:]}"


def _excerpt(value: Any) -> str:
    if isinstance(value, list):
        return f"an array of {len(value):,}"
    if isinstance(value, dict):
        names = (name[:VALUE_LENGTH] for name in islice(value, VALUE_LENGTH))
        return _cut(f"an object with {', '.join(names) or 'no members'}")
    return _cut(msgspec.json.encode(value[:VALUE_LENGTH] if isinstance(value, str) else value).decode())


def _joined(value: Any) -> str:
    return _cut(", ".join(map(str, value)) if isinstance(value, list) else str(value))


def _cut(text: str) -> str:
    return text if len(text) <= VALUE_LENGTH else f"{text[: VALUE_LENGTH - 1]}…"


def _pointer(path: Sequence[str | int]) -> str:
    """Return a JSON pointer (RFC 6901) from the value; empty for the whole value."""
    return "".join("/" + _step(part).replace("~", "~0").replace("/", "~1") for part in path)


def _step(part: str | int) -> str:
    """Return a step of a path; the name of a member in a hostile request can have megabytes."""
    return _cut(str(part))
