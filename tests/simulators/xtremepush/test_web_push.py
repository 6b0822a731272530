"""Web push notifications and inbox messages: who gets one, and what becomes of it."""

import msgspec
import pytest

from instants import NINE
from sendproof_simulators.core.audience.individuals import Individual
from sendproof_simulators.core.clock.wall_clock import HOUR, MINUTE, iso
from sendproof_simulators.services.xtremepush import SIMULATOR

USER = "C0000007"


@pytest.fixture
def new_site(new_project):
    """Return a function that returns a project whose customer 7 has these browsers, and the id of a campaign."""

    def make(channel="web_push", browsers="one", outcome=None, **dialects):
        individual = Individual(customer=7, browsers=browsers, outcome=outcome)
        project = new_project((individual,), browsers={}, **dialects)
        content = {"push_title": "Hello {{name}}", "push_text": "News in {{city}}"}
        campaign = {"title": "News", "trigger": 3, channel: 1, **content}
        project.campaign = project.call("create/campaign", **campaign)["model"]["id"]
        project.set(webhooks=[{"url": "http://127.0.0.1:9000/"}])
        return project

    return make


def send(project, **fields):
    """Execute the campaign for customer 7, and return the effects of that."""
    project.execute(project.campaign, target_with_params={USER: {"name": "Ann", "city": "Bath"}}, **fields)
    return project.last


def posted(project):
    """Send the message, wait an hour, and return each webhook as (event, type of message)."""
    effects = [send(project), *project.run_until(NINE + HOUR)]
    bodies = [msgspec.json.decode(webhook.body) for part in effects for webhook in part.webhooks]
    return [(body["event"], body["properties"]["message_type"]) for body in bodies]


@pytest.mark.parametrize(("channel", "type_"), [("web_push", "3"), ("inbox", "6")])
def test_content_is_that_of_its_type(new_site, channel, type_):
    project = new_site(channel)
    messages = project.call("info/campaign", id=project.campaign)["model"]["messages"]
    contents = {name: content["push_title"] for name, content in messages.items() if "push_title" in content}
    assert contents == {type_: "Hello {{name}}"}


@pytest.mark.parametrize("channel", ["web_push", "inbox"])
def test_message_goes_to_user_with_title_and_text(new_site, channel):
    project = new_site(channel)
    send(project)
    (delivery,) = project.entries("delivery")
    assert (delivery["number"], delivery["message_type"]) == (USER, channel)
    assert delivery["text"] == "Hello Ann\nNews in Bath"


def test_web_push_goes_to_browsers_that_accept_notifications(new_site):
    project = new_site(browsers="several")
    send(project)
    assert [device["platform"] for device in project.entries("delivery")[0]["devices"]] == ["web", "web"]


@pytest.mark.parametrize(
    ("browsers", "reason"),
    [
        ("none", "no profile is known by this id"),
        ("unusable", "DEVICE_UNREGISTERED"),
        ("unsubscribed", "Unsubscribed"),
    ],
)
def test_user_without_subscription_gets_no_web_push(new_site, browsers, reason):
    project = new_site(browsers=browsers)
    send(project)
    assert (project.reasons(), project.texts()) == ([reason], [])


def test_inbox_message_needs_only_a_profile(new_site):
    project = new_site("inbox", browsers="none")
    send(project)
    assert project.reasons() == ["no profile is known by this id"]
    project.call("import/profile", columns=["user_id"], rows=[[USER]])
    send(project)
    assert project.texts() == ["Hello Ann\nNews in Bath"]


@pytest.mark.parametrize(
    ("browsers", "reason"), [("one", None), ("unsubscribed", None), ("none", "no_device"), ("unusable", "no_device")]
)
def test_inbox_can_need_a_device(new_site, browsers, reason):
    """The user reads it on the website, and notifications may be off. The history owes nothing to all others."""
    project = new_site("inbox", browsers=browsers, inbox_users="devices")
    project.call("import/profile", columns=["user_id"], rows=[[USER]])
    send(project)
    assert (project.texts(), project.reasons()) == (
        (["Hello Ann\nNews in Bath"], []) if reason is None else ([], ["No device"])
    )
    found = SIMULATOR.exclusion(project.context, project.state)
    assert found({"customer": USER, "template": project.campaign, "due": iso(NINE)}) == reason


@pytest.mark.parametrize(("channel", "type_"), [("web_push", 3), ("inbox", 6)])
def test_message_is_opened_once(new_site, channel, type_):
    project = new_site(channel, outcome="delivered, 3 clicks")
    assert posted(project) == [("message_send", type_), ("message_delivery", type_), ("message_open", type_)]
    (row,) = project.call("list/message")["data"]
    assert (row["open_time"], row["message_type_name"]) == ((NINE + MINUTE) // 1000, channel)


def test_unsubscribing_from_web_push_leaves_push_subscribed(new_site):
    project = new_site(outcome="delivered, replies STOP")
    assert ("message_unsubscribe", 3) in posted(project)
    profile = project.state.profiles.by_user_id(USER)
    assert (profile.web_push_subscription, profile.push_subscription) == (False, True)


def test_no_one_unsubscribes_from_the_inbox(new_site):
    """assumed: no document names a subscription to it."""
    project = new_site("inbox", outcome="delivered, replies STOP")
    assert posted(project) == [("message_send", 6), ("message_delivery", 6)]


def test_empty_title_takes_no_line(new_site):
    """The recipient sees the text alone, so this is what a right message is compared with."""
    project = new_site("inbox", missing_variable="empty")
    project.execute(project.campaign, USER, push_title="{{nickname}}", push_text="News")
    assert project.texts() == ["News"]
