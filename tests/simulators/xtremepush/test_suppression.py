"""The suppression attribute, which is fetched from Optimove once a day and excludes profiles."""

import pytest

from instants import NINE
from sendproof_simulators.core.audience.records import Attribute

HOUR = 3_600_000
THREE = NINE + 18 * HOUR


def import_customers(project, **attributes):
    """Import two customers of Optimove, and a user unknown to it."""
    customers = list(project.context.audience.customers(0, 2))
    project.import_users(*((customer.id, customer.number) for customer in customers), **attributes)
    project.import_users(("stranger", "447700900123"), **attributes)
    return [customer.id for customer in customers]


def test_attribute_is_fetched_daily_at_its_hour(project):
    project.set(suppression={"attribute": "SMS_OPT_IN", "excluded": ["0"]})
    import_customers(project)
    assert project.run_until(THREE - 1) == []
    project.run_until(THREE)
    assert project.entries("attribute_sync") == [
        {"service": "xtremepush", "attribute": "SMS_OPT_IN", "profiles": 2, "error": None}
    ]
    assert len(project.run_until(THREE + 6 * 24 * HOUR)) == 6


def test_excluded_user_is_rejected_despite_subscription(project):
    ready, out = import_customers(project)
    email = project.context.audience.customer(1).attributes["EMAIL"]
    project.set(suppression={"attribute": "EMAIL", "excluded": [email], "daily_at": "09:30"})
    campaign = project.template("Hello")
    project.execute(campaign, ready, out, "stranger")
    assert len(project.texts()) == 3
    project.run_until(NINE + HOUR)
    project.execute(campaign, ready, out, "stranger")
    assert (len(project.texts()), project.reasons()) == (2, ["Suppressed"])


def test_sync_of_unregistered_attribute_fails(project):
    """Documented. The old values stay."""
    project.set(suppression={"attribute": "gamStop"})
    ready, _ = import_customers(project, gamStop="true")
    project.run_until(THREE)
    (entry,) = project.entries("attribute_sync")
    assert (entry["profiles"], entry["error"]) == (0, "Optimove has not registered the attribute gamStop")
    project.execute(project.template("Hello"), ready)
    assert project.reasons() == ["Suppressed"]


def test_attribute_can_be_imported_instead_of_fetched(project):
    project.set(suppression={"attribute": "gamStop", "daily_at": None})
    ready, out = import_customers(project, gamStop="false")
    project.call("import/profile", columns=["user_id", "gamStop"], rows=[[out, "true"]])
    project.execute(project.template("Hello"), ready, out)
    assert (len(project.texts()), project.reasons()) == (1, ["Suppressed"])
    assert project.timers == [timer for timer in project.timers if timer.name != "suppression"]


@pytest.mark.parametrize("later", [{}, {"suppression": {"attribute": "CITY"}}])
def test_new_settings_cancel_scheduled_sync(project, later):
    project.set(suppression={"attribute": "SMS_OPT_IN"})
    project.set(**later)
    fired = project.run_until(THREE)
    attributes = [entry.fields["attribute"] for effects in fired for entry in effects.entries]
    assert attributes == (["CITY"] if later else [])


def test_customer_who_opted_out_by_a_file_is_suppressed_after_the_next_sync(project):
    """The sync reads customers as they are at its hour, not as they were at the start."""
    project.set(suppression={"attribute": "SMS_OPT_IN", "excluded": ["0"]})
    ready, out = import_customers(project)
    campaign = project.template("Hello")
    project.context.customers.set_value(1, "SMS_OPT_IN", "0", NINE)
    project.execute(campaign, ready, out)
    assert len(project.texts()) == 2
    project.run_until(THREE)
    project.execute(campaign, ready, out)
    assert (len(project.texts()), project.reasons()) == (1, ["Suppressed"])


def test_profile_created_after_a_sync_has_its_value(project):
    project.set(suppression={"attribute": "SMS_OPT_IN", "excluded": ["0"]})
    project.context.customers.set_value(1, "SMS_OPT_IN", "0", NINE)
    project.run_until(THREE)
    ready, out = import_customers(project)
    project.execute(project.template("Hello"), ready, out)
    assert (len(project.texts()), project.reasons()) == (1, ["Suppressed"])


@pytest.mark.parametrize(("registered", "texts"), [(True, 1), (False, 2)])
def test_added_attribute_takes_effect_once_it_is_registered(project, registered, texts):
    """Documented: an attribute such as gamStop must be registered with Optimove first; otherwise the sync fails."""
    customers = project.context.customers
    customers.add_attribute(Attribute("gamStop", "VARCHAR(5)", "false", NINE, registered=registered))
    customers.set_value(1, "gamStop", "true", NINE)
    project.set(suppression={"attribute": "gamStop"})
    ready, out = import_customers(project)
    project.run_until(THREE)
    project.execute(project.template("Hello"), ready, out)
    assert len(project.texts()) == texts
