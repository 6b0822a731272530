"""Events that Schemathesis generates from the contract: valid ones and invalid ones.

Hypothesis draws them from the seed, and shrinks an event that breaks a listener. Generated events are about unknown
customers and campaigns, like all others.

Some valid events are not posted. Text has at most 100 characters, without control characters and unassigned ones. Times
are within the last hour, and an event always has its type and its attributes. No observed sender of events does
otherwise, and many databases of correct bridges cannot store anything else.
"""

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

from sendproof_harness.conformance.http import ListenerResponse, is_failure
from sendproof_harness.conformance.listener_spec import TRIGGER, contract, contract_violation, type_member
from sendproof_harness.conformance.requests import (
    EventContext,
    Expectation,
    ListenerRequest,
    Target,
    UnknownIds,
    json_body,
    optimove_time,
)
from sendproof_harness.scratch import scratch_folder

#: Sends a request. Returns None if no further request can be sent.
Send = Callable[[ListenerRequest], ListenerResponse | None]

Exchange = tuple[ListenerRequest, ListenerResponse]

# Number of attempts to find a smaller event that also breaks the listener.
_MAX_SHRINKS = 60
_MAX_TEXT_LENGTH = 100
# Control characters, surrogates, private use and unassigned characters.
_EXCLUDED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn"})
_TIME, _SECONDS = "sendproof-time", "sendproof-seconds"
_HOUR_S = 3_600
_CONFIG: Mapping[str, Any] = {"generation": {"allow-x00": False, "codec": "utf-8"}}


@dataclass(kw_only=True)
class _Series:
    """A series of generated requests to one listener. Each body is sent once, and its response is kept."""

    send: Send
    exchanges: dict[bytes, Exchange] = field(default_factory=dict)
    has_failed: bool = False
    shrinks: int = 0

    def fails(self, request: ListenerRequest) -> bool:
        """Return True if the listener fails. After enough attempts to shrink an event, no other one is sent."""
        known = self.exchanges.get(request.body)
        if known is not None:
            return is_failure(*known)
        if self.has_failed and self.shrinks >= _MAX_SHRINKS:
            return False
        self.shrinks += self.has_failed
        response = self.send(request)
        if response is None:
            return False
        self.exchanges[request.body] = request, response
        self.has_failed = self.has_failed or is_failure(request, response)
        # Each further attempt would wait for another timeout.
        self.shrinks = _MAX_SHRINKS if self.has_failed and response.timed_out else self.shrinks
        return is_failure(request, response)

    def reported(self) -> Iterator[Exchange]:
        """Yield all exchanges that succeeded, and the smallest one that failed."""
        yield from (exchange for exchange in self.exchanges.values() if not is_failure(*exchange))
        failed = [exchange for exchange in self.exchanges.values() if is_failure(*exchange)]
        yield from sorted(failed, key=lambda exchange: (len(exchange[0].body), exchange[0].body))[:1]


def send_generated_events(target: Target, context: EventContext, examples: int, send: Send) -> Iterator[Exchange]:
    """Send `examples` valid and as many invalid events; yield the exchanges to report."""
    _register_formats(context)
    with _temporary_hypothesis_folder():
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            series = _Series(send=send)
            _run(series, target, context, examples, mode)
            yield from series.reported()


def _run(series: _Series, target: Target, context: EventContext, examples: int, mode: GenerationMode) -> None:
    ids = context.new_ids()
    operation = schemathesis.openapi.from_dict(
        _event_contract(target.event), config=SchemathesisConfig.from_dict(dict(_CONFIG))
    )["/"]["POST"]

    @seed(context.seed)
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
    def run(case: Any) -> None:
        if series.fails(_request(target, context, ids, case.body)):
            raise _FailedError

    with suppress(_FailedError, Unsatisfiable):
        run()


class _FailedError(Exception):
    """Raised when the listener fails, so that Hypothesis looks for a smaller event with the same result."""


