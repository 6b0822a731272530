"""Xtremepush, against a server with responses in its form."""

import base64
import hmac
import json

import pytest

from sendproof_bridge.clock import HOUR, MINUTE, SECOND
from sendproof_bridge.config import ConfigError
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.outbound.http import HttpClient
from sendproof_bridge.outbound.providers import (
    OpenMessage,
    Receipt,
    UnauthenticatedWebhookError,
    open_channel,
    providers,
)
from small_bridge import NOON, bridge_config, open_small_bridge, recipient_row
from stand_in import Reply

pytestmark = pytest.mark.usefixtures("database")

OPTIONS = {name: setting.default for name, setting in providers()["xtremepush"].items()}
OPTIONS |= {"apptoken": Secret("an-apptoken")}
A, B = "447100000001", "447100000002"


def success(**members):
    return Reply({"code": 200, "success": True, **members})


def failure(code, status):
    return Reply({"code": code, "success": False, "message": "no"}, status=status)


def channel(**settings):
    """Return the settings of a channel; some of them are the provider's own options."""
    options = {name: value for name, value in settings.items() if name in OPTIONS}
    other = {name: value for name, value in settings.items() if name not in OPTIONS}
    return {"provider": "xtremepush", "options": {**OPTIONS, **options}, **other}


def lists_of(campaigns=(), profiles=(), messages=()):
    """Return replies with these rows; `campaign`, `profile` and `message` are the last parts of the paths."""
    text = {"9": {"sms": {"text": "Hello {{FIRST_NAME}}"}}}

    def campaign(request):
        if "condition" in request.body:
            return success(data=list(campaigns))
        if "target_by" in request.body:
            return success(model={"id": 1})
        return success(model={"id": request.body["id"], "messages": text})

    def profile(request):
        if "rows" in request.body:
            return success(model={"total": 1, "imported": 1, "failed": 0})
        return success(data=[] if request.body["condition"][0][0] == "sms_subscription" else list(profiles))

    return {"campaign": campaign, "profile": profile, "message": success(data=list(messages))}


