"""Kinds that put a hostile value into a request that is right otherwise."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hostile_requests import FORM, JSON, Draw, HostileRequest, ValidRequest, hostile, kind, with_body
from hostile_values import (
    FORBIDDEN_URLS,
    INJECTIONS,
    INSTANTS,
    LOOPBACK_URLS,
    NUMBERS,
    UNICODE,
    structures,
)
from messages import Place, message, places, value_at, with_value

_URL_NAMES = ("url", "listener", "callback", "webhook", "endpoint", "redirect")
_PAGING = ("top", "skip", "limit", "start", "offset", "max", "page", "count", "size", "rank")


def _name(place: Place) -> str:
    return next((str(step).lower() for step in reversed(place) if isinstance(step, str)), "")


def _spoiled(draw: Draw, request: ValidRequest, values: Sequence[Any], found: Sequence[Place]) -> HostileRequest | None:
    if not found:
        return None
    return hostile(message(with_value(request, draw.choice(found), draw.choice(values))))


@kind
def injected_texts(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Put code of another language into a value."""
    return _spoiled(draw, request, INJECTIONS, places(request))


@kind
def unicode_tricks(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Put unusual characters into a value."""
    return _spoiled(draw, request, UNICODE, places(request))


@kind
def extreme_numbers(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Put a number out of range into a value."""
    return _spoiled(draw, request, NUMBERS, places(request))


@kind
def extreme_instants(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Put an impossible instant into a value; preferably where one is expected."""
    found = places(request)
    wanted = [
        place for place in found if any(part in _name(place) for part in ("time", "date", "start", "at", "until"))
    ]
    return _spoiled(draw, request, INSTANTS, wanted if wanted and draw.chance(80) else found)


@kind
def structures_in_values(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Put a container into a value, or take a member away."""
    found = [place for place in places(request) if place[0] == "body"]
    if request.media != JSON or not found:
        return _spoiled(draw, request, structures(), places(request))
    if draw.chance(20) and isinstance(request.body, dict) and request.body:
        gone = draw.choice(list(request.body))
        return hostile(message(with_body(request, {name: v for name, v in request.body.items() if name != gone})))
    return _spoiled(draw, request, structures(), found)


@kind
def forbidden_urls(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Give the URL of another machine, of another program or of another scheme as the address of a webhook."""
    found = [place for place in places(request) if any(part in _name(place) for part in _URL_NAMES)]
    found = [place for place in found if isinstance(value_at(request, place), str)]
    if not found:
        return None
    forbidden = draw.chance(75)
    url = draw.choice(FORBIDDEN_URLS if forbidden else LOOPBACK_URLS)
    return hostile(message(with_value(request, draw.choice(found), url)))


@kind
def listener_urls(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Give a forbidden URL to an operation that registers a webhook."""
    if "listener" not in request.operation.lower() and "webhook" not in request.operation.lower():
        return None
    found = [place for place in places(request) if _name(place) == "listenerurl"]
    if not found:
        return None
    return hostile(message(with_value(request, found[0], draw.choice(FORBIDDEN_URLS))), is_wrong=True)


@kind
def paging(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Give negative and enormous sizes, offsets and sort orders."""
    found = [place for place in places(request) if any(part in _name(place) for part in _PAGING)]
    if found and draw.chance(60):
        return _spoiled(draw, request, NUMBERS, found)
    name = draw.choice(
        ("$skip", "$top", "skip", "top", "limit", "start", "offset", "page", "per_page", "cursor", "sort")
    )
    return hostile(message(replace(request, query=(*request.query, (name, str(draw.choice(NUMBERS)))))))


@kind
def many_parameters(draw: Draw, request: ValidRequest) -> HostileRequest:
    """Repeat parameters, or add many."""
    choice = draw.below(3)
    if choice == 0:
        query = request.query * draw.choice((2, 100)) or (("a", "1"),) * 2_000
    elif choice == 1:
        query = (*request.query, *((f"{draw.text(8)}{n}", "1") for n in range(draw.choice((100, 1_000, 2_000)))))
    else:
        query = (*request.query, *((name, value + "x") for name, value in request.query), ("a[]", "1"), ("a.b", "2"))
    return hostile(message(replace(request, query=tuple(query))))


@kind
def huge_batches(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Repeat the items of a list, or of a list in a field, very often."""
    count = draw.choice((101, 1_001, 10_001, 30_000))
    if request.media == FORM:
        listed = [name for name, value in dict(request.body).items() if name in {"numbers", "number", "contacts", "to"}]
        if not listed:
            return None
        numbers = ",".join(str(447_700_900_000 + number) for number in range(count))
        return hostile(message(with_body(request, {**request.body, draw.choice(listed): numbers})))
    found = [place for place in places(request) if place[0] == "body" and isinstance(value_at(request, place), list)]
    if request.media != JSON or not found:
        return None
    place = draw.choice(found)
    items = value_at(request, place) or [1]
    return hostile(message(with_value(request, place, (items * count)[:count])))


@kind
def credentials(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Send no credentials, spoiled ones, or those of two clients at once."""
    if not request.others:
        return None
    own = draw.choice(list(request.others))
    spoiled = (
        "",
        " ",
        own[:-1],
        own + " ",
        own.upper(),
        "\0" + own,
        own + "\u00e9",
        "null",
        "*",
        "' OR 1=1 --",
        "x" * 5_000,
        own + "," + request.others[own],
        "Bearer " + own,
    )
    choice = draw.below(3)
    if choice == 0:
        other = request.others[own]
        changed = replace(request, query=(*request.query, ("apikey", other)))
        return hostile(message(replace(changed, headers=(*request.headers, ("Authorization", f"Bearer {other}")))))
    value = draw.choice(spoiled)
    return hostile(message(_with_credential(request, own, value)))


def _with_credential(request: ValidRequest, own: str, value: str) -> ValidRequest:
    body = request.body
    if isinstance(body, dict):
        body = {name: value if member == own else member for name, member in body.items()}
    return replace(
        request,
        path=request.path.replace(own, value.replace(" ", "%20").replace("\0", "%00").replace("*", "%2A")[:2_000]),
        query=tuple((name, value if old == own else old) for name, old in request.query),
        headers=tuple((name, _header_text(value) if old == own else old) for name, old in request.headers),
        body=body,
    )


def _header_text(value: str) -> str:
    return value.replace("\0", "\x01")
