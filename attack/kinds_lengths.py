"""Kinds that are nearly too large: as many values as a body may have, or names and texts without end."""

import json
from urllib.parse import urlencode

from hostile_requests import FORM, JSON, Draw, HostileRequest, ValidRequest, hostile, kind
from messages import message
from sendproof_simulators.core.json_text import MOST_VALUES, OBJECT_VALUES

_MOST_BYTES = 7_900_000
#: Items of an array, and for how many values each counts with its comma.
_ITEMS = (
    ("[]", 2),
    ("{}", 2),
    ("0", 1),
    ('"a"', 2),
    ('{"a":[]}', 8),
    ('{"k":"v"}', 8),
    ('"\U0001f600"', 2),
    ("[[],{}]", 8),
)


def _share(draw: Draw, whole: int) -> int:
    """Return a tenth of a number for most requests: the largest ones take seconds."""
    return whole if draw.chance(15) else whole // 10


def _within(draw: Draw, request: ValidRequest, text: str) -> HostileRequest:
    """Return a request with a JSON text as its body, or as a member of the body."""
    body = request.body
    if isinstance(body, list) and body and isinstance(body[0], dict) and draw.chance(50):
        text = f"[{_with_member(draw, body[0], text)}]"
    elif isinstance(body, dict) and body and draw.chance(70):
        text = _with_member(draw, body, text)
    return hostile(message(request, text.encode()))


def _with_member(draw: Draw, body: dict[str, object], text: str) -> str:
    name = draw.choice([*body, "other"])
    return json.dumps({**body, name: "TEXT"}).replace('"TEXT"', text, 1)


@kind
def most_values(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Send nearly as many values as a body may have."""
    if request.media != JSON:
        return None
    item, values = draw.choice(_ITEMS)
    count = _share(draw, MOST_VALUES - 1_000) // values
    return _within(draw, request, "[" + ",".join([item] * count) + "]")


@kind
def endless_names(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Send an object with very many names, or a very long one."""
    if request.media != JSON:
        return None
    if draw.chance(50):
        return _within(draw, request, json.dumps({"k" * _share(draw, _MOST_BYTES): 0}))
    names = range(_share(draw, (MOST_VALUES - 1_000) // 2))
    return _within(draw, request, "{" + ",".join(f'"k{name:x}":0' for name in names) + "}")


@kind
def endless_texts(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Send a very long text, or a list of very many short ones in a form."""
    start, part = draw.choice(
        (("", "a"), ("\U0001f600", "a"), ("", "%n"), ("", "4,"), ("", ","), ("", "+"), ("<", "<a>"))
    )
    text = start + part * (_share(draw, _MOST_BYTES) // len(part))
    if request.media == JSON:
        return _within(draw, request, json.dumps(text, ensure_ascii=False))
    if request.media != FORM:
        return None
    fields = dict(request.body)
    fields[draw.choice([*fields, "other"])] = text
    return hostile(message(request, urlencode(fields, safe="%,+<>").encode()[:_MOST_BYTES]))


@kind
def wide_texts(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Send texts with an emoji each, so that all characters of a text may need four bytes."""
    if request.media != JSON:
        return None
    text = "\U0001f600" + "a" * draw.choice((12, 1_000, 1_000_000))
    item = draw.choice((f'"{text}"', f'{{"k":"{text}"}}'))
    size = len(item.encode()) + 1
    count = min(_share(draw, _MOST_BYTES) // size + 1, (MOST_VALUES - 1_000) // (3 + OBJECT_VALUES))
    return _within(draw, request, "[" + ",".join([item] * count) + "]")
