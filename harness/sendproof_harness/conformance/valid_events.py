"""Events that the contract allows, and events that are almost valid.

A listener must accept the former and may refuse the latter. Where Optimove's behaviour is unknown (the dialects of its
events), a listener may accept or refuse, as long as it responds.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sendproof_harness.conformance.listener_spec import TRIGGER, type_member
from sendproof_harness.conformance.requests import (
    JSON,
    UNKNOWN_CHANNEL,
    UNKNOWN_TEMPLATE,
    EventContext,
    Expectation,
    ListenerRequest,
    Target,
    UnknownIds,
    json_body,
)

# Letters of several alphabets, an emoji beyond 16 bits, quotes, and characters with a meaning in templates and HTML.
_UNUSUAL_TEXT = "Žofia O'Neill 王秀英 \N{WAVING HAND SIGN} \"<b>&amp;{{FIRST_NAME}}%s\\"

# observed: the ids in https://docs.delivyr.net/docs/optimove (the vendor's sample of event 11, which has no type)
_SAMPLE_CAMPAIGN, _SAMPLE_SERIES = "2.38", "2.18"


def known_event(target: Target, context: EventContext, what: str) -> ListenerRequest:
    """Return an event about existing things, which every listener must accept at any time."""
    ids = context.new_ids()
    return _request(target, ids, what, json_body(context.known_event(target, ids)))


def required_events(target: Target, context: EventContext) -> Iterator[ListenerRequest]:
    """Yield events that must be accepted: one about existing things, the same again, and variants of a trigger."""
    ids = context.new_ids()
    body = json_body(context.known_event(target, ids))
    yield _request(target, ids, "the event of the contract's example", body)
    yield _request(target, ids, "the same event again", body)
    yield _request(target, ids, "a content type with its charset", body, content_type=f"{JSON}; charset=utf-8")
    if target.event == TRIGGER:
        yield from _required_triggers(target, context)


def _required_triggers(target: Target, context: EventContext) -> Iterator[ListenerRequest]:
    yield from _formats(target, context, "accepted")
    ids = context.new_ids()
    event = context.trigger_event(target, ids) | {"triggerName": _UNUSUAL_TEXT, "templateName": _UNUSUAL_TEXT}
    event["personalization"]["personalInfo"] |= {"FIRST_NAME": _UNUSUAL_TEXT, "LAST_NAME": None}
    yield _request(target, ids, "names in many alphabets, and one that is null", json_body(event))
    ids = context.new_ids()
    event = context.trigger_event(target, ids)
    del event["triggerName"]
    yield _request(target, ids, "an event without its optional triggerName", json_body(event))
    ids = context.new_ids()
    event = context.trigger_event(target, ids)
    del event[type_member(TRIGGER)]
    yield _request(target, ids, "an event without its optional type", json_body(event))
    ids = context.new_ids()
    event = context.trigger_event(target, ids) | {"campaignID": _SAMPLE_CAMPAIGN, "campaignSeriesID": _SAMPLE_SERIES}
    yield _request(target, ids, f"a campaignID like {_SAMPLE_CAMPAIGN}", json_body(event))


def optional_events(target: Target, context: EventContext) -> Iterator[ListenerRequest]:
    """Yield valid events about unknown things, and events that are only valid in another dialect."""
    if target.event != TRIGGER:
        yield from _formats(target, context, "answered")
    ids = context.new_ids()
    event = context.unknown_event(target, ids)
    for what, bodies in _optional_bodies(event, ids):
        yield _request(target, ids, what, json_body(bodies), expects="answered")
    if target.event == TRIGGER:
        event["personalization"] = {}
        yield _request(target, ids, "an event without attributes", json_body(event), expects="answered")


def _optional_bodies(event: dict[str, Any], ids: UnknownIds) -> Iterator[tuple[str, dict[str, Any]]]:
    for what, changes in _UNKNOWN_VALUES.items():
        if changes.keys() & event.keys():
            yield what, event | {name: value(ids) for name, value in changes.items() if name in event}
    for what, spell in _SPELLINGS.items():
        respelled = {spell(name): value for name, value in event.items()}
        if respelled != event:
            yield what, respelled
    yield "an additional member", event | {"TenantID": 1}
    yield "numbers as text", {name: str(value) if _is_number(value) else value for name, value in event.items()}


def _formats(target: Target, context: EventContext, expects: Expectation) -> Iterator[ListenerRequest]:
    """Yield the same event in other JSON formats.

    They are about unknown campaigns: for an existing campaign, a bridge might take another format for another event.
    """
    for what, encode in _JSON_FORMATS.items():
        ids = context.new_ids()
        yield _request(target, ids, what, encode(context.unknown_event(target, ids)), expects=expects)


def _request(
    target: Target,
    ids: UnknownIds,
    what: str,
    body: bytes,
    *,
    expects: Expectation = "accepted",
    content_type: str = JSON,
) -> ListenerRequest:
    number = ids.number if target.event == TRIGGER else None
    return ListenerRequest(
        what=what, expects=expects, body=body, url=target.url, content_type=content_type, number=number
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _with_id_suffix(name: str, suffix: str) -> str:
    return name[:-2] + suffix if name[-2:].lower() == "id" else name


_JSON_FORMATS: Mapping[str, Callable[[dict[str, Any]], bytes]] = {
    "members in another order": lambda event: json_body(dict(reversed(event.items()))),
    "space between members": lambda event: json.dumps(event, ensure_ascii=False, indent=4).encode(),
    "letters as escapes": lambda event: json.dumps(event, ensure_ascii=True).replace("/", "\\/").encode(),
}
# By the contract, ids are whole numbers of 64 bits; ids of templates beyond 32 bits were observed.
_UNKNOWN_VALUES: Mapping[str, Mapping[str, Callable[[UnknownIds], object]]] = {
    "a campaign that does not exist": {"CampaignID": lambda ids: ids.campaign},
    "a triggered campaign that does not exist": {"campaignID": lambda ids: str(ids.campaign)},
    "a template that does not exist": {"templateID": lambda _: UNKNOWN_TEMPLATE},
    "a channel that the bridge does not have": {
        "ChannelID": lambda _: UNKNOWN_CHANNEL,
        "channelID": lambda _: UNKNOWN_CHANNEL,
    },
}
# The options of the dialect optimove.event_keys.
_SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "members spelled like CampaignID": lambda name: _with_id_suffix(name[0].upper() + name[1:], "ID"),
    "members spelled like campaignId": lambda name: _with_id_suffix(name[0].lower() + name[1:], "Id"),
    "members spelled like campaignID": lambda name: _with_id_suffix(name[0].lower() + name[1:], "ID"),
}
