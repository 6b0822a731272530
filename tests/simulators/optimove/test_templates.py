from typing import Any

import pytest

from optimove_alone import Optimove
from sendproof_simulators.services.optimove import SIMULATOR


def items(count: int, name: str = "Welcome") -> list[dict[str, Any]]:
    """So many templates, from id 1 on."""
    return [{"TemplateID": id_, "TemplateName": f"{name} {id_}"} for id_ in range(1, count + 1)]


def actions(outcome: Any) -> dict[str, list[int]]:
    """Ids by what became of them."""
    assert {fact.kind for fact in outcome.facts} <= {"channel_templates"}
    return {f.fields["action"]: [t["id"] for t in f.fields["templates"]] for f in outcome.facts}


def test_templates_are_added_renamed_and_left_alone(optimove: Optimove) -> None:
    """Adding a known id gives it the new name, and the journal says which is which."""
    optimove.call("AddChannelTemplates", items(2), ChannelID=505)
    again = [*items(1), {"TemplateID": 2, "TemplateName": "Bye"}, {"TemplateID": 3, "TemplateName": "New"}]
    outcome = optimove.call("AddChannelTemplates", again, ChannelID=505)
    assert (outcome.reply.status, outcome.reply.body) == (200, b"")
    assert actions(outcome) == {"added": [3], "renamed": [2], "unchanged": [1]}
    assert optimove.read("GetChannelTemplates", ChannelID=505) == [
        {"TemplateID": 1, "TemplateName": "Welcome 1"},
        {"TemplateID": 2, "TemplateName": "Bye"},
        {"TemplateID": 3, "TemplateName": "New"},
    ]


def test_channels_do_not_share_templates(optimove: Optimove) -> None:
    """A template is known on the channel that it was added to."""
    optimove.call("AddChannelTemplates", items(1), ChannelID=505)
    assert optimove.read("GetChannelTemplates", ChannelID=250) == []


def test_of_equal_ids_in_one_call_the_last_counts(optimove: Optimove) -> None:
    """There is one name for an id."""
    twice = [{"TemplateID": 1, "TemplateName": "A"}, {"TemplateID": 1, "TemplateName": "B"}]
    assert actions(optimove.call("AddChannelTemplates", twice, ChannelID=505)) == {"added": [1]}
    assert optimove.read("GetChannelTemplates", ChannelID=505) == [{"TemplateID": 1, "TemplateName": "B"}]


def test_100_templates_can_be_added_at_once_and_no_more(optimove: Optimove) -> None:
    """The limit, and one past it."""
    assert optimove.call("AddChannelTemplates", items(100), ChannelID=505).reply.status == 200
    assert optimove.violations("AddChannelTemplates", items(101), ChannelID=505) == ["maxItems body"]


def test_100_templates_can_be_deleted_at_once_and_no_more(optimove: Optimove) -> None:
    """The limit, and one past it."""
    gone = [{"ChannelID": 505, "TemplateID": id_} for id_ in range(101)]
    assert optimove.call("DeleteChannelTemplates", gone[:100]).reply.status == 200
    assert optimove.violations("DeleteChannelTemplates", gone) == ["maxItems body"]


def test_deleting_names_only_what_was_there(optimove: Optimove) -> None:
    """Ids that are not there are passed over, and so is the same id again."""
    optimove.call("AddChannelTemplates", items(2), ChannelID=505)
    outcome = optimove.call("DeleteChannelTemplates", [{"ChannelID": 505, "TemplateID": id_} for id_ in (2, 9, 2)])
    assert actions(outcome) == {"deleted": [2]}
    assert optimove.read("GetChannelTemplates", ChannelID=505) == [{"TemplateID": 1, "TemplateName": "Welcome 1"}]


def test_one_unknown_channel_stops_a_whole_deletion(optimove: Optimove) -> None:
    """All of a call happens, or nothing."""
    optimove.call("AddChannelTemplates", items(1), ChannelID=505)
    gone = [{"ChannelID": 505, "TemplateID": 1}, {"ChannelID": 999, "TemplateID": 1}]
    outcome = optimove.call("DeleteChannelTemplates", gone)
    assert (outcome.reply.status, outcome.facts) == (404, ())
    assert len(optimove.read("GetChannelTemplates", ChannelID=505)) == 1


@pytest.mark.parametrize(("operation", "body"), [("AddChannelTemplates", items(1)), ("GetChannelTemplates", None)])
def test_unknown_channels_are_not_found(optimove: Optimove, operation: str, body: Any) -> None:
    """The text names those that there are."""
    reply = optimove.call(operation, body, ChannelID=999).reply
    assert (reply.status, reply.body) == (404, b"ChannelID 999 is not known; there are [250, 505]")


@pytest.mark.parametrize(
    "item",
    [
        {"TemplateName": "A"},
        {"TemplateID": 1},
        {"TemplateID": "one", "TemplateName": "A"},
        {"TemplateID": "01", "TemplateName": "A"},
        {"TemplateID": True, "TemplateName": "A"},
        {"TemplateID": -1, "TemplateName": "A"},
        {"TemplateID": 2**63, "TemplateName": "A"},
        {"TemplateID": 1.5, "TemplateName": "A"},
        {"TemplateID": 1, "TemplateName": ""},
    ],
)
def test_templates_need_a_whole_number_and_a_name(optimove: Optimove, item: dict[str, Any]) -> None:
    """Each way to get one wrong."""
    assert len(optimove.violations("AddChannelTemplates", [item], ChannelID=505)) == 1


def test_the_overview_shows_listeners_and_templates(optimove: Optimove) -> None:
    """What the control API answers about a sandbox."""
    assert SIMULATOR.campaigns is not None
    optimove.call("AddChannelTemplates", items(1), ChannelID=505)
    optimove.call("RegisterEventListener", {"EventTypeID": 13, "ListenerURL": "http://localhost/"})
    assert SIMULATOR.campaigns.overview(optimove.state) == {
        "listeners": [{"event_type": 13, "channel": None, "url": "http://localhost/"}],
        "channel_templates": {"505": [{"id": 1, "name": "Welcome 1"}], "250": []},
    }
    assert SIMULATOR.campaigns.channel_templates(optimove.state, 505) == ((1, "Welcome 1"),)
