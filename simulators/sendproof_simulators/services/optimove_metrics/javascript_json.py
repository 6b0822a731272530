"""JSON as JavaScript's `JSON.stringify(JSON.parse(text))` rewrites it (ECMA-262, sections 25.5.1 and 25.5.2).

Every number becomes a double, the last of several members with one name counts in the place of the first, members with
the name of an array index come first in their order, and only the characters that need an escape have one.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from io import StringIO
from typing import Any

# Beyond this power of ten, and below 1e-6, JavaScript writes a number with an exponent.
_FIRST_EXPONENT, _LAST_ZEROS = 21, -7
_HIGHEST_INDEX = 2**32 - 2
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_ESCAPES: Mapping[str, str] = {
    '"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t",
}  # fmt: skip
_ESCAPED = re.compile('["\\\\\x00-\x1f\ud800-\udfff]')


def minified(text: str) -> str:
    """Return a JSON text as JavaScript rewrites it; raise `ValueError` or `RecursionError` if it is invalid."""
    if text.startswith("\ufeff"):
        raise ValueError("expected JSON without a byte order mark")
    value = json.loads(text, parse_int=float, parse_constant=_refuse_constant)
    # A list of its parts would need many times the memory of the text.
    written = StringIO(newline="")
    _write(value, written.write)
    return written.getvalue()


def _refuse_constant(name: str) -> float:
    raise ValueError(f"expected JSON, got {name}")


def _write(value: Any, write: Callable[[str], object]) -> None:
    # Generators in generators would pass each part through all levels.
    if isinstance(value, dict):
        write("{")
        for index, name in enumerate(_member_order(value)):
            write(f"{',' if index else ''}{_text(name)}:")
            _write(value[name], write)
        write("}")
    elif isinstance(value, list):
        write("[")
        for index, item in enumerate(value):
            if index:
                write(",")
            _write(item, write)
        write("]")
    else:
        write(_scalar(value))


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    return number_text(value) if isinstance(value, float) else {None: "null", True: "true", False: "false"}[value]


def _member_order(members: Mapping[str, Any]) -> list[str]:
    indexes = {name for name in members if _INDEX.fullmatch(name) and int(name) <= _HIGHEST_INDEX}
    return [*sorted(indexes, key=int), *(name for name in members if name not in indexes)]


def _text(text: str) -> str:
    # A pair of surrogates is one character; a lone one is escaped.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return '"' + _ESCAPED.sub(lambda match: _ESCAPES.get(match[0], f"\\u{ord(match[0]):04x}"), text) + '"'


def number_text(value: float) -> str:
    """Return a number as JavaScript writes it: `1`, `0.1`, `1e+21`, and `null` if it is too large for a double."""
    if not math.isfinite(value):
        return "null"
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, power = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    # The shortest digits that identify the double, and the position of the point behind the first `point` of them.
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(power or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    return sign + _placed(digits, point)


def _placed(digits: str, point: int) -> str:
    """Return digits with the point behind the first `point` of them (ECMA-262, Number::toString)."""
    if len(digits) <= point <= _FIRST_EXPONENT:
        return digits.ljust(point, "0")
    if 0 < point <= _FIRST_EXPONENT:
        return f"{digits[:point]}.{digits[point:]}"
    if _LAST_ZEROS < point - 1 < 0:
        return "0." + "0" * -point + digits
    exponent = f"e{point - 1:+d}"
    return f"{digits[0]}.{digits[1:]}{exponent}" if len(digits) > 1 else digits + exponent
