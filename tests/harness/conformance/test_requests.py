"""The requests to a listener, without sending them."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest

from sendproof_harness.conformance import invalid_events, valid_events
from sendproof_harness.conformance.generated_events import send_generated_events
from sendproof_harness.conformance.http import ListenerResponse
from sendproof_harness.conformance.listener_spec import TRIGGER, body_schemas, contract_violation, example
from sendproof_harness.conformance.requests import JSON, EventContext, ListenerRequest, Target

URL = "http://127.0.0.1:9000/a-token/events"
TARGETS = [
    Target(url=URL, event=event, channel=250 if event == TRIGGER else 505) for event in (1, 2, 3, 4, 5, TRIGGER, 13)
]
TRIGGER_TARGET, CAMPAIGN_TARGET = TARGETS[5], TARGETS[6]
CONTEXT: dict[str, Any] = {
    "seed": 7,
    "now": datetime(2026, 3, 3, 8, tzinfo=UTC),
    "executed": (7001, datetime(2026, 3, 2, 6, 30, tzinfo=UTC)),
    "triggered": 8001,
    "template": (21, "Your basket"),
    "phone": "PHONE",
    "consent": "OK",
    "token": "a-token",
}
OPTIONAL_GROUPS = (
    valid_events.optional_events,
    invalid_events.wrong_members,
    invalid_events.wrong_bodies,
    invalid_events.unknown_types,
    invalid_events.wrong_requests,
    invalid_events.invalid_triggers,
)


@pytest.fixture
def context() -> EventContext:
    """Return the context of a sandbox with an executed campaign and a trigger."""
    return EventContext(**CONTEXT)


def listener(received: list[ListenerRequest], status: int) -> Callable[[ListenerRequest], ListenerResponse]:
    """Return a listener that responds to every request with `status`, and adds it to `received`."""

    def send(request: ListenerRequest) -> ListenerResponse:
        received.append(request)
        return ListenerResponse(status=status)

    return send


@pytest.mark.parametrize("event", body_schemas())
def test_contract_example_of_each_event_is_valid(event: int) -> None:
    assert contract_violation(event, example(event)) is None


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.event)
def test_required_events_are_valid(target: Target, context: EventContext) -> None:
    """A listener must accept only events that the contract allows."""
    for request in valid_events.required_events(target, context):
        assert (request.expects, request.method, (request.content_type or "")[: len(JSON)]) == (
            "accepted",
            "POST",
            JSON,
        )
        assert contract_violation(target.event, json.loads(request.body)) is None


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.event)
def test_optional_and_invalid_events_need_not_be_accepted(target: Target, context: EventContext) -> None:
    expectations = {request.expects for group in OPTIONAL_GROUPS for request in group(target, context)}
    assert expectations <= {"answered", "survived"}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.event)
def test_each_member_is_wrong_once(target: Target, context: EventContext) -> None:
    """Each request has one mistake, and `wrong` names the member."""
    requests = list(invalid_events.wrong_members(target, context))
    members = Counter(str(request.wrong).split(":")[0].split(" ")[0].split("/")[1] for request in requests)
    assert members.keys() == body_schemas()[target.event]["properties"].keys() - {"EventTypeID", "eventTypeID"}
    assert all(contract_violation(target.event, json.loads(request.body)) == request.wrong for request in requests)


def test_invalid_triggers_have_unique_numbers_and_consent(context: EventContext) -> None:
    """A message to such a number identifies its cause. In valid events about unknown customers there is no consent."""
    groups = (invalid_events.wrong_tokens, invalid_events.invalid_triggers)
    requests = list(chain(*(group(TRIGGER_TARGET, context) for group in groups)))
    assert len({request.number for request in requests}) == len(requests) == 5
    consents = [json.loads(request.body)["personalization"]["personalInfo"]["OK"] for request in requests[:3]]
    assert consents == ["1", "1", "1"]
    valid = valid_events.known_event(TRIGGER_TARGET, context, "again")
    assert json.loads(valid.body)["personalization"]["personalInfo"]["OK"] == "0"


def test_event_about_an_existing_campaign_is_always_identical(context: EventContext) -> None:
    """A bridge may take another time or another order of members for another event, and send again."""
    body = b'{"EventTypeID":13,"TimeStamp":"2026-03-02 06:30:00","CampaignID":7001,"ChannelID":505}'
    groups = (valid_events.required_events, *OPTIONAL_GROUPS)
    requests = [request for group in groups for request in group(CAMPAIGN_TARGET, context)]
    assert {request.body for request in requests if b"7001" in request.body} == {body}
    assert {request.expects for request in requests if request.body == body} == {"accepted"}


def test_same_seed_generates_the_same_events() -> None:
    """Valid and invalid ones; no event is sent twice."""
    runs: list[list[ListenerRequest]] = []
    for _ in range(2):
        runs.append([])
        send = listener(runs[-1], 200)
        reported = list(send_generated_events(TRIGGER_TARGET, EventContext(**CONTEXT), 8, send))
        assert [request for request, _ in reported] == runs[-1]
    assert runs[0] == runs[1]
    assert {request.expects for request in runs[0]} == {"accepted", "answered"}
    assert len({request.body for request in runs[0]}) == len(runs[0])


def test_only_the_smallest_failing_event_is_reported(context: EventContext) -> None:
    received: list[ListenerRequest] = []
    reported = send_generated_events(CAMPAIGN_TARGET, context, 20, listener(received, 500))
    invalid = [request.body for request, _ in reported if request.wrong]
    assert invalid == [min((request.body for request in received if request.wrong), key=len)]
