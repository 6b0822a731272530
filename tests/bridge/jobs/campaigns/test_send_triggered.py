"""A customer meets a trigger: what the event holds is used, what it lacks is asked for, and it goes out at once."""

import json

import pytest

from sendproof_bridge.clock import DAY, MINUTE, SECOND
from small_bridge import NOON, opened, settings
from stand_in import Says

PERSON = {"PHONE": "+447100000001", "CONSENT": "1", "FIRST_NAME": "Ann"}
EVENT = {
    "requestId": "0f3c2a10-9d5e-4b7c-8a61-2f4d9e7b1c35",
    "customerID": "C0000042",
    "channelID": 505,
    "campaignID": "8001",
    "templateID": 11,
    "timestamp": "1772431200",
    "personalization": {"personalInfo": PERSON},
}


@pytest.fixture
def triggered(tmp_path, outside):
    """A bridge whose one channel is for triggers."""
    with opened(tmp_path, settings(tmp_path, outside.url, channel={"kind": "triggered"})) as made:
        yield made


def personal(info, **happened):
    """The event with these values."""
    return {**EVENT, "personalization": {"personalInfo": info, **happened}}


def sent(outside):
    """What went out: number and text, still encoded."""
    calls = [json.loads(call.body["data"])["messages"] for call in outside.calls("bulk_json")]
    return [(one["number"], one["text"]) for call in calls for one in call]


def attributes(outside, **values):
    """Let Optimove know these of the customer."""
    outside.say("Attributes", Says([{"RealFieldName": name, "Value": value} for name, value in values.items()]))


def test_event_11_is_asked_for_on_the_channel(triggered, outside):
    """And nothing of scheduled campaigns."""
    triggered.work()

    assert [(call.body["EventTypeID"], call.body["ChannelID"]) for call in outside.calls("RegisterEventListener")] == [
        (11, 505)
    ]


def test_a_trigger_is_sent_at_once(triggered, outside):
    """Without a call to Optimove, as the event holds all that is needed."""
    triggered.tell(**EVENT)
    triggered.work()

    assert sent(outside) == [("447100000001", "Hello%20Ann")]
    assert outside.calls("Attributes") == []
    assert triggered.clock.time == NOON


def test_a_repeated_event_sends_nothing(triggered, outside):
    """It is known by its request's id, whatever the case of the names."""
    for event in (EVENT, EVENT, {name.upper(): value for name, value in EVENT.items()}):
        triggered.tell(**event)
        triggered.work()

    assert len(sent(outside)) == 1


def test_an_event_without_id_is_known_by_what_it_is_about(triggered, outside):
    """Customer, channel, campaign, template and time; a second later is another one."""
    without = {name: value for name, value in EVENT.items() if name != "requestId"}
    for event in (without, without, {**without, "timestamp": "1772431201"}):
        triggered.tell(**event)
    triggered.work()

    assert len(sent(outside)) == 2


def test_what_the_event_lacks_is_asked_for(triggered, outside):
    """By customer; what the event says counts more."""
    attributes(outside, PHONE="+447100000009", CONSENT="1", FIRST_NAME="Bob")
    triggered.tell(**personal({"PHONE": "+447100000001"}))
    triggered.work()

    assert sent(outside) == [("447100000001", "Hello%20Bob")]


def test_an_event_without_personalisation_is_made_up_by_optimove(triggered, outside):
    """All of it comes from the customer's attributes."""
    attributes(outside, **PERSON)
    triggered.tell(**{name: value for name, value in EVENT.items() if name != "personalization"})
    triggered.work()

    assert sent(outside) == [("447100000001", "Hello%20Ann")]


def test_parameters_of_what_happened_personalise_too(triggered, outside):
    """The customer's own attributes count more."""
    body = "You won %%|AMOUNT%%, %%|FIRST_NAME%%"
    outside.say("get_templates", Says({"templates": [{"id": 11, "title": "Win", "body": body}], "status": "success"}))
    triggered.tell(**personal(PERSON, bet_settled={"AMOUNT": 25, "FIRST_NAME": "Nobody"}))
    triggered.work()

    assert sent(outside) == [("447100000001", "You%20won%2025%2C%20Ann")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"CONSENT": "0"}, "opted_out"), ({"CONSENT": None}, "opted_out"), ({"PHONE": "12"}, "unusable_number")],
)
def test_whoever_may_not_be_sent_to_is_dropped(triggered, outside, change, reason):
    """As in scheduled campaigns; it is reported."""
    triggered.tell(**personal({**PERSON, **change}))
    triggered.work()

    assert sent(outside) == []
    assert triggered.rows("SELECT state, reason FROM message") == [("dropped", reason)]


def test_one_customer_may_meet_a_trigger_many_times(triggered, outside):
    """Each time is a message."""
    for request in ("a", "b", "c"):
        triggered.tell(**{**EVENT, "requestId": request})
    triggered.work()

    assert len(sent(outside)) == 3


def test_reports_go_on_for_a_week_after_the_last_trigger(triggered, outside):
    """And come back with the next one."""
    triggered.tell(**EVENT)
    triggered.work(until=NOON + 8 * DAY)
    first = len(outside.calls("UpdateCampaignMetrics"))
    triggered.tell(**{**EVENT, "requestId": "another"})
    triggered.work(until=NOON + 8 * DAY + 15 * MINUTE)

    pushes = outside.calls("UpdateCampaignMetrics")
    assert (first, len(pushes)) == (28, 29)
    assert pushes[-1].body[0] == {
        "ChannelID": 505,
        "CampaignID": 8001,
        "TemplateID": 11,
        "MetricID": 0,
        "MetricValue": 2,
    }
    assert [call.body["CustomerIDs"] for call in outside.calls("UpdateCampaignInteractions")] == [["C0000042"]] * 2


def test_a_trigger_waits_while_optimove_cannot_be_asked(triggered, outside):
    """It is sent as soon as that is possible."""
    rows = [{"RealFieldName": name, "Value": value} for name, value in PERSON.items()]
    outside.say("Attributes", Says(status=503), Says(status=429), Says(rows))
    triggered.tell(**personal({}))
    triggered.work(until=NOON + 30 * SECOND)

    assert sent(outside) == [("447100000001", "Hello%20Ann")]


@pytest.mark.parametrize("refusal", [Says(status=403), Says(status=404), Says("no such customer")])
def test_who_cannot_be_looked_up_is_dropped_as_such_in_the_end(triggered, outside, refusal):
    """The key may not do it, or there is no such customer: asked for again a while, and then it is too late to send."""
    outside.say("Attributes", refusal)
    triggered.tell(**personal({}))
    triggered.work(until=NOON + 2 * DAY)

    assert triggered.rows("SELECT state, reason FROM message") == [("dropped", "not_looked_up")]
    totals = {item["MetricID"]: item["MetricValue"] for item in outside.calls("UpdateCampaignMetrics")[-1].body}
    assert (totals[0], totals[5]) == (0, 1)


def test_a_key_that_may_look_up_customers_again_in_time_sends(triggered, outside):
    """As after a new key."""
    outside.say("Attributes", Says(status=403), Says([{"RealFieldName": n, "Value": v} for n, v in PERSON.items()]))
    triggered.tell(**personal({}))
    triggered.work(until=NOON + DAY)

    assert sent(outside) == [("447100000001", "Hello%20Ann")]
