"""The suppression attribute: it comes from Optimove once a day, and who it excludes gets nothing."""

import pytest

from instants import NINE

HOUR = 3_600_000
THREE = NINE + 18 * HOUR


def known(project, **attributes):
    """Two customers of Optimove, one of whom opted out there, and somebody whom it does not know."""
    audience = project.context.audience
    people = {c.opted_out: c for c in audience.customers(0, 100) if c.number}
    project.register_credential(
        (people[False].id, people[False].number), (people[True].id, people[True].number), **attributes
    )
    project.register_credential(("stranger", "447700900123"), **attributes)
    return people[False].id, people[True].id


def test_the_attribute_comes_every_day(project):
    """At its hour, UTC; before that nobody has it."""
    project.settle(suppression={"attribute": "SMS_OPT_IN", "excluded": ["0"]})
    known(project)
    assert project.live_until(THREE - 1) == []
    project.live_until(THREE)
    assert project.entries("attribute_sync") == [
        {"service": "xtremepush", "attribute": "SMS_OPT_IN", "profiles": 2, "error": None}
    ]
    assert len(project.live_until(THREE + 6 * 24 * HOUR)) == 6


def test_who_is_excluded_gets_nothing(project):
    """Though the profile is subscribed."""
    project.settle(suppression={"attribute": "SMS_OPT_IN", "excluded": ["0"], "daily_at": "09:30"})
    ready, out = known(project)
    campaign = project.template("Hello")
    project.execute(campaign, ready, out, "stranger")
    assert len(project.texts()) == 3
    project.live_until(NINE + HOUR)
    project.execute(campaign, ready, out, "stranger")
    assert (len(project.texts()), project.reasons()) == (2, ["Suppressed"])


def test_an_attribute_that_optimove_has_not_registered_fails(project):
    """Documented; the old values stay."""
    project.settle(suppression={"attribute": "gamStop"})
    ready, _ = known(project, gamStop="true")
    project.live_until(THREE)
    (entry,) = project.entries("attribute_sync")
    assert (entry["profiles"], entry["error"]) == (0, "Optimove has not registered the attribute gamStop")
    project.execute(project.template("Hello"), ready)
    assert project.reasons() == ["Suppressed"]


def test_an_import_can_set_it_too(project):
    """Then nothing is fetched."""
    project.settle(suppression={"attribute": "gamStop", "daily_at": None})
    ready, out = known(project, gamStop="false")
    project.call("import/profile", columns=["user_id", "gamStop"], rows=[[out, "true"]])
    project.execute(project.template("Hello"), ready, out)
    assert (len(project.texts()), project.reasons()) == (1, ["Suppressed"])
    assert project.timers == [timer for timer in project.timers if timer.name != "suppression"]


@pytest.mark.parametrize("later", [{}, {"suppression": {"attribute": "CITY"}}])
def test_new_settings_end_the_old_ones(project, later):
    """What was scheduled under them does not happen."""
    project.settle(suppression={"attribute": "SMS_OPT_IN"})
    project.settle(**later)
    outcomes = project.live_until(THREE)
    entries = [entry.fields["attribute"] for effects in outcomes for entry in effects.entries]
    assert entries == (["CITY"] if later else [])
