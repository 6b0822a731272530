"""A draft as the text of a scenario file, with comments that say what to change."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sendproof_harness.scenario.values import iso_utc
from sendproof_harness.session.draft.draft import Draft, plain_steps

_WIDTH = 110
# Words that YAML reads as they are. All others get quotes.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_ ]*[A-Za-z0-9]|[A-Za-z]")
_NO_TEXT = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_TIME_OR_SHARE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z|\d+(\.\d+)?%|\d+ (seconds?|minutes?|hours?|days?)")

_BREAKS = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")

_COMMENTS: Mapping[str, str] = {
    "seed": "All names, numbers and random choices follow from the seed. The same seed gives the same run.",
    "providers": "The scenario runs once with each provider, which takes the place of `any` below.",
    "audience": "The customers. Further keys: outcomes (test numbers), spellings, attributes, individuals.",
    "channels": "The channels of Optimove, and the provider that carries the messages of each.",
    "templates": "The texts that the provider has before the bridge starts. {{NAME}} is an attribute of the customer.",
    "campaigns": "What Optimove announces, and when. A campaign begins with the step `plan`.",
    "triggers": "What a customer does to get a message. A trigger begins with the step `trigger`.",
    "bridge": "What the client requires of the bridge.",
    "dialects": "Answers to open questions about the real services: sendproof dialects",
    "faults": "What goes wrong, and where; `nth` counts from the start of the run. All faults: sendproof faults",
    "steps": "What happens, in order. All keys: sendproof docs reference/scenario-file",
}


def scenario_text(draft: Draft) -> str:
    """Return the file."""
    parts: list[tuple[str, Any]] = [
        ("seed", draft.seed),
        ("starts", draft.starts),
        ("providers", list(draft.providers)),
        ("audience", draft.audience),
        ("channels", draft.channels),
        ("templates", draft.templates),
        ("campaigns", draft.campaigns),
        ("triggers", draft.triggers),
        ("bridge", draft.bridge),
        ("dialects", draft.dialects),
        ("faults", draft.faults),
        *draft.extras.items(),
    ]
    lines = ["sendproof: 1", f"name: {_scalar(draft.name)}", f"about: {_scalar(draft.about)}"]
    for key, value in parts:
        if value not in ([], (), {}, None):
            lines += ["", *_comment(_COMMENTS.get(key, "")), *_block(key, value, "")]
    lines += ["", *_comment(_COMMENTS["steps"]), "steps:", *_steps(draft)]
    return "\n".join(lines) + "\n"


def _steps(draft: Draft) -> Iterator[str]:
    for key, value, comment in plain_steps(draft):
        if key is None:
            yield f"  # {comment}"
        else:
            yield f"  - {key}: {_flow(value)}" + (f" # {comment}" if comment else "")


def _comment(text: str) -> list[str]:
    return [f"# {text}"] if text else []


def _block(key: str, value: Any, indent: str) -> Iterable[str]:
    """Yield a key with its value: in one line if that fits, else in one line for each member."""
    line = f"{indent}{key}: {_flow(value)}"
    if len(line) <= _WIDTH and not (isinstance(value, Sequence) and not isinstance(value, str) and _has_maps(value)):
        yield line
        return
    yield f"{indent}{key}:"
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _block(name, item, indent + "  ")
        return
    for item in value:
        yield from _item(item, indent + "  ")


def _has_maps(value: Sequence[Any]) -> bool:
    return any(isinstance(item, Mapping) for item in value)


def _item(item: Any, indent: str) -> Iterable[str]:
    line = f"{indent}- {_flow(item)}"
    if len(line) <= _WIDTH or not isinstance(item, Mapping):
        yield line
        return
    first = True
    for name, member in item.items():
        for text in _block(name, member, indent + "  "):
            yield f"{indent}- {text.lstrip()}" if first else text
            first = False


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(name))}: {_flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
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
