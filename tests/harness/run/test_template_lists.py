"""The templates that the channels list, compared with those of their providers."""

from types import SimpleNamespace
from typing import Any

from sendproof_harness.run.steps.template_lists import template_differences


def differences(listed: dict[str, list[dict[str, Any]]], templates: list[dict[str, Any]]) -> list[str]:
    """Return the differences of a provider with a channel for SMS and one for push notifications."""
    channels = [
        SimpleNamespace(id=505, provider="p", message="sms"),
        SimpleNamespace(id=506, provider="p", message="push"),
    ]
    control = SimpleNamespace(state=lambda _: {"channel_templates": listed}, templates=lambda _, __: templates)
    context: Any = SimpleNamespace(scenario=SimpleNamespace(channels=channels), control=control)
    return template_differences(context, "s")


TEMPLATES = [{"id": 11, "title": "News"}, {"id": 12, "title": "In the app", "message": "push"}]


def test_channel_lists_the_templates_of_its_type_of_messages():
    listed = {"505": [{"id": 11, "name": "News"}], "506": [{"id": 12, "name": "In the app"}]}
    assert differences(listed, TEMPLATES) == []


def test_template_of_another_type_is_one_too_many():
    both = [{"id": 11, "name": "News"}, {"id": 12, "name": "In the app"}]
    assert differences({"505": both, "506": both[1:]}, TEMPLATES) == ["channel 505 still lists 'In the app'"]


def test_missing_and_renamed_templates_are_named():
    listed = {"505": [{"id": 11, "name": "Old news"}]}
    assert differences(listed, TEMPLATES) == [
        "channel 505 lists 'News' as 'Old news'",
        "channel 506 lacks 'In the app'",
    ]
