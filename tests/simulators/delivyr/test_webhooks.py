"""Delivery events and their webhooks.

assumed in form, documented in kind: https://docs.delivyr.net/docs/optimove.
"""

import pytest

from instants import NINE
from sendproof_simulators.core.clock.wall_clock import DAY, HOUR
from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME, number_for_code

URL = "http://127.0.0.1:9000/delivyr"
WEEK = NINE + 7 * DAY


def number_of_outcome(outcome: str) -> str:
    """Return an American test number with an outcome."""
    return "+" + number_for_code("US", BY_NAME[outcome].code)


@pytest.fixture
def account_with_url(account):
    """Return an account with a webhook URL."""
    account.set(webhook_url=URL)
    return account


def test_delivered_webhook_is_one_json_object(account_with_url):
    number = number_of_outcome("delivered after 3 s")
    result = account_with_url.send(number)
    assert account_with_url.webhooks_until(WEEK) == [
        (
            3,
            {
                "event": "delivered",
                "message_id": result["message_id"],
                "phone_number": number,
                "template_id": account_with_url.plain,
                "occurred_at": "2026-03-02T09:00:03.000Z",
            },
        )
    ]
    assert account_with_url.newest_message()["status"] == "delivered"


@pytest.mark.parametrize(
    ("outcome", "seconds", "reason"),
    [
        ("undelivered after 1 h", 3600, "the phone is offline or disconnected"),
        ("invalid after 3 s", 3, "landline or VoIP phone unable to receive SMS"),
        ("expired after 72 h", 72 * 3600, "the phone was offline until the message expired"),
    ],
)
def test_undelivered_webhook_has_reason(account_with_url, outcome, seconds, reason):
    """Optimove counts landlines and phones that are off or disconnected as bounced."""
    account_with_url.send(number_of_outcome(outcome))
    ((at, webhook),) = account_with_url.webhooks_until(WEEK)
    assert (at, webhook["event"], webhook["reason"]) == (seconds, "undelivered", reason)
    assert (account_with_url.newest_message()["status"], account_with_url.newest_message()["reason"]) == (
        "undelivered",
        reason,
    )


@pytest.mark.parametrize("outcome", ["never", "unknown after 72 h"])
def test_message_without_final_status_stays_queued(account_with_url, outcome):
    account_with_url.send(number_of_outcome(outcome))
    assert account_with_url.webhooks_until(WEEK) == []
    assert account_with_url.newest_message()["status"] == "queued"


def test_each_click_has_a_webhook_with_url(account_with_url):
    """A message without a link has no clicks."""
    number = number_of_outcome("delivered, 3 clicks")
    account_with_url.send(number, url="https://example.com/offer")
    webhook = account_with_url.webhooks_until(WEEK)
    assert [(at, event["event"]) for at, event in webhook] == [
        (3, "delivered"),
        (60, "clicked"),
        (120, "clicked"),
        (180, "clicked"),
    ]
    assert {event["url"] for _, event in webhook[1:]} == {"https://example.com/offer"}
    assert account_with_url.newest_message()["clicks"] == 3
    account_with_url.send(number)
    assert [event["event"] for _, event in account_with_url.webhooks_until(WEEK + DAY)] == ["delivered"]


def test_click_is_journalled(account_with_url):
    """The judge needs it: a bridge must report each click."""
    result = account_with_url.send(number_of_outcome("delivered, 2 clicks"), url="https://example.com")
    entries = [
        entry for _, effects in account_with_url.run_until(WEEK) for entry in effects.entries if entry.kind == "click"
    ]
    assert [entry.fields["message"] for entry in entries] == [result["message_id"]] * 2


def test_stop_opts_out_and_next_message_is_rejected(account_with_url):
    number = number_of_outcome("delivered, replies STOP")
    account_with_url.send(number)
    fired = account_with_url.run_until(NINE + HOUR)
    kinds = [entry.kind for _, effects in fired for entry in effects.entries]
    assert kinds == ["delivery_status", "inbound", "opt_out"]
    account_with_url.send(number)
    ((_, webhook),) = account_with_url.webhooks_until(NINE + 2 * HOUR)
    assert (webhook["event"], webhook["code"]) == ("rejected", "opted_out")


def test_repeated_receipt_sets_status_once(account_with_url):
    account_with_url.send(number_of_outcome("delivered, reported twice"))
    fired = account_with_url.run_until(WEEK)
    assert [webhook.event for _, effects in fired for webhook in effects.webhooks] == ["delivered", "delivered"]
    assert [entry.kind for _, effects in fired for entry in effects.entries] == ["delivery_status"]


def test_receipt_can_arrive_before_response(account_with_url):
    """A bridge that stores the id after the response cannot identify the message."""
    account_with_url.send(number_of_outcome("delivered, reported before the response"))
    assert [webhook.event for webhook in account_with_url.last.before_response] == ["delivered"]
    assert account_with_url.newest_message()["status"] == "delivered"


def test_late_delivery_replaces_undelivered_status(account_with_url):
    account_with_url.send(number_of_outcome("undelivered, delivered after all"))
    assert [webhook["event"] for _, webhook in account_with_url.webhooks_until(WEEK)] == ["undelivered", "delivered"]
    assert account_with_url.newest_message()["status"] == "delivered"


def test_account_without_url_has_no_webhooks(account):
    """The log has the status anyway."""
    account.send(number_of_outcome("delivered after 3 s"))
    assert account.webhooks_until(WEEK) == []
    assert account.newest_message()["status"] == "delivered"


def test_drawn_outcomes_have_assumed_shares(account_with_url):
    """95 % delivered, 5 % undelivered; 10 % of those with a link are clicked. All events occur within two days."""
    for index in range(1_000):
        account_with_url.send(f"+1212565{index:04d}", url="https://example.com")
    events = [webhook["event"] for _, webhook in account_with_url.webhooks_until(NINE + 2 * DAY)]
    assert events.count("delivered") == pytest.approx(950, abs=25)
    assert events.count("undelivered") == 1_000 - events.count("delivered")
    assert events.count("clicked") == pytest.approx(100, abs=30)
    assert (account_with_url.timers, account_with_url.state.schedules) == ([], {})


@pytest.mark.parametrize(
    ("outcome", "events"),
    [
        ("delivered after 3 s", ["undelivered", "delivered", "undelivered"]),
        ("invalid after 3 s", ["delivered", "undelivered", "delivered"]),
    ],
)
def test_shared_account_posts_the_opposite_about_messages_of_another_system(account, outcome, events):
    account.set(webhook_url=URL, other_messages=True)
    number = number_of_outcome(outcome)
    account.send(number)
    posted = [webhook for _, webhook in account.webhooks_until(WEEK)]
    assert [(webhook["event"], webhook["phone_number"]) for webhook in posted] == [(event, number) for event in events]
    assert len({webhook["message_id"] for webhook in posted}) == 3
    assert posted[0]["template_id"] == posted[2]["template_id"] != posted[1]["template_id"]