def message_row(id_, user, at=NOON, **status):
    """Return a row of list/message."""
    return {"id": id_, "user_id": user, "create_time": at // SECOND, **status}


def run_campaign(folder, services, until=NOON + HOUR, lists=None, customers=2, **settings):
    """Run a campaign of two or more customers; return the state and reason of each message."""
    for name, reply in (lists or lists_of([{"id": 12, "title": "Hello"}])).items():
        services.respond(name, reply)
    rows = [recipient_row(f"C{n}", f"+{int(A) + n - 1}", template=12) for n in range(1, customers + 1)]
    services.respond("GetCustomerSendDetailsByChannel", Reply(rows), Reply([]))
    with open_small_bridge(folder, bridge_config(folder, services.url, channel=channel(**settings))) as bridge:
        bridge.start_campaign()
        bridge.run(until=until)
        return bridge.query("SELECT state, reason FROM message ORDER BY customer")


def executions(services):
    """Return the bodies of the calls that send."""
    return [call.body for call in services.calls("campaign") if "target_by" in call.body]


def imported_rows(services):
    return [row for call in services.calls("profile") for row in call.body.get("rows", [])]


def test_batch_is_one_execution_with_variables_by_user(tmp_path, services):
    """The batch's name comes back in webhooks."""
    assert run_campaign(tmp_path, services) == [("accepted", None)] * 2

    assert executions(services) == [
        {
            "apptoken": "an-apptoken",
            "id": 12,
            "target_with_params": {"C1": {"FIRST_NAME": "Ann"}, "C2": {"FIRST_NAME": "Ann"}},
            "target_by": "user_id",
            "params": {"external_message_id": "505-7001-0-0"},
        }
    ]


def test_unknown_users_are_imported(tmp_path, services):
    """Users with the right number are not imported again."""
    profiles = [{"id": 1, "user_id": "C1", "mobile_number": A, "sms_subscription": 1}]
    run_campaign(tmp_path, services, lists=lists_of([{"id": 12, "title": "Hello"}], profiles))

    assert imported_rows(services) == [["C2", B, 1]]


def test_other_name_of_the_subscription_is_used_if_the_documented_one_is_refused(tmp_path, services):
    """Two documented pages name it differently. The accepted name is used from then on."""
    lists = lists_of([{"id": 12, "title": "Hello"}])
    accepting = lists["profile"]
    lists["profile"] = lambda request: (
        failure(400, 400) if "sms_subscription" in request.body.get("columns", ()) else accepting(request)
    )

    assert run_campaign(tmp_path, services, lists=lists) == [("accepted", None), ("accepted", None)]
    columns = [call.body["columns"][2] for call in services.calls("profile") if "columns" in call.body]
    assert columns == ["sms_subscription", "mobile_subscription"]


def test_refusal_after_an_accepted_import_rejects_the_batch(tmp_path, services):
    """An import has at most 99 users. Once a name of the subscription is accepted, a refusal has another reason."""
    lists = lists_of([{"id": 12, "title": "Hello"}])
    accepting = lists["profile"]
    lists["profile"] = lambda request: (
        failure(400, 400) if len(request.body.get("rows", ())) == 1 else accepting(request)
    )

    states = run_campaign(tmp_path, services, lists=lists, customers=100)

    assert {state for state, _ in states} == {"rejected"}
    assert executions(services) == []


def test_unsubscribed_user_is_not_sent_to_and_not_imported(tmp_path, services):
    """Optimove gets the opt-out for the preference channel."""
    profiles = [{"id": 1, "user_id": "C1", "mobile_number": "447999999999", "sms_subscription": 0}]
    lists = lists_of([{"id": 12, "title": "Hello"}], profiles)

    assert run_campaign(tmp_path, services, lists=lists, preference_channel=444) == [
        ("rejected", "opted_out"),
        ("accepted", None),
    ]
    assert imported_rows(services) == [["C2", B, 1]]
    assert list(executions(services)[0]["target_with_params"]) == ["C2"]
    preference = services.calls("SetCustomerChannelPreference")[0].body
    assert (preference["ChannelID"], preference["CustomerIDs"]) == (444, ["C1"])


def test_user_id_can_be_an_attribute(tmp_path, services):
    """Here the first name."""
    services.respond("GetCustomerSendDetailsByChannel", Reply([recipient_row("C1", f"+{A}", template=12)]), Reply([]))
    run_campaign(tmp_path, services, user_id_attribute="FIRST_NAME")

    assert list(executions(services)[0]["target_with_params"]) == ["Ann"]


@pytest.mark.parametrize(("found", "calls"), [(["C1", "C2"], 1), ([], 2)])
def test_lost_response_is_looked_up_after_ten_minutes(tmp_path, services, found, calls):
    """By then, asynchronous messages must be in the list."""
    rows = [message_row(index, user) for index, user in enumerate(found, 1)]
    lists = lists_of([{"id": 12, "title": "Hello"}], messages=rows)
    default, lost = lists["campaign"], [Reply(status=500)]
    lists["campaign"] = lambda request: lost.pop() if lost and "target_by" in request.body else default(request)

    assert run_campaign(tmp_path, services, NOON + 11 * MINUTE, lists) == [("accepted", None)] * 2
    assert len(executions(services)) == calls
    condition = services.calls("message")[0].body["condition"]
    assert condition[:2] == [["campaign_id", "=", 12], ["user_id", "IN", ["C1", "C2"]]]


def test_failed_import_is_retried_without_look_up(tmp_path, services):
    """Nothing is sent before the import succeeds."""
    lists = lists_of([{"id": 12, "title": "Hello"}])
    default, lost = lists["profile"], [Reply(status=502)]
    lists["profile"] = lambda request: lost.pop() if lost and "rows" in request.body else default(request)

    assert run_campaign(tmp_path, services, NOON + 10 * SECOND, lists) == [("accepted", None)] * 2
    assert services.calls("message") == []


@pytest.mark.parametrize("status", [401, 200])
def test_refused_token_is_recognized_by_status_and_by_code(tmp_path, services, status):
    """Older documents only have the code."""
    lists = dict.fromkeys(("campaign", "profile"), failure(401, status))
    with open_small_bridge(tmp_path, bridge_config(tmp_path, services.url, channel=channel())) as bridge:
        for name, reply in lists.items():
            services.respond(name, reply)
        bridge.run()
        errors = bridge.query("SELECT last_error FROM job WHERE kind = 'sync_templates'")

    assert errors == ["Xtremepush list/campaign: credentials refused (401)"]


def open_account(folder, services, **settings):
    """Open the account alone."""
    (client,) = bridge_config(folder, services.url, channel=channel(**settings)).clients
    return open_channel(client.channels[0], HttpClient())


EVENT = {
    "event": "message_delivery",
    "time": 1772452807,
    "properties": {"message_id": "8123", "campaign_id": 12, "user_id": "C1", "external_message_id": "505-7001-0-0"},
}


def test_event_is_parsed_as_receipt_of_batch_and_user(tmp_path, services):
    """`message_send` does not contain the outcome."""
    provider = open_account(tmp_path, services)

    assert provider.parse_webhook(json.dumps(EVENT).encode(), {}, "") == [
        Receipt(
            recipient="C1",
            status_code="message_delivery",
            provider_time="2026-03-02T12:00:07.000Z",
            batch="505-7001-0-0",
            message="8123",
        )
    ]
    assert provider.parse_webhook(json.dumps({**EVENT, "event": "message_send"}).encode(), {}, "") == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[", "expected JSON, got something else"),
        (b"[]", "expected a JSON object, got list"),
        (json.dumps({**EVENT, "properties": 7}).encode(), "expected an object with event and properties"),
        (json.dumps({**EVENT, "event": ["message_delivery"]}).encode(), "expected an object with event and properties"),
        (json.dumps({**EVENT, "time": [1]}).encode(), "expected time as a Unix time in seconds"),
        (json.dumps({**EVENT, "time": 10**30}).encode(), "expected time as a Unix time in seconds"),
    ],
)
def test_invalid_event_raises_value_error(tmp_path, services, body, reason):
    with pytest.raises(ValueError, match=reason):
        open_account(tmp_path, services).parse_webhook(body, {}, "")


