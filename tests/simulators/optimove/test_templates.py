from typing import Any

import pytest

from optimove_alone import Optimove
from sendproof_simulators.services.optimove import SIMULATOR


def items(count: int, name: str = "Welcome") -> list[dict[str, Any]]:
    """Return templates with the ids from 1 to `count`."""
    return [{"TemplateID": id_, "TemplateName": f"{name} {id_}"} for id_ in range(1, count + 1)]


def actions(effects: Any) -> dict[str, list[int]]:
    """Return the ids of templates by the action in the journal."""
    assert {entry.kind for entry in effects.entries} <= {"channel_templates"}
    return {
        entry.fields["action"]: [template["id"] for template in entry.fields["templates"]] for entry in effects.entries
    }


def test_known_template_is_renamed_or_unchanged(optimove: Optimove) -> None:
    """The journal distinguishes the three actions."""
    optimove.call("AddChannelTemplates", items(2), ChannelID=505)
    changed = [*items(1), {"TemplateID": 2, "TemplateName": "Bye"}, {"TemplateID": 3, "TemplateName": "New"}]
    effects = optimove.call("AddChannelTemplates", changed, ChannelID=505)
    assert (effects.response.status, effects.response.body) == (200, b"")
    assert actions(effects) == {"added": [3], "renamed": [2], "unchanged": [1]}
    assert optimove.read("GetChannelTemplates", ChannelID=505) == [
        {"TemplateID": 1, "TemplateName": "Welcome 1"},
        {"TemplateID": 2, "TemplateName": "Bye"},
        {"TemplateID": 3, "TemplateName": "New"},
    ]


def test_template_is_known_on_its_channel_only(optimove: Optimove) -> None:
    optimove.call("AddChannelTemplates", items(1), ChannelID=505)
    assert optimove.read("GetChannelTemplates", ChannelID=250) == []


def test_last_of_equal_ids_counts(optimove: Optimove) -> None:
    equal_ids = [{"TemplateID": 1, "TemplateName": "A"}, {"TemplateID": 1, "TemplateName": "B"}]
    assert actions(optimove.call("AddChannelTemplates", equal_ids, ChannelID=505)) == {"added": [1]}
    assert optimove.read("GetChannelTemplates", ChannelID=505) == [{"TemplateID": 1, "TemplateName": "B"}]


def test_call_adds_up_to_100_templates(optimove: Optimove) -> None:
    assert optimove.call("AddChannelTemplates", items(100), ChannelID=505).response.status == 200
    assert optimove.violations("AddChannelTemplates", items(101), ChannelID=505) == ["maxItems body"]


def test_call_deletes_up_to_100_templates(optimove: Optimove) -> None:
    templates = [{"ChannelID": 505, "TemplateID": id_} for id_ in range(101)]
    assert optimove.call("DeleteChannelTemplates", templates[:100]).response.status == 200
    assert optimove.violations("DeleteChannelTemplates", templates) == ["maxItems body"]


def test_deleting_ignores_absent_ids(optimove: Optimove) -> None:
    """A repeated id is absent the second time."""
    optimove.call("AddChannelTemplates", items(2), ChannelID=505)
    effects = optimove.call("DeleteChannelTemplates", [{"ChannelID": 505, "TemplateID": id_} for id_ in (2, 9, 2)])
    assert actions(effects) == {"deleted": [2]}
    assert optimove.read("GetChannelTemplates", ChannelID=505) == [{"TemplateID": 1, "TemplateName": "Welcome 1"}]


def test_unknown_channel_rejects_the_whole_deletion(optimove: Optimove) -> None:
    optimove.call("AddChannelTemplates", items(1), ChannelID=505)
    templates = [{"ChannelID": 505, "TemplateID": 1}, {"ChannelID": 999, "TemplateID": 1}]
    effects = optimove.call("DeleteChannelTemplates", templates)
    assert (effects.response.status, effects.entries) == (404, ())
    assert len(optimove.read("GetChannelTemplates", ChannelID=505)) == 1


@pytest.mark.parametrize(("operation", "body"), [("AddChannelTemplates", items(1)), ("GetChannelTemplates", None)])
def test_unknown_channel_is_not_found_with_known_channels(optimove: Optimove, operation: str, body: Any) -> None:
    response = optimove.call(operation, body, ChannelID=999).response
    assert (response.status, response.body) == (404, b"ChannelID 999 is not known; there are [250, 505]")


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
def test_template_needs_integer_id_and_name(optimove: Optimove, item: dict[str, Any]) -> None:
    assert len(optimove.violations("AddChannelTemplates", [item], ChannelID=505)) == 1


def test_overview_contains_listeners_and_templates(optimove: Optimove) -> None:
    """The control API returns it for a sandbox."""
    assert SIMULATOR.campaigns is not None
    optimove.call("AddChannelTemplates", items(1), ChannelID=505)
    optimove.call("RegisterEventListener", {"EventTypeID": 13, "ListenerURL": "http://localhost/"})
    assert SIMULATOR.campaigns.overview(optimove.state) == {
        "listeners": [{"event_type": 13, "channel": None, "url": "http://localhost/"}],
        "channel_templates": {"505": [{"id": 1, "name": "Welcome 1"}], "250": []},
        "channel_apps": {},
    }
    assert SIMULATOR.campaigns.channel_templates(optimove.state, 505) == ((1, "Welcome 1"),)
