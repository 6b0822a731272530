"""What is posted to a listener, before anybody is there to take it."""

import json
from collections import Counter
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest

from sendproof_harness.conformance import invalid_events, valid_events
from sendproof_harness.conformance.generated_events import generated
from sendproof_harness.conformance.http import Answer
from sendproof_harness.conformance.listener_spec import TRIGGER, broken_by, example, schemas
from sendproof_harness.conformance.requests import JSON, Place, Post, Target

URL = "http://127.0.0.1:9000/a-token/events"
TARGETS = [
    Target(url=URL, event=event, channel=250 if event == TRIGGER else 505) for event in (1, 2, 3, 4, 5, TRIGGER, 13)
]
SETTINGS: dict[str, Any] = {
    "seed": 7,
    "now": datetime(2026, 3, 3, 8, tzinfo=UTC),
    "executed": (7001, datetime(2026, 3, 2, 6, 30, tzinfo=UTC)),
    "triggered": 8001,
    "template": (21, "Your basket"),
    "phone": "PHONE",
    "consent": "OK",
    "token": "a-token",
}
GROUPS = (
    valid_events.perhaps,
    invalid_events.members,
    invalid_events.bodies,
    invalid_events.types,
    invalid_events.calls,
    invalid_events.nonsense,
)


@pytest.fixture
def place() -> Place:
    """A sandbox with a campaign that was executed, and a trigger."""
    return Place(**SETTINGS)


def answered(posts: list[Post], status: int):
    """A listener that answers everything alike, and keeps what it was posted."""

    def post(one: Post) -> Answer:
        posts.append(one)
        return Answer(status=status)

    return post


@pytest.mark.parametrize("event", schemas())
def test_every_example_of_the_contract_is_allowed_by_it(event: int) -> None:
    """And there is one for each type of event."""
    assert broken_by(event, example(event)) is None


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.event)
def test_what_must_be_taken_is_allowed(target: Target, place: Place) -> None:
    """Each body is the contract's, however it is written, and is JSON by its content type."""
    for post in valid_events.allowed(target, place):
        assert (post.asks, post.method, (post.content_type or "")[: len(JSON)]) == ("accepted", "POST", JSON)
        assert broken_by(target.event, json.loads(post.body)) is None


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.event)
def test_what_need_not_be_taken_is_never_demanded(target: Target, place: Place) -> None:
    """However a listener answers, it is right, as long as it answers."""
    assert {post.asks for group in GROUPS for post in group(target, place)} <= {"answered", "survived"}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.event)
def test_each_member_is_left_out_and_spoilt(target: Target, place: Place) -> None:
    """One at a time, and it is said which one and why."""
    posts = list(invalid_events.members(target, place))
    told = Counter(str(post.wrong).split(":")[0].split(" ")[0].split("/")[1] for post in posts)
    assert told.keys() == schemas()[target.event]["properties"].keys() - {"EventTypeID", "eventTypeID"}
    assert all(broken_by(target.event, json.loads(post.body)) == post.wrong for post in posts)


def test_triggers_have_numbers_that_nobody_else_has(place: Place) -> None:
    """So it can be seen which one brought a message about; where the customer wants none, it says so."""
    target = TARGETS[5]
    posts = list(
        chain(*(group(target, place) for group in (invalid_events.unauthenticated_requests, invalid_events.nonsense)))
    )
    assert len({post.number for post in posts}) == len(posts) == 5
    wanted = [json.loads(post.body)["personalization"]["personalInfo"]["OK"] for post in posts[:3]]
    assert wanted == ["1", "1", "1"]
    plain = valid_events.plain(target, place, "again")
    assert json.loads(plain.body)["personalization"]["personalInfo"]["OK"] == "0"


def test_of_a_campaign_that_exists_the_very_event_comes_again() -> None:
    """A bridge that takes another time or another order of members for another event would send once more."""
    place, target = Place(**SETTINGS), TARGETS[-1]
    told = b'{"EventTypeID":13,"TimeStamp":"2026-03-02 06:30:00","CampaignID":7001,"ChannelID":505}'
    posts = [post for group in (valid_events.allowed, *GROUPS) for post in group(target, place)]
    assert {post.body for post in posts if b"7001" in post.body} == {told}
    assert {post.asks for post in posts if post.body == told} == {"accepted"}


def test_the_same_seed_makes_up_the_same_events() -> None:
    """Right ones and wrong ones; a listener that takes all is posted nothing twice."""
    runs: list[list[Post]] = []
    for _ in range(2):
        runs.append([])
        told = list(generated(TARGETS[5], Place(**SETTINGS), 8, answered(runs[-1], 200)))
        assert [post for post, _ in told] == runs[-1]
    assert runs[0] == runs[1]
    assert {post.asks for post in runs[0]} == {"accepted", "answered"}
    assert len({post.body for post in runs[0]}) == len(runs[0])


def test_what_breaks_a_listener_is_made_small(place: Place) -> None:
    """Of all the wrong events that it fails at, the smallest is told, once."""
    posts: list[Post] = []
    told = [post for post, _ in generated(TARGETS[-1], place, 20, answered(posts, 500)) if post.wrong]
    assert [post.body for post in told] == [min((post.body for post in posts if post.wrong), key=len)]
