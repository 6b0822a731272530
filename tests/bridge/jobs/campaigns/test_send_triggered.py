"""Triggers: the event's values are used, missing ones are fetched, and the message is sent at once."""

import pytest

from sendproof_bridge.clock import DAY, HOUR, MINUTE, SECOND
from small_bridge import NOON, bridge_config, metric_values, open_small_bridge, sent_messages
from stand_in import Reply

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
def triggered(tmp_path, database, services):
    """Open a bridge with a single channel, for triggers."""
    with open_small_bridge(tmp_path, bridge_config(tmp_path, services.url, channel={"kind": "triggered"})) as bridge:
        yield bridge


def event_with(attributes, **parameters):
    """Return the event with these customer attributes and event parameters."""
    return {**EVENT, "personalization": {"personalInfo": attributes, **parameters}}


def sent_texts(services):
    """Return (number, encoded text) of each message."""
    return [(message["number"], message["text"]) for call in sent_messages(services) for message in call]


def set_attributes(services, **values):
    """Set the customer's attributes in Optimove."""
    services.respond("Attributes", Reply([{"RealFieldName": name, "Value": value} for name, value in values.items()]))


def test_trigger_channel_registers_only_event_11(triggered, services):
    triggered.run()

    assert [(call.body["EventTypeID"], call.body["ChannelID"]) for call in services.calls("RegisterEventListener")] == [
        (11, 505)
    ]


def test_complete_event_is_sent_at_once_without_optimove_call(triggered, services):
    triggered.receive_event(**EVENT)
    triggered.run()

    assert sent_texts(services) == [("447100000001", "Hello Ann")]
    assert services.calls("Attributes") == []
    assert triggered.clock.time == NOON


def test_repeated_event_sends_nothing(triggered, services):
    """Its request id identifies it, whatever the case of names."""
    for event in (EVENT, EVENT, {name.upper(): value for name, value in EVENT.items()}):
        triggered.receive_event(**event)
        triggered.run()

    assert len(sent_texts(services)) == 1


def test_event_without_id_is_identified_by_its_content(triggered, services):
    """Customer, channel, campaign, template and time; a second later it is another event."""
    without_id = {name: value for name, value in EVENT.items() if name != "requestId"}
    for event in (without_id, without_id, {**without_id, "timestamp": "1772431201"}):
        triggered.receive_event(**event)
    triggered.run()

    assert len(sent_texts(services)) == 2


def test_missing_attributes_are_fetched_and_event_has_priority(triggered, services):
    set_attributes(services, PHONE="+447100000009", CONSENT="1", FIRST_NAME="Bob")
    triggered.receive_event(**event_with({"PHONE": "+447100000001"}))
    triggered.run()

    assert sent_texts(services) == [("447100000001", "Hello Bob")]


def test_event_without_personalization_uses_fetched_attributes(triggered, services):
    set_attributes(services, **PERSON)
    triggered.receive_event(**{name: value for name, value in EVENT.items() if name != "personalization"})
    triggered.run()

    assert sent_texts(services) == [("447100000001", "Hello Ann")]


def test_visitor_gets_no_message_and_is_not_looked_up(triggered, services):
    """A visitor is no customer: Optimove knows no number."""
    triggered.receive_event(**{**EVENT, "isVisitor": True, "personalization": {"page_visit": {"page": "/a"}}})
    triggered.run()

    assert sent_texts(services) == []
    assert services.calls("Attributes") == []


def test_event_parameters_fill_placeholders_after_attributes(triggered, services):
    body = "You won %%|AMOUNT%%, %%|FIRST_NAME%%"
    services.respond(
        "get_templates", Reply({"templates": [{"id": 11, "title": "Win", "body": body}], "status": "success"})
    )
    triggered.receive_event(**event_with(PERSON, bet_settled={"AMOUNT": 25, "FIRST_NAME": "Nobody"}))
    triggered.run()

    assert sent_texts(services) == [("447100000001", "You won 25, Ann")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"CONSENT": "0"}, "opted_out"), ({"CONSENT": None}, "opted_out"), ({"PHONE": "12"}, "unusable_number")],
)
def test_customer_without_consent_or_number_is_dropped(triggered, services, change, reason):
    triggered.receive_event(**event_with({**PERSON, **change}))
    triggered.run()

    assert sent_texts(services) == []
    assert triggered.query("SELECT state, reason FROM message") == [("dropped", reason)]


def test_each_event_of_a_customer_is_a_message(triggered, services):
    for request in ("a", "b", "c"):
        triggered.receive_event(**{**EVENT, "requestId": request})
    triggered.run()

    assert len(sent_texts(services)) == 3


def test_reports_continue_for_a_week_after_last_trigger(triggered, services):
    """The next trigger restarts them."""
    triggered.receive_event(**EVENT)
    triggered.run(until=NOON + 8 * DAY)
    first = len(services.calls("UpdateCampaignMetrics"))
    triggered.receive_event(**{**EVENT, "requestId": "another"})
    triggered.run(until=NOON + 8 * DAY + 15 * MINUTE)

    pushes = services.calls("UpdateCampaignMetrics")
    assert (first, len(pushes)) == (28, 29)
    assert pushes[-1].body[0] == {
        "ChannelID": 505,
        "CampaignID": 8001,
        "TemplateID": 11,
        "MetricID": 0,
        "MetricValue": 2,
    }
    assert [call.body["CustomerIDs"] for call in services.calls("UpdateCampaignInteractions")] == [["C0000042"]] * 2


def test_trigger_waits_until_optimove_responds(triggered, services):
    rows = [{"RealFieldName": name, "Value": value} for name, value in PERSON.items()]
    services.respond("Attributes", Reply(status=503), Reply(status=429), Reply(rows))
    triggered.receive_event(**event_with({}))
    triggered.run(until=NOON + 30 * SECOND)

    assert sent_texts(services) == [("447100000001", "Hello Ann")]


@pytest.mark.parametrize("refusal", [Reply(status=403), Reply(status=404), Reply("no such customer")])
def test_customer_without_readable_attributes_is_dropped_finally(triggered, services, refusal):
    """The key has no permission, or the customer does not exist."""
    services.respond("Attributes", refusal)
    triggered.receive_event(**event_with({}))
    triggered.run(until=NOON + 2 * DAY)

    assert triggered.query("SELECT state, reason FROM message") == [("dropped", "not_looked_up")]
    values = metric_values(services.calls("UpdateCampaignMetrics")[-1])
    assert (values[0], values[5]) == (0, 1)


def test_key_with_new_permission_sends_the_message(triggered, services):
    rows = [{"RealFieldName": name, "Value": value} for name, value in PERSON.items()]
    services.respond("Attributes", Reply(status=403), Reply(rows))
    triggered.receive_event(**event_with({}))
    triggered.run(until=NOON + DAY)

    assert sent_texts(services) == [("447100000001", "Hello Ann")]


def test_campaign_is_reported_if_only_receipts_told_that_its_message_was_sent(triggered, services):
    """The response is lost, and the receipt arrives before the look-up, which then has nothing left to do."""

    def lose_response(_request):
        triggered.execute("UPDATE message SET state = 'delivered', provider_id = '1'")
        return Reply(status=500)

    services.respond("bulk_json", lose_response)
    triggered.receive_event(**EVENT)
    triggered.run(until=NOON + HOUR)

    assert len(services.calls("UpdateCampaignMetrics")) > 0
