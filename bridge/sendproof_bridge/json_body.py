"""JSON from other parties. They can send anything, so nothing is taken for granted."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

import msgspec

# Optimove's and the providers' objects have six levels.
MAX_DEPTH = 100
# An empty value of two bytes takes seventy in memory. A page of 10,000 customers has a hundred for each.
MAX_VALUES = 4_000_000
_TOO_DEEP = f"expected JSON of at most {MAX_DEPTH} levels, got one that is nested too deeply"

FormT = TypeVar("FormT")


def json_object(body: bytes) -> dict[str, Any]:
    """Return the decoded object; raise `ValueError` as `decode_json` does, or if the body is no object."""
    value = decode_json(body)
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, got {type(value).__name__}")  # noqa: TRY004 one kind of error
    return value


def decode_json(body: bytes) -> Any:
    """Return the decoded value.

    Raises `ValueError` if the body is no JSON, is nested too deeply or has too many values to be processed, or has text
    that a database cannot store.
    """
    if body.count(b",") > MAX_VALUES:
        raise ValueError(f"expected at most {MAX_VALUES:,} JSON values, got more")
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _decode_unusual(body)
    _check_depth(body, value)
    return value


def decode_form(body: bytes, form: msgspec.json.Decoder[FormT]) -> FormT | None:
    """Return the decoded value if it has this form; None if only `decode_json` can read the body, or say what is wrong.

    Objects of the form must forbid unknown fields. Then nothing in the body stays unread: no depth and no bad text.
    """
    if body.count(b",") > MAX_VALUES:
        return None
    try:
        return form.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def lowercase_keys(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object with lower-case names: the case of Optimove's names varies between sources."""
    return {name.lower(): member for name, member in value.items()}


def _decode_unusual(body: bytes) -> Any:
    """Decode what msgspec does not: a byte order mark, numbers out of range. Or say what is wrong."""
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except ValueError as error:
        raise ValueError(f"expected JSON, got something else: {error}") from error
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    _check_depth(body, value)
    if b"\\u" in body:
        _check_storable(value)
    return value


def _check_depth(body: bytes, value: object) -> None:
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    # The objects and lists of one level after the other.
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            member
            for part in level
            for member in (part.values() if type(part) is dict else part)
            if type(member) is dict or type(member) is list
        ]
        if not level:
            return
    raise ValueError(_TOO_DEEP)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _check_storable(value: object) -> None:
    """Refuse half a surrogate pair, which is no character."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"expected text, got half a character: {error}") from error
