"""Encoding of valid requests, and the places of their values."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from hostile_requests import FORM, JSON, Message, ValidRequest

#: The way to a value in a request: path, query or body, and then names and positions.
Place = tuple[Any, ...]


def message(request: ValidRequest, body: bytes | None = None) -> Message:
    """Return the parts of a request, with another body if one is given."""
    encoded = encode_body(request) if body is None else body
    headers = [("Host", request.host), *request.headers]
    if request.media:
        headers.append(("Content-Type", request.media))
    if request.sign is not None:
        headers += request.sign(encoded).items()
    query = urlencode(request.query, errors="surrogatepass")
    return Message(
        method=request.method.encode(),
        target=(request.path + ("?" + query if query else "")).encode("utf-8", "surrogatepass"),
        headers=[(name.encode(), value.encode("utf-8", "surrogatepass")) for name, value in headers],
        body=encoded,
    )


def encode_body(request: ValidRequest) -> bytes:
    """Return the body in its media type."""
    if request.body is None:
        return b""
    if request.media == JSON:
        return json.dumps(request.body).encode()
    if request.media == FORM:
        fields = {name: _text(value) for name, value in dict(request.body).items()}
        return urlencode(fields, errors="surrogatepass").encode()
    return str(request.body).encode("utf-8", "surrogatepass")


def places(request: ValidRequest) -> list[Place]:
    """Return the place of every value that a client chooses."""
    segments = request.path.split("/")
    found: list[Place] = [("path", number) for number, segment in enumerate(segments) if number > 1 and segment]
    found += [("query", name) for name, _ in request.query]
    if request.media == FORM:
        found += [("body", name) for name in request.body]
    elif request.media == JSON:
        found += [("body", *place) for place in _body_places(request.body)]
    return found


def value_at(request: ValidRequest, place: Place) -> Any:
    """Return the value at a place."""
    if place[0] == "path":
        return request.path.split("/")[place[1]]
    if place[0] == "query":
        return dict(request.query)[place[1]]
    value = request.body
    for step in place[1:]:
        value = value[step]
    return value


def with_value(request: ValidRequest, place: Place, value: Any) -> ValidRequest:
    """Return the request with another value at a place."""
    if place[0] == "path":
        segments = request.path.split("/")
        segments[place[1]] = quote(_text(value), safe="", errors="surrogatepass")
        return replace(request, path="/".join(segments))
    if place[0] == "query":
        query = tuple((name, _text(value) if name == place[1] else old) for name, old in request.query)
        return replace(request, query=query)
    value = _text(value) if request.media == FORM else value
    return replace(request, body=_replaced(request.body, place[1:], value))


def _body_places(value: Any, place: Place = ()) -> Iterator[Place]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _body_places(member, (*place, name))
    elif isinstance(value, list):
        # The items of a list have one form.
        for position, member in list(enumerate(value))[:2]:
            yield from _body_places(member, (*place, position))
    yield place


def _replaced(value: Any, place: Place, new: Any) -> Any:
    if not place:
        return new
    if isinstance(value, Mapping):
        return {name: _replaced(old, place[1:], new) if name == place[0] else old for name, old in value.items()}
    return [_replaced(old, place[1:], new) if n == place[0] else old for n, old in enumerate(value)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
