"""In which ways a value breaks a schema: the smallest part that does, where it is, and what belongs there.

Only that part is told, and no more of it than its beginning: a refused body may be megabytes, and whatever is a
credential by its name is not repeated at all.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jsonschema_rs
import msgspec

from sendproof_simulators.core.http import Violation

# More would bury the first, which is nearly always the cause of the others.
REPORTED = 20
# Room for the start of a wrong value and for what is wrong with it.
MESSAGE_LENGTH = 300
VALUE_LENGTH = 120

_SECRET = re.compile(r"api-?_?key|hash|password|secret|token|authorization|signature", re.IGNORECASE)
HIDDEN = "(a credential, not shown)"

#: What belongs in the place of a wrong value, by the rule that it breaks.
_WANTED: Mapping[str, str] = {
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
    """Every way in which a value, that of `where` in a request, breaks what was compiled; none when it is valid."""
    if validator.is_valid(value):
        return []
    try:
        return [*_mistakes(validator, value, where)]
    except ValueError:
        # The validator quotes what it refuses, and cannot quote what is nested more deeply than it can follow.
        return [Violation(where=where, rule="syntax", message="nested too deeply")]


def _mistakes(validator: jsonschema_rs.Draft4Validator, value: Any, where: str) -> Iterator[Violation]:
    count = 0
    for error in validator.iter_errors(value):
        for part in _smallest(error):
            yield _violation(part, where)
            count += 1
            if count == REPORTED:
                return


def _smallest(error: jsonschema_rs.ValidationError) -> Sequence[jsonschema_rs.ValidationError]:
    """Where one of several forms was possible: what is wrong by the one that was most likely meant."""
    forms: Sequence[Sequence[jsonschema_rs.ValidationError]] = error.kind.as_dict().get("context", ())
    here = len(error.instance_path)
    meant = [form for form in forms if not any(_of_another_type(one, here) for one in form)]
    # A form without a mistake: the value has more than one form, where it may have one.
    if not all(forms) or not meant:
        return [error]
    return [part for one in min(meant, key=len) for part in _smallest(one)]


def _of_another_type(error: jsonschema_rs.ValidationError, depth: int) -> bool:
    """Whether the value as a whole, so deep in the body, is of another type than this form wants."""
    return len(error.instance_path) == depth and _rule(error) == "type"


def _violation(error: jsonschema_rs.ValidationError, where: str) -> Violation:
    rule, wanted = _rule(error), _wanted(error)
    path, value = _part(error)
    message = _message(error, wanted, value)
    if value is not None and _SECRET.search(str(path[-1]) if path else where):
        value, message = HIDDEN, f"expected {wanted}"
    # A member too many is named by the pointer; `where` is the object that has it.
    named = error.instance_path if rule == "additionalProperties" else path
    names = ".".join([where, *map(str, named)])
    return Violation(where=names, rule=rule, message=message, pointer=_pointer(path), expected=wanted, value=value)


def _part(error: jsonschema_rs.ValidationError) -> tuple[Sequence[str | int], str | None]:
    """Where the wrong part is in the value, and that part alone; None when it is missing."""
    entries: Mapping[str, Any] = error.kind.as_dict()
    value: Any = error.instance
    if _rule(error) == "required":
        return [*error.instance_path, entries["property"]], None
    if entries.get("unexpected"):
        more = entries["unexpected"][0]
        return [*error.instance_path, more], _shown(value[more])
    return error.instance_path, _shown(value)


def _wanted(error: jsonschema_rs.ValidationError) -> str:
    rule, entries = _rule(error), error.kind.as_dict()
    if "context" in entries:
        forms = [_wanted(form[0]) for form in entries["context"] if form]
        return " or ".join(dict.fromkeys(forms)) if len(forms) == len(entries["context"]) else "one form, and no other"
    return _WANTED.get(rule, rule).format_map({name: _listed(value) for name, value in entries.items()})


def _rule(error: jsonschema_rs.ValidationError) -> str:
    return str(error.schema_path[-1]) if error.schema_path else "schema"


def _message(error: jsonschema_rs.ValidationError, wanted: str, value: str | None) -> str:
    """The validator's own words, but for what it quotes of objects and arrays: all of it."""
    if isinstance(error.instance, dict | list) and _rule(error) not in {"required", "additionalProperties"}:
        return f"{value}, expected {wanted}"
    message = error.message
    if len(message) <= MESSAGE_LENGTH:
        return message
    half = MESSAGE_LENGTH // 2
    return f"{message[:half]} … {message[-half:]}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"an array of {len(value):,}"
    if isinstance(value, dict):
        return _cut(f"an object with {', '.join(map(str, value)) or 'no members'}")
    return _cut(msgspec.json.encode(value).decode())


def _listed(value: Any) -> str:
    return _cut(", ".join(map(str, value)) if isinstance(value, list) else str(value))


def _cut(text: str) -> str:
    return text if len(text) <= VALUE_LENGTH else f"{text[: VALUE_LENGTH - 1]}…"


def _pointer(path: Sequence[str | int]) -> str:
    """A JSON pointer (RFC 6901) from the value on; empty for all of it."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
