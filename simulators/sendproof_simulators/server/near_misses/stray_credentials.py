"""Credentials of another company in a request: the service that gets them could use them."""

import re
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec

from sendproof_simulators.core.contracts import ValidRequest
from sendproof_simulators.core.http import Request
from sendproof_simulators.server.near_misses.credentials import (
    CREDENTIAL_NAME,
    FORM,
    HEADER,
    JSON_BODY,
    QUERY,
    Owner,
    body_content,
    words,
)

# Every credential has this form, and few other values of a request do.
_TOKEN = re.compile(r"[A-Za-z0-9_+/=.~-]{8,200}")
# Clients put credentials at the top of a body, into an object like `auth`, or into each message of a list.
_MOST_LEVELS = 5
# A client that puts its credential into the entries of a list puts it into each, and lists are long.
_ENTRIES = 10
# Each word is looked up in all sandboxes, and a hostile body has hundreds of thousands of members.
_MOST_WORDS, _MOST_MEMBERS, _MOST_VALUES = 1_000, 1_000, 20_000
_JSON_READ_MAX = 65_536


def stray_fields(service: str, request: Request, valid: ValidRequest | None, owner: Owner) -> dict[str, str]:
    """Return the journal's fields of a request to a service with a credential of another company; none otherwise.

    `valid` is the request as read by the contract, if it keeps that. A bridge with one set of headers or fields for
    all services shows its client's key to each of them.
    """
    possible = _possible_credentials(request, None if valid is None else valid.body)
    for place, word in islice(possible, _MOST_WORDS):
        known = owner(word)
        if known is not None and _company(known.service) != _company(service):
            name = f"{known.credential} of {known.service}"
            return {"stray_credential": name, "stray_place": place}
    return {}


def _possible_credentials(request: Request, body: Any) -> Iterator[tuple[str, str]]:
    """Yield places and words."""
    for name in _credential_headers(tuple(request.headers)):
        for word in words(request.headers[name]):
            yield HEADER, word
    for name, value in request.query:
        for word in _tokens(name, value):
            yield QUERY, word
    place = FORM if "form" in request.headers.get("content-type", "") else JSON_BODY
    if body is None and request.body:
        place, body = body_content(request)
    for word in _tokens_in(body):
        yield place, word


@lru_cache(maxsize=256)
def _credential_headers(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of headers in which clients put credentials. A client sends the same ones again and again."""
    return tuple(name for name in names if CREDENTIAL_NAME.search(name))


def _tokens_in(body: Any) -> Iterator[str]:
    """Yield the possible credentials in a body: in its fields, in objects and lists in it, and in JSON that is a text.

    Those that are less deep come first: a map of thousands of recipients must not hide what comes after it.
    """
    waiting = deque([("", body, 0)])
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        name, value, level = waiting.popleft()
        if isinstance(value, str):
            yield from _tokens(name, value)
            value = _json_of(value)
        if level < _MOST_LEVELS:
            waiting.extend((inner_name, inner, level + 1) for inner_name, inner in _parts(name, value))


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the names and values in an object or a list; nothing for other values."""
    if isinstance(value, dict):
        yield from ((str(key), inner) for key, inner in islice(value.items(), _MOST_MEMBERS))
    elif isinstance(value, list):
        yield from ((name, inner) for inner in value[:_ENTRIES])


def _json_of(text: str) -> Any:
    """Return the object or list that a text is in JSON, such as a field of a form; None if it is none."""
    if not text.startswith(("{", "[")) or len(text) > _JSON_READ_MAX:
        return None
    try:
        return msgspec.json.decode(text)
    # `ValueError`: also a text that is not UTF-8.
    except (ValueError, RecursionError):
        return None


def _tokens(name: str, value: str) -> Iterator[str]:
    """Yield the possible credentials of a field: all words if its name promises one, or else its whole value."""
    if CREDENTIAL_NAME.search(name):
        yield from words(value)
    elif _TOKEN.fullmatch(value):
        yield value


def _company(service: str) -> str:
    """Return the company of a service: Optimove has `optimove` and `optimove-metrics`."""
    return service.partition("-")[0]
