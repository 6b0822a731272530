"""Webhooks: their events, subscribers and authentication."""

import base64
import hashlib
import hmac

import msgspec
import pytest

from instants import NINE
from sendproof_simulators.core.messaging.delivery_outcomes import number_for_code
from sendproof_simulators.core.webhooks.forgery import forge
from sendproof_simulators.services.xtremepush import SIMULATOR

URL = "http://127.0.0.1:9000/hooks"
DAY = 86_400_000


def webhooks_and_entries(project, code="00", until=7 * DAY, **params):
    """Send to a test number and advance the clock; return the webhooks and journal entries."""
    project.import_users(("M", number_for_code("GB", code)), first_name="Max")
    project.call("execute/campaign", id=project.template(), target=["M"], target_by="user_id", params=params)
    fired = project.run_until(NINE + until)
    webhooks = [webhook for effects in fired for webhook in effects.webhooks]
    return webhooks, [entry for effects in fired for entry in effects.entries]


def event_times(webhooks):
    """Return the event names, each with its time in seconds after nine."""
    bodies = [msgspec.json.decode(webhook.body) for webhook in webhooks]
    return [(body["event"], body["time"] - NINE // 1000) for body in bodies]


def test_sent_and_delivered_messages_have_webhooks(project):
    """Their names and the caller's reference are documented."""
    project.set(webhooks=[{"url": URL}])
    webhooks, entries = webhooks_and_entries(project, external_message_id="7001-1")
    message = next(entry.fields["message"] for entry in entries if entry.kind == "delivery")
    assert event_times(webhooks) == [("message_send", 0), ("message_delivery", 3)]
    assert msgspec.json.decode(webhooks[1].body)["properties"] == {
        "message_id": message, "campaign_id": next(iter(project.state.campaigns)), "message_type": 9, "user_id": "M",
        "external_message_id": "7001-1",
    }  # fmt: skip
    assert (webhooks[1].key, webhooks[1].content_type) == (f"message_delivery:{message}", "application/json")
    assert webhooks[1].about == {
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
def test_webhooks_match_outcome_of_number(project, code, expected):
    """An unknown status has no webhook. Clicks are only in the lists."""
    project.set(webhooks=[{"url": URL}])
    webhooks, _ = webhooks_and_entries(project, code)
    assert event_times(webhooks)[1:] == expected


def test_failure_event_dialect_leaves_failures_to_lists(new_project):
    project = new_project(failure_event="none")
    project.set(webhooks=[{"url": URL}])
    webhooks, entries = webhooks_and_entries(project, "03")
    assert event_times(webhooks) == [("message_send", 0)]
    assert [entry.fields["status"] for entry in entries if entry.kind == "delivery_status"] == ["undelivered"]
    (row,) = project.call("list/message", condition=[["error", "=", 1]])["data"]
    assert (row["delivery"], row["error_message"], row["status"]) == (0, "Undelivered", "failed")
    (device,) = project.call("list/push-devices", condition=[["error", "=", 1]])["data"]
    assert (device["campaign_id"], device["error_message"]) == (row["campaign_id"], "Undelivered")


def test_stop_ends_subscription_until_next_import(project):
    """That an import can subscribe the user again is assumed."""
    _, entries = webhooks_and_entries(project, "40")
    assert [entry.kind for entry in entries] == ["delivery", "delivery_status", "inbound", "opt_out"]
    assert entries[-1].fields == {"service": "xtremepush", "number": number_for_code("GB", "40"), "source": "reply"}
    campaign = next(iter(project.state.campaigns))
    project.execute(campaign, "M")
    assert project.reasons() == ["Unsubscribed"]
    project.import_users(("M", number_for_code("GB", "40")))
    project.execute(campaign, "M")
    assert project.texts() == ["Hello Max"]


def test_start_subscribes_the_user_again_a_day_later(project):
    """No webhook is documented for it, so only the profile shows it."""
    _, entries = webhooks_and_entries(project, "42")
    assert [entry.kind for entry in entries][-2:] == ["inbound", "opt_in"]
    (profile,) = project.call("list/profile")["data"]
    assert profile["sms_subscription"] == 1


def test_click_is_in_list_with_time(project):
    _, entries = webhooks_and_entries(project, "32")
    assert [entry.kind for entry in entries].count("click") == 2
    (row,) = project.call("list/message")["data"]
    assert (row["click"], row["click_time"]) == (1, NINE // 1000 + 60)


def test_each_connection_gets_its_events(project):
    """Several are allowed (documented), and their webhooks have different keys."""
    project.set(
        webhooks=[{"url": URL, "events": ["message_delivery"]}, {"url": URL + "/2", "events": ["message_delivery"]}]
    )
    webhooks, _ = webhooks_and_entries(project)
    assert [webhook.url for webhook in webhooks] == [URL, URL + "/2"]
    assert webhooks[1].key == webhooks[0].key + ":2"


def test_project_without_connection_has_no_webhooks(project):
    webhooks, entries = webhooks_and_entries(project)
    assert (webhooks, [entry.kind for entry in entries]) == ([], ["delivery", "delivery_status"])


@pytest.mark.parametrize(
    ("authentication", "headers"),
    [
        ({"kind": "none"}, {}),
        ({"kind": "basic", "username": "bob", "password": "s3cret"}, {"Authorization": "Basic Ym9iOnMzY3JldA=="}),
        ({"kind": "bearer", "token": "t0ken"}, {"Authorization": "Bearer t0ken"}),
    ],
)
def test_webhook_has_authentication_headers(project, authentication, headers):
    """The documented kinds, except OAuth 2.0, which is not simulated."""
    project.set(webhooks=[{"url": URL, "authentication": authentication}])
    webhooks, _ = webhooks_and_entries(project)
    assert dict(webhooks[0].headers) == headers


@pytest.mark.parametrize("dialect", ["sha256_hex", "sha256_base64", "sha1_hex", "key"])
def test_signature_follows_dialect(new_project, dialect):
    """The signature is not documented."""
    project = new_project(webhook_signature=dialect)
    project.set(webhooks=[{"url": URL, "authentication": {"kind": "signed", "secret": "s3cret"}}])
    webhooks, _ = webhooks_and_entries(project)
    body = webhooks[0].body
    expected = {
        "sha256_hex": hmac.new(b"s3cret", body, hashlib.sha256).hexdigest(),
        "sha256_base64": base64.b64encode(hmac.new(b"s3cret", body, hashlib.sha256).digest()).decode(),
        "sha1_hex": hmac.new(b"s3cret", body, hashlib.sha1).hexdigest(),
        "key": "s3cret",
    }[dialect]
    assert webhooks[0].headers == (("X-Xtremepush-Signature", expected),)


@pytest.mark.parametrize(("dialect", "is_copied"), [("sha256_hex", True), ("key", False)])
def test_forged_copies_of_a_failure_have_the_signature_of_the_real_body_or_none(new_project, dialect, is_copied):
    """A signature that is the secret itself cannot be copied: it would be valid."""
    project = new_project(webhook_signature=dialect)
    project.set(webhooks=[{"url": URL, "authentication": {"kind": "signed", "secret": "s3cret"}}])
    webhooks, _ = webhooks_and_entries(project, code="03")
    forgery = forge(webhooks[-1], secret="")
    assert forgery.wrong == "authentication"
    assert {msgspec.json.decode(copy.webhook.body)["event"] for copy in forgery.copies} == {"message_delivery"}
    assert [copy.webhook.headers for copy in forgery.copies] == ([webhooks[-1].headers, ()] if is_copied else [()])


@pytest.mark.parametrize(
    ("login", "forged"),
    [
        ({"kind": "basic", "username": "u", "password": "p"}, "Basic c3RyYW5nZXI6c3RyYW5nZXI="),
        ({"kind": "bearer", "token": "t"}, "Bearer stranger"),
    ],
)
def test_forged_copies_have_a_login_of_their_own_or_none(project, login, forged):
    project.set(webhooks=[{"url": URL, "authentication": login}])
    webhooks, _ = webhooks_and_entries(project, code="03")
    copies = forge(webhooks[-1], secret="").copies
    assert [copy.webhook.headers for copy in copies] == [(("Authorization", forged),), ()]
    assert forge(webhooks[0], secret="") is None


@pytest.mark.parametrize(
    ("login", "header"),
    [
        (
            {"kind": "signed", "secret": "s3cret"},
            lambda body: ("X-Xtremepush-Signature", hmac.new(b"other", body, hashlib.sha256).hexdigest()),
        ),
        ({"kind": "basic", "username": "u", "password": "p"}, lambda _: ("Authorization", "Basic dTpvdGhlcg==")),
        ({"kind": "bearer", "token": "t"}, lambda _: ("Authorization", "Bearer other")),
    ],
)
def test_last_forged_copy_has_the_credential_of_another_client(project, login, header):
    project.set(webhooks=[{"url": URL, "authentication": login}])
    webhooks, _ = webhooks_and_entries(project, code="03")
    *others, last = forge(webhooks[-1], secret="", other_secret="other").copies
    assert (last.of_other_client, {copy.of_other_client for copy in others}) == (True, {False})
    assert last.webhook.headers == (header(last.webhook.body),)


@pytest.mark.parametrize(("code", "own", "other"), [
    ("00", "message_delivery", "message_error"),
    ("03", "message_error", "message_delivery"),
])  # fmt: skip
def test_shared_project_posts_the_opposite_about_a_message_of_another_system(project, code, own, other):
    project.set(webhooks=[{"url": URL}], other_messages=True)
    webhooks, entries = webhooks_and_entries(project, code=code, external_message_id="7001-1")
    bodies = [msgspec.json.decode(webhook.body) for webhook in webhooks]
    ours, theirs = (next(body for body in bodies if body["event"] == name) for name in (own, other))
    assert theirs["properties"]["user_id"] == ours["properties"]["user_id"]
    assert theirs["properties"]["message_id"] != ours["properties"]["message_id"]
    assert "external_message_id" not in theirs["properties"]
    assert [entry.fields["status"] for entry in entries if entry.kind == "delivery_status"][1:] == []


def test_secret_is_generated_if_absent(project):
    """As in the real service (documented). The settings contain it."""
    project.set(webhooks=[{"url": URL, "authentication": {"kind": "signed"}}])
    (connection,) = SIMULATOR.settings.read(project.state)["webhooks"]
    assert len(connection["authentication"]["secret"]) == 64


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"webhooks": [{"url": "http://192.0.2.1/"}]}, r"webhooks\[0\].url: expected a URL on this machine"),
        ({"webhooks": [{"url": "ftp://127.0.0.1/"}]}, "http or https"),
        ({"webhooks": [{"url": "http://a:b@127.0.0.1/"}]}, "without user name"),
        ({"webhooks": [{"url": URL}] * 11}, "length <= 10"),
        ({"webhooks": [{"url": URL, "events": ["message_read"]}]}, "message_read"),
        ({"webhooks": [{"url": URL, "authentication": {"kind": "oauth2"}}]}, "oauth2"),
        ({"webhooks": [{"url": URL, "authentication": {"kind": "bearer", "token": "a\r\nb: c"}}]}, "token"),
        ({"webhook": []}, "webhook"),
        ({"suppression": {"attribute": ""}}, "attribute"),
        ({"suppression": {"attribute": "a", "daily_at": "24:00"}}, "daily_at"),
    ],
)
def test_invalid_settings_are_refused_without_changes(project, settings, expected):
    project.set(webhooks=[{"url": URL}])
    with pytest.raises(ValueError, match=expected):
        project.set(**settings)
    assert [c["url"] for c in SIMULATOR.settings.read(project.state)["webhooks"]] == [URL]


def test_receipt_before_response_needs_synchronous_call(project):
    """In any other call the response was sent before."""
    project.set(webhooks=[{"url": URL}])
    project.import_users(("M", number_for_code("GB", "13")), first_name="Max")
    fields = {"target": ["M"], "target_by": "user_id", "async": False}
    project.call("execute/campaign", id=project.template(), **fields)
    assert [webhook.event for webhook in project.last.before_response] == ["message_delivery"]
    assert [webhook.event for webhook in project.last.webhooks] == ["message_send"]
