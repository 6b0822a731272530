"""The contract of a listener: the events that Optimove may post, from `openapi/listener.yaml`.

In the repository the contracts are in the folder `openapi`; an installed Sendproof has them in the package of the
simulators.
"""

import copy
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml
from jsonschema import Draft4Validator, FormatChecker
from jsonschema.exceptions import ValidationError, best_match

_THIS_FILE = Path(__file__)
_INSTALLED = _THIS_FILE.parents[2] / "sendproof_simulators" / "openapi" / "listener.yaml"
_IN_REPOSITORY = _THIS_FILE.parents[3] / "openapi" / "listener.yaml"

#: The event of a trigger, the only one with lower camel case members.
TRIGGER = 11
_MAX_VALUE_LENGTH = 80

Schema = Mapping[str, Any]


@cache
def contract() -> Mapping[str, Any]:
    """Return the whole contract."""
    file = _INSTALLED if _INSTALLED.exists() else _IN_REPOSITORY
    content: dict[str, Any] = yaml.safe_load(file.read_bytes())
    return content


@cache
def body_schemas() -> Mapping[int, Schema]:
    """Return, by event type, the schema of the body, with `nullable` converted to JSON Schema.

    The contract also describes callbacks, which are no events.
    """
    schemas: Mapping[str, Schema] = contract()["components"]["schemas"]
    events = (schema for schema in schemas.values() if not schema["properties"].keys().isdisjoint(_TYPE_MEMBERS))
    return {_event_type(schema): _json_schema(schema) for schema in events}


def example(event: int) -> dict[str, Any]:
    """Return a copy of the contract's example of an event."""
    media = contract()["paths"]["/"]["post"]["requestBody"]["content"]["application/json"]
    body: dict[str, Any] = copy.deepcopy(media["examples"][str(event)]["value"])
    return body


def contract_violation(event: int, body: object) -> str | None:
    """Return where and why the contract does not allow a body, or None if it does."""
    validator = Draft4Validator(body_schemas()[event], format_checker=FormatChecker())
    error = best_match(validator.iter_errors(cast("Any", body)))
    return None if error is None else _message(error)


def json_text(value: object) -> str:
    """Return a value as JSON, truncated if it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_VALUE_LENGTH else f"{text[: _MAX_VALUE_LENGTH - 1]}…"


def type_member(event: int) -> str:
    """Return the name of the member with the event type."""
    return "eventTypeID" if event == TRIGGER else "EventTypeID"


def _message(error: ValidationError) -> str:
    path, got = list(error.absolute_path), cast("Any", error.instance)
    rule, limit = str(error.validator), cast("Any", error.validator_value)
    if rule == "required":
        return f"{_pointer([*path, next(name for name in limit if name not in got)])} is missing"
    if rule == "additionalProperties":
        known = cast("Mapping[str, Any]", error.schema)["properties"]
        return f"{_pointer([*path, next(name for name in got if name not in known)])} is unknown"
    expected = limit if isinstance(limit, str) else " or ".join(map(str, limit if isinstance(limit, list) else [limit]))
    return f"{_pointer(path)}: expected {_RULE_TEXTS.get(rule, rule)} {expected}, got {json_text(got)}"


_RULE_TEXTS = {"type": "a value of type", "enum": "one of", "minimum": "at least", "pattern": "text of the form"}


def _pointer(path: Sequence[str | int]) -> str:
    """Return a JSON pointer (RFC 6901), or "the body" for the whole body."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path) or "the body"


def _event_type(schema: Schema) -> int:
    (number,) = next(schema["properties"][name]["enum"] for name in _TYPE_MEMBERS if name in schema["properties"])
    return int(number)


_TYPE_MEMBERS = ("EventTypeID", "eventTypeID")


def _json_schema(node: Any) -> Any:
    """Convert a schema of OpenAPI 3.0 to JSON Schema, without the extensions about evidence."""
    if isinstance(node, list):
        return [_json_schema(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    converted = {key: _json_schema(value) for key, value in node.items() if not str(key).startswith("x-")}
    if converted.pop("nullable", False):
        converted["type"] = [converted["type"], "null"]
    return converted
