"""JSON inside a form field, with scalars as loose as PHP's.

observed: clients in PHP write 1 or "true" for true, "" for nothing, and numbers in quotes
(https://github.com/GoApptiv/textlocal-package-laravel); the vendor's own class percent-encodes the JSON once more.
assumed: which other spellings are understood, and the code of a value that is not.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from sendproof_simulators.core.json_text import (
    MOST_VALUES,
    MOST_WIDE_BYTES,
    NESTED_TOO_DEEPLY,
    TOO_MANY_VALUES,
    TOO_WIDE,
    has_more_values,
    has_more_wide_bytes,
)
from sendproof_simulators.core.percent_encoding import form_decoded
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.errors import ApiError

T = TypeVar("T")

# The last second of the year 2999. Xtremepush has the same bound, and a history has no time after 3099.
LATEST_TIME = 32_503_679_999

_KINDS: Mapping[type, str] = {dict: "an object", list: "an array"}
# Characters of a wrong value in an error.
_QUOTED = 40

_FLAGS: Mapping[object, bool] = {"": False, "0": False, "false": False, "1": True, "true": True}
_CODES: Mapping[str, int] = {
    "sender": errors.BAD_SENDER,
    "scheduled": errors.BAD_SCHEDULE,
    "schedule_time": errors.BAD_SCHEDULE,
}


def decode_field(text: str, decoder: msgspec.json.Decoder[T], type_: type[T], members: "Members") -> T:
    """Return the value of a form field that contains JSON; raise `ApiError` for invalid JSON or a wrong value.

    `members` are the scalars of the objects in it, which are converted if the value does not match `type_` as it is.
    """
    # No JSON text begins with a percent sign.
    text = form_decoded(text) if text.startswith("%") else text
    try:
        encoded = text.encode()
        if has_more_values(encoded, MOST_VALUES):
            raise ApiError(errors.BAD_JSON, TOO_MANY_VALUES)
        if has_more_wide_bytes(encoded, MOST_WIDE_BYTES):
            raise ApiError(errors.BAD_JSON, TOO_WIDE)
        return _typed(text, decoder) or msgspec.convert(_converted(msgspec.json.decode(text), members, ()), type_)
    except RecursionError:
        raise ApiError(errors.BAD_JSON, NESTED_TOO_DEEPLY) from None
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise ApiError(errors.BAD_JSON, str(error)) from error


def _typed(text: str, decoder: msgspec.json.Decoder[T]) -> T | None:
    """Return the value if all of it has the types of the decoder; raise `DecodeError` if it is no JSON."""
    try:
        return decoder.decode(text)
    except msgspec.ValidationError:
        return None


class _WrongValueError(Exception):
    """A value that no spelling explains. The first argument names what was expected."""


def text_member(value: Any) -> str:
    """Return the text of a member: true is "1" and false is "", as PHP writes them."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return "1" if value else ""
    return str(_whole(value, "text"))


def flag_member(value: Any) -> bool:
    """Return the truth of a member."""
    if value is None or isinstance(value, bool):
        return bool(value)
    spelling = value.strip().lower() if isinstance(value, str) else str(_whole(value, "true or false"))
    if spelling not in _FLAGS:
        raise _WrongValueError("true or false")
    return _FLAGS[spelling]


def time_member(value: Any) -> int | None:
    """Return the Unix time of a member; nothing, false and 0 mean now."""
    expected = f"a Unix time from 0 to {LATEST_TIME}"
    if value is None or value is False or value == "":
        return None
    if isinstance(value, str):
        digits = value.strip()
        if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(LATEST_TIME))):
            raise _WrongValueError(expected)
        seconds = int(digits)
    else:
        seconds = _whole(value, expected)
    if not 0 <= seconds <= LATEST_TIME:
        raise _WrongValueError(expected)
    return seconds or None


Members = Mapping[str, "Callable[[Any], object] | Members"]


def _whole(value: Any, expected: str) -> int:
    """Return a whole number, which may be written as a float."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise _WrongValueError(expected)
    return int(value)


def _converted(value: Any, members: Members, path: tuple[str, ...]) -> Any:
    """Return an object, or an array of objects, with its members converted. `path` leads to it."""
    value = _as_array(value)
    if isinstance(value, list):
        return [_converted(item, members, (*path, f"[{index}]")) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        raise _wrong_value(path, value, "an object")
    return {name: _converted_member(value[name], members.get(name), (*path, name)) for name in value}


def _as_array(value: Any) -> Any:
    """Return an object with positions as names as an array: PHP writes an array with gaps that way."""
    is_array = isinstance(value, dict) and value and all(name.isascii() and name.isdigit() for name in value)
    return list(value.values()) if is_array else value


def _converted_member(value: Any, convert: "Callable[[Any], object] | Members | None", path: tuple[str, ...]) -> Any:
    if convert is None:
        return value
    if not callable(convert):
        value = _as_array(value)
        if not isinstance(value, list):
            raise _wrong_value(path, value, "an array of objects")
        return _converted(value, convert, path)
    try:
        return convert(value)
    except _WrongValueError as error:
        raise _wrong_value(path, value, str(error)) from error


def _wrong_value(path: tuple[str, ...], value: Any, expected: str) -> ApiError:
    if not path:
        return ApiError(errors.BAD_JSON, f"expected {expected}")
    name = ".".join(path).replace(".[", "[")
    got = _KINDS.get(type(value)) or msgspec.json.encode(value).decode()[:_QUOTED]
    return ApiError(_CODES.get(path[-1], errors.INVALID_PARAMETER), f"{name}: expected {expected}, got {got}")
