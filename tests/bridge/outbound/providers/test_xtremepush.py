"""Xtremepush, against a server that answers in its forms."""

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
from small_bridge import NOON, opened, row, settings, small_bridge
from stand_in import Says

OPTIONS = {name: setting.default for name, setting in providers()["xtremepush"].items()}
OPTIONS |= {"apptoken": Secret("an-apptoken")}
A, B = "447100000001", "447100000002"


def envelope(**said):
    """A success."""
    return Says({"code": 200, "success": True, **said})


def refusal(code, **other):
    """A refusal, with the status that follows its code."""
    return Says({"code": code, "success": False, "message": "no"}, status=other.get("status", code))


def channel(**options):
    """The channel's settings."""
    own = {name: value for name, value in options.items() if name in OPTIONS}
    rest = {name: value for name, value in options.items() if name not in OPTIONS}
    return {"provider": "xtremepush", "options": {**OPTIONS, **own}, **rest}


def listed(campaigns=(), profiles=(), messages=()):
    """What each list holds; `campaign`, `profile` and `message` are the last steps of the paths."""
    text = {"9": {"sms": {"text": "Hello {{FIRST_NAME}}"}}}

    def campaign(seen):
        if "condition" in seen.body:
            return envelope(data=list(campaigns))
        if "target_by" in seen.body:
            return envelope(model={"id": 1})
        return envelope(model={"id": seen.body["id"], "messages": text})

    def profile(seen):
        if "rows" in seen.body:
            return envelope(model={"total": 1, "imported": 1, "failed": 0})
        return envelope(data=[] if seen.body["condition"][0][0] == "sms_subscription" else list(profiles))

    return {"campaign": campaign, "profile": profile, "message": envelope(data=list(messages))}