def _request(target: Target, context: EventContext, ids: UnknownIds, body: Any) -> ListenerRequest:
    """Return the request for a generated body. The listener must accept it if it is valid and about no campaign."""
    about: dict[str, Any] = {"url": target.url, "number": ids.number if target.event == TRIGGER else None}
    if isinstance(body, bytes):
        wrong = "the body is not the JSON of an event"
        return ListenerRequest(**about, what="a generated body", expects="answered", body=body, wrong=wrong)
    event = _with_known_ids(target, context, ids, _with_plain_text(body))
    wrong_part = contract_violation(target.event, event)
    # A campaign in a generated event does not exist, so the listener may refuse the event.
    expects: Expectation = "answered" if wrong_part is not None or "CampaignID" in event else "accepted"
    return ListenerRequest(**about, what="a generated event", expects=expects, body=json_body(event), wrong=wrong_part)


def _with_known_ids(target: Target, context: EventContext, ids: UnknownIds, event: Any) -> Any:
    """Replace generated ids by those of the context, if they have the same type."""
    if not isinstance(event, dict):
        return event
    usual = context.unknown_event(target, ids)
    replaced = {
        name: usual[name] for name in _ID_MEMBERS if name in usual and type(event.get(name)) is type(usual[name])
    }
    personalization = event.get("personalization")
    info = personalization.get("personalInfo") if isinstance(personalization, dict) else None
    if isinstance(personalization, dict) and isinstance(info, dict):
        usual_info = usual["personalization"]["personalInfo"]
        replaced["personalization"] = {**personalization, "personalInfo": {**info, **usual_info}}
    return {**event, **replaced}


_ID_MEMBERS = ("CampaignID", "ChannelID", "customerID", "channelID", "campaignID", "campaignSeriesID", "templateID")


def _with_plain_text(value: Any) -> Any:
    """Remove excluded characters from all text, and truncate long text."""
    if isinstance(value, str):
        kept = (character for character in value if unicodedata.category(character) not in _EXCLUDED_CATEGORIES)
        return "".join(kept)[:_MAX_TEXT_LENGTH]
    if isinstance(value, list):
        return [_with_plain_text(item) for item in value]
    if isinstance(value, dict):
        return {_with_plain_text(key): _with_plain_text(item) for key, item in value.items()}
    return value


def _event_contract(event: int) -> dict[str, Any]:
    """Return the contract of one event type, which requires the type and the attributes, with valid times."""
    whole = contract()
    schema = next(schema for schema in whole["components"]["schemas"].values() if _is_of_type(schema, event))
    properties = {name: _with_time_format(name, member) for name, member in schema["properties"].items()}
    required = [*schema["required"], *({type_member(event)} - set(schema["required"]))]
    if event == TRIGGER:
        properties["personalization"] = {**properties["personalization"], "required": ["personalInfo"]}
    body = {**schema, "properties": properties, "required": required}
    media = {"application/json": {"schema": body}}
    operation = {**whole["paths"]["/"]["post"], "requestBody": {"required": True, "content": media}}
    return {**whole, "paths": {"/": {"post": operation}}, "components": {}}


def _is_of_type(schema: Mapping[str, Any], event: int) -> bool:
    return bool(schema["properties"].get(type_member(event), {}).get("enum") == [event])


def _with_time_format(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Replace the pattern of a time by a format for which times are generated."""
    if "pattern" not in schema:
        return schema
    without_pattern = {key: value for key, value in schema.items() if key != "pattern"}
    return {**without_pattern, "format": _SECONDS if name == "timestamp" else _TIME}


def _register_formats(context: EventContext) -> None:
    """Generate times within the last hour for the two formats of times."""
    ages = st.integers(0, _HOUR_S)
    times = ages.map(lambda seconds: context.now - timedelta(seconds=seconds))
    schemathesis.openapi.format(_TIME, times.map(optimove_time))
    schemathesis.openapi.format(_SECONDS, times.map(lambda time: str(int(time.timestamp()))))


@contextmanager
def _temporary_hypothesis_folder() -> Iterator[None]:
    """Let Hypothesis cache its character tables in a temporary folder instead of the working directory."""
    with scratch_folder() as folder:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)
