"""The templates of the channel against those of the provider."""

from history_builder import START, Story
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso
from sendproof_harness.judge.checks.templates import CHECKS


def causes(story: Story) -> list[tuple[str, str]]:
    """What was found, in short."""
    return [(some.cause, str(some.where.template)) for some in story.findings(CHECKS)]


def changed(action: str, at: int, template: int = 12, title: str = "Bonus") -> dict:
    """Something happened to a template at the provider."""
    return {"n": 900, "at": iso(at), "kind": "provider_template", "service": "textlocal", "action": action,
            "id": template, "title": title, "body": "text"}  # fmt: skip


def told(action: str, at: int, template: int = 12, name: str | None = "Bonus") -> dict:
    """The bridge told the channel."""
    return {"n": 901, "at": iso(at), "kind": "channel_templates", "channel": 505, "action": action,
            "templates": [{"id": template, "name": name}]}  # fmt: skip


def test_sound(sound):
    """Three templates, listed under their own names."""
    assert causes(sound) == []
    assert [check.run(sound.history()).looked_at for check in CHECKS] == [3]


def test_added_and_not_told(sound):
    """A template that was added later and never told is missing."""
    story = sound.plus(changed("created", START + DAY, 14, "Late"))

    assert causes(story) == [("a template of the provider is missing from the channel", "14")]


def test_renamed_and_not_told(sound):
    """A rename that was not told leaves the old name."""
    assert causes(sound.plus(changed("renamed", START + DAY, 12, "Present"))) == [
        ("a renamed template has its old name in the channel", "12")
    ]


def test_deleted_and_not_told(sound):
    """A template that is gone must not be left for marketers to choose."""
    story = sound.plus(changed("deleted", START + DAY))

    assert causes(story) == [("a template that the provider deleted is still in the channel", "12")]


def test_told_in_time(sound):
    """Added, renamed and deleted, each told soon after, is as it should be."""
    day = START + DAY
    story = sound.plus(changed("renamed", day, 12, "Present"), told("renamed", day + MINUTE, 12, "SMS Present"),
                       changed("deleted", day + HOUR, 13), told("deleted", day + HOUR + MINUTE, 13, None))  # fmt: skip

    assert causes(story) == []


def test_just_changed(sound):
    """What changed within the last hour may still be on its way."""
    end = START + 7 * DAY + 4 * HOUR

    assert causes(sound.plus(changed("created", end - 30 * MINUTE, 14, "Late"))) == []


def test_ids_of_the_bridges_own(sound):
    """A bridge may number templates as it likes, as long as the names carry the titles."""
    story = sound.change(
        "channel_templates",
        lambda line: line | {"templates": [some | {"id": some["id"] + 1000} for some in line["templates"]]},
    )

    assert causes(story) == []


def test_nothing_told_and_nothing_due(sound):
    """A bridge that ended before it told anything, and before it had to, has shown nothing."""
    story = sound.without("channel_templates").without("campaign").without("obligation")
    story = story.change("history", lambda line: line | {"ended": iso(START + MINUTE)})

    assert [check.run(story.history()).looked_at for check in CHECKS] == [0]