def message(number, user, at=NOON, **became):
    """A row of list/message."""
    return {"id": number, "user_id": user, "create_time": at // SECOND, **became}


def play(folder, outside, until=NOON + HOUR, lists=None, **options):
    """One campaign to two customers; answers how their messages stand."""
    for name, script in (lists or listed([{"id": 12, "title": "Hello"}])).items():
        outside.say(name, script)
    rows = [row("C1", f"+{A}", template=12), row("C2", f"+{B}", template=12)]
    outside.say("GetCustomerSendDetailsByChannel", Says(rows), Says([]))
    with opened(folder, settings(folder, outside.url, channel=channel(**options))) as small:
        small.announce()
        small.work(until=until)
        return small.rows("SELECT state, reason FROM message ORDER BY customer")


def executed(outside):
    """The calls that send."""
    return [call.body for call in outside.calls("campaign") if "target_by" in call.body]


def imported(outside):
    """The rows that were imported."""
    return [one for call in outside.calls("profile") for one in call.body.get("rows", [])]


def test_a_batch_is_one_execution_for_its_users(tmp_path, outside):
    """Variables by user, and the batch's name, which comes back in webhooks."""
    assert play(tmp_path, outside) == [("accepted", None)] * 2

    assert executed(outside) == [
        {
            "apptoken": "an-apptoken",
            "id": 12,
            "target_with_params": {"C1": {"FIRST_NAME": "Ann"}, "C2": {"FIRST_NAME": "Ann"}},
            "target_by": "user_id",
            "params": {"external_message_id": "505-7001-0-0"},
        }
    ]


def test_unknown_users_are_imported_with_their_numbers(tmp_path, outside):
    """Without plus and zeros; whoever has the right number already is left alone."""
    known = [{"id": 1, "user_id": "C1", "mobile_number": A, "sms_subscription": 1}]
    play(tmp_path, outside, lists=listed([{"id": 12, "title": "Hello"}], known))

    assert imported(outside) == [["C2", B, 1]]


def test_who_unsubscribed_there_is_neither_sent_to_nor_subscribed_again(tmp_path, outside):
    """And Optimove learns of it, under the channel for that."""
    known = [{"id": 1, "user_id": "C1", "mobile_number": "447999999999", "sms_subscription": 0}]
    lists = listed([{"id": 12, "title": "Hello"}], known)

    assert play(tmp_path, outside, lists=lists, preference_channel=444) == [
        ("rejected", "opted_out"),
        ("accepted", None),
    ]
    assert imported(outside) == [["C2", B, 1]]
    assert list(executed(outside)[0]["target_with_params"]) == ["C2"]
    shared = outside.calls("SetCustomerChannelPreference")[0].body
    assert (shared["ChannelID"], shared["CustomerIDs"]) == (444, ["C1"])


def test_the_user_may_be_named_by_an_attribute(tmp_path, outside):
    """Here by the first name, which is the last attribute of the test's rows."""
    outside.say("GetCustomerSendDetailsByChannel", Says([row("C1", f"+{A}", template=12)]), Says([]))
    play(tmp_path, outside, user_id_attribute="FIRST_NAME")

    assert list(executed(outside)[0]["target_with_params"]) == ["Ann"]


@pytest.mark.parametrize(("found", "calls"), [(["C1", "C2"], 1), ([], 2)])
def test_a_lost_reply_is_looked_up_after_ten_minutes(tmp_path, outside, found, calls):
    """By campaign, user and time, when asynchronous messages must be in the list."""
    rows = [message(index, user) for index, user in enumerate(found, 1)]
    lists = listed([{"id": 12, "title": "Hello"}], messages=rows)
    usual, lost = lists["campaign"], [Says(status=500)]
    lists["campaign"] = lambda seen: lost.pop() if lost and "target_by" in seen.body else usual(seen)

    assert play(tmp_path, outside, NOON + 11 * MINUTE, lists) == [("accepted", None)] * 2
    assert len(executed(outside)) == calls
    condition = outside.calls("message")[0].body["condition"]
    assert condition[:2] == [["campaign_id", "=", 12], ["user_id", "IN", ["C1", "C2"]]]


def test_a_failing_import_has_sent_nothing(tmp_path, outside):
    """So it is tried again at once, without a look-up."""
    lists = listed([{"id": 12, "title": "Hello"}])
    usual, lost = lists["profile"], [Says(status=502)]
    lists["profile"] = lambda seen: lost.pop() if lost and "rows" in seen.body else usual(seen)

    assert play(tmp_path, outside, NOON + 10 * SECOND, lists) == [("accepted", None)] * 2
    assert outside.calls("message") == []


@pytest.mark.parametrize("status", [401, 200])
def test_a_refused_token_is_told_by_status_or_code(tmp_path, outside, status):
    """Older documents know only the code."""
    lists = dict.fromkeys(("campaign", "profile"), refusal(401, status=status))
    with opened(tmp_path, settings(tmp_path, outside.url, channel=channel())) as small:
        for name, script in lists.items():
            outside.say(name, script)
        small.work()
        troubles = small.rows("SELECT last_error FROM job WHERE kind = 'sync_templates'")

    assert troubles == ["Xtremepush list/campaign: credentials refused (401)"]


def account(folder, outside, **options):
    """The account alone."""
    return open_channel(settings(folder, outside.url, channel=channel(**options)).clients[0].channels[0], HttpClient())


EVENT = {
    "event": "message_delivery",
    "time": 1772452807,
    "properties": {"message_id": "8123", "campaign_id": 12, "user_id": "C1", "external_message_id": "505-7001-0-0"},
}


def test_an_event_is_a_receipt_of_its_batch_and_user(tmp_path, outside):
    """That a message was handed on says nothing of how it ended."""
    provider = account(tmp_path, outside)

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
        (b"[", "expected a JSON object"),
        (b"[]", "expected a JSON object, got list"),
        (json.dumps({**EVENT, "properties": 7}).encode(), "expected an object with event and properties"),
        (json.dumps({**EVENT, "event": ["message_delivery"]}).encode(), "expected an object with event and properties"),
        (json.dumps({**EVENT, "time": [1]}).encode(), "expected time as a Unix time in seconds"),
        (json.dumps({**EVENT, "time": 10**30}).encode(), "expected time as a Unix time in seconds"),
    ],
)
def test_what_is_no_event_is_not_understood(tmp_path, outside, body, reason):
    """Whoever posted it learns what was expected."""
    with pytest.raises(ValueError, match=reason):
        account(tmp_path, outside).parse_webhook(body, {}, "")


def test_an_event_proves_where_it_comes_from(tmp_path, outside):
    """By a signature or a login, when the settings have one."""
    body = json.dumps(EVENT).encode()
    signed = account(tmp_path, outside, webhook_secret=Secret("s3cret"))
    logged_in = account(tmp_path, outside, webhook_login=Secret("user:word"))
    signature = hmac.new(b"s3cret", body, "sha256").hexdigest()

    assert signed.parse_webhook(body, {"x-xtremepush-signature": signature}, "")
    assert logged_in.parse_webhook(body, {"authorization": "Basic " + base64.b64encode(b"user:word").decode()}, "")
    for provider in (signed, logged_in):
        with pytest.raises(UnauthenticatedWebhookError):
            provider.parse_webhook(body, {"x-xtremepush-signature": "0" * 64, "authorization": "Basic eA=="}, "")


