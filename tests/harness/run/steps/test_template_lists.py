"""The templates that a channel lists, compared with those of its provider."""

from sendproof_harness.run.steps.template_lists import channel_differences, titles_of

TEMPLATES = [{"id": 11, "title": "News"}, {"id": 12, "title": "In the app", "message": "push"}]


def differences(message: str, names: dict[str, str]) -> list[str]:
    """Return the differences of a channel with one type of messages."""
    return [*channel_differences(505, titles_of(TEMPLATES, message), names)]


def test_channel_lists_the_templates_of_its_type_of_messages() -> None:
    assert differences("sms", {"11": "News"}) == []
    assert differences("push", {"12": "In the app"}) == []


def test_template_of_another_type_is_one_too_many() -> None:
    assert differences("sms", {"11": "News", "12": "In the app"}) == ["channel 505 still lists 'In the app'"]


def test_missing_and_renamed_templates_are_named() -> None:
    assert differences("sms", {"11": "Textlocal: News"}) == []
    assert differences("sms", {"11": "Offers"}) == ["channel 505 lists 'News' as 'Offers'"]
    assert differences("push", {}) == ["channel 505 lacks 'In the app'"]
