"""What Optimove may post to a listener: `openapi/listener.yaml`, read as data.

In the repository it lies among the contracts; where Sendproof is installed, all of them lie in a folder beside this
package.
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

_HERE = Path(__file__)
_INSTALLED = _HERE.parents[2] / "sendproof_simulators" / "openapi" / "listener.yaml"
_IN_REPOSITORY = _HERE.parents[3] / "openapi" / "listener.yaml"

#: Event 11, the one whose members are spelled otherwise.
TRIGGER = 11
# As much of a wrong value as shows what is wrong with it.
_VALUE_SHOWN = 80

Schema = Mapping[str, Any]


@cache
def document() -> Mapping[str, Any]:
    """The whole contract."""
    file = _INSTALLED if _INSTALLED.exists() else _IN_REPOSITORY
    content: dict[str, Any] = yaml.safe_load(file.read_bytes())
    return content


@cache
def schemas() -> Mapping[int, Schema]:
    """By type of event, the schema of its body, with `nullable` in JSON Schema's words."""
    every: Mapping[str, Schema] = document()["components"]["schemas"]
    return {_type_of(schema): _plain(schema) for schema in every.values()}


def example(event: int) -> dict[str, Any]:
    """The contract's own example of an event; the caller may change it."""
    media = document()["paths"]["/"]["post"]["requestBody"]["content"]["application/json"]
    said: dict[str, Any] = copy.deepcopy(media["examples"][str(event)]["value"])
    return said


def broken_by(event: int, body: object) -> str | None:
    """What of a body the contract does not allow: where (a JSON pointer), why, and that part alone; else None."""
    validator = Draft4Validator(schemas()[event], format_checker=FormatChecker())
    error = best_match(validator.iter_errors(cast("Any", body)))
    return None if error is None else _in_words(error)


def shown(value: object) -> str:
    """A value as JSON, cut after its beginning."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _VALUE_SHOWN else f"{text[: _VALUE_SHOWN - 1]}…"


def type_member(event: int) -> str:
    """How the member is spelled that names the type."""
    return "eventTypeID" if event == TRIGGER else "EventTypeID"


def _in_words(error: ValidationError) -> str:
    path, got = list(error.absolute_path), cast("Any", error.instance)
    rule, limit = str(error.validator), cast("Any", error.validator_value)
    if rule == "required":
        return f"{pointer([*path, next(name for name in limit if name not in got)])} is missing"
    if rule == "additionalProperties":
        known = cast("Mapping[str, Any]", error.schema)["properties"]
        return f"{pointer([*path, next(name for name in got if name not in known)])} is not known"
    wanted = limit if isinstance(limit, str) else " or ".join(map(str, limit if isinstance(limit, list) else [limit]))
    return f"{pointer(path)}: expected {_WORDS.get(rule, rule)} {wanted}, got {shown(got)}"


_WORDS = {"type": "a value of type", "enum": "one of", "minimum": "at least", "pattern": "text of the form"}


def pointer(path: Sequence[str | int]) -> str:
    """A JSON pointer (RFC 6901); the body as a whole is said in words."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path) or "the body"


def _type_of(schema: Schema) -> int:
    (number,) = next(schema["properties"][name]["enum"] for name in _TYPE_MEMBERS if name in schema["properties"])
    return int(number)


_TYPE_MEMBERS = ("EventTypeID", "eventTypeID")


def _plain(node: Any) -> Any:
    """A schema of OpenAPI 3.0 as one of JSON Schema, without what is said about its evidence."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    plain = {key: _plain(value) for key, value in node.items() if not str(key).startswith("x-")}
    if plain.pop("nullable", False):
        plain["type"] = [plain["type"], "null"]
    return plain