@pytest.mark.parametrize(("change", "reason"), [({"id": 444}, "only carries"), ({"testing": True}, "no testing mode")])
def test_channels_that_cannot_be_are_refused(tmp_path, outside, change, reason):
    """444 sends nothing, and a test would be a message."""
    config = settings(tmp_path, outside.url, channel=channel(**change))
    with pytest.raises(ConfigError, match=reason):
        small_bridge(tmp_path, config)


def lost_once(lists):
    """The first execution takes place, and its reply does not arrive."""
    usual, lost = lists["campaign"], [Says(b"garbage")]
    lists["campaign"] = lambda seen: lost.pop() if lost and "target_by" in seen.body else usual(seen)
    return lists


def test_what_became_of_it_is_asked_from_the_send_on_and_not_from_the_look_up(tmp_path, outside):
    """Without webhooks of the account the list is all there is, and the messages in it are older than the look-up."""
    rows = [message(1, "C1", delivery=1), message(2, "C2", error=1)]
    lists = lost_once(listed([{"id": 12, "title": "Hello"}], messages=rows))

    assert play(tmp_path, outside, NOON + 80 * HOUR, lists) == [("delivered", None), ("undelivered", None)]
    assert {call.body["condition"][2][2] for call in outside.calls("message")} == {(NOON - 30 * SECOND) // SECOND}


def test_rows_of_another_campaign_by_the_same_template_prove_nothing(tmp_path, outside):
    """Two campaigns at one instant, and one row a user: whose reply came has it, and the other is sent again."""
    lists = listed([{"id": 12, "title": "Hello"}], messages=[message(1, "C1")])
    for name, script in lists.items():
        outside.say(name, script)
    outside.say("GetCustomerSendDetailsByChannel", lambda seen: page_of(seen, [row("C1", f"+{A}", template=12)]))
    with opened(tmp_path, settings(tmp_path, outside.url, channel=channel())) as small:
        small.announce(7001)
        small.work()
        outside.say("campaign", lost_once(lists)["campaign"])
        small.announce(7002)
        small.work(until=NOON + HOUR)

    assert [call["params"]["external_message_id"] for call in executed(outside)] == [
        "505-7001-0-0",
        "505-7002-0-0",
        "505-7002-0-0",
    ]


def page_of(seen, rows):
    """The first page has all of them."""
    return Says(rows if seen.query["$skip"] == "0" else [])


def test_of_several_rows_of_a_user_the_first_since_the_send_is_meant(tmp_path, outside):
    """Later ones are of later campaigns by the same template."""
    outside.say("message", envelope(data=[message(1, "C1"), message(2, "C1", error=1)]))
    asked = [OpenMessage(recipient="C1", message="", template=12, sent_at=NOON)]

    assert list(account(tmp_path, outside).poll_statuses(asked)) == []


def test_each_message_is_asked_about_from_its_own_send_on(tmp_path, outside):
    """A row that is older than the message is another's, also where both are asked about in one call."""
    outside.say("message", envelope(data=[message(1, "C1", error=1), message(2, "C2", delivery=1)]))
    late = OpenMessage(recipient="C1", message="", template=12, sent_at=NOON + HOUR)
    early = OpenMessage(recipient="C2", message="", template=12, sent_at=NOON)

    found = account(tmp_path, outside).poll_statuses([early, late])
    assert [(one.recipient, one.status_code) for one in found] == [("C2", "message_delivery")]


def test_many_messages_are_asked_about_two_hundred_at_a_time(tmp_path, outside):
    """Not one by one."""
    outside.say("message", envelope(data=[]))
    asked = [OpenMessage(recipient=f"C{index}", message="", template=12, sent_at=NOON) for index in range(401)]

    assert list(account(tmp_path, outside).poll_statuses(asked)) == []
    assert [len(call.body["condition"][1][2]) for call in outside.calls("message")] == [200, 200, 1]


def test_the_first_row_since_the_send_is_the_oldest_whatever_its_id(tmp_path, outside):
    """That ids grow with time is not published."""
    outside.say("message", envelope(data=[message(1, "C1", at=NOON + HOUR, error=1), message(2, "C1", delivery=1)]))
    asked = [OpenMessage(recipient="C1", message="", template=12, sent_at=NOON)]

    assert [one.message for one in account(tmp_path, outside).poll_statuses(asked)] == ["2"]
