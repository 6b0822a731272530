"""What a person writes on the command line, as the values of the control API. `ValueError` says what was expected."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, SECOND, iso, parse_instant

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_LENGTH = re.compile(r"([0-9]{1,9})([smhd])")
_SCALAR = re.compile(r'-?[0-9]+(\.[0-9]+)?|true|false|".*"', re.DOTALL)
_NAMED = "expected name=value such as page=/offers"


def length(text: str) -> int:
    """A length of time, such as 90s, 15m, 2h or 7d, in milliseconds."""
    found = _LENGTH.fullmatch(text)
    if found is None:
        raise ValueError(f"expected a length of time such as 90s, 15m, 2h or 7d, got {text!r}")
    return int(found[1]) * _UNITS[found[2]]


def instant(text: str, now: Callable[[], str]) -> str:
    """An instant with its zone, or how long after now (`+2h`), as ISO 8601. `now` asks the sandbox what time it is."""
    if text.startswith("+"):
        return iso(parse_instant(now()) + length(text[1:]))
    try:
        return iso(parse_instant(text))
    except ValueError as error:
        raise ValueError(f"{error}, or how long from now, such as +2h") from None


def parameters(given: Iterable[str]) -> dict[str, Any]:
    """`page=/offers` and `amount=12.5`: numbers, true and false are such, else it is text, as is what is quoted."""
    pairs = [text.partition("=") for text in given]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise ValueError(f"{_NAMED}, got {name!r}")
    return {name: _value(text) for name, _, text in pairs}


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text) if _SCALAR.fullmatch(text) else text
    except msgspec.DecodeError:
        return text


def splits(templates: list[str], shares: list[float], times: list[str]) -> list[dict[str, Any]]:
    """Templates with the parts of the customers that get them, and when: one time for all of them, or one for each."""
    if shares and len(shares) != len(templates):
        raise ValueError(f"expected one --share for each of {len(templates)} --template, got {len(shares)}")
    if len(times) not in {1, len(templates)}:
        raise ValueError(f"expected one --send-at, or one for each of {len(templates)} --template, got {len(times)}")
    parts = shares or [1 / len(templates)] * len(templates)
    whens = times if len(times) == len(templates) else times * len(templates)
    return [
        {"share": share, "template": template, "send_at": when}
        for template, share, when in zip(templates, parts, whens, strict=True)
    ]
