"""Webhooks: what is told of a message, to whom, and how it is proved."""

import base64
import hashlib
import hmac

import msgspec
import pytest

from instants import NINE
from sendproof_simulators.core.messaging.delivery_outcomes import number_for_code
from sendproof_simulators.services.xtremepush import SIMULATOR

HOOK = "http://127.0.0.1:9000/hooks"
DAY = 86_400_000


def told(project, code="00", until=7 * DAY, **params):
    """Send to a magic number, and let a week pass: the webhooks, and everything else that happened."""
    project.register_credential(("M", number_for_code("GB", code)), first_name="Max")
    project.call("execute/campaign", id=project.template(), target=["M"], target_by="user_id", params=params)
    outcomes = project.live_until(NINE + until)
    return [hook for o in outcomes for hook in o.webhooks], [entry for o in outcomes for entry in o.entries]


def events(hooks):
    """Names, and seconds after nine."""
    bodies = [msgspec.json.decode(hook.body) for hook in hooks]
    return [(body["event"], body["time"] - NINE // 1000) for body in bodies]


def test_sent_and_delivered_are_told(project):
    """Under their documented names, with the caller's reference (documented)."""
    project.settle(webhooks=[{"url": HOOK}])
    hooks, entries = told(project, external_message_id="7001-1")
    message = next(entry.fields["message"] for entry in entries if entry.kind == "delivery")
    assert events(hooks) == [("message_send", 0), ("message_delivery", 3)]
    assert msgspec.json.decode(hooks[1].body)["properties"] == {
        "message_id": message, "campaign_id": next(iter(project.state.campaigns)), "message_type": 9, "user_id": "M",
        "external_message_id": "7001-1",
    }  # fmt: skip
    assert (hooks[1].key, hooks[1].content_type) == (f"message_delivery:{message}", "application/json")
    assert hooks[1].about == {
        "message": message, "number": number_for_code("GB", "00"), "status": "message_delivery", "custom": "7001-1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("03", [("message_error", 3)]),
        ("07", [("message_error", 3)]),
        ("06", [("message_error", 72 * 3600)]),
        ("08", []),
        ("10", []),
        ("11", [("message_delivery", 3), ("message_delivery", 3)]),
        ("12", [("message_delivery", 5), ("message_error", 2)]),
        ("14", [("message_error", 3600), ("message_delivery", 7200)]),
        ("31", [("message_delivery", 3)]),
        ("40", [("message_delivery", 3), ("message_unsubscribe", 60)]),
    ],
)
def test_what_is_told_of_each_fate(project, code, expected):
    """What nobody knows is not told, and of clicks only the lists tell."""
    project.settle(webhooks=[{"url": HOOK}])
    hooks, _ = told(project, code)
    assert events(hooks)[1:] == expected


def test_a_failure_is_told_by_the_lists_alone(new_project):
    """In the dialect without an event for it."""
    project = new_project(failure_event="none")
    project.settle(webhooks=[{"url": HOOK}])
    hooks, entries = told(project, "03")
    assert events(hooks) == [("message_send", 0)]
    assert [entry.fields["status"] for entry in entries if entry.kind == "delivery_status"] == ["undelivered"]
    (row,) = project.call("list/message", condition=[["error", "=", 1]])["data"]
    assert (row["delivery"], row["error_message"], row["status"]) == (0, "Undelivered", "failed")
    (device,) = project.call("list/push-devices", condition=[["error", "=", 1]])["data"]
    assert (device["campaign_id"], device["error_message"]) == (row["campaign_id"], "Undelivered")


def test_stop_ends_the_subscription(project):
    """The next message is not sent; an import that says so subscribes again (assumed)."""
    _, entries = told(project, "40")
    assert [entry.kind for entry in entries] == ["delivery", "delivery_status", "inbound", "opt_out"]
    assert entries[-1].fields == {"service": "xtremepush", "number": number_for_code("GB", "40"), "source": "reply"}
    campaign = next(iter(project.state.campaigns))
    project.execute(campaign, "M")
    assert project.reasons() == ["Unsubscribed"]
    project.register_credential(("M", number_for_code("GB", "40")))
    project.execute(campaign, "M")
    assert project.texts() == ["Hello Max"]


def test_a_click_is_in_the_list(project):
    """With its time."""
    _, entries = told(project, "32")
    assert [entry.kind for entry in entries].count("click") == 2
    (row,) = project.call("list/message")["data"]
    assert (row["click"], row["click_time"]) == (1, NINE // 1000 + 60)


def test_each_connection_is_told_what_it_wants(project):
    """Several are allowed (documented), and their calls have keys of their own."""
    project.settle(
        webhooks=[{"url": HOOK, "events": ["message_delivery"]}, {"url": HOOK + "/2", "events": ["message_delivery"]}]
    )
    hooks, _ = told(project)
    assert [hook.url for hook in hooks] == [HOOK, HOOK + "/2"]
    assert hooks[1].key == hooks[0].key + ":2"


def test_without_a_connection_nobody_is_told(project):
    """The outcome is true all the same."""
    hooks, entries = told(project)
    assert (hooks, [entry.kind for entry in entries]) == ([], ["delivery", "delivery_status"])


@pytest.mark.parametrize(
    ("authentication", "headers"),
    [
        ({"kind": "none"}, {}),
        ({"kind": "basic", "username": "bob", "password": "s3cret"}, {"Authorization": "Basic Ym9iOnMzY3JldA=="}),
        ({"kind": "bearer", "token": "t0ken"}, {"Authorization": "Bearer t0ken"}),
    ],
)
def test_a_call_proves_where_it_comes_from(project, authentication, headers):
    """In the ways that the vendor documents; OAuth 2.0 is not simulated."""
    project.settle(webhooks=[{"url": HOOK, "authentication": authentication}])
    hooks, _ = told(project)
    assert dict(hooks[0].headers) == headers


@pytest.mark.parametrize("dialect", ["sha256_hex", "sha256_base64", "sha1_hex", "key"])
def test_a_signed_payload(new_project, dialect):
    """How it is signed nobody says, so it is a dialect."""
    project = new_project(webhook_signature=dialect)
    project.settle(webhooks=[{"url": HOOK, "authentication": {"kind": "signed", "secret": "s3cret"}}])
    hooks, _ = told(project)
    body = hooks[0].body
    expected = {
        "sha256_hex": hmac.new(b"s3cret", body, hashlib.sha256).hexdigest(),
        "sha256_base64": base64.b64encode(hmac.new(b"s3cret", body, hashlib.sha256).digest()).decode(),
        "sha1_hex": hmac.new(b"s3cret", body, hashlib.sha1).hexdigest(),
        "key": "s3cret",
    }[dialect]
    assert hooks[0].headers == (("X-Xtremepush-Signature", expected),)


def test_a_secret_is_made_when_none_is_given(project):
    """As the real service does (documented); the settings show it."""
    project.settle(webhooks=[{"url": HOOK, "authentication": {"kind": "signed"}}])
    (connection,) = SIMULATOR.settings.read(project.state)["webhooks"]
    assert len(connection["authentication"]["secret"]) == 64


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"webhooks": [{"url": "http://192.0.2.1/"}]}, r"webhooks\[0\].url: expected a URL on this machine"),
        ({"webhooks": [{"url": "ftp://127.0.0.1/"}]}, "http or https"),
        ({"webhooks": [{"url": "http://a:b@127.0.0.1/"}]}, "without user name"),
        ({"webhooks": [{"url": HOOK}] * 11}, "length <= 10"),
        ({"webhooks": [{"url": HOOK, "events": ["message_read"]}]}, "message_read"),
        ({"webhooks": [{"url": HOOK, "authentication": {"kind": "oauth2"}}]}, "oauth2"),
        ({"webhooks": [{"url": HOOK, "authentication": {"kind": "bearer", "token": "a\r\nb: c"}}]}, "token"),
        ({"webhook": []}, "webhook"),
        ({"suppression": {"attribute": ""}}, "attribute"),
        ({"suppression": {"attribute": "a", "daily_at": "24:00"}}, "daily_at"),
    ],
)
def test_settings_that_make_no_sense_are_refused(project, settings, complaint):
    """And those from before stay."""
    project.settle(webhooks=[{"url": HOOK}])
    with pytest.raises(ValueError, match=complaint):
        project.settle(**settings)
    assert [c["url"] for c in SIMULATOR.settings.read(project.state)["webhooks"]] == [HOOK]


def test_the_end_before_the_reply(project):
    """A magic number has it told first, in a synchronous call; in any other the answer has long gone."""
    project.settle(webhooks=[{"url": HOOK}])
    project.register_credential(("M", number_for_code("GB", "13")), first_name="Max")
    fields = {"target": ["M"], "target_by": "user_id", "async": False}
    project.call("execute/campaign", id=project.template(), **fields)
    assert [hook.event for hook in project.last.before_response] == ["message_delivery"]
    assert [hook.event for hook in project.last.webhooks] == ["message_send"]
