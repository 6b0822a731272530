"""Events that the contract allows, and ones that are nearly so: what a listener must take, and what it may refuse.

Where it is an open question what Optimove does (the dialects of its events), both answers of a listener are right, as
long as it answers.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sendproof_harness.conformance.listener_spec import TRIGGER, type_member
from sendproof_harness.conformance.requests import (
    CHANNEL_OF_NOBODY,
    JSON,
    TEMPLATE_OF_NOBODY,
    Asks,
    Nobody,
    Place,
    Post,
    Target,
    encoded,
)

# Letters of several alphabets, an emoji beyond 16 bits, quotes, and what templates and HTML take for their own.
_MANY_LETTERS = "Žofia O'Neill 王秀英 \N{WAVING HAND SIGN} \"<b>&amp;{{FIRST_NAME}}%s\\"


def plain(target: Target, place: Place, what: str) -> Post:
    """An event of what exists: what every listener must take at any time."""
    nobody = place.nobody()
    return _post(target, nobody, what, encoded(place.known(target, nobody)))


def allowed(target: Target, place: Place) -> Iterator[Post]:
    """What must be taken: an event of what exists, the same again, and, of triggers, others."""
    nobody = place.nobody()
    said = encoded(place.known(target, nobody))
    yield _post(target, nobody, "an event as the contract shows it", said)
    yield _post(target, nobody, "the same event again", said)
    yield _post(target, nobody, "a content type with its charset", said, of=f"{JSON}; charset=utf-8")
    if target.event == TRIGGER:
        yield from _of_trigger(target, place)


def _of_trigger(target: Target, place: Place) -> Iterator[Post]:
    yield from _written(target, place, "accepted")
    nobody = place.nobody()
    said = place.trigger(target, nobody) | {"triggerName": _MANY_LETTERS, "templateName": _MANY_LETTERS}
    said["personalization"]["personalInfo"] |= {"FIRST_NAME": _MANY_LETTERS, "LAST_NAME": None}
    yield _post(target, nobody, "names in many alphabets, and one that is null", encoded(said))
    nobody = place.nobody()
    said = place.trigger(target, nobody)
    del said["triggerName"]
    yield _post(target, nobody, "an event without its optional triggerName", encoded(said))


def perhaps(target: Target, place: Place) -> Iterator[Post]:
    """What the contract allows of things that do not exist, and what only another dialect would say."""
    if target.event != TRIGGER:
        yield from _written(target, place, "answered")
    nobody = place.nobody()
    said = place.unknown(target, nobody)
    for what, change in _OF_NOBODY.items():
        if change.keys() & said.keys():
            known = {name: value(nobody) for name, value in change.items() if name in said}
            yield _post(target, nobody, what, encoded(said | known), asks="answered")
    for what, spell in _SPELLED.items():
        other = {spell(name): value for name, value in said.items()}
        if other != said:
            yield _post(target, nobody, what, encoded(other), asks="answered")
    yield _post(target, nobody, "a member more", encoded(said | {"TenantID": 1}), asks="answered")
    texts = {name: str(value) if _is_number(value) else value for name, value in said.items()}
    yield _post(target, nobody, "numbers as text", encoded(texts), asks="answered")
    if target.event == TRIGGER:
        said["personalization"] = {}
        yield _post(target, nobody, "an event without attributes", encoded(said), asks="answered")
        del said[type_member(TRIGGER)]
        yield _post(target, nobody, "an event without its type", encoded(said), asks="answered")


def _written(target: Target, place: Place, asks: Asks) -> Iterator[Post]:
    """The same otherwise. Of a campaign that exists it might count as another event, so there it is not said."""
    for what, write in _WRITTEN.items():
        nobody = place.nobody()
        yield _post(target, nobody, what, write(place.unknown(target, nobody)), asks=asks)


def _post(target: Target, nobody: Nobody, what: str, body: bytes, *, asks: Asks = "accepted", of: str = JSON) -> Post:
    number = nobody.number if target.event == TRIGGER else None
    return Post(what=what, asks=asks, body=body, url=target.url, content_type=of, number=number)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _with_id(name: str, ending: str) -> str:
    return name[:-2] + ending if name[-2:].lower() == "id" else name


_WRITTEN: Mapping[str, Callable[[dict[str, Any]], bytes]] = {
    "its members in another order": lambda said: encoded(dict(reversed(said.items()))),
    "space between its members": lambda said: json.dumps(said, ensure_ascii=False, indent=4).encode(),
    "letters as escapes": lambda said: json.dumps(said, ensure_ascii=True).replace("/", "\\/").encode(),
}
# Ids are whole numbers of 64 bits by the contract; those of templates were seen to be beyond 32 bits.
_OF_NOBODY: Mapping[str, Mapping[str, Callable[[Nobody], object]]] = {
    "a campaign that does not exist": {"CampaignID": lambda nobody: nobody.campaign},
    "a triggered campaign that does not exist": {"campaignID": lambda nobody: str(nobody.campaign)},
    "a template that does not exist": {"templateID": lambda _: TEMPLATE_OF_NOBODY},
    "a channel that the bridge does not have": {
        "ChannelID": lambda _: CHANNEL_OF_NOBODY,
        "channelID": lambda _: CHANNEL_OF_NOBODY,
    },
}
# The answers to optimove.event_keys.
_SPELLED: Mapping[str, Callable[[str], str]] = {
    "members spelled as in CampaignID": lambda name: _with_id(name[0].upper() + name[1:], "ID"),
    "members spelled as in campaignId": lambda name: _with_id(name[0].lower() + name[1:], "Id"),
    "members spelled as in campaignID": lambda name: _with_id(name[0].lower() + name[1:], "ID"),
}
