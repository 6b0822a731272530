"""Push notifications: who gets one, on which devices, and what becomes of it."""

import msgspec
import pytest

from instants import NINE
from sendproof_simulators.core.audience.individuals import Individual
from sendproof_simulators.core.clock.wall_clock import HOUR, MINUTE

USER = "C0000007"


@pytest.fixture
def new_app(new_project):
    """Return a function that returns a project whose customer 7 has these devices, and the id of a push campaign."""

    def make(devices="one", outcome=None, **dialects):
        individual = Individual(customer=7, devices=devices, outcome=outcome)
        project = new_project((individual,), devices={}, **dialects)
        content = {"push_title": "Hello {{name}}", "push_text": "News in {{city}}"}
        campaign = {"title": "News", "trigger": 3, "ios_push": 1, "android_push": 1, **content}
        project.campaign = project.call("create/campaign", **campaign)["model"]["id"]
        return project

    return make


def push(project, **fields):
    """Execute the campaign for customer 7, and return the effects of that."""
    params = {USER: {"name": "Ann", "city": "Bath"}}
    project.execute(project.campaign, target_with_params=params, **fields)
    return project.last


def events(effects):
    """Return the webhooks as (event, type of message)."""
    bodies = [msgspec.json.decode(webhook.body) for webhook in effects.webhooks]
    return [(body["event"], body["properties"]["message_type"]) for body in bodies]


def test_push_goes_to_user_with_title_and_text(new_app):
    project = new_app()
    push(project)
    (delivery,) = project.entries("delivery")
    assert (delivery["number"], delivery["message_type"], delivery["heading"]) == (USER, "push", "Hello Ann")
    assert delivery["text"] == "Hello Ann\nNews in Bath"


def test_push_goes_to_devices_that_accept_notifications(new_app):
    """Of three devices, one accepts none; there is still one message (assumed)."""
    project = new_app("several")
    push(project)
    (delivery,) = project.entries("delivery")
    assert len(delivery["devices"]) == 2
    assert len(project.call("list/push-devices")["data"]) == 2
    assert [row["user_id"] for row in project.call("list/message")["data"]] == [USER]


@pytest.mark.parametrize(
    ("devices", "reason"),
    [
        ("none", "no profile is known by this id"),
        ("unusable", "DEVICE_UNREGISTERED"),
        ("unsubscribed", "Unsubscribed"),
    ],
)
def test_user_who_cannot_be_reached_gets_no_push(new_app, devices, reason):
    """The word for an app that was removed is documented."""
    project = new_app(devices)
    push(project)
    assert (project.reasons(), project.texts()) == ([reason], [])


def test_app_creates_profile_of_its_user(new_app):
    """So a bridge imports nothing, and the profile has no number."""
    rows = new_app().call("list/profile", condition=[["user_id", "=", USER]])["data"]
    assert [row["mobile_number"] for row in rows] == [""]


def test_payload_of_call_is_added_to_push(new_app):
    """Documented: `payload_add`, such as a link to open."""
    project = new_app()
    push(project, payload_add=[{"key": "URL", "value": "https://example.com/x"}])
    assert project.entries("delivery")[0]["payload"] == {"URL": "https://example.com/x"}


def test_call_can_override_title_and_text(new_app):
    project = new_app()
    push(project, push_title="Bye", push_text="Till soon")
    assert project.texts() == ["Bye\nTill soon"]


def test_push_is_opened_once(new_app):
    """A user who taps on it again opens the app, and not the message."""
    project = new_app(outcome="delivered, 3 clicks")
    project.set(webhooks=[{"url": "http://127.0.0.1:9000/"}])
    sent = push(project)
    fired = project.run_until(NINE + HOUR)
    posted = [*events(sent), *(event for effects in fired for event in events(effects))]
    assert [event for event, _ in posted] == ["message_send", "message_delivery", "message_open"]
    (row,) = project.call("list/message")["data"]
    assert (row["open"], row["open_time"], row["click"]) == (1, (NINE + MINUTE) // 1000, 0)


def test_unsubscribing_from_push_leaves_sms_subscribed(new_app):
    project = new_app(outcome="delivered, replies STOP")
    project.import_users((USER, "447123456789"))
    push(project)
    entries = [entry for effects in project.run_until(NINE + HOUR) for entry in effects.entries]
    (opt_out,) = [entry.fields for entry in entries if entry.kind == "opt_out"]
    assert (opt_out["number"], opt_out["message_type"]) == (USER, "push")
    push(project)
    assert project.reasons() == ["Unsubscribed"]
    project.execute(project.template("Hello"), USER)
    assert project.texts() == ["Hello"]
