"""Calls for one client that show another client's key."""

from history_builder import FIRST_SEND, Line, Story, iso
from sendproof_harness.judge.checks.client_isolation import CHECKS

NEIGHBOUR: Line = {
    "n": 0,
    "at": iso(FIRST_SEND),
    "real": 0.0,
    "kind": "other_client",
    "client": "south",
    "templates": [91],
}


def report(template: int) -> Line:
    """One total, in this client's sandbox."""
    item = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": template, "MetricID": 0, "MetricValue": 4}
    return {"n": 9_001, "at": iso(FIRST_SEND), "real": 0.0, "kind": "metrics", "channel": 505, "items": [item]}


def call(operation: str) -> Line:
    """The call that the report came with."""
    return {"n": 9_000, "at": iso(FIRST_SEND), "real": 0.0, "kind": "request", "service": "optimove",
            "operation": operation, "method": "POST", "path": "/x", "credential": "known", "credential_name": "api_key",
            "status": 200, "violations": []}  # fmt: skip


def found(story: Story) -> list[tuple[str, str, str]]:
    """What was found, in short."""
    return [(some.cause, some.expected, some.got) for some in story.findings(CHECKS)]


def test_sound(sound):
    """Whatever is said is of this client's own templates; a bridge of one client is not asked."""
    assert found(sound.plus(NEIGHBOUR)) == []
    assert [check.applies(story.history()) for check in CHECKS for story in (sound, sound.plus(NEIGHBOUR))] == [
        False,
        True,
    ]


def test_a_report_with_the_key_of_another_client(sound):
    """Only the other client has template 91, so the report is about that one's campaign."""
    story = sound.plus(NEIGHBOUR, call("UpdateCampaignMetrics"), report(91))

    assert found(story) == [
        ("UpdateCampaignMetrics: one client's key was shown for another client",
         "the key of 'south', the only client who has the template",
         "the api_key of the client whose history this is")
    ]  # fmt: skip


def test_templates_with_the_key_of_another_client(sound):
    """A template was listed in the wrong client's channel."""
    listed = {"n": 9_001, "at": iso(FIRST_SEND), "real": 0.0, "kind": "channel_templates", "channel": 505,
              "action": "added", "templates": [{"id": 91, "name": "News"}]}  # fmt: skip
    story = sound.plus(NEIGHBOUR, call("AddChannelTemplates"), listed)

    assert [cause for cause, *_ in found(story)] == [
        "AddChannelTemplates: one client's key was shown for another client"
    ]


def test_what_both_have_says_nothing(sound):
    """Two accounts may number their templates alike."""
    both = NEIGHBOUR | {"templates": [11, 12, 13]}

    assert found(sound.plus(both)) == []


def test_what_nobody_has_says_nothing_of_clients(sound):
    """An id that is simply wrong is the business of another check."""
    assert found(sound.plus(NEIGHBOUR, report(92))) == []