def test_event_requires_configured_signature_or_login(tmp_path, services):
    body = json.dumps(EVENT).encode()
    signed = open_account(tmp_path, services, webhook_secret=Secret("s3cret"))
    logged_in = open_account(tmp_path, services, webhook_login=Secret("user:word"))
    with_token = open_account(tmp_path, services, webhook_token=Secret("t0ken"))
    signature = hmac.new(b"s3cret", body, "sha256").hexdigest()

    assert with_token.parse_webhook(body, {"authorization": "bearer t0ken"}, "")
    assert signed.parse_webhook(body, {"x-xtremepush-signature": signature}, "")
    assert logged_in.parse_webhook(body, {"authorization": "Basic " + base64.b64encode(b"user:word").decode()}, "")
    for provider in (signed, logged_in, with_token):
        with pytest.raises(UnauthenticatedWebhookError):
            provider.parse_webhook(body, {"x-xtremepush-signature": "0" * 64, "authorization": "Basic eA=="}, "")


@pytest.mark.parametrize(("change", "reason"), [({"id": 444}, "only carries"), ({"testing": True}, "no testing mode")])
def test_unsupported_channels_are_refused(tmp_path, services, change, reason):
    """Channel 444 sends nothing, and a test message would be a real one."""
    config = bridge_config(tmp_path, services.url, channel=channel(**change))
    with pytest.raises(ConfigError, match=reason), open_small_bridge(tmp_path, config):
        pass


def lose_first_response(lists):
    """Make the response to the first execution unreadable."""
    default, lost = lists["campaign"], [Reply(b"garbage")]
    lists["campaign"] = lambda request: lost.pop() if lost and "target_by" in request.body else default(request)
    return lists


