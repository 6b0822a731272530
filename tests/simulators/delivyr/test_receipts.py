"""What becomes of a message, and who is told: assumed in form, documented in kind (https://docs.delivyr.net/docs/optimove)."""

import pytest

from instants import NINE
from sendproof_simulators.core.clock.wall_clock import DAY, HOUR
from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME, number_for_code

URL = "http://127.0.0.1:9000/delivyr"
WEEK = NINE + 7 * DAY


def number_that(fate: str) -> str:
    """An American number that dials a fate."""
    return "+" + number_for_code("US", BY_NAME[fate].code)


@pytest.fixture
def listening(account):
    """An account that posts what happens."""
    account.set(webhook_url=URL)
    return account


def test_a_delivery_is_told_as_one_json_object(listening):
    """With the message's id, its number in E.164, its template and its time."""
    number = number_that("delivered after 3 s")
    said = listening.send(number)
    assert listening.told_until(WEEK) == [
        (
            3,
            {
                "event": "delivered",
                "message_id": said["message_id"],
                "phone_number": number,
                "template_id": listening.plain,
                "occurred_at": "2026-03-02T09:00:03.000Z",
            },
        )
    ]
    assert listening.entry()["status"] == "delivered"


@pytest.mark.parametrize(
    ("fate", "seconds", "reason"),
    [
        ("undelivered after 1 h", 3600, "the phone is offline or disconnected"),
        ("invalid after 3 s", 3, "landline or VoIP phone unable to receive SMS"),
        ("expired after 72 h", 72 * 3600, "the phone was offline until the message expired"),
    ],
)
def test_undelivered_has_its_reasons(listening, fate, seconds, reason):
    """Landlines, and phones that are off or disconnected: Optimove counts them as bounced."""
    listening.send(number_that(fate))
    ((at, told),) = listening.told_until(WEEK)
    assert (at, told["event"], told["reason"]) == (seconds, "undelivered", reason)
    assert (listening.entry()["status"], listening.entry()["reason"]) == ("undelivered", reason)


@pytest.mark.parametrize("fate", ["never", "unknown after 72 h"])
def test_some_are_never_heard_of_again(listening, fate):
    """The log goes on saying that they are queued."""
    listening.send(number_that(fate))
    assert listening.told_until(WEEK) == []
    assert listening.entry()["status"] == "queued"


def test_each_click_is_told(listening):
    """One event for each, with the address that it led to; a message without a link has none."""
    number = number_that("delivered, 3 clicks")
    listening.send(number, url="https://example.com/offer")
    told = listening.told_until(WEEK)
    assert [(at, event["event"]) for at, event in told] == [
        (3, "delivered"),
        (60, "clicked"),
        (120, "clicked"),
        (180, "clicked"),
    ]
    assert {event["url"] for _, event in told[1:]} == {"https://example.com/offer"}
    assert listening.entry()["clicks"] == 3
    listening.send(number)
    assert [event["event"] for _, event in listening.told_until(WEEK + DAY)] == ["delivered"]


def test_a_click_is_in_the_journal(listening):
    """For the judge: a bridge has to report each."""
    said = listening.send(number_that("delivered, 2 clicks"), url="https://example.com")
    facts = [fact for _, done in listening.live_until(WEEK) for fact in done.facts if fact.kind == "click"]
    assert [fact.fields["message"] for fact in facts] == [said["message_id"]] * 2


def test_stop_opts_out(listening):
    """The person writes back STOP: told as opted_out, and the next message is rejected."""
    number = number_that("delivered, replies STOP")
    listening.send(number)
    rung = listening.live_until(NINE + HOUR)
    kinds = [fact.kind for _, done in rung for fact in done.facts]
    assert kinds == ["delivery_status", "inbound", "opt_out"]
    listening.send(number)
    ((_, told),) = listening.told_until(NINE + 2 * HOUR)
    assert (told["event"], told["code"]) == ("rejected", "opted_out")


def test_a_receipt_can_be_told_twice(listening):
    """As networks do; it becomes true once."""
    listening.send(number_that("delivered, told twice"))
    rung = listening.live_until(WEEK)
    assert [call.event for _, done in rung for call in done.webhooks] == ["delivered", "delivered"]
    assert [fact.kind for _, done in rung for fact in done.facts] == ["delivery_status"]


def test_a_receipt_can_come_before_the_reply(listening):
    """A bridge that stores the id only after the reply does not know what it is about."""
    listening.send(number_that("delivered, told before the reply"))
    assert [call.event for call in listening.last.before_reply] == ["delivered"]
    assert listening.entry()["status"] == "delivered"


def test_late_delivery_takes_back_that_it_was_not(listening):
    """The last word counts, in the log as in the journal."""
    listening.send(number_that("undelivered, delivered after all"))
    assert [told["event"] for _, told in listening.told_until(WEEK)] == ["undelivered", "delivered"]
    assert listening.entry()["status"] == "delivered"


def test_without_an_address_nothing_is_posted(account):
    """The log tells it all the same."""
    account.send(number_that("delivered after 3 s"))
    assert account.told_until(WEEK) == []
    assert account.entry()["status"] == "delivered"


def test_ordinary_messages_end_at_the_assumed_rates(listening):
    """95 of 100 delivered, 5 undelivered; of those with a link, 10 of 100 are clicked. All of it within two days."""
    for place in range(1_000):
        listening.send(f"+1212565{place:04d}", url="https://example.com")
    events = [told["event"] for _, told in listening.told_until(NINE + 2 * DAY)]
    assert events.count("delivered") == pytest.approx(950, abs=25)
    assert events.count("undelivered") == 1_000 - events.count("delivered")
    assert events.count("clicked") == pytest.approx(100, abs=30)
    assert (listening.timers, listening.state.schedules) == ([], {})
