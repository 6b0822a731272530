"""Text of a scenario file: plain values as YAML, in the style of the library."""

import json
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sendproof_harness.scenario.values import iso_utc

_WIDTH = 110
# Words that YAML reads as they are. All others get quotes.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_ ]*[A-Za-z0-9]|[A-Za-z]")
_NO_TEXT = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_TIME_OR_SHARE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z|\d+(\.\d+)?%|\d+ (seconds?|minutes?|hours?|days?)")

_BREAKS = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def block(key: str, value: Any, indent: str, *, is_compact: bool = False) -> Iterable[str]:
    """Yield the lines of a key with its value: in one line if that fits, else in one line for each member.

    A list of mappings has a line for each of them. A compact one does not, if it fits.
    """
    line = f"{indent}{key}: {flow(value)}"
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    if not isinstance(value, Mapping) and not is_list:
        # A text has no members.
        yield line
        return
    if len(line) <= _WIDTH and (is_compact or not (is_list and _has_maps(value))):
        yield line
        return
    yield f"{indent}{key}:"
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from block(name, item, indent + "  ", is_compact=is_compact)
        return
    for item in value:
        yield from _item(item, indent + "  ", is_compact=is_compact)


def text_lines(key: str, text: str) -> list[str]:
    """Return the lines of a key with a text: a long one is folded, if that gives the same text."""
    line = f"{key}: {scalar(text)}"
    is_foldable = " ".join(text.split()) == text and text.isprintable()
    return line.splitlines() if len(line) <= _WIDTH or not is_foldable else [f"{key}: >-", *_folded(text)]


def _folded(text: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def _has_maps(value: Sequence[Any]) -> bool:
    return any(isinstance(item, Mapping) for item in value)


def _item(item: Any, indent: str, *, is_compact: bool) -> Iterable[str]:
    has_one_key = isinstance(item, Mapping) and len(item) == 1
    text = flow(item)
    line = f"{indent}- {text[1:-1] if has_one_key else text}"
    if len(line) <= _WIDTH or not isinstance(item, Mapping):
        yield line
        return
    first = True
    for name, member in item.items():
        for text in block(name, member, indent + "  ", is_compact=is_compact):
            yield f"{indent}- {text.lstrip()}" if first else text
            first = False


def flow(value: Any) -> str:
    """Return a value in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(str(name))}: {flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value)


def scalar(value: Any) -> str:
    """Return a value that is no list and no mapping: a text with quotes if it needs them, a time in UTC."""
    if isinstance(value, datetime):
        return iso_utc(value)
    if isinstance(value, str) and _is_plain(value):
        return value
    # Every JSON value is a value of YAML, which also breaks lines at characters that JSON allows in a text.
    return _BREAKS.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, ensure_ascii=False))


def _is_plain(text: str) -> bool:
    if _TIME_OR_SHARE.fullmatch(text):
        return True
    return _PLAIN.fullmatch(text) is not None and text.lower() not in _NO_TEXT and "  " not in text
