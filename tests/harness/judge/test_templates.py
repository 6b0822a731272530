"""The templates of the channel against those of the provider."""

from history_builder import START, HistoryBuilder
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso
from sendproof_harness.judge.checks.templates import CHECKS


def causes(run: HistoryBuilder) -> list[tuple[str, str]]:
    """What was found, in short."""
    return [(some.cause, str(some.where.template)) for some in run.findings(CHECKS)]


def changed(action: str, at: int, template: int = 12, title: str = "Bonus") -> dict:
    """Something happened to a template at the provider."""
    return {"n": 900, "at": iso(at), "kind": "provider_template", "service": "textlocal", "action": action,
            "id": template, "title": title, "body": "text"}  # fmt: skip


def told(action: str, at: int, template: int = 12, name: str | None = "Bonus") -> dict:
    """The bridge told the channel."""
    return {"n": 901, "at": iso(at), "kind": "channel_templates", "channel": 505, "action": action,
            "templates": [{"id": template, "name": name}]}  # fmt: skip


def test_sound(correct_run):
    """Three templates, listed under their own names."""
    assert causes(correct_run) == []
    assert [check.run(correct_run.history()).looked_at for check in CHECKS] == [3]


def test_added_and_not_told(correct_run):
    """A template that was added later and never told is missing."""
    run = correct_run.plus(changed("created", START + DAY, 14, "Late"))

    assert causes(run) == [("a template of the provider is missing from the channel", "14")]


def test_renamed_and_not_told(correct_run):
    """A rename that was not told leaves the old name."""
    assert causes(correct_run.plus(changed("renamed", START + DAY, 12, "Present"))) == [
        ("a renamed template has its old name in the channel", "12")
    ]


def test_deleted_and_not_told(correct_run):
    """A template that is gone must not be left for marketers to choose."""
    run = correct_run.plus(changed("deleted", START + DAY))

    assert causes(run) == [("a template that the provider deleted is still in the channel", "12")]


def test_told_in_time(correct_run):
    """Added, renamed and deleted, each told soon after, is as it should be."""
    day = START + DAY
    run = correct_run.plus(changed("renamed", day, 12, "Present"), told("renamed", day + MINUTE, 12, "SMS Present"),
                       changed("deleted", day + HOUR, 13), told("deleted", day + HOUR + MINUTE, 13, None))  # fmt: skip

    assert causes(run) == []


def test_just_changed(correct_run):
    """What changed within the last hour may still be on its way."""
    end = START + 7 * DAY + 4 * HOUR

    assert causes(correct_run.plus(changed("created", end - 30 * MINUTE, 14, "Late"))) == []


def test_ids_of_the_bridges_own(correct_run):
    """A bridge may number templates as it likes, as long as the names carry the titles."""
    run = correct_run.change(
        "channel_templates",
        lambda line: line | {"templates": [some | {"id": some["id"] + 1000} for some in line["templates"]]},
    )

    assert causes(run) == []


def test_nothing_told_and_nothing_due(correct_run):
    """A bridge that ended before it told anything, and before it had to, has shown nothing."""
    run = correct_run.without("channel_templates").without("campaign").without("obligation")
    run = run.change("history", lambda line: line | {"ended": iso(START + MINUTE)})

    assert [check.run(run.history()).looked_at for check in CHECKS] == [0]
