"""What came back when the harness posted to the listeners, and what went out because of it."""

import pytest

from history_builder import Line, Story
from sendproof_harness.judge.checks.listener import CHECKS

URL = "http://127.0.0.1:9000/webhooks/optimove/client/token"


def probe(**fields: object) -> Line:
    """One call of the harness, that all listeners must take."""
    return {
        "n": 0, "at": "2026-03-09T08:00:01.000Z", "kind": "probe", "url": URL, "event": 13, "what": "an event",
        "expects": "accepted", "method": "POST", "sent": "application/json {}", "within_s": 10.0, "status": 200,
    } | fields  # fmt: skip


def asked(story: Story, *probes: Line) -> Story:
    """The story of somebody who was asked about the contract."""
    head: Line = {"n": 0, "at": "2026-03-09T10:00:00.000Z", "kind": "scenario", "name": "Everyday", "file": "contract"}
    return story.plus(head | {"asks": "contract"}, *probes)


def found(story: Story, *levels: str) -> list[tuple[str, str]]:
    """What was found, in short."""
    return [(some.check, some.cause) for some in story.findings(CHECKS, *levels)]


def test_nobody_is_asked_who_only_plays_a_scenario(sound):
    """A run says nothing of listeners beyond its own notifications, and is none the worse for it."""
    assert [check.applies(sound.history()) for check in CHECKS] == [False] * 3
    assert [check.applies(asked(sound).history()) for check in CHECKS] == [True] * 3


def test_whoever_was_posted_nothing_is_unknown(sound):
    """A bridge that registered no listener has proven nothing about it."""
    standings = {one.check.id: one.status for one in asked(sound).verdict().results}
    assert {standings[check.id] for check in CHECKS} == {"unknown"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"status": 200}, None),
        ({"status": 204}, None),
        ({"status": 302}, "event 13: answered with 302, for an event"),
        ({"status": 415}, "event 13: answered with 415, for an event"),
        ({"status": 500}, "event 13: answered with 500, for an event"),
        ({"status": None, "error": "no answer within 10 s"}, "event 13: no answer within 10 s, for an event"),
    ],
)
def test_what_is_allowed_must_be_taken(sound, answer, said):
    """Any 2xx does, and nothing else."""
    assert found(asked(sound, probe(**answer))) == ([] if said is None else [("listener.accepts_valid", said)])


@pytest.mark.parametrize(
    ("call", "fails"),
    [
        ({"status": 200}, False),
        ({"status": 404}, False),
        ({"status": 503}, True),
        ({"status": 501, "method": "PUT"}, False),
        ({"status": 501, "method": "POST"}, True),
        ({"status": None, "error": "the connection was cut"}, True),
        ({"status": None, "error": "the connection was cut", "expects": "survived"}, False),
        ({"status": None, "error": "no answer", "timed_out": True, "expects": "survived"}, True),
    ],
)
def test_what_is_not_allowed_must_be_borne(sound, call, fails):
    """It may be refused, ignored, and cut off when it is huge; nothing may break or hang."""
    wrong = probe(**{"expects": "answered", "wrong": "/CampaignID is missing"} | call)
    assert [check for check, _ in found(asked(sound, wrong))] == ["listener.survives_invalid"] * fails


def test_what_broke_it_is_named_by_its_smallest_part(sound):
    """Before what was sent as a whole."""
    broken = probe(expects="answered", wrong="/CampaignID: expected a value of type integer, got null", status=500)
    (finding,) = asked(sound, broken).findings(CHECKS)
    assert finding.got.startswith(
        "/CampaignID: expected a value of type integer, got null: answered with 500, for POST"
    )
    assert finding.where.listener == URL


def test_what_a_bridge_may_do_is_a_note(sound):
    """It took what no contract allows, and refused what Optimove may never post."""
    took = probe(expects="answered", wrong="/CampaignID is missing")
    refused = probe(expects="answered", what="numbers as text", status=400)
    assert found(asked(sound, took, refused), "note") == [
        ("listener.survives_invalid", "took what no contract allows; if it ignores that, all is well"),
        (
            "listener.survives_invalid",
            "event 13: answered with 400, for numbers as text; nobody knows whether Optimove posts it",
        ),
    ]


def test_a_message_upon_nonsense_is_found_by_its_number(sound):
    """Whose number only this call named, for the reason that the call had to be silent."""
    nonsense = probe(
        expects="answered", what="a trigger without a template", number="447410000001", forbids="no template"
    )
    sent = sound.delivery_to(0) | {"number": "447410000001", "message": "999"}
    (finding,) = asked(sound, nonsense).plus(sent).findings(CHECKS)
    assert (finding.check, finding.cause, finding.expected) == (
        "listener.no_side_effects",
        "a message went out upon a trigger without a template",
        "no message: no template",
    )


def test_what_is_asked_of_services_after_nonsense_says_nothing(sound):
    """A bridge that was told of a campaign that does not exist may ask for it."""
    refused: Line = {
        "n": 990, "at": "2026-03-09T08:30:00.000Z", "kind": "request", "service": "optimove", "method": "GET",
        "operation": "GetCampaignDetails", "path": "/x", "credential": "known", "status": 404,
    }  # fmt: skip
    failed = [one.check.id for one in asked(sound).plus(refused).verdict().results if one.status == "fail"]
    assert failed == ["contract.requests"]
    failed = [one.check.id for one in asked(sound, probe()).plus(refused).verdict().results if one.status == "fail"]
    assert failed == []
