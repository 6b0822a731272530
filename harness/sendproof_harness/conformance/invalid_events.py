"""Requests that no contract allows. A listener may refuse or accept them, but must not fail, hang or send a message.

Each request has one mistake, so that the cause of a failure is small from the beginning.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sendproof_harness.conformance.listener_spec import (
    TRIGGER,
    body_schemas,
    contract_violation,
    json_text,
    type_member,
)
from sendproof_harness.conformance.requests import (
    OPTED_OUT,
    UNKNOWN_TEMPLATE,
    EventContext,
    Expectation,
    ListenerRequest,
    Target,
    UnknownIds,
    json_body,
)

# Deeper than the recursion of any parser, and larger than any event, but within the default limits of servers.
_DEPTH = 10_000
_HUGE_BYTES = 5_000_000

# Values for members that need another one.
_WRONG_VALUES: tuple[object, ...] = (None, {"id": 7}, ["7"], "seven", -1, 10**30, 1.5, True, "")
# Event types that Optimove does not list, or lists without their body.
_UNKNOWN_TYPES: tuple[object, ...] = (0, 6, 12, 14, 99, -13, 10**12, "thirteen")


def wrong_members(target: Target, context: EventContext) -> Iterator[ListenerRequest]:
    """Yield events without each required member, and with wrong values of each member."""
    schema = body_schemas()[target.event]
    for name in (name for name in schema["properties"] if name != type_member(target.event)):
        ids = context.new_ids()
        event = context.unknown_event(target, ids)
        if name in schema["required"]:
            incomplete = {key: value for key, value in event.items() if key != name}
            yield _invalid_event(target, ids, "a missing member", incomplete)
        for value in _WRONG_VALUES:
            if contract_violation(target.event, event | {name: value}):
                yield _invalid_event(target, ids, "a member with a wrong value", event | {name: value})


def unknown_types(target: Target, context: EventContext) -> Iterator[ListenerRequest]:
    """Yield events of unknown types, about campaigns that do not exist."""
    for event_type in _UNKNOWN_TYPES:
        ids = context.new_ids()
        event = {"EventTypeID": event_type, "TimeStamp": "2026-03-02 06:00:00", "CampaignID": ids.campaign}
        wrong = f"/EventTypeID: expected {target.event}, got {json_text(event_type)}"
        yield _request(target, ids, "an unknown event type", json_body(event), wrong)


def wrong_bodies(target: Target, context: EventContext) -> Iterator[ListenerRequest]:
    """Yield bodies that are not an event."""
    ids = context.new_ids()
    event = context.unknown_event(target, ids)
    body = json_body(event)
    for other in (b"null", b"[]", b"{}", b'"13"', b"13", b"true", json_body([event])):
        wrong = f"the body: expected an object, got {other.decode():.40}"
        yield _request(target, ids, "a body that is not a JSON object", other, wrong)
    yield _request(target, ids, "no body", b"", "the body is missing")
    yield _request(target, ids, "invalid JSON", body[:-7], "the body is truncated")
    yield _request(target, ids, "invalid JSON", body.replace(b":", b"=", 1), "the body has = instead of a colon")
    yield _request(target, ids, "a body that is not text", b'{"EventTypeID": "\xff\xfe\x80"}', "the body is not UTF-8")
    deep = body[:-1] + b', "deep": ' + b"[" * _DEPTH + b"]" * _DEPTH + b"}"
    yield _request(target, ids, "deep nesting", deep, f"/deep: {_DEPTH:,} nested arrays")
    huge = body[:-1] + b', "huge": "' + b"x" * _HUGE_BYTES + b'"}'
    yield _request(target, ids, "a huge body", huge, f"/huge: text of {_HUGE_BYTES:,} bytes", expects="survived")


def wrong_requests(target: Target, context: EventContext) -> Iterator[ListenerRequest]:
    """Yield a valid event with another content type, method or path."""
    ids = context.new_ids()
    request = _request(target, ids, "another content type", json_body(context.unknown_event(target, ids)), "")
    for content_type in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "invalid", None):
        wrong = f"Content-Type: expected application/json, got {content_type}"
        yield replace(request, content_type=content_type, wrong=wrong)
    for method in ("GET", "PUT", "DELETE"):
        wrong = f"the method: expected POST, got {method}"
        yield replace(request, what="another method", method=method, wrong=wrong)
    url = f"{target.url.rstrip('/')}/unknown"
    yield replace(request, what="a path that is not registered", url=url, wrong="the path ends in /unknown")


def wrong_tokens(target: Target, context: EventContext) -> Iterator[ListenerRequest]:
    """Yield a valid event with a wrong token in the URL. An attacker who can guess the rest must not cause messages."""
    if target.event != TRIGGER or context.token not in target.url:
        return
    ids = context.new_ids()
    body = json_body(context.trigger_event(target, ids, consent="1"))
    wrong = "the URL contains another token than the registered one"
    request = _request(target, ids, "a wrong token in the URL", body, wrong, forbids=wrong)
    yield replace(request, url=target.url.replace(context.token, "0" * len(context.token)))


def invalid_triggers(target: Target, context: EventContext) -> Iterator[ListenerRequest]:
    """Yield triggers of customers with consent, but without a usable template or attributes: no text can be sent."""
    if target.event != TRIGGER:
        return
    for what, wrong, changes in _INVALID_TRIGGERS:
        ids = context.new_ids()
        event = context.trigger_event(target, ids, consent="1")
        yield _request(target, ids, what, json_body({**event, **changes}), wrong, forbids=wrong)
    ids = context.new_ids()
    event = context.trigger_event(target, ids, consent="1")
    del event["templateID"]
    wrong = "/templateID is missing"
    yield _request(target, ids, "a trigger without a template", json_body(event), wrong, forbids=wrong)


# The kind of request, its mistake, and the members that cause it.
_INVALID_TRIGGERS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    (
        "a template that does not exist",
        f"/templateID: no template is {UNKNOWN_TEMPLATE}",
        {"templateID": UNKNOWN_TEMPLATE},
    ),
    ("a template that is not a number", '/templateID: expected integer, got {"id": 7}', {"templateID": {"id": 7}}),
    ("attributes that are not an object", "/personalization: expected object, got null", {"personalization": None}),
)


def _invalid_event(target: Target, ids: UnknownIds, what: str, event: dict[str, Any]) -> ListenerRequest:
    return _request(target, ids, what, json_body(event), contract_violation(target.event, event) or "nothing")


def _request(  # noqa: PLR0913 - a request has these properties
    target: Target,
    ids: UnknownIds,
    what: str,
    body: bytes,
    wrong: str,
    *,
    expects: Expectation = "answered",
    forbids: str = OPTED_OUT,
) -> ListenerRequest:
    number = ids.number if target.event == TRIGGER else None
    return ListenerRequest(
        what=what, expects=expects, body=body, url=target.url, wrong=wrong, number=number, forbids=forbids
    )
