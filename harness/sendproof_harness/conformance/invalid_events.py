"""What no contract allows: a listener may refuse it or take it, only not break, hang, or send anything.

Each call has one thing wrong, so that what breaks a bridge is small from the beginning.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sendproof_harness.conformance.listener_spec import TRIGGER, broken_by, schemas, shown, type_member
from sendproof_harness.conformance.requests import (
    OPTED_OUT,
    TEMPLATE_OF_NOBODY,
    Asks,
    Nobody,
    Place,
    Post,
    Target,
    encoded,
)

# Deeper than any parser follows by recursion, and more than any event has, but within what servers take by default.
_DEEP = 10_000
_HUGE_BYTES = 5_000_000

# Values that stand where something else belongs.
_WRONG_VALUES: tuple[object, ...] = (None, {"id": 7}, ["7"], "seven", -1, 10**30, 1.5, True, "")
# Types that are on no list of Optimove, or whose body is not known.
_UNKNOWN_TYPES: tuple[object, ...] = (0, 6, 12, 14, 99, -13, 10**12, "thirteen")


def members(target: Target, place: Place) -> Iterator[Post]:
    """Each member missing that must be there, and each with values that it cannot have."""
    schema = schemas()[target.event]
    for name in (one for one in schema["properties"] if one != type_member(target.event)):
        nobody = place.nobody()
        said = place.unknown(target, nobody)
        if name in schema["required"]:
            less = {key: value for key, value in said.items() if key != name}
            yield _wrong(target, nobody, "a member is missing", less)
        for value in _WRONG_VALUES:
            if broken_by(target.event, said | {name: value}):
                yield _wrong(target, nobody, "a member has a wrong value", said | {name: value})


def types(target: Target, place: Place) -> Iterator[Post]:
    """Events of types that nobody knows, about something that does not exist."""
    for kind in _UNKNOWN_TYPES:
        nobody = place.nobody()
        said = {"EventTypeID": kind, "TimeStamp": "2026-03-02 06:00:00", "CampaignID": nobody.campaign}
        wrong = f"/EventTypeID: expected {target.event}, got {shown(kind)}"
        yield _post(target, nobody, "a type of event that is not known", encoded(said), wrong)


def bodies(target: Target, place: Place) -> Iterator[Post]:
    """Bodies that are no event at all."""
    nobody = place.nobody()
    said = encoded(place.unknown(target, nobody))
    for body in (b"null", b"[]", b"{}", b'"13"', b"13", b"true", encoded([place.unknown(target, nobody)])):
        yield _post(target, nobody, "no JSON object", body, f"the body: expected an object, got {body.decode():.40}")
    yield _post(target, nobody, "no body", b"", "the body is missing")
    yield _post(target, nobody, "broken JSON", said[:-7], "the body ends before the event does")
    yield _post(target, nobody, "broken JSON", said.replace(b":", b"=", 1), "the body has = in place of a colon")
    yield _post(target, nobody, "no text", b'{"EventTypeID": "\xff\xfe\x80"}', "the body is not UTF-8")
    deep = said[:-1] + b', "deep": ' + b"[" * _DEEP + b"]" * _DEEP + b"}"
    yield _post(target, nobody, "deep nesting", deep, f"/deep: {_DEEP:,} arrays inside each other")
    huge = said[:-1] + b', "huge": "' + b"x" * _HUGE_BYTES + b'"}'
    yield _post(target, nobody, "a huge body", huge, f"/huge: text of {_HUGE_BYTES:,} bytes", asks="survived")


def calls(target: Target, place: Place) -> Iterator[Post]:
    """Calls that are right but for their headers, method or address."""
    nobody = place.nobody()
    right = _post(target, nobody, "another content type", encoded(place.unknown(target, nobody)), "")
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "nonsense", None):
        wrong = f"Content-Type: expected application/json, got {kind}"
        yield replace(right, content_type=kind, wrong=wrong)
    for method in ("GET", "PUT", "DELETE"):
        wrong = f"the method: expected POST, got {method}"
        yield replace(right, what="another method", method=method, wrong=wrong)
    url = f"{target.url.rstrip('/')}/nowhere"
    yield replace(right, what="an address that nobody was given", url=url, wrong="the path ends in /nowhere")


def unauthenticated_requests(target: Target, place: Place) -> Iterator[Post]:
    """The right event at an address with a wrong token: whoever can guess the rest must not have messages sent."""
    if target.event != TRIGGER or place.token not in target.url:
        return
    nobody = place.nobody()
    body = encoded(place.trigger(target, nobody, consent="1"))
    wrong = "the address has another token than was given"
    post = _post(target, nobody, "a wrong token in the address", body, wrong, forbids=wrong)
    yield replace(post, url=target.url.replace(place.token, "0" * len(place.token)))


def nonsense(target: Target, place: Place) -> Iterator[Post]:
    """Triggers of customers who may be written to, upon which nobody could know what to send, or to whom."""
    if target.event != TRIGGER:
        return
    for what, wrong, change in _NONSENSE:
        nobody = place.nobody()
        said = place.trigger(target, nobody, consent="1")
        yield _post(target, nobody, what, encoded({**said, **change}), wrong, forbids=wrong)
    nobody = place.nobody()
    said = place.trigger(target, nobody, consent="1")
    del said["templateID"]
    wrong = "/templateID is missing"
    yield _post(target, nobody, "a trigger without a template", encoded(said), wrong, forbids=wrong)


# What, what is wrong with it, and the change that makes it so.
_NONSENSE: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    (
        "a template that does not exist",
        f"/templateID: no template is {TEMPLATE_OF_NOBODY}",
        {"templateID": TEMPLATE_OF_NOBODY},
    ),
    ("a template that is no number", '/templateID: expected integer, got {"id": 7}', {"templateID": {"id": 7}}),
    ("attributes that are no object", "/personalization: expected object, got null", {"personalization": None}),
)


def _wrong(target: Target, nobody: Nobody, what: str, said: dict[str, Any]) -> Post:
    return _post(target, nobody, what, encoded(said), broken_by(target.event, said) or "nothing")


def _post(  # noqa: PLR0913 - a call has so many sides
    target: Target,
    nobody: Nobody,
    what: str,
    body: bytes,
    wrong: str,
    *,
    asks: Asks = "answered",
    forbids: str = OPTED_OUT,
) -> Post:
    number = nobody.number if target.event == TRIGGER else None
    return Post(what=what, asks=asks, body=body, url=target.url, wrong=wrong, number=number, forbids=forbids)
