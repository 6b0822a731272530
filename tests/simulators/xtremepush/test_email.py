"""E-mails: their recipients, their content, and their results."""

import msgspec
import pytest

from instants import NINE
from sendproof_simulators.core.audience.individuals import Individual
from sendproof_simulators.core.clock.wall_clock import DAY, HOUR

USER = "C0000007"
HTML = '<p>Dear {{name}},</p><p><a href="https://shop.example/{{city}}">news</a> &amp; more</p>'


@pytest.fixture
def new_mailing(new_project):
    """Return a function that returns a project with a campaign of e-mails and the profile of customer 7."""

    def make(email="ann@example.com", subscription=1, address="one", outcome=None, html=HTML, **dialects):
        individual = Individual(customer=7, address=address, outcome=outcome)
        project = new_project((individual,), addresses={}, **dialects)
        content = {"7": {"email": {"subject": "News for {{name}}", "html": html}}}
        campaign = {"title": "News", "trigger": 3, "email": 1, "messages": content}
        project.campaign = project.call("create/campaign", **campaign)["model"]["id"]
        if email is not None:
            columns = ["user_id", "email", "email_subscription"]
            project.call("import/profile", columns=columns, rows=[[USER, email, subscription]])
        project.set(webhooks=[{"url": "http://127.0.0.1:9000/"}])
        return project

    return make


def send(project, **values):
    """Execute the campaign for customer 7, and return the effects of that."""
    project.execute(project.campaign, target_with_params={USER: {"name": "Ann", "city": "Bath", **values}})
    return project.last


def posted(project):
    """Send the e-mail, wait for four days, and return the names of the events that were posted."""
    effects = [send(project), *project.run_until(NINE + 4 * DAY)]
    bodies = [msgspec.json.decode(webhook.body) for part in effects for webhook in part.webhooks]
    assert {body["properties"]["message_type"] for body in bodies} == {7}
    return [body["event"].removeprefix("message_") for body in bodies]


def delivered(project):
    (delivery,) = project.entries("delivery")
    return delivery


def test_title_and_text_of_push_notifications_leave_an_email_alone(new_mailing):
    """Only `messages` overrides subject and HTML."""
    project = new_mailing()
    target = {USER: {"name": "Ann", "city": "Bath"}}
    project.execute(project.campaign, target_with_params=target, push_title="Hi", push_text="Look")
    assert delivered(project)["text"].startswith("News for Ann\nDear Ann,")


def test_content_is_that_of_its_type(new_mailing):
    project = new_mailing()
    messages = project.call("info/campaign", id=project.campaign)["model"]["messages"]
    assert messages["7"] == {"email": {"subject": "News for {{name}}", "html": HTML}}


def test_email_goes_to_the_address_of_the_profile_as_it_is_read(new_mailing):
    project = new_mailing(email=" Ann@Example.com ")
    send(project)
    delivery = delivered(project)
    assert (delivery["number"], delivery["user"], delivery["message_type"]) == ("ann@example.com", USER, "email")
    assert delivery["heading"] == "News for Ann"
    assert delivery["text"] == "News for Ann\nDear Ann,\nnews (https://shop.example/Bath) & more"


@pytest.mark.parametrize("name", ["Tom & Co", "Tom &amp; Co", "Tom\n&\nCo"])
def test_reader_sees_a_value_whether_it_is_escaped_or_not(new_mailing, name):
    project = new_mailing(html="<p>{{name}}</p>")
    send(project, name=name)
    assert delivered(project)["text"].splitlines()[-1] == "Tom & Co"


@pytest.mark.parametrize(
    ("email", "subscription", "reason"),
    [
        (None, 1, "no profile is known by this id"),
        ("", 1, "No email address"),
        ("ann@localhost", 1, "Invalid email address"),
        ("ann@example.com", 0, "Unsubscribed"),
    ],
)
def test_customer_who_cannot_get_it_is_left_out(new_mailing, email, subscription, reason):
    project = new_mailing(email, subscription)
    send(project)
    assert [entry["reason"] for entry in project.entries("rejection")] == [reason]
    assert project.entries("delivery") == []


def test_variable_that_no_reader_sees_needs_a_value(new_mailing):
    project = new_mailing(html="<p>Text</p><img src='https://shop.example/{{picture}}'>")
    send(project)
    assert [entry["reason"] for entry in project.entries("rejection")] == ["Not personalized"]


def test_project_knows_who_unsubscribed_before_the_start(new_mailing):
    project = new_mailing(email=None, address="unsubscribed")
    (row,) = project.call("list/profile", condition=[["email_subscription", "=", 0], ["email", "!=", ""]])["data"]
    assert (row["user_id"], row["email_subscription"]) == (USER, 0)


@pytest.mark.parametrize(
    ("outcome", "events"),
    [
        ("delivered, opened", ["send", "delivery", "open"]),
        ("delivered, 1 click", ["send", "delivery", "open", "click"]),
        ("delivered, 2 clicks", ["send", "delivery", "open", "click", "click"]),
        ("undelivered after 3 s", ["send", "error"]),
        ("delivered, replies STOP", ["send", "delivery", "unsubscribe"]),
    ],
)
def test_outcome_becomes_events(new_mailing, outcome, events):
    assert posted(new_mailing(outcome=outcome)) == events


@pytest.mark.parametrize(
    ("outcome", "message"), [("invalid after 3 s", "Hard bounce"), ("undelivered after 3 s", "Soft bounce")]
)
def test_bounce_is_named(new_mailing, outcome, message):
    project = new_mailing(outcome=outcome)
    send(project)
    project.run_until(NINE + HOUR)
    (row,) = project.call("list/message")["data"]
    assert (row["message_type_name"], row["delivery"], row["error_message"]) == ("email", 0, message)


def test_unsubscribing_ends_emails_only(new_mailing):
    project = new_mailing(outcome="delivered, replies STOP")
    send(project)
    project.run_until(NINE + HOUR)
    (opt_out,) = project.entries("opt_out")
    assert (opt_out["number"], opt_out["source"], opt_out["message_type"]) == ("ann@example.com", "link", "email")
    profile = project.state.profiles.by_user_id(USER)
    assert (profile.email_subscription, profile.push_subscription) == (False, True)