def test_status_after_look_up_is_polled_from_the_send_on(tmp_path, services):
    """The rows in the list are older than the look-up."""
    rows = [message_row(1, "C1", delivery=1), message_row(2, "C2", error=1)]
    lists = lose_first_response(lists_of([{"id": 12, "title": "Hello"}], messages=rows))

    assert run_campaign(tmp_path, services, NOON + 80 * HOUR, lists) == [("delivered", None), ("undelivered", None)]
    assert {call.body["condition"][2][2] for call in services.calls("message")} == {(NOON - 30 * SECOND) // SECOND}


def test_row_assigned_to_another_campaign_does_not_match(tmp_path, services):
    """Two campaigns send at one instant, and each user has one row: the campaign with a response owns it."""
    lists = lists_of([{"id": 12, "title": "Hello"}], messages=[message_row(1, "C1")])
    for name, reply in lists.items():
        services.respond(name, reply)
    services.respond(
        "GetCustomerSendDetailsByChannel",
        lambda request: page_reply(request, [recipient_row("C1", f"+{A}", template=12)]),
    )
    with open_small_bridge(tmp_path, bridge_config(tmp_path, services.url, channel=channel())) as bridge:
        bridge.start_campaign(7001)
        bridge.run()
        services.respond("campaign", lose_first_response(lists)["campaign"])
        bridge.start_campaign(7002)
        bridge.run(until=NOON + HOUR)

    assert [call["params"]["external_message_id"] for call in executions(services)] == [
        "505-7001-0-0",
        "505-7002-0-0",
        "505-7002-0-0",
    ]


def page_reply(request, rows):
    """Return all rows on the first page."""
    return Reply(rows if request.query["$skip"] == "0" else [])


def test_first_row_since_the_send_is_used(tmp_path, services):
    """Later rows belong to later campaigns by the same template. The first one has no final status."""
    services.respond("message", success(data=[message_row(1, "C1"), message_row(2, "C1", error=1)]))
    messages = [OpenMessage(recipient="C1", message="", template=12, sent_at=NOON)]

    (found,) = open_account(tmp_path, services).poll_statuses(messages)
    assert (found.recipient, found.message, found.status_code) == ("C1", "1", "")


def test_row_older_than_its_message_is_ignored(tmp_path, services):
    """It belongs to another message, even if one call polls both."""
    services.respond("message", success(data=[message_row(1, "C1", error=1), message_row(2, "C2", delivery=1)]))
    late = OpenMessage(recipient="C1", message="", template=12, sent_at=NOON + HOUR)
    early = OpenMessage(recipient="C2", message="", template=12, sent_at=NOON)

    found = open_account(tmp_path, services).poll_statuses([early, late])
    assert [(receipt.recipient, receipt.status_code) for receipt in found] == [("C2", "message_delivery")]


def test_row_of_another_message_is_ignored(tmp_path, services):
    services.respond("message", success(data=[message_row(1, "C1", delivery=1), message_row(2, "C1", error=1)]))
    messages = [OpenMessage(recipient="C1", message="", template=12, sent_at=NOON)]

    found = open_account(tmp_path, services).poll_statuses(messages, {"1"}.intersection)
    assert [(receipt.message, receipt.status_code) for receipt in found] == [("2", "message_error")]


def test_messages_are_polled_200_per_call(tmp_path, services):
    services.respond("message", success(data=[]))
    messages = [OpenMessage(recipient=f"C{index}", message="", template=12, sent_at=NOON) for index in range(401)]

    assert list(open_account(tmp_path, services).poll_statuses(messages)) == []
    assert [len(call.body["condition"][1][2]) for call in services.calls("message")] == [200, 200, 1]


def test_rows_are_sorted_by_time_not_by_id(tmp_path, services):
    """No document states that ids grow with time."""
    services.respond(
        "message", success(data=[message_row(1, "C1", at=NOON + HOUR, error=1), message_row(2, "C1", delivery=1)])
    )
    messages = [OpenMessage(recipient="C1", message="", template=12, sent_at=NOON)]

    assert [receipt.message for receipt in open_account(tmp_path, services).poll_statuses(messages)] == ["2"]
