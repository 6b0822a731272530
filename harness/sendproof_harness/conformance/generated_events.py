"""Events that Schemathesis makes up from the contract: those that it allows, and those that it does not.

Hypothesis draws them from the seed, and makes what breaks a listener as small as it can. Made-up events name nobody who
exists, as any other.

Of what the contract allows, not all is posted: text has at most 100 characters, none of them a control character or one
without a meaning, times are those of the last hour, and an event always names its type and its attributes. No sender of
events was seen to do otherwise, and many a database that does its work well stores nothing else.
"""

import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from sendproof_harness.conformance.http import Answer, is_failure
from sendproof_harness.conformance.listener_spec import TRIGGER, broken_by, document, type_member
from sendproof_harness.conformance.requests import Asks, Nobody, Place, Post, Target, encoded, written

#: Post something; None when that has no purpose any more.
Try = Callable[[Post], Answer | None]

# How often a smaller event is looked for that breaks the listener as well.
_SHRINKS = 60
_TEXT_LENGTH = 100
# Control characters, halves of pairs, private use, and what has no meaning yet.
_MEANINGLESS = frozenset({"Cc", "Cs", "Co", "Cn"})
_TIME, _SECONDS = "sendproof-time", "sendproof-seconds"
_HOUR = 3_600
_CONFIG: Mapping[str, Any] = {"generation": {"allow-x00": False, "codec": "utf-8"}}


@dataclass(kw_only=True)
class _Attempt:
    """One series of events at one listener. An event is posted once; what it was answered with stays."""

    post: Try
    answers: dict[bytes, tuple[Post, Answer]] = field(default_factory=dict)
    failed: bool = False
    shrinks: int = 0

    def fails(self, post: Post) -> bool:
        """Whether the listener fails at it. When enough was tried to find a smaller one, none is."""
        known = self.answers.get(post.body)
        if known is not None:
            return is_failure(*known)
        if self.failed and self.shrinks >= _SHRINKS:
            return False
        self.shrinks += self.failed
        answer = self.post(post)
        if answer is None:
            return False
        self.answers[post.body] = post, answer
        self.failed = self.failed or is_failure(post, answer)
        # To wait again and again for an answer that does not come teaches nothing.
        self.shrinks = _SHRINKS if self.failed and answer.hung else self.shrinks
        return is_failure(post, answer)

    def told(self) -> Iterator[tuple[Post, Answer]]:
        """What is worth telling: all that went well, and the smallest that did not."""
        good = [one for one in self.answers.values() if not is_failure(*one)]
        bad = [one for one in self.answers.values() if is_failure(*one)]
        yield from good
        yield from sorted(bad, key=lambda one: (len(one[0].body), one[0].body))[:1]


def generated(target: Target, place: Place, examples: int, post: Try) -> Iterator[tuple[Post, Answer]]:
    """Post so many events of either kind; answers what was posted, and what came back."""
    _know_formats(place)
    with _no_traces():
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            attempt = _Attempt(post=post)
            _attack(target, place, examples, mode, attempt)
            yield from attempt.told()


def _attack(target: Target, place: Place, examples: int, mode: GenerationMode, attempt: _Attempt) -> None:
    nobody = place.nobody()
    operation = schemathesis.openapi.from_dict(
        _narrowed(target.event), config=SchemathesisConfig.from_dict(dict(_CONFIG))
    )["/"]["POST"]

    @seed(place.seed)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def attack(case: Any) -> None:
        posted = _posted(target, place, nobody, case.body)
        if posted is not None and attempt.fails(posted):
            raise _FailedError

    with suppress(_FailedError, Unsatisfiable):
        attack()


class _FailedError(Exception):
    """The listener failed; Hypothesis looks for less that does it, too."""


def _posted(target: Target, place: Place, nobody: Nobody, body: Any) -> Post | None:
    """The call for a made-up body; None for one that says the contrary of what was asked for."""
    number = nobody.number if target.event == TRIGGER else None
    about: dict[str, Any] = {"url": target.url, "number": number}
    if isinstance(body, bytes):
        return Post(
            **about, what="a made-up body", asks="answered", body=body, wrong="the body is no JSON that says an event"
        )
    said = _pinned(target, place, nobody, _meaningful(body))
    wrong = broken_by(target.event, said)
    if wrong is None:
        # What is told of a campaign, is told of one that does not exist.
        asks: Asks = "answered" if "CampaignID" in said else "accepted"
        return Post(**about, what="a made-up event", asks=asks, body=encoded(said))
    return Post(**about, what="a made-up event", asks="answered", body=encoded(said), wrong=wrong)


def _pinned(target: Target, place: Place, nobody: Nobody, said: Any) -> Any:
    """What it is about is what exists, as far as it names that at all in the form that it has."""
    if not isinstance(said, dict):
        return said
    usual = place.unknown(target, nobody)
    pinned = {name: usual[name] for name in _ABOUT if name in usual and type(said.get(name)) is type(usual[name])}
    personal = said.get("personalization")
    info = personal.get("personalInfo") if isinstance(personal, dict) else None
    if isinstance(personal, dict) and isinstance(info, dict):
        known = usual["personalization"]["personalInfo"]
        pinned["personalization"] = {**personal, "personalInfo": {**info, **known}}
    return {**said, **pinned}


_ABOUT = ("CampaignID", "ChannelID", "customerID", "channelID", "campaignID", "campaignSeriesID", "templateID")


def _meaningful(value: Any) -> Any:
    """The same with text that means something, and is not too long."""
    if isinstance(value, str):
        kept = (character for character in value if unicodedata.category(character) not in _MEANINGLESS)
        return "".join(kept)[:_TEXT_LENGTH]
    if isinstance(value, list):
        return [_meaningful(item) for item in value]
    if isinstance(value, dict):
        return {_meaningful(key): _meaningful(item) for key, item in value.items()}
    return value


def _narrowed(event: int) -> dict[str, Any]:
    """The contract of one type of event, that names its type and its attributes, with times that exist."""
    whole = document()
    schema = next(one for one in whole["components"]["schemas"].values() if _is_of(one, event))
    members = {name: _with_times(name, one) for name, one in schema["properties"].items()}
    required = [*schema["required"], *({type_member(event)} - set(schema["required"]))]
    if event == TRIGGER:
        personal = members["personalization"]
        members["personalization"] = {**personal, "required": ["personalInfo"]}
    body = {**schema, "properties": members, "required": required}
    post = whole["paths"]["/"]["post"]
    media = {"application/json": {"schema": body}}
    operation = {**post, "requestBody": {"required": True, "content": media}}
    return {**whole, "paths": {"/": {"post": operation}}, "components": {}}


def _is_of(schema: Mapping[str, Any], event: int) -> bool:
    return bool(schema["properties"].get(type_member(event), {}).get("enum") == [event])


def _with_times(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    if "pattern" not in schema:
        return schema
    plain = {key: value for key, value in schema.items() if key != "pattern"}
    return {**plain, "format": _SECONDS if name == "timestamp" else _TIME}


def _know_formats(place: Place) -> None:
    ago = st.integers(0, _HOUR)
    times = ago.map(lambda seconds: place.now - timedelta(seconds=seconds))
    schemathesis.openapi.format(_TIME, times.map(written))
    schemathesis.openapi.format(_SECONDS, times.map(lambda time: str(int(time.timestamp()))))


@contextmanager
def _no_traces() -> Iterator[None]:
    """Hypothesis keeps tables of characters in a folder, which would be made wherever somebody stands."""
    with tempfile.TemporaryDirectory(prefix="sendproof-") as folder:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)
